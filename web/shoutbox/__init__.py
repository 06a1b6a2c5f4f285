"""The pages of shoutboxes."""
