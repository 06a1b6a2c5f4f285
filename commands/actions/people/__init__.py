"""Commands for people: roles, mutes, preferences, tokens."""
