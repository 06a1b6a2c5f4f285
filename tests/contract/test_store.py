"""The suite every engine must pass: see `store.Store` for what is promised."""

import asyncio
import stat
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from component.bus.engine.commits import Offer
from component.bus.model.contact import Contact, ContactCaps, ContactChange, ContactChangeKind
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Author, AuthorKind, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Drop, Mute, Preference, Put, Token
from component.bus.model.route import Route
from component.bus.ports.accepted import Receipt
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import ConfigError, Conflict, Refused, StoreError, Unconfirmed
from component.storage import open_store
from tests.contract.engines import ENGINES, Engine, SQLiteEngine
from tests.support.fakes import FROM, OTHER, TO, offered, said
from tests.support.saving import committed

NASTY = (
    '\'; drop table messages; --\n"quoted" \\ %s :rows ?1 [1,2] {"a":null} \t é 佐藤 😀 \ufffd '
    "\U0010ffff null 007 1e5"
)

AUDIT = Audit(1_000, "admin@x", "text", "moderate", "before", "after")


def offer(message: Message, *to: Channel) -> Offer:
    return offered(
        message, (message.channel, State.RECEIVED), *((channel, State.PENDING) for channel in to)
    )


async def save(store: Store, *messages: Message, to: tuple[Channel, ...] = (TO,)) -> list[Receipt]:
    return list(await committed(store, [offer(message, *to) for message in messages], (), ()))


def bodies(found: object) -> list[str]:
    assert isinstance(found, list)
    return [one.message.body for one in found]


# Saving


async def test_what_is_saved_is_there(store: Store) -> None:
    message = said("hello")
    (receipt,) = await save(store, message, to=(TO, OTHER))
    assert receipt.new
    assert receipt.message == message
    assert [(one.channel, one.state) for one in receipt.deliveries] == [
        (FROM, State.RECEIVED),
        (TO, State.PENDING),
        (OTHER, State.PENDING),
    ]
    assert await store.messages.trace(message.id) == list(receipt.deliveries)


async def test_seqs_ascend_in_the_order_of_offers_and_plans(store: Store) -> None:
    last = 0
    for _ in range(3):
        for receipt in await save(
            store, *(said(str(number)) for number in range(50)), to=(OTHER, TO)
        ):
            assert [one.channel for one in receipt.deliveries] == [FROM, OTHER, TO]
            for delivery in receipt.deliveries:
                assert delivery.seq > last
                last = delivery.seq


async def test_a_known_id_changes_nothing(store: Store) -> None:
    first = said("first")
    await save(store, first)
    (again,) = await save(store, said("second", id=first.id), to=(OTHER,))
    assert (again.new, again.message, again.deliveries) == (False, first, ())
    assert [one.channel for one in await store.messages.trace(first.id)] == [FROM, TO]
    assert await store.deliveries.backlog() == {TO: 1}


async def test_a_known_origin_changes_nothing(store: Store) -> None:
    first, second = said("first", origin="room#1"), said("second", origin="room#1")
    await save(store, first)
    (again,) = await save(store, second)
    assert (again.new, again.message) == (False, first)
    assert await store.messages.trace(second.id) == []


async def test_duplicates_inside_one_group(store: Store) -> None:
    first = said("first", origin="room#1")
    other = said("other")
    found = await save(
        store, first, said("by id", id=first.id), other, said("by origin", origin="room#1"), first
    )
    assert [one.new for one in found] == [True, False, True, False, False]
    assert [one.message for one in found] == [first, first, other, first, first]
    assert await store.deliveries.backlog() == {TO: 2}
    assert bodies(await store.deliveries.log(TO)) == ["first", "other"]


async def test_duplicates_old_and_new_mixed_over_groups(store: Store) -> None:
    old = [said(f"old {number}", origin=f"o{number}") for number in range(10)]
    await save(store, *old)
    mixed = [said(f"new {number}", origin=f"o{number}") for number in range(20)]
    found = await save(store, *mixed)
    assert [one.new for one in found] == [False] * 10 + [True] * 10
    assert [one.message for one in found] == old + mixed[10:]
    assert bodies(await store.deliveries.log(TO)) == [one.message.body for one in found]


