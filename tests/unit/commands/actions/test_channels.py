"""Channels and rooms by command: added, edited, paused, removed; on the real store, through the
text surface."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.action import Bus, Caller, Done, Step, begin, go_on
from commands.actions.channels.channel_edit import differences
from commands.text import Text
from component.bus.engine.hub import Hub
from component.bus.model.delivery import State
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.bus.ports.method import RoomState
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import Conflict, NotFound, Unavailable
from component.common.form import Faults
from component.xmpp.handlers import TypedLine
from tests.support.fakes import FakeClock, FakeMethod, FakeRooms, a_bus, said

BOX, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "lobby@rooms.example.org")
ADMIN = Caller("admin@x", "admin", Role.ADMIN)


class Stage:
    """An admin at the text surface, and what they changed."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.text = Text(bus, bus.settings.roles.of, lambda: 0.0)
        assert isinstance(bus.rooms, FakeRooms)
        self.rooms = bus.rooms
        self.wire = FakeMethod()

    async def says(self, line: str) -> str:
        return str(await self.text.answer(TypedLine("admin@x", "admin", line, in_room=False)))

    async def put(self, *things: ChannelSpec | Route) -> None:
        await self.bus.settings.change([Put(one) for one in things], Audit(0, "", "", "test"))

    def find(self, channel: Channel) -> ChannelSpec:
        return next(one for one in self.bus.hub.channels if one.channel == channel)

    @property
    def ways(self) -> list[tuple[str, str]]:
        return [(str(route.source), str(route.destination)) for route in self.bus.hub.routes]

    async def audited(self) -> tuple[str, str, str]:
        """What the last change was, before and after."""
        (_, line), *_ = await self.bus.store.audit.newest(limit=1)
        assert (line.who, line.interface) == ("admin@x", "text")
        return line.what, line.before, line.after

    async def steps(self, command: str, *values: dict[str, list[str]]) -> Any:
        """The reply after these forms, one after the other."""
        action = self.bus.actions[command]
        reply = await begin(action, ADMIN, self.bus)
        for one in values:
            assert isinstance(reply, Step)
            reply = await go_on(action, reply, one, ADMIN, self.bus)
        return reply


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        one = Stage(bus)
        bus.hub.attach({"shoutbox": None, "muc": one.wire, "chat": FakeMethod()}, persons=["chat"])
        await one.put(ChannelSpec(BOX, "Lobby"), ChannelSpec(ROOM, "Lobby", {"subject": "Hello"}))
        yield one


# Adding


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("shoutbox lobby", "The channel shoutbox:lobby already exists. Edit it instead."),
        ("shoutbox bot", "the bot's own address"),
        ("shoutbox guest-zoe", "reserved for web users"),
        ("shoutbox a/b", "is not an address of a shoutbox channel. Write it as"),
        ("muc lobby", "is not an address of a muc channel. Write it as"),
        ("muc lobby@bus.example.org", "is used by Shoutbus itself. Choose another address."),
        ("pigeon lobby", "not one of the choices"),
        ("muc team@rooms.x invite=nobody", "not a JID"),
    ],
)
async def test_what_can_not_be_added(stage: Stage, line: str, told: str) -> None:
    answer = await stage.says(f"channel add {line}")
    assert answer.startswith("Error:") or "Invite: " in answer
    assert told in answer
    assert len(stage.bus.hub.channels) == 2


async def test_an_address_in_capitals_is_the_same(stage: Stage) -> None:
    assert await stage.says("channel add muc Team@Rooms.X") == "Added muc:team@rooms.x."
    assert [one.channel for one in stage.wire.specs] == [ROOM, Channel("muc", "team@rooms.x")]


# Editing


async def test_an_edit_keeps_what_is_not_named(stage: Stage) -> None:
    answer = await stage.says(f'channel edit {ROOM} title="The lobby" invite=juliet@x,romeo@x')
    assert answer == f"Changed {ROOM}: invite “” → “juliet@x romeo@x”, title “Lobby” → “The lobby”."
    spec = stage.find(ROOM)
    assert (spec.title, spec.settings) == (
        "The lobby",
        {"subject": "Hello", "invite": ["juliet@x", "romeo@x"]},
    )
    assert stage.wire.specs == [spec]
    assert await stage.audited() == (
        "channel-edit",
        f"{ROOM} subject=Hello title=Lobby",
        f"{ROOM} invite=juliet@x, romeo@x subject=Hello title=The lobby",
    )
    assert "subject “Hello” → “”" in await stage.says(f"channel edit {ROOM} subject=")
    assert stage.find(ROOM).settings == {"invite": ["juliet@x", "romeo@x"]}


