"""Subscriptions: what a person wants to get, where and when, and the pure decisions about it. Time
is an argument.

A subscription is for a channel. Its messages go to `target` immediately, or as one digest: on a
schedule, or after so many messages. A digest is not a queue of waiting messages. It is what the
channel's log holds after `cursor`, and is read when it is due.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from component.bus.model.message import Channel, Kind, Message
from component.common.errors import BadInput, TooLong
from component.common.i18n import Words, _
from component.common.pattern import Pattern
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule, Unread

MAX_SUBSCRIPTIONS = 100
"""Subscriptions that a person, or an address, may have."""
MAX_COUNTED = 500
"""Messages that one may wait for to be told as one digest."""
LONGEST_PHRASE = 200
"""Characters of a filter."""

_COUNT = re.compile(
    r"(?:every|each|alle|je)\s+(\d{1,6})(?:\s+(?:messages?|shouts?|nachrichten|shouts))?"
)
_AT_ONCE = frozenset(
    {"", "at once", "now", "once", "immediately", "instantly", "live", "sofort", "gleich"}
)


@dataclass(frozen=True, slots=True)
class Interval:
    """When: after `count` messages, by a `schedule`, or, with neither, at once."""

    count: int = 0
    schedule: Schedule | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The interval written: at once, every 20, hourly, daily at 9, weekly on Monday; raises
        BadInput."""
        words = " ".join(text.lower().split())
        if words in _AT_ONCE:
            return cls()
        if found := _COUNT.fullmatch(words):
            return cls._counted(int(found[1]))
        try:
            return cls(schedule=Schedule.parse(text))
        except Unread as error:
            raise _unread(text) from error

    @classmethod
    def _counted(cls, count: int) -> Self:
        if not 2 <= count <= MAX_COUNTED:
            raise BadInput(
                _(
                    "“every {count}” is out of range. Choose from 2 to {most}.",
                    count=count,
                    most=MAX_COUNTED,
                )
            )
        return cls(count)

    @property
    def at_once(self) -> bool:
        """Whether each message is sent as it arrives."""
        return not self.count and self.schedule is None

    @property
    def words(self) -> Words | str:
        """For a person."""
        if self.schedule:
            return str(self.schedule)
        return _("every {count} messages", count=self.count) if self.count else _("immediately")

    def __str__(self) -> str:
        if self.schedule:
            return str(self.schedule)
        return f"every {self.count}" if self.count else "at once"


def _unread(text: str) -> BadInput:
    return BadInput(
        _(
            "“{text}” is not a schedule. Examples: immediately, every 20, hourly, daily at 9, "
            "weekdays at 9:30, weekly on Monday.",
            text=text[:40],
        )
    )


class Standing(StrEnum):
    """How a subscription stands."""

    ASKED = "asked"
    """Its address has yet to be confirmed."""
    ON = "on"
    PAUSED = "paused"
    """By who has it, until `due`, or until they want it again where that is 0."""
    FAILED = "failed"
    """What was sent there bounced. The subscription continues when the address is confirmed
    again."""

    @property
    def words(self) -> Words:
        """For a person."""
        return _STANDING[self]


