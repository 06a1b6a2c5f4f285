"""What SMS may cost: reserved on disk before one is sent, so that no crash and no restart spends
twice.

The account also says which messages are on their way: one whose fate is not known is sent a second
time, never a third.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Self

from component.bus.model.message import Channel
from component.bus.ports.method import Clock, Tell
from component.bus.ports.source_state import SourceState
from component.common.errors import Refused
from component.common.i18n import _
from component.methods.sms.setup import SmsSetup

MAX_TRIES = 2
"""How often a message is sent at most while it is not known whether it arrived."""
REQUEST_SHARE = 3
"""Requests to confirm a number may take one part in so many of the budget: strangers can have as
many sent as they like."""
MAX_AHEAD = timedelta(days=2)
"""A date farther ahead is by a clock that was wrong."""
MAX_REMEMBERED = 500
"""Messages that are known to have been sent, for after a crash."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A message (its id) to a number, the parts that it takes, and whether it is a `request` to
    confirm the number."""

    message: str
    number: str
    parts: int = 1
    request: bool = False

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.message} {self.number}"


@dataclass(frozen=True, slots=True)
class Day:
    """What was spent on a day (a date of ISO 8601) in parts, in all, by number and for requests;
    how often each message was begun whose end is not known, on which day; which were sent last; and
    whether operators know that the budget is spent."""

    date: str = ""
    spent: int = 0
    by_number: Mapping[str, int] = field(default_factory=dict)
    begun: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    sent: Sequence[str] = ()
    told: bool = False
    requests: int = 0

    @classmethod
    def read(cls, kept: Any) -> Self:
        """As it was kept."""
        if not isinstance(kept, dict):
            return cls()
        begun: dict[str, tuple[str, int]] = {}
        for key, (day, tries) in kept["begun"].items():
            begun[key] = (str(day), int(tries))
        sent, requests = tuple(kept["sent"]), kept.get("requests", 0)
        return cls(
            kept["date"], kept["spent"], kept["by_number"], begun, sent, kept["told"], requests
        )

    @property
    def kept(self) -> dict[str, Any]:
        """In JSON's types."""
        return {
            "date": self.date,
            "spent": self.spent,
            "by_number": dict(self.by_number),
            "begun": dict(self.begun),
            "sent": list(self.sent),
            "told": self.told,
            "requests": self.requests,
        }

    def on(self, date: str) -> Self:
        """The account on a date. A clock that is set back gives nothing back; nor does one that was
        far ahead, but what it counted then belongs to this day."""
        if date > self.date:
            recent = {key: begun for key, begun in self.begun.items() if begun[0] >= self.date}
            return replace(
                self, date=date, spent=0, by_number={}, begun=recent, told=False, requests=0
            )
        if is_far(self.date, date):
            return self.moved(date)
        return self

    def moved(self, date: str) -> Self:
        """The same account, of an earlier date."""
        begun: dict[str, tuple[str, int]] = {}
        for key, (day, tries) in self.begun.items():
            begun[key] = (min(day, date), tries)
        return replace(self, date=date, begun=begun)

    def tries(self, sms: Sms) -> int:
        """How often it was begun and not ended."""
        return self.begun.get(sms.key, ("", 0))[1]

    def reserved(self, sms: Sms) -> Self:
        """Begin it, and count its parts."""
        begun = {**self.begun, sms.key: (self.date, self.tries(sms) + 1)}
        return replace(self.counted(sms, sms.parts), begun=begun)

    def ended(self, sms: Sms) -> Self:
        """It is known what became of it."""
        begun = dict(self.begun)
        begun.pop(sms.key, None)
        return replace(self, begun=begun)

    def arrived(self, sms: Sms) -> Self:
        """It was sent."""
        return replace(self.ended(sms), sent=(*self.sent, sms.key)[-MAX_REMEMBERED:])

    def returned(self, sms: Sms) -> Self:
        """It was certainly not sent. Of another day's account nothing is taken back."""
        is_of_today = self.begun.get(sms.key, ("", 0))[0] == self.date
        if not is_of_today:
            return self.ended(sms)
        return self.ended(sms).counted(sms, -sms.parts)

    def counted(self, sms: Sms, parts: int) -> Self:
        """With so many parts more spent on an SMS, or fewer."""
        by_number = {**self.by_number, sms.number: self.by_number.get(sms.number, 0) + parts}
        requests = self.requests
        if sms.request:
            requests += parts
        return replace(self, spent=self.spent + parts, by_number=by_number, requests=requests)