async def test_the_edit_form_shows_what_stands(stage: Stage) -> None:
    await stage.put(
        replace(stage.find(ROOM), settings={"subject": "Hello", "invite": ["a@x", "b@x"]})
    )
    step = await stage.steps("channel-edit", {"channel": [str(ROOM)]})
    assert step.values == {"title": ("Lobby",), "subject": ("Hello",), "invite": ("a@x", "b@x")}
    assert await go_on(stage.bus.actions["channel-edit"], step, step.values, ADMIN, stage.bus)
    assert stage.find(ROOM).version == 2, "nothing was changed by it"


async def test_an_edit_that_changes_nothing_is_none(stage: Stage) -> None:
    told = await stage.says(f"channel edit {BOX} title=Lobby")
    assert told.startswith("Nothing to change: shoutbox:lobby title=Lobby")
    assert stage.find(BOX).version == 1


async def test_an_edit_of_nothing_asks_what(stage: Stage) -> None:
    asked = (await stage.says(f"channel edit {BOX}")).splitlines()
    assert asked[0] == "Which setting do you want to change? Write its name and value: title=Lobby"
    assert "title “Lobby” → “The hall”" in await stage.says('title="The hall"')


async def test_an_edit_keeps_the_settings_it_does_not_know_and_the_pause(stage: Stage) -> None:
    await stage.put(
        replace(stage.find(ROOM), settings={"subject": "Hello", "own": "x"}, enabled=False)
    )
    await stage.says(f"channel edit {ROOM} subject=New")
    assert stage.find(ROOM).settings == {"subject": "New", "own": "x"}
    assert not stage.find(ROOM).enabled


async def test_two_edit_at_once(stage: Stage) -> None:
    step = await stage.steps("channel-edit", {"channel": [str(ROOM)]})
    await stage.says(f"channel edit {ROOM} subject=First")
    with pytest.raises(Conflict, match="subject “Hello” → “First”"):
        await go_on(
            stage.bus.actions["channel-edit"], step, {"subject": ["Second"]}, ADMIN, stage.bus
        )
    assert stage.find(ROOM).settings == {"subject": "First"}


async def test_an_edit_of_a_channel_that_went_meanwhile(stage: Stage) -> None:
    step = await stage.steps("channel-edit", {"channel": [str(ROOM)]})
    await stage.bus.settings.change([Drop(stage.find(ROOM))], Audit(0, "", "", "test"))
    with pytest.raises(NotFound, match="The channel muc:lobby"):
        await go_on(stage.bus.actions["channel-edit"], step, {}, ADMIN, stage.bus)
    assert "not one of the choices" in await stage.says(f"channel edit {ROOM}")


async def test_an_edit_with_bad_values(stage: Stage) -> None:
    with pytest.raises(Faults) as told:
        await stage.steps(
            "channel-edit",
            {"channel": [str(ROOM)]},
            {"invite": ["a@x", "nobody"], "title": ["x" * 9000]},
        )
    assert "not a JID" in str(told.value.by_field["invite"])
    assert "9000 characters" in str(told.value.by_field["title"])


def test_differences_name_the_pause() -> None:
    spec = ChannelSpec(BOX)
    assert differences(spec, replace(spec, enabled=False)) == "paused off → on"
    assert differences(spec, replace(spec, version=9)) == ""


# Pausing


async def test_a_pause_holds_what_goes_there_and_drops_what_comes(stage: Stage) -> None:
    await stage.put(Route(BOX, ROOM), Route(ROOM, BOX))
    hub = stage.bus.hub
    assert await stage.says(f"channel pause {ROOM}") == (
        f"{ROOM} is paused. Messages from it are not forwarded, and messages to it wait."
    )
    assert await stage.audited() == (
        "channel-pause",
        f"{ROOM} subject=Hello title=Lobby",
        f"{ROOM} subject=Hello title=Lobby (paused)",
    )
    receipt = await hub.accept(said("waits"))
    assert [one.channel for one in receipt.deliveries] == [BOX, ROOM]
    receipt = await hub.accept(said("goes nowhere", ROOM))
    assert [one.channel for one in receipt.deliveries] == [ROOM]
    assert not stage.wire.sent
    assert "Nothing to change" in await stage.says(f"channel pause {ROOM} on")
    assert (
        await stage.says(f"channel pause {ROOM} off")
        == f"{ROOM} is no longer paused. The messages that waited for it are sent now."
    )
    await stage.wire.until_sent(1)
    await hub.accept(said("goes on", ROOM))
    assert stage.wire.sent == [(ROOM, "waits")]
    assert [one.message.body for one in await stage.bus.store.deliveries.log(BOX)] == [
        "waits",
        "goes on",
    ]


