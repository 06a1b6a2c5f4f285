"""Where other servers call."""
