"""Commands for subscriptions and the addresses they go to."""
