"""Roles, held by bare JID. A room's occupant has one only by the real JID in the room's
presence."""

from collections.abc import Iterable
from enum import IntEnum

from component.common.i18n import Words, _


class Role(IntEnum):
    """What a person may do; each role may all that the ones below it may."""

    GUEST = 0
    MEMBER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        """The role in lower case, as people write it."""
        return self.name.lower()

    @property
    def words(self) -> Words:
        """The role in words."""
        return _WORDS[self]


_WORDS = {
    Role.GUEST: _("guest"),
    Role.MEMBER: _("member"),
    Role.OPERATOR: _("operator"),
    Role.ADMIN: _("admin"),
}


class Roles:
    """Who has which role: the admins of the configuration, and everyone who was `given` one.
    Others with a JID are members."""

    def __init__(self, admins: Iterable[str]) -> None:
        self.admins = tuple(admins)
        self.given: dict[str, Role] = {}

    def of(self, jid: str) -> Role:
        """The role of a bare JID; an empty one is a guest's."""
        if not jid:
            return Role.GUEST
        return Role.ADMIN if jid in self.admins else self.given.get(jid, Role.MEMBER)
