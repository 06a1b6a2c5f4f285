"""What operators configure, and how they change it: data alone."""

from dataclasses import dataclass, field
from typing import Any

from component.bus.model.message import Channel
from component.bus.model.route import Route


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A configured channel: what it is called and its method's settings.

    While it is not `enabled` nothing passes: what comes from it goes no further, what goes to it
    waits. `version` is the store's: 0 for one that it does not hold yet.
    """

    channel: Channel
    title: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Token:
    """Who may use the API: a name, the SHA-256 of the secret in hexadecimal, and the bare JID it
    acts for."""

    name: str
    digest: str
    jid: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a bare JID, by its label."""

    jid: str
    role: str


@dataclass(frozen=True, slots=True)
class Mute:
    """An author (`Author.key`, and the name they had then) whose messages go nowhere: `until` in
    ms, 0 for no end."""

    key: str
    name: str
    until: int = 0
    reason: str = ""

    def holds(self, now: int) -> bool:
        """Whether it is in force."""
        return not self.until or now < self.until


@dataclass(frozen=True, slots=True)
class Preference:
    """What a person (a bare JID) chose: a language ("" for their client's), how often the bot
    confirms what it posts (once, always, never), the time zone ("" for UTC), and quiet hours (""
    for none; see `component.common.quiet_hours`).

    `welcomed` once the bot has said what becomes of their messages; `posts` once they agreed that
    these are posted.
    """

    jid: str
    language: str = ""
    confirm: str = "once"
    zone: str = ""
    quiet: str = ""
    welcomed: bool = False
    posts: bool = False


Thing = ChannelSpec | Route | Token | Grant | Mute
"""What operators configure."""


@dataclass(frozen=True, slots=True)
class Put:
    """Add a thing (version 0), or change one from the version it was read at."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove a thing, as it was read."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Audit:
    """Who changed what: `at` in ms, `who` a bare JID, `interface` where they did it, before and
    after in words."""

    at: int
    who: str
    interface: str
    what: str
    before: str = ""
    after: str = ""