async def test_an_id_and_an_origin_of_two_known_messages(store: Store) -> None:
    one, two = said("one", origin="o1"), said("two", origin="o2")
    await save(store, one, two)
    (receipt,) = await save(store, said("both", id=one.id, origin="o2"))
    assert not receipt.new
    assert receipt.message in (one, two)


async def test_nothing_to_save(store: Store) -> None:
    assert list(await committed(store, (), (), ())) == []


async def test_a_message_that_concerns_only_its_own_channel(store: Store) -> None:
    (receipt,) = await save(store, said(), to=())
    assert [one.channel for one in receipt.deliveries] == [FROM]
    assert await store.deliveries.backlog() == {}


async def test_a_body_that_was_changed_on_the_way_is_read_again(store: Store) -> None:
    """A processor changed it for one place; the message stays as it came."""
    message = said("hello")
    changed = replace(message, body="news: hello")
    plan = Plan([(message, FROM, State.RECEIVED, ""), (changed, TO, State.PENDING, "")])
    await committed(store, [Offer(message, lambda: plan)], (), ())
    assert bodies(await store.deliveries.pending(TO, 0, 10)) == ["news: hello"]
    assert bodies(await store.deliveries.log(FROM)) == ["hello"]


async def test_every_character_comes_back(store: Store) -> None:
    nasty = "".join(NASTY.split("\n"))
    message = said(
        NASTY,
        Channel("shoutbox", "lobby"),
        author=Author(nasty, f"guest:{nasty}", AuthorKind.GUEST),
        origin=nasty,
    )
    await save(store, message)
    assert (await store.messages.trace(message.id))[0].message == message
    (again,) = await save(store, said("again", origin=nasty))
    assert again.message == message


async def test_a_big_group_and_big_bodies(store: Store) -> None:
    big = ["&" * 262_144, "😀" * 100_000, "x"]
    found = await save(store, *(said(body) for body in big))
    assert [(await store.messages.trace(one.message.id))[1].message.body for one in found] == big
    assert len(await save(store, *(said(str(number)) for number in range(1_000)))) == 1_000


# Outcomes and what is pending


async def test_outcomes(store: Store) -> None:
    receipts = await save(store, *(said(str(number)) for number in range(3)))
    a, b, c = (receipt.deliveries[1] for receipt in receipts)
    ends = [a.confirmed(5_000), b.failed(Unconfirmed("no wörd 'yet'"), 6_000)]
    await committed(store, (), ends, ())
    assert await store.deliveries.log(TO) == [*ends, c]
    assert await store.deliveries.pending(TO, 0, 10) == [ends[1], c]
    assert await store.deliveries.backlog() == {TO: 2}


async def test_an_outcome_of_nothing_changes_nothing(store: Store) -> None:
    (receipt,) = await save(store, said())
    await committed(store, (), [Delivery(10**9, said(), TO).confirmed(1)], ())
    assert await store.messages.trace(receipt.message.id) == list(receipt.deliveries)


async def test_pending_by_pages(store: Store) -> None:
    await save(store, *(said(str(number)) for number in range(25)), to=(TO, OTHER))
    found: list[Delivery] = []
    after = 0
    while page := await store.deliveries.pending(TO, after, 10):
        assert len(page) <= 10
        found += page
        after = page[-1].seq
    assert bodies(found) == [str(number) for number in range(25)]
    assert all(one.channel == TO for one in found)
    assert await store.deliveries.backlog() == {TO: 25, OTHER: 25}


# Reading


