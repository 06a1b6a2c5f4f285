"""Muting, deleting and preferences: right, wrong, changed meanwhile, in force at once; on the real
store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from commands.action import Bus, Caller, Step, begin, go_on
from commands.adhoc import AdHoc
from commands.text import Text
from component.bus.engine.hub import Hub
from component.bus.engine.retraction import Retracted
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import BUS, DELETED, Author, AuthorKind, Channel, Message, id_from
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.bus.ports.method import Fate
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import Muted
from component.storage import open_store
from component.xmpp.bot import Bot
from component.xmpp.handlers import TypedLine
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.inbox import Inbox
from component.xmpp.muc.ingest import Incoming, Ingest
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.room import Room
from tests.support.fakes import (
    FROM,
    OTHER,
    TO,
    Bench,
    FakeClock,
    FakeMethod,
    a_bus,
    offered,
    said,
    seeded,
    unavailable,
    until,
    until_all,
)
from tests.support.saving import committed
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession, no_bus
from web.guests import NAME_LIFE_S, Guests

ADMIN = Caller("admin@x", "admin", Role.ADMIN, way="form")
NOBODY = Audit(0, "", "", "")
LOBBY = Channel("shoutbox", "lobby")
ROOM = Channel("muc", "team@rooms.x")
ROMEO = Author("romeo", "romeo@x")
GUEST = Author("Tybalt", "guest:0123456789abcdef0123456789abcdef", AuthorKind.GUEST)


class Stage:
    """People who write to the bot, and a lobby."""

    def __init__(self, bus: Bus, clock: FakeClock) -> None:
        self.bus, self.clock = bus, clock
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "admin@x", language: str = "en") -> str:
        return str(
            await self._text.answer(TypedLine(jid, jid.partition("@")[0], line, False, language))
        )

    async def changes(self) -> list[tuple[str, str, str, str]]:
        """Who did what, before, after; newest first."""
        return [
            (one.who, one.what, one.before, one.after)
            for _, one in await self.bus.store.audit.newest()
            if one.who
        ]

    async def hears(self, author: Author, body: str = "hello") -> Message:
        """Someone says something in the lobby; raises Muted."""
        return (await self.bus.hub.accept(said(body, LOBBY, author=author))).message


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        guests = {GUEST.name: GUEST.key.removeprefix("guest:")}
        clock = bus.hub.clock
        assert isinstance(clock, FakeClock)
        await bus.settings.change([Put(ChannelSpec(LOBBY))], NOBODY)
        yield Stage(replace(bus, clock=clock, guest=lambda name: guests.get(name, "")), clock)


# Muting


async def test_a_mute_is_in_force_at_once_and_ends_by_itself(stage: Stage) -> None:
    await stage.hears(ROMEO)
    assert (
        await stage.says("mute Romeo@X 10 minutes too loud.")
        == "romeo is muted until 1970-01-01 00:26:40 UTC."
    )
    with pytest.raises(Muted) as refused:
        await stage.hears(ROMEO)
    assert str(refused.value) == (
        "An operator muted you until 1970-01-01 00:26 UTC (too loud). Your message was not "
        "forwarded."
    )
    assert (refused.value.status, refused.value.condition) == (403, "forbidden")
    assert "An operator muted you" in await stage.says("shout shoutbox:lobby hello", "romeo@x")
    await stage.hears(GUEST)
    stage.clock.sleep(minutes=10)
    await stage.hears(ROMEO)
    assert (await stage.changes())[-1] == (
        "admin@x",
        "mute",
        "",
        "romeo (romeo@x), until 1970-01-01 00:26:40 UTC: too loud.",
    )


async def test_the_bus_itself_is_not_muted(stage: Stage) -> None:
    message = said("Reminder: stretch", LOBBY, author=BUS)
    await stage.bus.hub.accept(message, deliver=True)
    assert (
        "The bot wrote that message and cannot be muted. To delete a reminder, use “reminder drop”."
        in await stage.says(f"mute {message.short_id} 10 minutes")
    )
    assert stage.bus.hub.mutes == ()


async def test_until_unmuted(stage: Stage) -> None:
    assert await stage.says("mute Tybalt until unmuted") == "Tybalt (web) is muted until unmuted."
    with pytest.raises(Muted, match="until further notice"):
        await stage.hears(GUEST)
    await stage.hears(Author(GUEST.name, "guest:another", AuthorKind.GUEST))
    assert await stage.says("unmute Tybalt") == "Tybalt is no longer muted."
    await stage.hears(GUEST)
    assert "is not one of the choices." in await stage.says("unmute Tybalt")
    mute = "Tybalt (guest:6326172e9d59), until unmuted"  # the session would let others be Tybalt
    assert await stage.changes() == [("admin@x", "unmute", mute, ""), ("admin@x", "mute", "", mute)]


async def test_guests_whose_sessions_begin_alike_are_two(stage: Stage) -> None:
    first, second = (
        Author(name, f"guest:01234567{end * 24}", AuthorKind.GUEST)
        for name, end in (("Tybalt", "a"), ("Mercutio", "b"))
    )
    for author in (first, second):
        message = await stage.hears(author)
        await stage.says(f"mute {message.id} until unmuted")
    assert await stage.says("unmute Mercutio") == "Mercutio is no longer muted."
    assert [mute.key for mute in stage.bus.hub.mutes] == [first.key]


async def test_by_a_message_and_for_another_time(stage: Stage) -> None:
    message = await stage.hears(ROMEO)
    assert "is muted until unmuted" in await stage.says(
        f"mute {message.id[:12]} 'until unmuted' x".replace("'", '"')
    )
    assert "00:17:40" in await stage.says(f"mute {message.id} 1m")
    (mute,) = stage.bus.hub.mutes
    assert (mute.key, mute.until, mute.reason) == ("romeo@x", 1_060_000, "")
    assert (await stage.changes())[0][2:] == (
        "romeo (romeo@x), until unmuted: x",
        "romeo (romeo@x), until 1970-01-01 00:17:40 UTC",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mute romeo@x 10", "is not a duration"),
        ("mute romeo@x soon", "is not a duration"),
        ("mute romeo@x 10 monkeys", "is not a duration"),
        ("mute romeo@x 0 hours", "The duration must not be zero. To end a mute, use “unmute”."),
        (
            "mute Benvolio 10 minutes",
            (
                "No web user is currently named “Benvolio”. Write a JID, or the ID of a message "
                "they wrote."
            ),
        ),
        ("mute abcdef12 10 minutes", "The message abcdef12 does not exist"),
        ("mute admin@x 10 minutes", "is an admin. Admins cannot be muted."),
        ("unmute romeo@x", "is not muted"),
    ],
)
async def test_what_is_no_mute(stage: Stage, line: str, told: str) -> None:
    answer = await stage.says(f"/{line}")
    assert answer.startswith("Error: ")
    assert told in answer
    assert (await stage.changes(), stage.bus.hub.mutes) == ([], ())


@pytest.mark.parametrize(
    ("long", "minutes"),
    [
        ("90 min", 90),
        ("1 hour", 60),
        ("2h", 120),
        ("1 Stunde", 60),
        ("2 Tage", 2880),
        ("1 week", 10_080),
        ("3d", 4320),
    ],
)
async def test_how_long_in_words(stage: Stage, long: str, minutes: int) -> None:
    action = stage.bus.actions["mute"]
    step = await begin(action, ADMIN, stage.bus)
    assert isinstance(step, Step)
    await go_on(
        action,
        step,
        {"who": ["romeo@x"], "long": [long], "reason": ["10 apples"]},
        ADMIN,
        stage.bus,
    )
    (mute,) = stage.bus.hub.mutes
    assert (mute.until, mute.reason) == (1_000_000 + minutes * 60_000, "10 apples")


async def test_mutes_outlive_a_restart_and_old_ones_are_cleared(stage: Stage) -> None:
    await stage.says("mute romeo@x 1 minute")
    await stage.says("mute Tybalt 1 hour")
    await stage.bus.hub.reload()
    assert [one.name for one in stage.bus.hub.mutes] == ["Tybalt", "romeo"]
    stage.clock.sleep(minutes=2)
    await stage.says("mute paris@x 1 hour")
    assert [one.name for one in await stage.bus.store.configuration.mutes()] == [
        "Tybalt",
        "paris",
    ]


async def test_an_unmute_of_what_was_changed_meanwhile(stage: Stage) -> None:
    await stage.says("mute romeo@x 1 hour")
    (mute,) = stage.bus.hub.mutes
    await stage.bus.store.configuration.change([Put(replace(mute, until=0))], NOBODY)
    assert "in the meantime" in await stage.says("unmute romeo@x")
    await stage.bus.hub.reload()
    with pytest.raises(Muted):
        await stage.hears(ROMEO)


def test_who_goes_by_a_name_now() -> None:
    clock = FakeClock()
    guests = Guests(clock.seconds, ())
    guests.author("one", "192.0.2.1", "Tybalt")
    assert guests.holder("tybalt") == "one"
    assert guests.holder("Paris") == ""
    clock.sleep(NAME_LIFE_S)
    assert guests.holder("Tybalt") == ""


def _heard(message: Message, mark: ArchivePosition | None = None) -> Incoming:
    return Incoming(Room(ROOM.address, ChannelSpec(ROOM), "shoutbus"), "Romeo", message, mark)


async def test_what_a_muted_one_says_in_a_room_is_read_and_logged_once(stage: Stage) -> None:
    await stage.says("mute romeo@x 1 hour")
    handlers = FakeHandlers(stage.bus.hub)
    ingest = Ingest(MamArchive(FakeSession(), ""), handlers, stage.clock, b"", no_bus)
    marks = [ArchivePosition(ROOM, name, 1) for name in ("a", "b")]
    with structlog.testing.capture_logs() as logged:
        for mark in marks:
            await ingest.accept(_heard(said("noise", ROOM, author=ROMEO), mark))
    assert handlers.positions == marks
    assert [one["event"] for one in logged] == ["message not forwarded"]
    assert await stage.bus.store.deliveries.log(ROOM) == []


# Deleting


async def test_deleted_words_are_gone_and_the_trace_says_by_whom(stage: Stage) -> None:
    message = await stage.hears(ROMEO, "something vile")
    asked = await stage.says(f"message delete {message.id[:10]}")
    assert "something vile – this cannot be undone.\nConfirm?" in asked
    assert await stage.says("no") == "Nothing was changed."
    assert await stage.says(f"message delete {message.id} sure") == f"Deleted {message.id}."
    assert [one.message.body for one in await stage.bus.store.deliveries.log(LOBBY)] == [DELETED]
    assert await stage.bus.store.messages.search(LOBBY, "vile") == []
    assert (await stage.says(f"trace {message.id}")).endswith(
        "Deleted 1970-01-01 00:16:40 by admin@x."
    )
    assert (await stage.says(f"trace {message.id}", "romeo@x")).endswith("by an operator.")
    assert "This message is already deleted." in await stage.says(
        f"message delete {message.id} sure"
    )
    ((who, what, before, after),) = await stage.changes()
    assert (who, what, after) == ("admin@x", "message-delete", "")
    assert before.startswith(message.id)
    assert "vile" not in before


class Taking(FakeMethod):
    """A place that takes back as `ends` says, one after the other."""

    def __init__(self, *ends: Fate | Exception) -> None:
        super().__init__()
        self.ends = list(ends)
        self.asked_back: list[tuple[Channel, State]] = []

    async def retract(self, delivery: Delivery) -> Fate:
        self.asked_back.append((delivery.channel, delivery.state))
        end = self.ends.pop(0)
        if isinstance(end, Fate):
            return end
        raise end


async def test_each_place_is_asked_and_the_answer_says_how_it_went(stage: Stage) -> None:
    rooms = Taking(Fate.GONE, Fate.ASKED, Fate.STAYS, unavailable(), RuntimeError("a bug"))
    stage.bus.hub.attach({"muc": rooms, "mail": FakeMethod(), "shoutbox": None})
    places = [Channel("muc", f"{name}@rooms.x") for name in ("a", "b", "c", "d", "e")]
    mail = Channel("mail", "romeo@x")
    states = [
        (ROOM, State.RECEIVED),
        *((one, State.DELIVERED) for one in places[1:]),
        (mail, State.DELIVERED),
        (LOBBY, State.DELIVERED),
    ]
    message = said("vile", ROOM)
    late = Channel("muc", "late@rooms.x")
    await committed(stage.bus.store, [offered(message, *states, (late, State.PENDING))], (), ())
    assert (await stage.says(f"message delete {message.id} sure")).splitlines() == [
        f"Deleted {message.id}. In other places:",
        f"{ROOM}: deleted there as well.",
        "muc:b@rooms.x: clients were asked to hide it; not all of them can.",
        "muc:c@rooms.x: not deleted there.",
        "muc:d@rooms.x: not deleted there: The wire is cut.",
        "muc:e@rooms.x: not deleted there: internal error; see the log of Shoutbus",
        "mail:romeo@x: not deleted there.",
    ]
    assert rooms.asked_back == states[:5]


async def deleting(hub: Hub, message: Message) -> asyncio.Task[Sequence[Retracted]]:
    """A deletion, done but for what it hears from places."""
    task = asyncio.create_task(hub.delete(message.id, NOBODY))
    await until(
        lambda: all(queue.has_forgotten(message.id) for queue in hub.queues.values()), "deleted"
    )
    return task


async def test_what_is_on_the_wire_is_taken_back_when_it_lands(tmp_path: Path) -> None:
    store = await seeded(
        await open_store(f"sqlite:{tmp_path / 'bus.db'}"), [Route(FROM, TO), Route(FROM, OTHER)]
    )
    method = Taking(Fate.ASKED)
    bench = Bench(store, method)
    hub = await bench.start()
    method.answers = False
    vile = (await hub.accept(said("vile"))).message
    await method.until_sent(2)
    deletion = await deleting(hub, vile)
    method.flying[1][1].set_exception(unavailable())
    method.flying[0][1].set_result(None)
    (taken,) = await deletion
    assert (taken.delivery.channel, taken.fate) == (method.flying[0][0].channel, Fate.ASKED)
    await bench.close()


async def test_live_readers_learn_of_it(stage: Stage) -> None:
    message = await stage.hears(ROMEO, "vile")
    listener = stage.bus.hub.listen(LOBBY)
    await stage.bus.hub.delete(message.id, NOBODY)
    told = listener.get_nowait()
    assert told
    assert (told.message.id, told.message.body, told.channel) == (message.id, DELETED, LOBBY)
    assert listener.empty()


async def test_deleted_by_someone_else_meanwhile(stage: Stage) -> None:
    message = await stage.hears(ROMEO)
    await stage.says(f"message delete {message.id}")
    await stage.bus.hub.delete(message.id, NOBODY)
    assert "This message is already deleted." in await stage.says("yes")
    assert "The message ffffff does not exist" in await stage.says("message delete ffffff")


async def test_deleted_words_do_not_come_back_from_a_rooms_archive(stage: Stage) -> None:
    origin = f"{ROOM}#archived"
    first = said("romeo: vile", origin="elsewhere", id=id_from(origin))  # as another bus brought it
    await stage.bus.hub.accept(first)
    await stage.bus.hub.delete(first.id, NOBODY)
    handlers = FakeHandlers(stage.bus.hub)
    ingest = Ingest(MamArchive(FakeSession(), ""), handlers, stage.clock, b"", no_bus)
    await ingest.accept(_heard(said("vile", ROOM, origin=origin, id=first.id)))
    assert await stage.bus.store.deliveries.log(ROOM) == []


async def test_what_waits_is_dropped_and_what_comes_behind_is_sent(tmp_path: Path) -> None:
    store = await seeded(
        await open_store(f"sqlite:{tmp_path / 'bus.db'}"), [Route(FROM, TO), Route(FROM, OTHER)]
    )
    method = FakeMethod()
    bench = Bench(store, method)
    hub = await bench.start()
    method.closed = {TO}
    method.answers = False
    vile = (await hub.accept(said("vile"))).message
    await hub.accept(said("good"))
    await until(lambda: len(method.flying) == 2, "both on the wire to the other")
    deletion = await deleting(hub, vile)
    assert [one.state for one in await store.messages.trace(vile.id)] == [
        State.RECEIVED,
        State.DROPPED,
        State.DROPPED,
    ]
    method.answers = True
    method.holds.clear()
    method.flying[1][1].set_exception(unavailable())
    method.flying[0][1].set_result(None)  # it was on the wire already
    await method.open(TO)
    await until_all(store, State.DELIVERED, 1, TO)
    await until_all(store, State.DELIVERED, 2, OTHER)
    assert method.holds[TO] == ["good"]
    assert [one.fate for one in await deletion] == [Fate.STAYS]
    assert [one.state for one in await store.messages.trace(vile.id)] == [
        State.RECEIVED,
        State.DROPPED,
        State.DELIVERED,
    ]
    await bench.close()


async def test_what_fails_on_the_wire_after_its_end_is_not_tried_again(tmp_path: Path) -> None:
    store = await seeded(await open_store(f"sqlite:{tmp_path / 'bus.db'}"), [Route(FROM, TO)])
    method = FakeMethod()
    bench = Bench(store, method)
    hub = await bench.start()
    method.answers = method.tells_landed = False
    vile = (await hub.accept(said("vile"))).message
    await method.until_sent(1)
    deletion = await deleting(hub, vile)
    method.answers = True
    method.fail_all(unavailable())
    assert await deletion == []
    await hub.accept(said("good"))
    await until_all(store, State.DELIVERED, 1)
    assert [body for _, body in method.sent] == ["vile", "good"]
    assert (await store.messages.trace(vile.id))[1].state is State.DROPPED
    await bench.close()


# Preferences


async def test_ones_own_language_and_confirmations(stage: Stage) -> None:
    assert await stage.says("preferences", "romeo@x") == (
        "Your language: auto. Confirmations of forwarded messages: once. Your time zone: UTC."
    )
    await stage.says("preferences de", "romeo@x")
    assert (await stage.says("whoami", "romeo@x")).startswith("Du bist romeo@x")
    assert (await stage.says("whoami", "paris@x")).startswith("You are paris@x")
    adhoc = AdHoc(stage.bus, stage.bus.settings.roles.of, lambda *_: None, lambda: 0.0)
    assert dict(adhoc.listed("bot@bus", "romeo@x/pda", "en"))["me"] == "Meine Einstellungen…"
    assert (await stage.says("preferences confirm=never", "romeo@x")).startswith(
        "Deine Sprache: de."
    )
    await stage.bus.settings.load()
    assert stage.bus.settings.preference("romeo@x").confirm == "never"
    await stage.says("preferences auto", "romeo@x")
    assert (await stage.says("whoami", "romeo@x", "de")).startswith("Du bist")
    assert (await stage.says("whoami", "romeo@x")).startswith("You are")
    assert "Did you mean “preferences”?" in await stage.says("preferences fr", "romeo@x")
    assert "not one of the choices" in await stage.says("preferences confirm=maybe", "romeo@x")
    assert await stage.changes() == []


async def test_how_often_one_hears_that_it_was_passed_on() -> None:
    handlers = FakeHandlers()
    handlers.wishes = {"a@x": "always", "n@x": "never", "o@x": "once"}
    session = FakeSession()
    automatic = AutomaticAnswers(lambda: 0.0)
    bot = Bot(session, "bot", handlers, automatic)
    inbox = Inbox(session, bot, handlers, _no_bus, automatic, FakeClock())
    for _time in range(2):
        assert str(inbox.confirmation("a@x", ["here"], first=False)) == "Posted to here."
        assert inbox.confirmation("n@x", ["here"], first=False) is None
    assert str(inbox.confirmation("o@x", ["here"], first=True)) == (
        "Posted to here. From now on I post what you write here without asking."
    )
    assert inbox.confirmation("o@x", ["here"], first=False) is None


async def _no_bus(_domain: str) -> bool:
    return False
