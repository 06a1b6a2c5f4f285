"""Commands: one declaration each in `actions/`, drawn by the surfaces beside it."""
