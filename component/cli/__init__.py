"""What the `shoutbus` command does: check the configuration, run the demo."""