async def test_a_pause_while_the_way_out_was_not_open(stage: Stage) -> None:
    """The queue waits for the room when the pause comes: it must not send when the room opens."""
    await stage.put(Route(BOX, ROOM))
    stage.wire.closed.add(ROOM)
    await stage.bus.hub.accept(said("waits"))
    await stage.says(f"channel pause {ROOM}")
    await stage.wire.open(ROOM)
    await stage.bus.hub.accept(said("waits too"))
    assert not stage.wire.sent
    await stage.says(f"channel pause {ROOM} off")
    await stage.wire.until_sent(2)
    assert stage.wire.holds[ROOM] == ["waits", "waits too"]


async def test_a_paused_shoutbox_takes_what_goes_to_it(stage: Stage) -> None:
    await stage.put(Route(ROOM, BOX), Route(BOX, ROOM))
    assert (
        "is paused. Messages from it are not forwarded; it still receives messages."
        in await stage.says(f"channel pause {BOX} on")
    )
    receipt = await stage.bus.hub.accept(said("from the room", ROOM))
    assert [(one.channel, one.state) for one in receipt.deliveries][1:] == [(BOX, State.DELIVERED)]
    assert len((await stage.bus.hub.accept(said("from the box"))).deliveries) == 1


@pytest.mark.parametrize("line", ["channel pause nowhere:x", f"channel pause {ROOM} perhaps"])
async def test_a_pause_with_bad_values(stage: Stage, line: str) -> None:
    assert "not one of the choices" in await stage.says(line)
    assert all(one.enabled for one in stage.bus.hub.channels)


# Removing


async def test_a_removal_says_what_goes_with_it_and_asks(stage: Stage) -> None:
    await stage.put(Route(BOX, ROOM), Route(ROOM, BOX), ChannelSpec(Channel("chat", "*")))
    await stage.put(Route(Channel("chat", "*"), BOX))
    await stage.says(f"channel pause {ROOM}")
    for body in ("one", "two"):
        await stage.bus.hub.accept(said(body))
    asked = await stage.says(f"channel remove {ROOM}")
    assert (
        "1: shoutbox:lobby → muc:lobby@rooms.example.org, 2: muc:lobby@rooms.example.org → "
        "shoutbox:lobby" in asked
    )
    assert "Messages that become dead letters: 2." in asked
    assert "Confirm?" in asked
    assert await stage.says("no") == "Nothing was changed."
    assert len(stage.ways) == 3
    assert (
        await stage.says(f"channel remove {ROOM} sure")
        == f"Removed {ROOM}. Routes removed: 2; new dead letters: 2."
    )
    assert stage.ways == [("chat:*", "shoutbox:lobby")]
    assert stage.wire.specs == []
    what, before, _ = await stage.audited()
    assert what == "channel-remove"
    assert f"{BOX} → {ROOM}" in before
    assert f"{ROOM} subject=Hello" in before


async def test_what_waited_becomes_dead_letters(stage: Stage) -> None:
    await stage.put(Route(BOX, ROOM))
    stage.wire.closed.add(
        ROOM
    )  # the queue stands before a closed door, and must be fetched from there
    await stage.bus.hub.accept(said("waits"))
    await stage.says(f"channel remove {ROOM} sure")
    await stage.bus.hub.accept(said("after it"))
    dead = await _dead(stage, 1)
    assert [(one.message.body, one.channel) for one in dead] == [("waits", ROOM)]
    assert "no longer exists." in dead[0].error
    await stage.put(ChannelSpec(ROOM), Route(BOX, ROOM))
    await stage.wire.open(ROOM)
    await stage.bus.hub.accept(said("again"))
    await stage.wire.until_sent(1)
    assert stage.wire.holds[ROOM] == ["again"]


async def _dead(stage: Stage, count: int) -> Any:
    """Outcomes are committed behind the change: wait for a later commit."""
    await stage.bus.hub.accept(said("later"))
    dead = await stage.bus.store.dead_letters.newest()
    assert len(dead) == count
    return dead


