"""Bytes to feed items. Pure; runs in the sandbox."""