def is_far(day: str, today: str) -> bool:
    """Whether a date is so far ahead that a clock was wrong."""
    return bool(day) and date.fromisoformat(day) - date.fromisoformat(today) > MAX_AHEAD


class Budget:
    """Keeps the day's account. Each raises StoreError; what changed is on disk on return."""

    def __init__(
        self, setup: SmsSetup, purse: Channel, memory: SourceState, tell: Tell, clock: Clock
    ) -> None:
        """`purse` is the channel under which the account is kept, and by which operators are
        notified."""
        self._setup = setup
        self._purse = purse
        self._memory = memory
        self._tell = tell
        self._clock = clock
        self._zone: tzinfo = setup.zone.info if setup.zone else UTC
        self._day: Day | None = None
        self._in_turn = asyncio.Lock()

    async def reserve(self, sms: Sms) -> None:
        """Count what is about to be sent; raises Refused where it may not be."""
        async with self._in_turn:
            day = await self._today()
            if day.tries(sms) >= MAX_TRIES:
                await self._keep(day.ended(sms))
                raise Refused(
                    _(
                        "The message was sent {times} times, but its delivery could not be "
                        "confirmed.",
                        times=MAX_TRIES,
                    )
                )
            most = self._setup.per_number
            if day.by_number.get(sms.number, 0) + sms.parts > most:
                raise Refused(
                    _("This number has reached its limit of {most} SMS for today.", most=most)
                )
            asked = day.requests + sms.parts
            if sms.request and asked > max(self._setup.budget // REQUEST_SHARE, 1):
                raise Refused(_("The daily budget for SMS with confirmation codes is used up."))
            if day.spent + sms.parts > self._setup.budget:
                await self._over(day)
            await self._keep(day.reserved(sms))

    async def arrived(self, sms: Sms) -> None:
        """It was sent."""
        async with self._in_turn:
            await self._keep((await self._today()).arrived(sms))

    async def returned(self, sms: Sms) -> None:
        """It was certainly not sent, and costs nothing."""
        async with self._in_turn:
            await self._keep((await self._today()).returned(sms))

    async def doubted(self, sms: Sms) -> bool:
        """Nobody can tell whether it was sent: it stays counted. Whether it may be sent again."""
        async with self._in_turn:
            day = await self._today()
            if day.tries(sms) < MAX_TRIES:
                return True
            await self._keep(day.ended(sms))
            return False

    async def sent(self, number: str) -> frozenset[str]:
        """The ids of messages that were sent to a number, of the last ones."""
        async with self._in_turn:
            day = await self._today()
        found: set[str] = set()
        for key in day.sent:
            message, to = key.split()
            if to == number:
                found.add(message)
        return frozenset(found)

    @property
    def spent(self) -> bool:
        """Whether something was refused today because the budget was spent, since the bus
        started."""
        return self._day is not None and self._day.on(self._date()).told

    async def _over(self, day: Day) -> None:
        most = self._setup.budget
        if not day.told:
            words = _(
                "The budget of {most} SMS for today is used up. Further SMS become dead letters; "
                "“deadletter list” shows them.",
                most=most,
            )
            await self._tell(self._purse, words)
            await self._keep(replace(day, told=True))
        raise Refused(_("The daily budget of {most} SMS is used up.", most=most))

    async def _today(self) -> Day:
        if self._day is None:
            self._day = Day.read(await self._memory.recall(self._purse))
        return self._day.on(self._date())

    def _date(self) -> str:
        return datetime.fromtimestamp(self._clock() / 1000, self._zone).date().isoformat()

    async def _keep(self, day: Day) -> None:
        await self._memory.keep(self._purse, day.kept)
        self._day = day