async def test_log(store: Store) -> None:
    await save(store, *(said(str(number)) for number in range(120)))
    everything = await store.deliveries.log(TO, limit=500)
    seqs = [one.seq for one in everything]
    assert bodies(everything) == [str(number) for number in range(120)]
    assert await store.deliveries.log(TO) == everything[:50]
    assert await store.deliveries.log(TO, after=seqs[9], limit=5) == everything[10:15]
    assert await store.deliveries.log(TO, before=seqs[20], limit=5) == everything[15:20]
    assert await store.deliveries.log(TO, before=seqs[2]) == everything[:2]
    assert await store.deliveries.log(TO, before=2**70, limit=3) == everything[-3:]
    assert await store.deliveries.log(TO, after=2**70) == []
    assert await store.deliveries.log(TO, before=seqs[0]) == []
    assert await store.deliveries.log(Channel("wire", "none")) == []
    assert bodies(await store.deliveries.log(FROM, limit=2)) == ["0", "1"]


async def test_last_seq(store: Store) -> None:
    assert await store.deliveries.last_seq(TO) == 0
    receipts = await save(store, said(), said())
    assert await store.deliveries.last_seq(TO) == receipts[-1].deliveries[1].seq
    assert await store.deliveries.last_seq(FROM) == receipts[-1].deliveries[0].seq


async def test_no_such_message(store: Store) -> None:
    assert await store.messages.trace("0" * 32) == []
    assert await store.messages.trace("'") == []


async def test_who_was_told_yes_reads_it_however_many_read(store: Store) -> None:
    """Reads that overlap once kept each other in the past, so that a live page missed a line for
    good."""
    await save(store, *(said(str(number)) for number in range(200)))
    done = asyncio.Event()

    async def keep_reading() -> None:
        while not done.is_set():
            assert len(await store.deliveries.log(TO, limit=200)) == 200

    readers = [asyncio.create_task(keep_reading()) for _ in range(3)]
    for number in range(40):
        (receipt,) = await save(store, said(f"new {number}"))
        newest = receipt.deliveries[1].seq
        assert await store.deliveries.last_seq(TO) == newest
        assert (await store.deliveries.log(TO, after=newest - 1)) == [receipt.deliveries[1]]
    done.set()
    await asyncio.gather(*readers)


async def test_readers_see_whole_groups_only(store: Store) -> None:
    done = asyncio.Event()

    async def keep_reading() -> int:
        looks = 0
        while not done.is_set():
            assert len(await store.deliveries.log(TO, limit=5_000)) % 10 == 0
            looks += 1
        return looks

    readers = [asyncio.create_task(keep_reading()) for _ in range(2)]
    for _ in range(30):
        await save(store, *(said() for _ in range(10)))
    done.set()
    assert min(await asyncio.gather(*readers)) > 0


async def test_many_writers_at_once(store: Store) -> None:
    await asyncio.gather(*(save(store, said(str(number))) for number in range(50)))
    assert sorted(map(int, bodies(await store.deliveries.log(TO)))) == list(range(50))


# Marks


async def test_marks(store: Store) -> None:
    assert await store.source_state.archive_position(TO) is None
    await committed(store, (), (), [ArchivePosition(TO, "", 1), ArchivePosition(OTHER, "o'1", 2)])
    assert await store.source_state.archive_position(TO) == ArchivePosition(TO, "", 1)
    await committed(store, (), (), [ArchivePosition(TO, "t2", 3)])
    assert await store.source_state.archive_position(TO) == ArchivePosition(TO, "t2", 3)
    assert await store.source_state.archive_position(OTHER) == ArchivePosition(OTHER, "o'1", 2)


# Dead letters and traces


async def dead(store: Store, *messages: Message, to: Channel = TO) -> list[Delivery]:
    """Messages that `to` refused, as the store has them."""
    receipts = await save(store, *messages, to=(to,))
    ends = [receipt.deliveries[1].failed(Refused("no"), 5_000) for receipt in receipts]
    await committed(store, (), ends, ())
    return ends


async def test_dead_letters(store: Store) -> None:
    one, two = await dead(store, said("one"), said("two"))
    (other,) = await dead(store, said("other"), to=OTHER)
    await save(store, said("alive"))
    assert await store.dead_letters.newest() == [other, two, one]
    assert await store.dead_letters.newest(TO) == [two, one]
    assert await store.dead_letters.newest(limit=1) == [other]
    assert await store.dead_letters.counts() == {TO: 2, OTHER: 1}
    assert await store.dead_letters.get(one.seq) == one
    assert await store.dead_letters.get(one.seq - 1) is None, "its message came, and is not dead"
    assert await store.dead_letters.get(2**70) is None


