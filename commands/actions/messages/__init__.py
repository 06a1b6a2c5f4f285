"""Commands for messages: send, find, trace, remind; stories and dead letters."""
