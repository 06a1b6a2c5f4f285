"""Fortunes from fortune-mod's databases, on a schedule."""

from component.methods.fortune.source import METHOD

__all__ = ["METHOD"]
