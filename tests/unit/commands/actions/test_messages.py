"""What was said and what became of it: shout, last, search, trace, and the dead letters; on the
real store."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.action import Bus, Caller, Step, begin, go_on
from commands.text import Text
from component.bus.engine.delivery_queue import QueueLimits
from component.bus.engine.limits import EngineLimits
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import Conflict, Refused
from component.xmpp.handlers import TypedLine
from tests.support.fakes import (
    TO,
    Bench,
    FakeMethod,
    a_bus,
    at_once,
    offered,
    said,
    until,
    until_all,
)
from tests.support.saving import committed

BOX, ROOM, ANYONE = (
    Channel("shoutbox", "lobby"),
    Channel("muc", "team@rooms.x"),
    Channel("chat", "*"),
)
NURSE = Channel("chat", "nurse@x")
NOBODY = Audit(0, "", "", "")
ADMIN = Caller("admin@x", "admin", Role.ADMIN, way="form")


class Stage:
    """A shoutbox that leads to a room and a person, both behind `wire`; people write to the bot."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.wire = FakeMethod()
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "admin@x") -> str:
        return str(await self._text.answer(TypedLine(jid, jid.partition("@")[0], line, False)))

    async def accept(self, body: str, channel: Channel = BOX, author: str = "juliet@x") -> Message:
        message = said(body, channel, author=Author(author.partition("@")[0], author))
        return (await self.bus.hub.accept(message)).message

    async def states(self, message: Message) -> dict[Channel, State]:
        return {one.channel: one.state for one in await self.bus.store.messages.trace(message.id)}

    async def dies(self, body: str, channel: Channel = ROOM) -> Delivery:
        """A message that `channel` refuses."""
        self.wire.plans = [Refused("They said no.")]
        message = said(body)
        await committed(
            self.bus.store,
            [offered(message, (message.channel, State.RECEIVED), (channel, State.DEAD))],
            (),
            (),
        )
        letter = (await self.bus.store.dead_letters.newest(channel))[0]
        dead = Delivery(letter.seq, message, channel).failed(Refused("They said no."), 2_000)
        await committed(self.bus.store, (), [dead], ())
        self.wire.plans = []
        return dead


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        one = Stage(bus)
        bus.hub.attach({"shoutbox": None, "muc": one.wire, "chat": one.wire}, persons=["chat"])
        specs = [ChannelSpec(BOX), ChannelSpec(ROOM), ChannelSpec(ANYONE)]
        await bus.settings.change([Put(spec) for spec in specs], NOBODY)
        await bus.settings.change([Put(Route(BOX, ROOM)), Put(Route(BOX, NURSE))], NOBODY)
        await one.says("role grant romeo@x operator")
        yield one


# Saying


async def test_a_shout_goes_the_way_of_any_message(stage: Stage) -> None:
    answer = await stage.says("shout shoutbox:lobby hello,  it's me", "juliet@x")
    assert answer.startswith("Posted to shoutbox:lobby. ")
    await until(lambda: len(stage.wire.sent) == 2, "both have it")
    assert sorted(stage.wire.sent) == [(NURSE, "hello, it's me"), (ROOM, "hello, it's me")]
    (delivery,) = await stage.bus.store.deliveries.log(BOX)
    assert delivery.message.author == Author("juliet", "juliet@x")
    assert f"trace {delivery.message.short_id}" in answer


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("shout shoutbox:lobby Title\n\nIt's  \"so:\n- a", "Title\n\nIt's  \"so:\n- a"),
        ("shout shoutbox:lobby\nTitle here\nText", "Title here\nText"),
        ('shout shoutbox:lobby "Title\n\nText"', "Title\n\nText"),
        ("shout shoutbox:lobby two words\nbelow=this", "two words\nbelow=this"),
    ],
)
async def test_lines_are_said_as_they_stand(stage: Stage, line: str, body: str) -> None:
    assert "Posted to" in await stage.says(line, "juliet@x")
    (delivery,) = await stage.bus.store.deliveries.log(BOX)
    assert delivery.message.body == body