async def test_what_waits_for_a_channel_that_was_gone_at_the_start(stage: Stage) -> None:
    """As after a crash between the change and its outcomes."""
    await stage.put(Route(BOX, ROOM))
    stage.wire.closed.add(ROOM)
    await stage.bus.hub.accept(said("waits"))
    await stage.bus.hub.stop()
    store = stage.bus.store
    await store.configuration.change([Drop(stage.find(ROOM))], Audit(0, "", "", "test"))
    hub = Hub(store, FakeClock())
    hub.attach({"shoutbox": None, "muc": stage.wire})
    await hub.start()
    await hub.stop()
    assert [one.message.body for one in await store.dead_letters.newest()] == ["waits"]
    assert not stage.wire.sent


async def test_a_channel_added_again_begins_anew(stage: Stage) -> None:
    hub = stage.bus.hub
    await hub.accept(said("heard", ROOM), ArchivePosition(ROOM, "1", 1))
    assert await stage.bus.store.source_state.archive_position(ROOM) == ArchivePosition(
        ROOM, "1", 1
    )
    await stage.says(f"channel remove {ROOM} sure")
    hub.note(ArchivePosition(ROOM, "2", 2))  # one that was on its way
    await hub.accept(said("later"))
    await stage.put(ChannelSpec(ROOM))
    assert await stage.bus.store.source_state.archive_position(ROOM) is None


async def test_a_route_that_came_meanwhile_is_not_removed_unseen(stage: Stage) -> None:
    await stage.put(Route(BOX, ROOM))
    step = await stage.steps("channel-remove", {"channel": [str(BOX)]})
    await stage.put(Route(ROOM, BOX))
    with pytest.raises(Conflict, match="changed in the meantime"):
        await go_on(stage.bus.actions["channel-remove"], step, {"sure": ["1"]}, ADMIN, stage.bus)
    assert len(stage.ways) == 2


async def test_a_removal_of_what_was_changed_or_went_meanwhile(stage: Stage) -> None:
    step = await stage.steps("channel-remove", {"channel": [str(BOX)]})
    await stage.says(f"channel edit {BOX} title=New")
    with pytest.raises(Conflict):
        await go_on(stage.bus.actions["channel-remove"], step, {"sure": ["1"]}, ADMIN, stage.bus)
    assert stage.find(BOX)
    await stage.says(f"channel remove {BOX} sure")
    with pytest.raises(NotFound):
        await go_on(stage.bus.actions["channel-remove"], step, {"sure": ["1"]}, ADMIN, stage.bus)


async def test_with_every_address_go_the_routes_it_stood_for(stage: Stage) -> None:
    anyone, juliet = Channel("chat", "*"), Channel("chat", "juliet@x")
    romeo = Channel("chat", "romeo@x")
    await stage.put(ChannelSpec(anyone), ChannelSpec(romeo))
    await stage.put(Route(anyone, BOX), Route(BOX, juliet), Route(BOX, romeo))
    assert (
        await stage.says("channel remove chat:* sure")
        == "Removed chat:*. Routes removed: 2; new dead letters: 0."
    )
    assert stage.ways == [("shoutbox:lobby", "chat:romeo@x")]


async def test_readers_of_a_removed_channel_are_let_go(stage: Stage) -> None:
    listener = stage.bus.hub.listen(BOX)
    await stage.says(f"channel remove {BOX} sure")
    assert listener.get_nowait() is None


# Rooms


async def test_a_room_with_its_shoutbox_is_one_change(stage: Stage) -> None:
    answer = await stage.says(
        'room create Team title="The team" subject=Plans invite=juliet@x shoutbox'
    )
    assert answer.startswith("Added muc:team@rooms.example.org invite=")
    room, box = Channel("muc", "team@rooms.example.org"), Channel("shoutbox", "team")
    assert stage.find(room).settings == {"subject": "Plans", "invite": ["juliet@x"]}
    assert (stage.find(room).title, stage.find(box).title) == ("The team", "The team")
    assert stage.ways == [(str(box), str(room)), (str(room), str(box))]
    what, before, after = await stage.audited()
    assert (what, before) == ("room-create", "")
    assert f"{box} title=The team; {box} → {room}; {room} → {box}" in after


