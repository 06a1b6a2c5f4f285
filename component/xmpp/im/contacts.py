"""Writes what happens to contacts: all that came during one write goes with the next, in one
transaction."""

import asyncio
from collections import OrderedDict

import structlog

from component.bus.model.contact import Contact, ContactCaps, ContactChange, ContactChangeKind
from component.bus.ports.contacts import ContactStore
from component.bus.ports.method import Clock
from component.common.errors import StoreError
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

MOST_WAITING = 2_000
"""Changes that wait for the store; more are not taken."""
DAY_MS = 86_400_000
REMEMBERED = 20_000
"""Contacts of which it is known that they were seen today."""


class Contacts:
    """The changes that wait for the store, and who waits for them."""

    def __init__(self, store: ContactStore, clock: Clock, caps: ContactCaps) -> None:
        self._store = store
        self._clock = clock
        self._caps = caps
        self._tasks = Tasks()
        self._waiting: list[ContactChange] = []
        self._added: dict[Contact, asyncio.Future[bool]] = {}
        self._seen: OrderedDict[Contact, int] = OrderedDict()
        self._writer: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End what runs."""
        await self._tasks.close()

    async def add(self, contact: Contact) -> bool:
        """Add a contact. Returns whether it is there: beyond the caps, and where the store fails,
        it is not."""
        added = self._added.get(contact)
        if added is None:
            if not self._take(ContactChangeKind.ADD, contact):
                return False
            added = self._added[contact] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(added)

    def remove(self, contact: Contact) -> None:
        """Remove a contact."""
        self._seen.pop(contact, None)
        self._take(ContactChangeKind.REMOVE, contact)

    def seen(self, contact: Contact) -> None:
        """A contact's server asked for our presence: written once a day."""
        today = self._clock() // DAY_MS
        if self._seen.get(contact) == today:
            return
        if self._take(ContactChangeKind.SEEN, contact):
            self._seen[contact] = today
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)

    async def end_unseen(self, days: int) -> None:
        """Remove the contacts that were not seen for some days. Their servers ask when they come
        back, and are answered."""
        try:
            ended = await self._store.end_unseen(self._clock() - days * DAY_MS)
        except StoreError as error:
            log.warning("contacts not ended", reason=str(error))
            return
        if ended:
            log.info("contacts ended", count=ended)

    def _take(self, kind: ContactChangeKind, contact: Contact) -> bool:
        """Let a change wait for the next write. Returns whether there is room."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(ContactChange(kind, contact, self._clock()))
        if self._writer is None or self._writer.done():
            self._writer = self._tasks.run(self._write())
        return True

    async def _write(self) -> None:
        while self._waiting:
            changes, self._waiting = self._waiting, []
            added, self._added = self._added, {}
            try:
                there = set(await self._store.change(changes, self._caps))
            except StoreError as error:
                log.warning("contacts not saved", count=len(changes), reason=str(error))
                there = set()
            for contact, future in added.items():
                future.set_result(contact in there)