async def test_another_command_while_a_question_stands_open(stage: Stage) -> None:
    closed = "The question “Channel?” is closed. Nothing was changed.\n"
    for line in ("last shoutbox:lobby 5", "/last shoutbox:lobby 5"):
        await stage.says("last", "juliet@x")
        answer = await stage.says(line, "juliet@x")
        assert answer.startswith(closed)
        assert "(UTC)" in answer
    nothing = await stage.says("cancel", "juliet@x")
    assert nothing.startswith("No question is open. Nothing was posted.")


async def test_lines_are_an_answer_too(stage: Stage) -> None:
    await stage.says("shout shoutbox:lobby", "juliet@x")
    assert "Posted to" in await stage.says("Title\n\nText", "juliet@x")
    (delivery,) = await stage.bus.store.deliveries.log(BOX)
    assert delivery.message.body == "Title\n\nText"


async def test_an_operator_shouts_into_a_room(stage: Stage) -> None:
    assert "Posted to" in await stage.says("shout muc:team@rooms.x hello", "romeo@x")
    await until(lambda: stage.wire.holds[ROOM] == ["hello"], "the room has it")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "shout muc:team@rooms.x hello",
            "The channel muc:team@rooms.x does not exist, or you cannot access it.",
        ),
        (
            "shout muc:other@rooms.x hello",
            "The channel muc:other@rooms.x does not exist, or you cannot access it.",
        ),
        ("shout shoutbox:lobbi hello", "Did you mean shoutbox:lobby?"),
        ("shout chat:* hello", "The channel chat:* does not exist, or you cannot access it."),
        ("shout chat:nurse@x hello", "does not exist, or you cannot access it."),
        ("shout lobbi hello", "Did you mean “shout lobby hello”?"),
        ("shout pigeon:x hello", "does not exist, or you cannot access it."),
    ],
)
async def test_where_a_member_can_not_shout(stage: Stage, line: str, told: str) -> None:
    answer = await stage.says(line, "juliet@x")
    assert answer.startswith(("Error: ", "Did you mean"))
    assert told in answer
    assert stage.wire.sent == []


@pytest.mark.parametrize("channel", ["chat:*", "chat:nobody", "muc:other@rooms.x", "pigeon:x"])
async def test_where_nobody_can_shout(stage: Stage, channel: str) -> None:
    assert (await stage.says(f"shout {channel} hello")).startswith("Error: ")
    assert stage.wire.sent == []


async def test_nobody_shouts_as_a_web_user(stage: Stage) -> None:
    await stage.says("shout shoutbox:lobby hello", "zoe(web)@x")
    (delivery,) = await stage.bus.store.deliveries.log(BOX)
    assert delivery.message.author.name == "zoe(web)@x"


async def test_an_empty_shout_is_asked_for(stage: Stage) -> None:
    assert (await stage.says("shout shoutbox:lobby", "juliet@x")).startswith("Text?")
    assert "Posted to" in await stage.says("hello there", "juliet@x")


# Reading


async def test_last(stage: Stage) -> None:
    for number in range(60):
        await stage.accept(f"line {number}\nand more")
    title, *lines = (await stage.says("last shoutbox:lobby 50", "juliet@x")).splitlines()
    assert title == "The last 50 messages in shoutbox:lobby (UTC):"
    assert re.fullmatch("1970-01-01 00:00:01 [0-9a-f]{12} juliet: line 10 and more", lines[0])
    assert lines[-1].endswith(" juliet: line 59 and more")
    assert len((await stage.says("last shoutbox:lobby", "juliet@x")).splitlines()) == 11


@pytest.mark.parametrize("count", ["0", "51", "-1", "ten"])
async def test_no_count_of_lines(stage: Stage, count: str) -> None:
    answer = await stage.says(f"last shoutbox:lobby {count}", "juliet@x")
    assert answer.startswith(("Error: ", "Did you mean “last shoutbox:lobby”?"))