async def test_dead_letters_decided_on(store: Store) -> None:
    one, two = await dead(store, said("one"), said("two"))
    line = Audit(9, "admin@x", "text", "decided")
    ends = [one.retried(6_000), two.dropped(7_000)]
    await store.dead_letters.decide(ends, line)
    assert await store.deliveries.log(TO) == ends
    assert await store.deliveries.pending(TO, 0, 9) == ends[:1]
    assert await store.dead_letters.counts() == {}
    assert [found for _, found in await store.audit.newest()] == [line]


async def test_dead_letters_decided_on_twice(store: Store) -> None:
    one, two = await dead(store, said("one"), said("two"))
    line = Audit(9, "admin@x", "text", "decided")
    await store.dead_letters.decide([one.dropped(6_000)], line)
    with pytest.raises(Conflict):
        await store.dead_letters.decide([two.retried(7_000), one.retried(7_000)], line)
    assert await store.deliveries.log(TO) == [one.dropped(6_000), two], "all of it or nothing"
    assert len(await store.audit.newest()) == 1


async def test_ids_by_their_start(store: Store) -> None:
    ids = [start * 2 + "0" * 20 for start in ("abcde0", "abcdef", "abcdff", "abce00")]
    await save(store, *(said(id=id) for id in ids))
    assert await store.messages.ids_by_prefix("abcde", 9) == ids[:2]
    assert await store.messages.ids_by_prefix("abcd") == ids[:2]
    assert await store.messages.ids_by_prefix(ids[2]) == ids[2:3]
    assert await store.messages.ids_by_prefix("ffffff") == []


async def test_a_paused_channel_is_seeded_so(store: Store) -> None:
    specs = [ChannelSpec(TO, enabled=False), ChannelSpec(OTHER)]
    await store.configuration.seed(specs, (), ())
    assert sorted(await store.configuration.channels(), key=lambda one: one.channel) == sorted(
        specs, key=lambda one: one.channel
    )


# Contacts and what is configured


BOT, LOBBY_JID, JULIET = "bot@bus", "lobby@bus", "juliet@example.org"


def added(ours: str, theirs: str, at: int = 1) -> ContactChange:
    return ContactChange(ContactChangeKind.ADD, Contact(ours, theirs), at)


async def all_contacts(store: Store) -> Sequence[Contact]:
    return await store.contacts.page(None, 100)


async def test_contacts(store: Store) -> None:
    caps = ContactCaps()
    both = [added(BOT, JULIET), added(LOBBY_JID, JULIET)]
    assert await store.contacts.change([*both, both[0]], caps) == [
        (BOT, JULIET),
        (LOBBY_JID, JULIET),
        (BOT, JULIET),
    ]
    assert await all_contacts(store) == [(BOT, JULIET), (LOBBY_JID, JULIET)]
    assert await store.contacts.page(Contact(BOT, JULIET), 100) == [(LOBBY_JID, JULIET)]
    assert await store.contacts.page(None, 1) == [(BOT, JULIET)]
    assert await store.contacts.of("romeo@example.org") == []
    gone = ContactChange(ContactChangeKind.REMOVE, Contact(BOT, JULIET), 2)
    assert await store.contacts.change([gone, gone], caps) == []
    assert await store.contacts.of(JULIET) == [(LOBBY_JID, JULIET)]


async def test_contacts_beyond_the_caps(store: Store) -> None:
    caps = ContactCaps(per_domain=2, in_all=4, home="home")
    asked = [added(BOT, f"{number}@evil") for number in range(3)]
    asked += [added(BOT, f"{number}@home") for number in range(3)]
    assert [one.theirs for one in await store.contacts.change(asked, caps)] == [
        "0@evil",
        "1@evil",
        "0@home",
        "1@home",
    ]
    assert await store.contacts.change(asked[:1], caps), "who is there already stays"
    removed = ContactChange(ContactChangeKind.REMOVE, Contact(BOT, "0@evil"), 2)
    assert await store.contacts.change([removed, added(BOT, "2@home")], caps)


