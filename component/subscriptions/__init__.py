"""Subscriptions: who wants to hear of what, where and when; and how they are told."""
