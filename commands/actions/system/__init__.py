"""Commands for the bus as a whole."""
