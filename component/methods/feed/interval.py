"""When to poll a feed again, and when to notify its owner. Pure: time and chance are arguments.

A feed is polled more often than it has news, between every five minutes and once a day, and never
before its publisher allows it. After failures the pauses grow. Its owner is notified once that it
is broken, and once that it works again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Self

MIN_INTERVAL_S = 5 * 60
DAY = 24 * 3600
"""Between two looks, in seconds; the most holds for what sites ask for, too."""
WHOLE_AGAIN = 23 * 3600
"""Seconds after which a feed is asked for without condition, which makes it once a day with what
luck adds: a server that says for ever that nothing has changed is found out."""
JITTER = 0.1
"""The part of a pause that luck adds, so that feeds which began together don't stay together."""
LOOKS = 8
"""Looks for each piece of news, as often as it came so far."""
QUIET = 4 * 3600
"""How long a new feed is taken to have had no news."""
FIRST_RETRY = 15 * 60
KEPT = 12
"""Pieces of news that are remembered."""
BROKEN_AFTER = 5
"""Failures in a row, or failures for a day, until the owner is notified."""
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)
"""The Accept header of a poll."""


class OwnerNotice(Enum):
    """What the owner is notified of."""

    BROKEN = "broken"
    RECOVERED = "recovered"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed says about polling: `ttl` in seconds, hours (0 to 23) and weekdays (0 for
    Monday) in UTC."""

    ttl: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()

    def skips(self, at: int) -> bool:
        """Whether the feed sleeps at the time `at`, in ms."""
        then = datetime.fromtimestamp(at / 1000, UTC)
        return then.hour in self.skip_hours or then.weekday() in self.skip_days


@dataclass(frozen=True, slots=True)
class Poll:
    """How the polling of one feed stands. Times are in ms, spans in seconds.

    `due` is when to look again, `since` when the first look was good (0 before), `came` when the
    last news came. `told` is whether its owner knows that it is broken; one that has `stopped` is
    not looked at until it is resumed.
    """

    due: int
    since: int = 0
    came: tuple[int, ...] = ()
    hints: Hints = field(default_factory=Hints)
    failures: int = 0
    failing_since: int = 0
    told: bool = False
    stopped: bool = False

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Self:
        """From what `dump` gave."""
        hints = kept["hints"]
        told = Hints(hints["ttl"], tuple(hints["skip_hours"]), tuple(hints["skip_days"]))
        return cls(**{**kept, "came": tuple(kept["came"]), "hints": told})

    def dump(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return asdict(self)

    def gap(self, now: int) -> float:
        """Seconds from one piece of news to the next, as it has been; a long silence counts more
        than what was."""
        if not self.came:
            return max(now - (self.since or now), QUIET * 1000) / 1000
        start = self.came[0] if len(self.came) == KEPT else min(self.came[0], self.since or now)
        return max((now - start) / len(self.came), (now - self.came[-1]) / 2) / 1000


@dataclass(frozen=True, slots=True)
class Heard:
    """What a good look brought. `new` is whether there was anything new, `dates` are those of all
    items (ms), `hints` None where nothing was read (304). `fresh_for` and `retry_after` as the
    server says, in seconds. `pushed` where the feed's hub tells of news by itself. `whole` is when
    the feed was sent last, where now it was only said that nothing has changed (ms)."""

    new: bool = False
    dates: tuple[int, ...] = ()
    hints: Hints | None = None
    fresh_for: int | None = None
    retry_after: int | None = None
    pushed: bool = False
    whole: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """How the polling stands now, and what is to be told."""

    poll: Poll
    news: OwnerNotice | None = None


def begun(now: int) -> Poll:
    """A feed that was just added: it is looked at now."""
    return Poll(due=now)


def resumed(poll: Poll, now: int) -> Poll:
    """Looked at again, now, as its owner wants it; what was told stays told."""
    return replace(poll, due=now, failures=0, failing_since=0, stopped=False)


def succeeded(poll: Poll, now: int, luck: float, heard: Heard) -> Step:
    """After a look that went well; `luck` from 0 to below 1."""
    came = poll.came
    if not poll.since:
        came = _past(heard.dates, now)
    elif heard.new:
        came = (*came, now)[-KEPT:]
    well = replace(
        poll,
        since=poll.since or now,
        came=came,
        hints=heard.hints or poll.hints,
        failures=0,
        failing_since=0,
        told=False,
        stopped=False,
    )
    wanted = DAY if heard.pushed else well.gap(now) / LOOKS
    if heard.whole:
        wanted = min(wanted, WHOLE_AGAIN - (now - heard.whole) / 1000)
    asked = max(well.hints.ttl, heard.fresh_for or 0, heard.retry_after or 0)
    due = _awake(well.hints, now, now + _pause(max(wanted, asked), luck))
    return Step(replace(well, due=due), OwnerNotice.RECOVERED if poll.told else None)


def failed(
    poll: Poll,
    now: int,
    luck: float,
    *,
    gone: bool = False,
    here: bool = False,
    retry_after: int | None = None,
) -> Step:
    """After a look that failed: `gone` for good (410), or where the fault is `here`."""
    failures, since = poll.failures + 1, poll.failing_since or now
    if gone:
        ended = replace(poll, failures=failures, failing_since=since, told=True, stopped=True)
        return Step(ended, None if poll.stopped else OwnerNotice.GONE)
    # Not 2 ** failures: that has no end.
    wanted = FIRST_RETRY * 2 ** min(failures - 1, 10)
    due = now + _pause(max(wanted, retry_after or 0), luck)
    long = now - since >= DAY * 1000
    # What is broken here breaks all feeds at once, and their owners can't mend it.
    tell = not poll.told and (long or (failures >= BROKEN_AFTER and not here))
    worse = replace(poll, due=due, failures=failures, failing_since=since, told=poll.told or tell)
    return Step(worse, OwnerNotice.BROKEN if tell else None)


def _pause(seconds: float, luck: float) -> int:
    """In ms."""
    return int(min(max(seconds, MIN_INTERVAL_S), DAY) * (1 + JITTER * luck) * 1000)


def _past(dates: Iterable[int], now: int) -> tuple[int, ...]:
    """The last times at which a feed had news before it was known; feeds have dates of every
    kind."""
    month = now - 31 * DAY * 1000
    return tuple(sorted({date for date in dates if month <= date <= now})[-KEPT:])


def _awake(hints: Hints, now: int, due: int) -> int:
    """The first time from `due` on at which the feed does not sleep; a day from now at the
    latest."""
    if not hints.skips(due):
        return due
    hour = 3600 * 1000
    last = now + DAY * 1000
    starts = range((due // hour + 1) * hour, last, hour)
    # Spread over the hour: many feeds wake with it.
    late = due % hour
    return next(
        (min(start + late, last) for start in starts if not hints.skips(start)), max(due, last)
    )