async def test_contacts_that_nobody_sees_end(store: Store) -> None:
    people = [added(BOT, "romeo@x", 10), added(BOT, JULIET, 10)]
    await store.contacts.change(people, ContactCaps())
    seen = [
        ContactChange(ContactChangeKind.SEEN, Contact(BOT, JULIET), 50),
        ContactChange(ContactChangeKind.SEEN, Contact(BOT, "stranger@x"), 50),
    ]
    assert await store.contacts.change(seen, ContactCaps()) == []
    assert await store.contacts.end_unseen(50) == 1
    assert await all_contacts(store) == [(BOT, JULIET)]
    assert await store.contacts.end_unseen(50) == 0


async def test_seeds_once(store: Store) -> None:
    spec = ChannelSpec(TO, "Títle", {"subject": "it's", "invite": ["a@b"]})
    ways = [Route(TO, OTHER), Route(OTHER.anyone, FROM, enabled=False), Route(FROM, TO)]
    token = Token("demo", "d" * 64, "admin@example.org")
    await store.configuration.seed([spec], ways, [token])
    await store.configuration.seed(
        [ChannelSpec(OTHER)], [Route(TO, FROM)], [Token("x", "e" * 64, "a@b")]
    )
    assert await store.configuration.channels() == [spec]
    assert await store.configuration.tokens() == [token]
    found = await store.configuration.routes()
    assert [(one.source, one.destination, one.enabled) for one in found] == [
        (one.source, one.destination, one.enabled) for one in ways
    ]
    assert len({one.id for one in found}) == 3
    assert all(one.id for one in found)


async def test_an_empty_seed_is_a_seed(store: Store) -> None:
    await store.configuration.seed((), (), ())
    await store.configuration.seed([ChannelSpec(TO)], (), ())
    assert await store.configuration.channels() == []


async def test_a_secret_made_once(engine: Engine) -> None:
    store = await engine.open()
    first = await store.secret()
    assert len(first) == 32
    assert await store.secret() == first
    await store.close()
    store = await engine.open()
    assert await store.secret() == first
    await store.close()
    other = await ENGINES["sqlite"](engine.place / "other").open()
    assert await other.secret() != first
    await other.close()


async def test_a_probe_tells_whether_it_can_write(engine: Engine, store: Store) -> None:
    await store.probe()
    await store.probe()
    await engine.fill_disk(store)
    with pytest.raises(StoreError):
        await save(store, *(said("x" * 100_000) for _ in range(20)))
    await engine.free_disk(store)
    await store.probe()


# Opening


async def test_all_is_kept(engine: Engine) -> None:
    store = await engine.open()
    (receipt,) = await save(store, said(NASTY))
    await committed(
        store,
        (),
        [receipt.deliveries[1].failed(Unconfirmed("late"), 7)],
        [ArchivePosition(TO, "t", 1)],
    )
    await store.contacts.change([added("bot@bus", "a@b")], ContactCaps())
    await store.configuration.seed(
        [ChannelSpec(TO)], [Route(TO, OTHER)], [Token("demo", "d", "a@b")]
    )
    before = await _everything(store, receipt)
    await store.close()
    store = await engine.open()
    assert await _everything(store, receipt) == before
    (later,) = await save(store, said("later"))
    assert later.deliveries[0].seq > receipt.deliveries[-1].seq
    await store.close()


async def _everything(store: Store, receipt: Receipt) -> list[object]:
    return [
        await store.messages.trace(receipt.message.id),
        await store.deliveries.pending(TO, 0, 9),
        await store.source_state.archive_position(TO),
        await all_contacts(store),
        await store.configuration.channels(),
        await store.configuration.routes(),
        await store.configuration.tokens(),
        await store.deliveries.backlog(),
    ]


