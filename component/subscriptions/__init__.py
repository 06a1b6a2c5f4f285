"""Subscriptions: who wants which channel, where and when, and how they get it."""
