"""What a typed line is meant to be: a command, one with a slip in it, or a message for others."""
