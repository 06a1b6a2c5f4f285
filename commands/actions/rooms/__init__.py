"""Commands for rooms."""