async def test_search(stage: Stage) -> None:
    await stage.accept("the Moon rises")
    await stage.accept("100% sure", author="romeo@x")
    await stage.accept("nothing of it")
    title, line = (await stage.says("search shoutbox:lobby moon rises", "juliet@x")).splitlines()
    assert title == "“moon rises” in shoutbox:lobby, newest first (UTC): 1"
    assert re.fullmatch("1970-01-01 00:00:01 [0-9a-f]{12} juliet: the Moon rises", line)
    assert "100% sure" in await stage.says("search shoutbox:lobby romeo", "juliet@x")
    assert (await stage.says("search shoutbox:lobby %", "juliet@x")).endswith("100% sure")
    assert (await stage.says("search shoutbox:lobby mars", "juliet@x")).endswith(": 0")


@pytest.mark.parametrize("command", ["last {}", "search {} hello"])
async def test_what_is_closed_is_for_operators_and_people_are_for_admins(
    stage: Stage, command: str
) -> None:
    for channel, jid, may in (
        ("muc:team@rooms.x", "juliet@x", False),
        ("muc:team@rooms.x", "romeo@x", True),
        ("chat:nurse@x", "romeo@x", False),
        ("chat:nurse@x", "admin@x", True),
        ("shoutbox:none", "admin@x", False),
        ("chat:*", "admin@x", False),
    ):
        answer = await stage.says(command.format(channel), jid)
        assert ("does not exist, or you cannot access it" not in answer) is may, (channel, jid)


# Traces


async def test_a_trace_tells_every_hop(stage: Stage) -> None:
    message = await stage.accept("hello")
    await until(lambda: len(stage.wire.sent) == 2, "both have it")
    for word in (message.id, message.id[:6].upper()):
        title, *lines = (await stage.says(f"trace {word}")).splitlines()
        assert title == f"{message.id} by juliet, 1970-01-01 00:00:01 UTC:"
        assert [line.split()[0] for line in lines] == [
            "shoutbox:lobby:",
            "muc:team@rooms.x:",
            "chat:nurse@x:",
        ]
        assert lines[0] == "shoutbox:lobby: received 1970-01-01 00:00:01"
    assert "chat:nurse@x" not in await stage.says(f"trace {message.id}", "juliet@x")
    assert "chat:nurse@x" in await stage.says(f"trace {message.id}", "nurse@x")


async def test_a_trace_tells_the_error(stage: Stage) -> None:
    letter = await stage.dies("hello")
    assert (await stage.says(f"trace {letter.message.short_id}")).splitlines()[-1] == (
        "muc:team@rooms.x: undeliverable 1970-01-01 00:00:02, after 1 attempts: They said no."
    )


async def test_members_trace_what_is_open_or_theirs(stage: Stage) -> None:
    theirs = await stage.accept("from me", Channel("chat", "juliet@x"))
    assert theirs.id in await stage.says(f"trace {theirs.id}", "juliet@x")
    assert "does not exist, or you cannot access it" in await stage.says(
        f"trace {theirs.id}", "nurse@x"
    )
    assert "does not exist, or you cannot access it" in await stage.says(
        f"trace {theirs.id}", "romeo@x"
    )
    assert theirs.id in await stage.says(f"trace {theirs.id}")


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("12345", "is not a message ID. Write its first 12 digits, 0 to 9 and a to f."),
        ("xyzxyz", "is not a message ID. Write its first 12 digits, 0 to 9 and a to f."),
        ("0" * 33, "is not a message ID. Write its first 12 digits, 0 to 9 and a to f."),
        ("%%%%%%", "is not a message ID. Write its first 12 digits, 0 to 9 and a to f."),
        ("abcdef", "The message abcdef does not exist"),
    ],
)
async def test_no_such_trace(stage: Stage, start: str, told: str) -> None:
    assert told in await stage.says(f"trace {start}")


