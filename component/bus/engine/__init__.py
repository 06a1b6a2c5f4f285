"""The engine: accepts messages, plans where they go, commits that, and delivers them."""
