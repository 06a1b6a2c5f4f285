"""Feeds: RSS, Atom and JSON Feed, polled at their own pace or pushed by their hubs (WebSub)."""

from component.methods.feed.source import METHOD

__all__ = ["METHOD"]