async def test_two_with_one_start(stage: Stage) -> None:
    for end in ("0", "1"):
        await stage.bus.hub.accept(said(end, BOX, id=f"abcdef{end * 26}"))
    assert "More than one" in await stage.says("trace abcdef")
    assert "abcdef1111" in await stage.says("trace abcdef1")


# Dead letters


async def test_dead_letters_are_listed(stage: Stage) -> None:
    one, other = await stage.dies("to the room"), await stage.dies("to the nurse", NURSE)
    lines = (await stage.says("deadletter list")).splitlines()
    assert lines[0] == "2 dead letters, newest first (UTC):"
    assert lines[1].startswith(
        f"{other.seq}: 1970-01-01 00:00:02 chat:nurse@x “Juliet: to the nurse” – They said no."
    )
    assert (
        (await stage.says("deadletter list muc:team@rooms.x"))
        .splitlines()[1]
        .startswith(f"{one.seq}: ")
    )
    told = await stage.says("deadletter list", "romeo@x")
    assert "to the room" in told
    assert "to the nurse" not in told
    assert "requires the role operator; your role is" in await stage.says(
        "deadletter list", "juliet@x"
    )


async def test_a_retry_is_sent_at_once(stage: Stage) -> None:
    letter = await stage.dies("hello")
    assert (await stage.says(f"deadletter retry {letter.seq}")).startswith("Retrying 1. “trace")
    await until(lambda: stage.wire.holds[ROOM] == ["hello"], "the room has it")
    assert stage.wire.asked == [ROOM], "it was looked for first"
    (_, line), *_ = await stage.bus.store.audit.newest()
    assert (line.what, line.before) == ("deadletter-retry", f"muc:team@rooms.x {letter.seq}")
    await stage.bus.hub.stop()
    (again,) = await stage.bus.store.deliveries.log(ROOM)
    assert (again.state, again.attempts, again.error) == (State.DELIVERED, 0, "")


async def test_a_retry_that_landed_before_is_not_sent_again(stage: Stage) -> None:
    letter = await stage.dies("hello")
    stage.wire.ids[ROOM].add(letter.message.id)
    await stage.says(f"deadletter retry {letter.seq}")
    await until(lambda: stage.wire.asked == [ROOM], "it was looked for")
    await stage.bus.hub.stop()
    assert stage.wire.sent == []
    assert await stage.states(letter.message) == {BOX: State.RECEIVED, ROOM: State.DELIVERED}


async def test_all_of_a_channel_in_their_order(stage: Stage) -> None:
    for number in range(20):
        await stage.dies(str(number))
    other = await stage.dies("other", NURSE)
    assert (await stage.says("deadletter retry all muc:team@rooms.x")).startswith(
        "Retrying 20. “trace"
    )
    await until(lambda: len(stage.wire.sent) == 20, "they were sent")
    assert stage.wire.holds[ROOM] == [str(number) for number in range(20)]
    assert await stage.states(other.message) == {BOX: State.RECEIVED, NURSE: State.DEAD}


async def test_a_letter_that_dies_again_can_be_tried_again(stage: Stage) -> None:
    letter = await stage.dies("hello")
    stage.wire.plans = [Refused("Still no.")]
    await stage.says(f"deadletter retry {letter.seq}")
    await until(lambda: len(stage.wire.sent) == 1, "it was sent")
    await stage.accept("behind it")  # its commit is behind the refusal's
    assert "Still no." in await stage.says("deadletter list")
    await stage.says(f"deadletter retry {letter.seq}")
    await until(lambda: "hello" in stage.wire.holds[ROOM], "the room has it")
    assert stage.wire.holds[ROOM].count("hello") == 1


