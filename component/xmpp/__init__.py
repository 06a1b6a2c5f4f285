"""XMPP: the component's one stream, its bot, rooms and puppets. The only folder that imports
slixmpp."""