async def test_a_room_joins_a_shoutbox_that_stands(stage: Stage) -> None:
    await stage.says("channel add shoutbox team title=Standing")
    await stage.says("room create team@elsewhere.x shoutbox")
    assert stage.find(Channel("shoutbox", "team")).title == "Standing"
    assert len(stage.ways) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lobby", "The channel muc:lobby@rooms.example.org already exists. Edit it instead."),
        (f"{ROOM}", "already"),
        ('"two words"', "is not an address of a muc channel. Write it as"),
        ("a@b@c", "is not an address of a muc channel. Write it as"),
        ("team@bus.example.org", "is used by Shoutbus itself. Choose another address."),
        ("team invite=nobody", "not a JID"),
        ("bot shoutbox", "the bot's own address"),
        ("grün shoutbox", "is not an address of a shoutbox channel. Write it as"),
    ],
)
async def test_a_room_that_can_not_be(stage: Stage, line: str, told: str) -> None:
    assert told in await stage.says(f"room create {line}")
    assert len(stage.bus.hub.channels) == 2
    assert not stage.ways


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("größe", "grösse@rooms.example.org"),
        ("Команда", "команда@rooms.example.org"),
        ("Kueche@Rooms.Example.org", "kueche@rooms.example.org"),
    ],
)
async def test_a_room_has_the_name_that_the_server_gives_it(
    stage: Stage, line: str, room: str
) -> None:
    assert f"Added muc:{room}" in await stage.says(f"room create {line}")
    again = await stage.says(f"channel add muc {line.upper()}")
    if "@" in line:
        assert f"The channel muc:{room} already exists" in again


async def test_rooms_are_listed_with_how_the_bot_fares(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        await stage.says(f"room create {name}")
    await stage.says("channel pause muc:b@rooms.example.org")
    stage.rooms.states = {
        "a@rooms.example.org": RoomState(False, "the bot is banned from the room", False, "", 0),
        "b@rooms.example.org": RoomState(True, "", True, "", 3),
        "c@rooms.example.org": RoomState(True, "", False, "I am not an owner of this room.", 1),
    }
    assert (await stage.says("room list")).splitlines() == [
        "4 rooms:",
        "a@rooms.example.org: not joined: the bot is banned from the room",
        "b@rooms.example.org (paused): joined, people: 3. The bot is an owner.",
        "c@rooms.example.org: joined, people: 1. I am not an owner of this room.",
        "lobby@rooms.example.org: not joined: joining",
    ]


async def test_an_invitation(stage: Stage) -> None:
    assert (
        await stage.says(f"room invite {ROOM} Juliet@X")
        == "Invited juliet@x to lobby@rooms.example.org."
    )
    assert await stage.audited() == ("room-invite", "", "lobby@rooms.example.org: juliet@x")
    stage.rooms.refusal = Unavailable("The bot is not in lobby@rooms.example.org.")
    assert await stage.says("room invite lobby@rooms.example.org romeo@x") == (
        "Error: The bot is not in lobby@rooms.example.org."
    )
    assert "not a JID" in await stage.says("room invite lobby@rooms.example.org nobody")
    assert "not one of the choices" in await stage.says(
        "room invite else@rooms.example.org juliet@x"
    )
    assert stage.rooms.invited == [("lobby@rooms.example.org", "juliet@x")]


async def test_a_room_is_removed_and_stays(stage: Stage) -> None:
    await stage.put(Route(BOX, ROOM))
    asked = await stage.says(f"room remove {ROOM}")
    assert "The bot leaves the room; the room continues to exist." in asked
    assert f"{BOX} → {ROOM}" in asked
    assert await stage.says("yes") == f"Removed {ROOM}. Routes removed: 1; new dead letters: 0."
    assert not stage.rooms.destroyed
    assert (await stage.audited())[0] == "room-remove"


async def test_a_room_is_destroyed_only_where_the_bot_may(stage: Stage) -> None:
    told = await stage.says(f"room remove {ROOM} destroy sure")
    assert told.startswith("Error: The bot is not an owner of lobby@rooms.example.org")
    stage.rooms.states[ROOM.address] = RoomState(True, "", True, "", 3)
    assert "destroyed for everyone" in await stage.says(f"room remove {ROOM} destroy")
    assert await stage.says("cancel") == "Nothing was changed."
    assert stage.find(ROOM)
    assert (await stage.says(f"room remove {ROOM} destroy sure")).endswith(
        "The room was destroyed."
    )
    assert stage.rooms.destroyed == [ROOM.address]
    assert (await stage.audited())[2] == "room destroyed"


async def test_a_room_that_would_not_be_destroyed_is_removed_all_the_same(stage: Stage) -> None:
    stage.rooms.states[ROOM.address] = RoomState(True, "", True, "", 3)
    stage.rooms.refusal = Unavailable("The server is away.")
    reply = await stage.steps(
        "room-remove", {"room": [ROOM.address], "destroy": ["1"]}, {"sure": ["1"]}
    )
    assert isinstance(reply, Done)
    assert reply.kind == "warn"
    assert str(reply.words).endswith("The room could not be destroyed: The server is away.")
    assert [one.channel for one in stage.bus.hub.channels] == [BOX]
