"""The subcommands of `shoutbus`, one file each, and what only they need."""
