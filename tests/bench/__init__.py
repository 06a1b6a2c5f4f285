"""How fast the bus is, told as ratios to a bare slixmpp component measured in the same run: `make
bench`."""
