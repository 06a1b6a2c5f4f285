"""Protocols between the engine and its surroundings: methods, sources, storage, XMPP."""
