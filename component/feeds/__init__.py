"""The reading side of feeds: bytes to items, in a process that can be killed, and which of them are news."""