@pytest.mark.parametrize("in_memory", [2, 500])
async def test_letters_retried_while_a_crash_is_made_good_come_once(
    bench: Bench, in_memory: int
) -> None:
    """They are pending in the store then, where the queue still reads what the crash left."""
    bench.limits = EngineLimits(queues=QueueLimits(in_memory=in_memory, back_off=at_once))
    bench.method.tells_landed = bench.method.answers = False
    states = [State.PENDING] * 5 + [State.DEAD] * 5
    offers = [offered(said(str(number)), (TO, state)) for number, state in enumerate(states)]
    await committed(bench.store, offers, (), ())
    bench.method.closed.add(TO)
    hub = await bench.start()
    await hub.retry((await bench.store.dead_letters.newest(TO))[::-1], NOBODY)
    await bench.method.open(TO)
    await bench.method.until_sent(10)
    await hub.accept(said("behind them"))
    await bench.method.until_sent(12)  # to both channels
    bench.method.confirm_all()
    await until_all(bench.store, State.DELIVERED, 11)
    assert sorted(bench.method.holds[TO]) == [*map(str, range(10)), "behind them"]


@pytest.mark.parametrize("command", ["retry", "drop"])
@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("999", "Dead letter 999 does not exist"),
        ("x", "not the number of a dead letter"),
        ("all", "“all” needs a channel. Write it as: all muc:team@rooms.example.org"),
        ("9" * 30, "not the number of a dead letter"),
        ("all muc:none@rooms.x", "muc:none@rooms.x has no dead letters"),
        ("all lobby", "shoutbox:lobby has no dead letters"),
    ],
)
async def test_no_such_letter(stage: Stage, command: str, which: str, told: str) -> None:
    await stage.dies("hello")
    assert told in await stage.says(f"deadletter {command} {which}")


async def test_a_channel_that_is_gone(stage: Stage) -> None:
    letter = await stage.dies("hello")
    (spec,) = [one for one in stage.bus.hub.channels if one.channel == ROOM]
    await stage.bus.settings.change([Drop(spec)], NOBODY)
    assert "The channel muc:team@rooms.x no longer exists" in await stage.says(
        f"deadletter retry {letter.seq}"
    )
    assert (await stage.says(f"deadletter drop {letter.seq} sure")) == "Dropped 1 dead letters."


async def test_a_letter_dropped_is_still_traced(stage: Stage) -> None:
    letter = await stage.dies("hello")
    assert "will be dropped and never delivered." in await stage.says(
        f"deadletter drop {letter.seq}"
    )
    assert await stage.says("no") == "Nothing was changed."
    assert await stage.says(f"deadletter drop {letter.seq} sure") == "Dropped 1 dead letters."
    assert await stage.says("deadletter list") == "0 dead letters, newest first (UTC):"
    assert "dropped 1970-01-01 00:16:40, after 1 attempts: They said no." in await stage.says(
        f"trace {letter.message.id}"
    )
    assert "does not exist" in await stage.says(f"deadletter retry {letter.seq}")
    (_, line), *_ = await stage.bus.store.audit.newest()
    assert (line.what, line.before) == ("deadletter-drop", f"muc:team@rooms.x {letter.seq}")


async def test_decided_by_another_meanwhile(stage: Stage) -> None:
    letter = await stage.dies("hello")
    action = stage.bus.actions["deadletter-drop"]
    first = await begin(action, ADMIN, stage.bus)
    assert isinstance(first, Step)
    asked = await go_on(action, first, {"which": [str(letter.seq)]}, ADMIN, stage.bus)
    assert isinstance(asked, Step)
    await stage.says(f"deadletter retry {letter.seq}")
    with pytest.raises(Conflict, match="Nothing was changed; please review it and try again"):
        await go_on(action, asked, {"sure": ["1"]}, ADMIN, stage.bus)
    await until(lambda: stage.wire.holds[ROOM] == ["hello"], "the room has it")
    with pytest.raises(Conflict):
        await stage.bus.hub.retry([letter], NOBODY)
    assert stage.wire.holds[ROOM] == ["hello"]
