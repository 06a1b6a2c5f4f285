"""Stores reminders and sends them when they are due. They are on disk before they are confirmed,
and are sent once, late if the bus was down. Only the next time is in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.model.message import BUS, Author, Channel, Kind, Message
from component.bus.model.reminder import MOST, Reminder
from component.bus.model.roles import Role
from component.bus.ports.method import Clock, MethodSpec, Timer
from component.bus.ports.reminders import ReminderStore
from component.common.errors import Conflict, Muted, NotFound, ShoutbusError, StoreError
from component.common.i18n import Words, _, tell

log = structlog.get_logger()

AT_ONCE = 64
"""Reminders that are said beside each other."""
RETRY = 10_000
"""Milliseconds before what the disk refused is tried again."""
_NAME = "reminders"


class Reminders:
    """All reminders. `start` once the hub has; then `timer` wakes it."""

    def __init__(
        self,
        hub: Hub,
        store: ReminderStore,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        timer: Timer,
        clock: Clock,
        at_once: int = AT_ONCE,
    ) -> None:
        self._at_once = at_once
        self._hub = hub
        self._store = store
        self._settings = settings
        self._methods = methods
        self._person = next(name for name, spec in methods.items() if spec.person)
        self._timer = timer
        self._clock = clock
        self._next: int | None = None

    async def start(self) -> None:
        """Take up what was asked for before. Raises StoreError."""
        await self._plan()

    # Who may remind whom

    def oneself(self, jid: str) -> Channel:
        """The channel that a bare JID is reached at."""
        return Channel(self._person, jid)

    def open_to(self, role: Role) -> Sequence[tuple[Channel, str]]:
        """Channels (with their titles) that someone of `role` may have reminded: where anyone may
        speak; for operators each that a route may end at."""
        specs = [spec for spec in self._hub.channels if spec.channel.address != "*"]
        methods = self._methods
        return [
            (spec.channel, spec.title)
            for spec in specs
            if (method := methods.get(spec.channel.method)) and method.listens
            if method.open or role >= Role.OPERATOR
        ]

    def check(self, who: str, channel: Channel) -> None:
        """Raise NotFound where there is no such channel for a bare JID to be reminded."""
        if channel != self.oneself(who) and channel not in dict(
            self.open_to(self._settings.roles.of(who))
        ):
            raise NotFound(
                _("The channel {channel} does not exist, or you cannot access it.", channel=channel)
            )

    # What is asked for

    async def add(self, reminder: Reminder) -> Reminder:
        """Keep a new one; gives it with its number. Raises NotFound, Muted, Conflict where there
        are too many, and StoreError."""
        self._may(reminder)
        number = await self._store.add(reminder, MOST)
        if not number:
            raise Conflict(
                _(
                    "You already have {most} reminders. Delete one with “reminder drop”.",
                    most=MOST,
                )
            )
        self._at(reminder.due)
        return replace(reminder, id=number)

    def _may(self, reminder: Reminder) -> None:
        self.check(reminder.who, reminder.channel)
        if reminder.channel != self.oneself(reminder.who):
            self._hub.check_muted(Author(reminder.name, reminder.who))

    # When it is due

    def _at(self, due: int) -> None:
        if self._next is None or due < self._next:
            self._next = due
            self._timer.at(_NAME, due, self._wake)

    async def _plan(self) -> None:
        due = await self._store.next_due()
        if due is not None:
            self._at(due)

    async def _wake(self) -> None:
        self._next = None
        try:
            while ready := await self._store.due(self._clock(), self._at_once):
                came = await asyncio.gather(
                    *(self._come(one) for one in ready), return_exceptions=True
                )
                await self._settle(ready, came)
            await self._plan()
        except StoreError as error:
            log.warning("reminders postponed", reason=str(error))
            self._at(self._clock() + RETRY)
        except Exception:
            log.exception("reminders failed")
            self._at(self._clock() + RETRY)

    async def _settle(self, ready: Sequence[Reminder], came: Sequence[Any]) -> None:
        """Keep what became of each, of those that were said; raises StoreError where one was
        not."""
        pairs = [
            (one, end)
            for one, end in zip(ready, came, strict=True)
            if not isinstance(end, BaseException)
        ]
        await self._store.settle(pairs)
        for end in came:
            if isinstance(end, BaseException):
                raise end

    async def _come(self, reminder: Reminder) -> int | None:
        """Say it, committed on return; gives when it comes again. Raises StoreError, and then it is
        still to be said.

        Whatever else goes wrong is for who asked for it to know, and holds up no other.
        """
        again: int | None = None
        try:
            again = reminder.next(self._clock())
            self._may(reminder)
            await self._say(reminder)
        except StoreError:
            raise
        except Muted as error:
            await self._refuse(reminder, error.sentence)
        except ShoutbusError as error:
            again = None
            await self._refuse(reminder, error.sentence)
        except Exception:
            log.exception("reminder failed", number=reminder.id)
            again = None
            await self._refuse(reminder, _("it cannot be read"))
        return again

    async def _say(self, reminder: Reminder) -> None:
        now = self._clock()
        words = reminder.said(now, to_self=reminder.channel == self.oneself(reminder.who))
        body = tell(words, reminder.language)
        message = Message.new(
            reminder.channel, BUS, body, now, origin=reminder.origin, kind=Kind.REMINDER
        )
        await self._hub.accept(message, deliver=True)

    async def _refuse(self, reminder: Reminder, why: Words | str) -> None:
        """Tell who asked for it why it was not said."""
        told = _(
            "Your reminder {number} ({words}) was not delivered to {channel}: {why}",
            number=reminder.id,
            words=reminder.body,
            channel=reminder.channel,
            why=why,
        )
        message = Message.new(
            self.oneself(reminder.who),
            BUS,
            tell(told, reminder.language),
            self._clock(),
            origin=f"{reminder.origin}:refused",
            kind=Kind.NOTICE,
        )
        try:
            await self._hub.accept(message, deliver=True, spread=False)
        except StoreError:
            raise
        except ShoutbusError as error:  # else it would come again and again, before all others
            log.warning("notice not delivered", number=reminder.id, reason=str(error))
