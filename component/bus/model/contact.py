"""Contacts: people whose server shows them our presence (RFC 6121 section 3)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Contact(NamedTuple):
    """One of our bare JIDs, and the bare JID that has it as a contact."""

    ours: str
    theirs: str

    @property
    def domain(self) -> str:
        """The server of who has the contact."""
        return self.theirs.rpartition("@")[2]


class ContactChangeKind(StrEnum):
    """What happened to a contact."""

    ADD = "add"
    REMOVE = "remove"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class ContactChange:
    """What happened to a contact, and when in ms."""

    kind: ContactChangeKind
    contact: Contact
    at: int


@dataclass(frozen=True, slots=True)
class ContactCaps:
    """How many contacts are kept: of one domain, and in all. The domain of the team's own server
    (`home`) only counts for the second."""

    per_domain: int = 5_000
    in_all: int = 100_000
    home: str = ""

    def of(self, domain: str) -> int:
        """The cap of a domain."""
        return self.in_all if domain == self.home else self.per_domain
