"""Subscriptions: what someone hears of, where, and when; and the pure decisions about it. The time
is given.

A subscription is at a channel. What comes there is told `target` at once, or is told as one digest:
at the times of a schedule, or after so many messages. A digest is no heap of messages that wait: it
is what the channel's log holds behind `cursor`, and is read when it is due.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from component.bus.model.message import BUS_KEY, Channel, Message
from component.common.errors import BadInput, TooLong
from component.common.i18n import Words, _
from component.common.pattern import Pattern
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule, Unread

MOST = 100
"""Subscriptions that a person, or an address, may have."""
MOST_COUNTED = 500
"""Messages that one may wait for to be told as one digest."""
LONGEST_PHRASE = 200
"""Characters of a filter."""
DIGEST = f"{BUS_KEY}digest:"
"""Begins the keys of the authors of digests, and their origins. Nobody is told of those, or two
could tell of each other."""

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
        if not 2 <= count <= MOST_COUNTED:
            raise BadInput(
                _("“every {count}” won't do: from 2 to {most}.", count=count, most=MOST_COUNTED)
            )
        return cls(count)

    @property
    def at_once(self) -> bool:
        """Whether each message is told as it comes."""
        return not self.count and self.schedule is None

    @property
    def words(self) -> Words | str:
        """For a person."""
        if self.schedule:
            return str(self.schedule)
        return _("every {count} messages", count=self.count) if self.count else _("at once")

    def __str__(self) -> str:
        if self.schedule:
            return str(self.schedule)
        return f"every {self.count}" if self.count else "at once"


def _unread(text: str) -> BadInput:
    return BadInput(
        _(
            "“{text}” is no schedule: write at once, every 20, hourly, daily at 9, weekdays "
            "at 9:30 or weekly on Monday.",
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
    """What was sent there came back: it goes on once the address is confirmed anew."""

    @property
    def words(self) -> Words:
        """For a person."""
        return _STANDING[self]


_STANDING = {
    Standing.ASKED: _("waits for its address to be confirmed"),
    Standing.ON: _("on"),
    Standing.PAUSED: _("paused"),
    Standing.FAILED: _("stopped: what was sent came back"),
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """Someone's at a channel: see the module.

    `who` is a bare JID, "" for who gave nothing but a mail address. `only` and `without` are
    filters (see `Filter`). `thread` is the id of a message: only what is said in its thread is
    told. `own` posts are left out unless wanted. With `online` what comes while they are online is
    told at once, all else with the digest. `name` is one whose mention is told at once, whatever
    the interval. Where `target` can't be reached, `fallback` gets it.

    `due` is when what stands behind `cursor` (a seq of the channel's deliveries) is told as one
    digest, in ms; 0 where nothing waits for a time. One at once has a `due` only after a pause or
    quiet hours. `id` is the store's.
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
            raise BadInput(_("{channel} can't be told of itself.", channel=self.target))
        if self.online and self.interval.at_once:
            raise BadInput(
                _("All of it comes at once already: say for when you are away, like daily at 9.")
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
        """The name whose mention is told at once though not each message is looked at for it; ""
        for none."""
        return "" if self.live or self.standing is not Standing.ON else self.name.casefold()

    @property
    def waits(self) -> bool:
        """Whether what comes waits behind its cursor, and is told later."""
        return self.standing is Standing.PAUSED or self.due > 0 or not self.interval.at_once

    def next(self, now: int) -> int:
        """When its next digest is due behind `now`, both in ms; 0 where that goes by no clock."""
        if self.standing is not Standing.ON or self.interval.schedule is None:
            return 0
        return self.interval.schedule.after(now, ZoneInfo(self.zone))

    def wants(self, message: Message) -> bool:
        """Whether a message of its channel is for it at all."""
        if message.author.key.startswith(DIGEST):
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
        """As it stands from when its address is confirmed: of what came before nothing is told."""
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
            raise BadInput(_("A filter has {most} characters at most.", most=LONGEST_PHRASE))
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
        low = _folded(message.author.name, message.body)
        return any(phrase in low for phrase in self.phrases)


@lru_cache(16)
def _folded(name: str, body: str) -> str:
    """What phrases are looked for in; many have a filter for the same message."""
    return f"{name}: {body}".casefold()


_WORD = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
MOST_WORDS = 2_000
"""Words of a message that are looked at for names."""


@lru_cache(16)
def words_of(text: str) -> frozenset[str]:
    """The words of a text in small letters, a name with dots or dashes being one."""
    found: set[str] = set()
    for one in _WORD.finditer(text.casefold()):
        found.add(one[0])
        if len(found) >= MOST_WORDS:
            break
    return frozenset(found)


class Verdict(StrEnum):
    """What becomes of a message for one subscription, when it comes."""

    NO = "no"
    """Nothing, or it comes with a digest that waits already."""
    NOW = "now"
    """It is told at once."""
    COUNT = "count"
    """It counts towards a digest."""
    HOLD = "hold"
    """It opens a digest that is due when the quiet is over."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision looks at: the time in ms, who is online now, and each person's quiet
    hours."""

    now: int
    is_online: Callable[[str], bool]
    quiet: Callable[[str], Hours | None]

    def quiet_until(self, subscription: Subscription) -> int | None:
        """When the quiet is over that someone has now; None where they have none."""
        hours = self.quiet(subscription.who) if subscription.who else None
        return hours.until(self.now, ZoneInfo(subscription.zone)) if hours else None


def decide(subscription: Subscription, message: Message, moment: Moment) -> Verdict:
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
    """Where it all arrives, by which addresses are counted and stopped: most mail servers take no
    notice of case, or of what stands behind a plus (RFC 5233)."""
    local, at, domain = target.address.rpartition("@")
    if not at:
        return target
    folded = unicodedata.normalize("NFKC", local).casefold()
    return Channel(target.method, f"{folded.partition('+')[0] or folded}@{domain.lower()}")


ASKS = "asks:"
"""Begins the origins of requests to confirm an address."""


def asking(address: Address, by: str = "") -> str:
    """The origin of a request, `by` a bare JID who wants the address's owner to be told of
    something."""
    return f"{ASKS}{address.asked}:{address.who} {by} {address.target}"


def asked_for(origin: str) -> tuple[str, int, str]:
    """Of a request's origin: who gave the address, when its owner was asked, and by whom."""
    asked, _colon, rest = origin.removeprefix(ASKS).partition(":")
    who, by, _target = rest.split(" ", 2)
    return who, int(asked), by
