"""Instant messaging and presence with people (RFC 6121)."""
