"""What subscribers read: digests, messages and confirmation requests, as mail, chat messages and
SMS."""
