"""Who has the bot as a contact: asked politely, in numbers, and by peers that answer each
presence."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from component.bus.model.contact import Contact, ContactCaps, ContactChange, ContactChangeKind
from component.common.errors import StoreError
from component.common.i18n import _
from component.xmpp.elements import presence
from component.xmpp.handlers import Places
from component.xmpp.identity import Identities
from component.xmpp.im.contacts import MOST_WAITING, Contacts
from component.xmpp.im.roster import PAGE, Roster
from component.xmpp.limits import Limits
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

BOT = "bot@bus.example.org"
BUS = f"{BOT}/bus"
JULIET = "juliet@example.org"


class Kept:
    """`ContactStore` in memory, with a count of its transactions."""

    def __init__(self) -> None:
        self.contacts: list[Contact] = []
        self.written = 0
        self.pages = 0
        self.broken = False
        self.seen: list[Contact] = []

    async def change(
        self, changes: Sequence[ContactChange], caps: ContactCaps
    ) -> Sequence[Contact]:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError(_("Please try again."))
        self.written += 1
        there = []
        for change in changes:
            if change.kind is ContactChangeKind.REMOVE and change.contact in self.contacts:
                self.contacts.remove(change.contact)
            elif change.kind is ContactChangeKind.SEEN:
                self.seen.append(change.contact)
            elif change.kind is ContactChangeKind.ADD and len(self.contacts) < caps.in_all:
                self.contacts.append(change.contact)
                there.append(change.contact)
        return there

    async def page(self, after: Contact | None, count: int) -> Sequence[Contact]:
        self.pages += 1
        behind = [one for one in sorted(self.contacts) if after is None or one > after]
        return behind[:count]

    async def of(self, theirs: str) -> Sequence[Contact]:
        return [one for one in self.contacts if one.theirs == theirs]

    async def end_unseen(self, before: int) -> int:
        return 0


class World:
    """A roster, its session and its store."""

    def __init__(self) -> None:
        self.session, self.kept = FakeSession(), Kept()
        identities = Identities(cast("Places", FakeHandlers()), "bus.example.org", BOT)
        contacts = Contacts(self.kept, lambda: 86_400_000, ContactCaps(in_all=2_500))
        self.roster = Roster(self.session, self.kept, contacts, identities, Limits())

    def hear(self, kind: str, theirs: str = JULIET) -> None:
        self.roster.presence(presence(theirs, BOT, type=kind))

    async def settled(self, times: int = 50) -> None:
        for _turn in range(times):
            await asyncio.sleep(0)

    def shown(self, theirs: str, kind: str = "") -> int:
        return self.session.kinds.count((theirs, kind))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    one = World()
    one.session.there = True
    yield one
    await one.roster.close()


async def test_who_asks_is_a_contact(world: World) -> None:
    world.hear("subscribe")
    await world.settled()
    assert world.session.kinds == [(JULIET, "subscribed"), (JULIET, "")]
    assert world.kept.contacts == [(BOT, JULIET)]
    world.hear("unsubscribe")
    await world.settled()
    assert world.kept.contacts == []


async def test_beyond_the_cap_nobody_is_added(world: World) -> None:
    world.kept.contacts = [Contact(BOT, f"{number}@x") for number in range(2_500)]
    world.hear("subscribe")
    await world.settled()
    assert world.session.kinds == [(JULIET, "unsubscribed")]
    assert len(world.kept.contacts) == 2_500


async def test_where_the_store_fails_nobody_is_told_yes(world: World) -> None:
    world.kept.broken = True
    world.hear("subscribe")
    await world.settled()
    assert world.session.kinds == [(JULIET, "unsubscribed")]


async def test_a_peer_that_answers_each_presence_is_not_answered_each_time(world: World) -> None:
    """It sent 7,041 in ten seconds once."""
    for _turn in range(1_000):
        world.hear("probe", f"{JULIET}/phone")
        world.hear("subscribe")
    await world.settled()
    assert len(world.session.sent) <= 10
    world.hear("probe", "romeo@example.org/phone")
    assert world.shown("romeo@example.org/phone") == 1


async def test_ten_thousand_changes_are_few_writes_and_not_kept_without_end(world: World) -> None:
    for number in range(10_000):
        world.hear("unsubscribe", f"{number}@evil.example")
        world.hear("probe", f"{number}@evil.example")
    await world.settled()
    assert world.kept.written <= 10_000 // MOST_WAITING


async def test_someone_is_seen_once_a_day(world: World) -> None:
    for _turn in range(3):
        world.hear("probe")
    await world.settled()
    assert world.kept.seen == [(BOT, JULIET)]


async def test_a_million_contacts_delay_nothing(world: World) -> None:
    """Only the first few are shown presence before the rooms have their turn."""
    world.kept.contacts = [Contact(BOT, f"{number:07}@x") for number in range(10_000)]
    await world.session.rise()
    await world.settled()
    assert (world.kept.pages, len(world.session.sent)) == (1, 2 * PAGE)
    world.session.fall()
    await world.settled()
    assert world.kept.pages == 1


async def test_at_the_end_not_all_of_a_million_are_told(world: World) -> None:
    world.kept.contacts = [Contact(BOT, f"{number:07}@x") for number in range(10_000)]
    await world.roster.hide_all()
    assert len(world.session.sent) == Limits().hidden
    assert world.session.kinds[0] == ("0000000@x", "unavailable")