_STANDING = {
    Standing.ASKED: _("waiting for the address to be confirmed"),
    Standing.ON: _("on"),
    Standing.PAUSED: _("paused"),
    Standing.FAILED: _("stopped, because messages were returned"),
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A person's subscription to a channel (see the module).

    `who` is a bare JID, "" for a person who gave only an email address. `only` and `without` are
    filters (see `Filter`). `thread` is the id of a message: only messages of its thread are sent.
    `own` includes the person's own posts. With `online`, messages arrive immediately while the
    person is online, and otherwise with the digest. A message that mentions `name` is sent
    immediately, whatever the interval. `fallback` is used if `target` cannot be reached.

    `due` is when everything after `cursor` (a seq of the channel's deliveries) is sent as one
    digest, in milliseconds; 0 if nothing waits for a time. An immediate subscription has a `due`
    only after a pause or quiet hours. `id` comes from the store.
    """

    who: str
    channel: Channel
    target: Channel
    interval: Interval = Interval()
    zone: str = "UTC"
    language: str = "en"
    only: str = ""
    without: str = ""
    thread: str = ""
    own: bool = False
    online: bool = False
    name: str = ""
    fallback: Channel | None = None
    standing: Standing = Standing.ON
    due: int = 0
    cursor: int = 0
    id: int = 0

    def __post_init__(self) -> None:
        if self.target in (self.channel, self.fallback):
            raise BadInput(_("{channel} cannot be subscribed to itself.", channel=self.target))
        if self.online and self.interval.at_once:
            raise BadInput(
                _(
                    "The subscription already sends every message immediately. Add a schedule "
                    "for when you are offline, for example daily at 9."
                )
            )
        for one in (self.only, self.without):
            Filter.parse(one)

    @property
    def live(self) -> bool:
        """Whether each message of the channel must be looked at for it."""
        return self.standing is Standing.ON and (self.interval.schedule is None or self.online)

    @property
    def owner(self) -> str:
        """Whose it is: their bare JID, else the address they gave."""
        return self.who or str(self.target)

    @property
    def urgent(self) -> str:
        """The name whose mention is sent immediately although other messages wait; "" for none."""
        return "" if self.live or self.standing is not Standing.ON else self.name.casefold()

    @property
    def waits(self) -> bool:
        """Whether messages wait after its cursor to be sent later."""
        return self.standing is Standing.PAUSED or self.due > 0 or not self.interval.at_once

    def next(self, now: int) -> int:
        """When its next digest is due behind `now`, both in ms; 0 where that goes by no clock."""
        if self.standing is not Standing.ON or self.interval.schedule is None:
            return 0
        return self.interval.schedule.after(now, ZoneInfo(self.zone))

    def wants(self, message: Message) -> bool:
        """Whether a message of its channel is for it at all."""
        if message.kind is Kind.DIGEST:
            return False
        if not self.own and self.who and message.author.key == self.who:
            return False
        if self.thread and self.thread not in (message.thread, message.id):
            return False
        if self.only and not Filter.parse(self.only)(message):
            return False
        return not (self.without and Filter.parse(self.without)(message))

    def hears(self, message: Message) -> bool:
        """Whether a message of its channel may be told as it comes."""
        return self.wants(message) and (self.interval.at_once or self.online or self.names(message))

    def names(self, message: Message) -> bool:
        """Whether a message mentions the one who is to hear of that at once."""
        return bool(self.name) and self.name.casefold() in words_of(message.body)

    def begun(self, now: int, cursor: int) -> Self:
        """The subscription once its address is confirmed. Earlier messages are not sent."""
        on = replace(self, standing=Standing.ON, cursor=cursor, due=0)
        return replace(on, due=on.next(now))

    def told(self, now: int, cursor: int) -> Self:
        """As it stands once its digest up to `cursor` was told."""
        on = replace(self, standing=Standing.ON, cursor=cursor, due=0)
        return replace(on, due=on.next(now))

    def held(self, cursor: int, due: int, standing: Standing | None = None) -> Self:
        """What comes from now on, behind `cursor`, waits until `due`; where it waited already,
        since when it did."""
        return replace(
            self,
            cursor=self.cursor if self.waits else cursor,
            due=due,
            standing=standing or self.standing,
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """Phrases, of which one is to be in the words or the author's name whatever its case; or /a
    pattern of RE2/."""

    phrases: tuple[str, ...] = ()
    pattern: Pattern | None = None

    @classmethod
    @lru_cache(4096)
    def parse(cls, text: str) -> "Filter":
        """The filter written: phrases with commas between them, or /pattern/; raises BadInput."""
        text = text.strip()
        if len(text) > LONGEST_PHRASE:
            raise BadInput(
                _("The filter is too long. The maximum is {most} characters.", most=LONGEST_PHRASE)
            )
        if len(text) > 2 and text[0] == text[-1] == "/":
            return cls(pattern=Pattern(f"(?i){text[1:-1]}"))
        return cls(tuple(part.strip().casefold() for part in text.split(",") if part.strip()))

    def __call__(self, message: Message) -> bool:
        """Whether a message fits. One that is too long for the pattern does: better told than
        lost."""
        if self.pattern:
            try:
                return self.pattern.found(f"{message.author.name}: {message.body}")
            except TooLong:
                return True
        low = folded(message.author.name, message.body)
        return any(phrase in low for phrase in self.phrases)


@lru_cache(16)
def folded(name: str, body: str) -> str:
    """What phrases are looked for in; many have a filter for the same message."""
    return f"{name}: {body}".casefold()


_WORD = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
MAX_WORDS = 2_000
"""Words of a message that are looked at for names."""


@lru_cache(16)
def words_of(text: str) -> frozenset[str]:
    """The words of a text in small letters, a name with dots or dashes being one."""
    found: set[str] = set()
    for one in _WORD.finditer(text.casefold()):
        found.add(one[0])
        if len(found) >= MAX_WORDS:
            break
    return frozenset(found)


class Verdict(StrEnum):
    """What becomes of a message for one subscription, when it comes."""

    NO = "no"
    """Nothing, or it comes with a digest that waits already."""
    NOW = "now"
    """It is sent immediately."""
    COUNT = "count"
    """It counts towards a digest."""
    HOLD = "hold"
    """It opens a digest that is due when the quiet is over."""


@dataclass(frozen=True, slots=True)
class DecisionTime:
    """What a decision looks at: the time in ms, who is online now, and each person's quiet
    hours."""

    now: int
    is_online: Callable[[str], bool]
    quiet: Callable[[str], Hours | None]

    def quiet_until(self, subscription: Subscription) -> int | None:
        """When the quiet is over that someone has now; None where they have none."""
        hours = self.quiet(subscription.who) if subscription.who else None
        return hours.until(self.now, ZoneInfo(subscription.zone)) if hours else None


def decide(subscription: Subscription, message: Message, moment: DecisionTime) -> Verdict:
    """What becomes of a message that came to the subscription's channel."""
    one = subscription
    if one.standing is not Standing.ON or not one.wants(message):
        return Verdict.NO
    at_once = one.interval.at_once
    if at_once and one.due:
        return Verdict.NO  # what waits for the end of a pause, or of quiet hours, takes it along
    urgent = at_once or one.names(message) or (one.online and moment.is_online(one.who))
    if urgent and moment.quiet_until(one) is None:
        return Verdict.NOW
    if urgent and at_once:
        return Verdict.HOLD
    return Verdict.COUNT if one.interval.count else Verdict.NO


class Proof(StrEnum):
    """How an address stands with who gave it."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    BOUNCED = "bounced"
    """What was sent there came back for good."""
    REFUSED = "refused"
    """Its owner wants nothing from the bus any more."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where someone (a bare JID, or "" for who gave only this) wants to be told, and whether it is
    proved theirs.

    Its owner was sent a link or a code at `asked` (ms), 0 where none is open; `tries` are the wrong
    answers since. `why` says why it bounced.
    """

    who: str
    target: Channel
    proof: Proof = Proof.ASKED
    asked: int = 0
    tries: int = 0
    why: str = ""


def mailbox(target: Channel) -> Channel:
    """The mailbox of an address, by which addresses are counted and stopped: most mail servers
    ignore case and everything after a plus (RFC 5233)."""
    local, at, domain = target.address.rpartition("@")
    if not at:
        return target
    folded = unicodedata.normalize("NFKC", local).casefold()
    return Channel(target.method, f"{folded.partition('+')[0] or folded}@{domain.lower()}")