async def test_opened_twice_at_once(engine: Engine) -> None:
    """As in a restart while the old one still ends: nobody is told a lie."""
    one, two = await engine.open(), await engine.open()
    first = said("first", origin="o")
    await save(one, first)
    (again,) = await save(two, said("second", origin="o"))
    assert (again.new, again.message) == (False, first)
    await asyncio.gather(
        *(save(store, said(str(number))) for number, store in enumerate([one, two] * 20))
    )
    assert (
        len(await one.deliveries.log(TO, limit=100))
        == len(await two.deliveries.log(TO, limit=100))
        == 41
    )
    await one.close()
    await two.close()


# Failing


async def test_a_full_disk_changes_nothing(engine: Engine, store: Store) -> None:
    receipts = await save(store, said("before"), said("too"))
    done = receipts[0].deliveries[1].confirmed(9)
    await committed(store, (), (), [ArchivePosition(TO, "old", 1)])
    await engine.fill_disk(store)
    refused = [offer(said("x" * 100_000, origin=f"r{number}"), TO) for number in range(20)]
    with pytest.raises(StoreError) as told:
        await committed(store, refused, [done], [ArchivePosition(TO, "new", 2)])
    assert told.value.__cause__
    assert bodies(await store.deliveries.log(TO)) == ["before", "too"]
    assert await store.source_state.archive_position(TO) == ArchivePosition(TO, "old", 1)
    assert await store.deliveries.backlog() == {TO: 2}
    await engine.free_disk(store)
    found = await committed(store, refused, [done], [ArchivePosition(TO, "new", 2)])
    assert all(one.new for one in found)
    assert await store.source_state.archive_position(TO) == ArchivePosition(TO, "new", 2)
    assert await store.deliveries.backlog() == {TO: 21}


async def test_a_caller_who_gives_up_breaks_nothing(store: Store) -> None:
    """A transaction left open once failed every later one."""
    for number in range(60):
        change = added("bot@bus", f"{number}@example.org")
        task = asyncio.create_task(store.contacts.change([change], ContactCaps()))
        for _ in range(number % 12):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await save(store, said(str(number)))
    assert bodies(await store.deliveries.log(TO, limit=100)) == [
        str(number) for number in range(60)
    ]


async def test_a_save_given_up_breaks_nothing(store: Store) -> None:
    """A statement left half read once kept every later commit from ending."""
    for number in range(40):
        hundred = [said() for _ in range(100)]
        task = asyncio.create_task(save(store, *hundred))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (receipt,) = await save(store, said(str(number)))
        assert receipt.new
        assert len(await store.deliveries.log(TO, limit=10_000)) % 100 == (number + 1) % 100


async def test_once_closed_it_says_so(engine: Engine) -> None:
    store = await engine.open()
    await store.close()
    with pytest.raises(StoreError):
        await save(store, said())
    with pytest.raises(StoreError):
        await store.deliveries.log(TO)


# Moderation and preferences


async def test_mutes_come_go_and_are_kept(engine: Engine) -> None:
    store = await engine.open()
    short, long = Mute("guest:1", NASTY.replace("\n", ""), 5_000, NASTY), Mute("romeo@x", "Romeo")
    await store.configuration.change([Put(short), Put(long)], AUDIT)
    await store.close()
    store = await engine.open()
    assert sorted(await store.configuration.mutes(), key=lambda one: one.key) == [short, long]
    longer = Mute(short.key, "Tybalt", 0, "again")
    await store.configuration.change([Put(longer)], AUDIT)
    with pytest.raises(Conflict):  # not as it was read
        await store.configuration.change([Drop(long), Drop(short)], AUDIT)
    assert len(await store.configuration.mutes()) == 2
    await store.configuration.change([Drop(longer)], AUDIT)
    assert list(await store.configuration.mutes()) == [long]
    assert [one.what for _, one in await store.audit.newest()] == [AUDIT.what] * 3
    await store.close()


