"""Requests to other people's HTTP servers: which addresses are allowed, how much is read, when to
come again."""
