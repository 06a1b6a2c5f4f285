"""Pages for people's own subscriptions and addresses."""