async def test_preferences_are_each_ones_own(store: Store) -> None:
    assert list(await store.people.preferences()) == []
    for one in (
        Preference("a@x", "de", "never"),
        Preference("b@x"),
        Preference("a@x", "", "always"),
    ):
        await store.people.prefer(one)
    found = sorted(await store.people.preferences(), key=lambda one: one.jid)
    assert found == [Preference("a@x", "", "always"), Preference("b@x")]
    assert list(await store.audit.newest()) == []


async def test_a_deleted_message_keeps_its_trace_only(store: Store) -> None:
    vile, good = said("vile"), said("good")
    (first, second) = await save(store, vile, good, to=(TO, OTHER))
    dead = first.deliveries[1].failed(Refused("no"), 2)
    await committed(store, (), [dead], ())
    assert await store.messages.deletion(vile.id) is None
    await store.messages.delete(vile.id, "(gone)", AUDIT)
    hops = await store.messages.trace(vile.id)
    assert [(one.state, one.message.body) for one in hops] == [
        (State.RECEIVED, "(gone)"),
        (State.DROPPED, "(gone)"),
        (State.DROPPED, "(gone)"),
    ]
    assert await store.messages.deletion(vile.id) == (AUDIT.at, AUDIT.who)
    assert await store.messages.trace(good.id) == list(second.deliveries)
    assert (await store.deliveries.backlog(), await store.dead_letters.counts()) == (
        {TO: 1, OTHER: 1},
        {},
    )
    assert [one for _, one in await store.audit.newest()] == [AUDIT]
    with pytest.raises(Conflict):
        await store.messages.delete(vile.id, "(gone again)", AUDIT)
    assert len(await store.audit.newest()) == 1
    again, too = await save(store, vile, good)
    assert [(one.new, one.deleted, one.message.body) for one in (again, too)] == [
        (False, True, "(gone)"),
        (False, False, "good"),
    ]


async def test_of_what_was_dropped_on_the_wire_only_its_arrival_counts(store: Store) -> None:
    (receipt,) = await save(store, said(), to=(TO, OTHER))
    _, one, other = receipt.deliveries
    await store.messages.delete(receipt.message.id, "(gone)", AUDIT)
    await committed(store, (), [one.failed(Unconfirmed("lost"), 5), other.confirmed(5)], ())
    assert [hop.state for hop in await store.messages.trace(receipt.message.id)] == [
        State.RECEIVED,
        State.DROPPED,
        State.DELIVERED,
    ]


async def test_no_such_message_to_delete(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.messages.delete("f" * 32, "(gone)", AUDIT)
    assert list(await store.audit.newest()) == []


# What only the file engine promises


async def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    engine = SQLiteEngine(tmp_path / "new" / "folder")
    store = await engine.open()
    await save(store, said())
    for file in engine.file.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(engine.file.parent.stat().st_mode) == 0o700
    await store.close()


async def test_what_can_not_be_opened_says_why_and_leaves_nothing_running(tmp_path: Path) -> None:
    """A thread left behind once kept `shoutbus check` from ending."""
    before = set(threading.enumerate())
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"no database " * 1_000)
    for place in (bad, tmp_path, tmp_path / "bad.db" / "inside.db"):
        with pytest.raises(StoreError) as told:
            await open_store(f"sqlite:{place}")
        assert str(place) in str(told.value)
    for thread in set(threading.enumerate()) - before:
        if "connection" in thread.name:
            await asyncio.to_thread(thread.join, 20)
            assert not thread.is_alive()


@pytest.mark.parametrize("url", ["", "sqlite", "sqlite:", "mysql:x", "/var/lib/bus.db"])
async def test_no_store(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        await open_store(url)
    assert "[store]" in str(told.value)


async def test_both_ways_to_write_a_path(tmp_path: Path) -> None:
    for url in (f"sqlite:{tmp_path}/a.db", f"sqlite://{tmp_path}/b.db"):
        await (await open_store(url)).close()
    assert {one.name for one in tmp_path.iterdir()} == {"a.db", "b.db"}
