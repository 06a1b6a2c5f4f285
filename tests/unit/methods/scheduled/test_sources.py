"""Fortunes and greetings on a clock that is moved: what is said, when, how often, and what owners
hear of it."""

import asyncio
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from component.bus.engine.hub import Hub
from component.bus.model.message import Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.route import Route
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Source
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import BadInput, Muted, StoreError
from component.methods import greeting
from component.methods.fortune import METHOD as FORTUNE
from component.methods.fortune.source import Fortune
from component.methods.scheduled.complaints import Notebook
from component.storage import open_store
from tests.support.fakes import OTHER, TO, FakeClock, FakeMethod, FakeWorld

HOURLY = Channel("fortune", "hourly")
HELLO = Channel("greeting", "hello")
ROOM = Channel("muc", "team@rooms.example.org")
NINE = datetime(2026, 11, 25, 9, tzinfo=UTC).timestamp()
HOUR, DAY = 3600, 86400


class World(FakeWorld):
    """It notes what goes to its own channel alone; its memory fails on demand; `again` is the bus
    after a restart."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        super().__init__(clock or FakeClock(NINE - 60))
        self.alone: list[Message] = []
        self.muted = False
        self.forgets = 0
        self.before: dict[Channel, Any] = {}
        """What was kept when the last message was accepted."""

    async def accept(
        self,
        message: Message,
        mark: ArchivePosition | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        if self.muted:
            raise Muted("An operator muted you.")
        receipt = await super().accept(message, mark, deliver=deliver, spread=spread)
        self.before = dict(self.kept)
        if receipt.new and deliver and not spread:
            self.alone.append(message)
        return receipt

    async def keep(self, channel: Channel, state: Any) -> None:
        if self.forgets:
            self.forgets -= 1
            raise StoreError("The disk is full.")
        await super().keep(channel, state)

    def again(self) -> "World":
        one = World(self.clock)
        one.accepted, one.kept, one.told, one.alone, one.ends = (
            self.accepted,
            self.kept,
            self.told,
            self.alone,
            self.ends,
        )
        return one

    @property
    def words(self) -> list[str]:
        return [message.body for message in self.accepted]


def database(folder: Path, name: str, *fortunes: str) -> Path:
    """A database as strfile(1) makes it."""
    folder.mkdir(parents=True, exist_ok=True)
    text, starts = b"", []
    for one in fortunes:
        starts.append(len(text))
        text += one.encode() + b"\n%\n"
    (folder / name).write_bytes(text)
    header = struct.pack(">5Lc3x", 2, len(fortunes), 99, 1, 0, b"%")
    (folder / f"{name}.dat").write_bytes(
        header + struct.pack(f">{len(starts) + 1}L", *starts, len(text))
    )
    return folder / f"{name}.dat"


def cookies(world: World, folder: Path, channel: Channel = HOURLY, **settings: Any) -> Fortune:
    """Fortunes of `folder`, hourly unless told otherwise."""
    source = Fortune(world.ports(), [folder])
    source.configure([ChannelSpec(channel, settings={"when": "hourly"} | settings)])
    return source


# Fortunes


async def test_a_fortune_at_each_slot(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path)
    await world.until(NINE - 1)
    assert world.said == []
    await world.until(NINE + 2 * HOUR)
    assert world.said == [("fortune:hourly", "hello")] * 3
    assert [one.at for one in world.accepted] == [
        (NINE + hours * HOUR) * 1000 for hours in range(3)
    ]
    assert {(one.author.name, one.author.key) for one in world.accepted} == {
        ("Fortune", "fortune:hourly")
    }
    assert world.alone == []  # routes bring it on


async def test_it_speaks_by_its_title(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    source = cookies(world, tmp_path)
    for title, name in (("Cookie", "Cookie"), ("Juliet (web)", "Fortune")):
        source.configure([ChannelSpec(HOURLY, title, {"when": "hourly"})])
        await world.until(world.clock.now + HOUR)
        assert world.accepted[-1].author.name == name


async def test_by_the_clocks_of_a_zone(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path, when="daily at 9:00", zone="America/New_York")
    await world.until(NINE + 5 * HOUR - 1)
    assert world.said == []
    await world.until(NINE + 5 * HOUR)
    assert len(world.said) == 1


async def test_luck_spreads_it_within_its_bounds(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path, jitter="30min")
    await world.until(NINE + 200 * HOUR - 1)
    late = [one.at // 1000 - NINE - hours * HOUR for hours, one in enumerate(world.accepted)]
    assert len(late) == 200
    assert 0 <= min(late) < 5 * 60
    assert 25 * 60 < max(late) < 30 * 60


async def test_another_change_leaves_it_its_time(tmp_path: Path) -> None:
    """Every change of anything configures all sources anew; that draws no new luck."""
    database(tmp_path, "one", "hello")
    world = World()
    source = cookies(world, tmp_path, jitter="30min")
    due = world.scheduler.due("fortune:hourly")
    world.clock.now = NINE + 1  # within the spread: anew it would be the next slot's
    for _ in range(5):
        source.configure(
            [ChannelSpec(HOURLY, settings={"when": "hourly", "jitter": "30min"}, version=7)]
        )
        assert world.scheduler.due("fortune:hourly") == due
    await world.until(NINE + HOUR - 1)
    assert len(world.said) == 1


async def test_what_was_missed_is_not_made_up(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path)
    await world.until(NINE)
    world = world.again()
    world.clock.now = NINE + 5 * HOUR + 60  # down for five slots
    cookies(world, tmp_path)
    await world.until(NINE + 6 * HOUR - 1)
    assert len(world.said) == 1
    await world.until(NINE + 6 * HOUR)
    assert len(world.said) == 2


async def test_what_a_sleeping_machine_missed_neither(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path)
    world.clock.now = NINE + 5 * HOUR + 400
    await world.until(NINE + 6 * HOUR - 1)
    assert world.said == []
    world.clock.now = NINE + 6 * HOUR + 100  # a little late is not missed
    await world.until(NINE + 6 * HOUR + 100)
    assert len(world.said) == 1


async def test_a_slot_comes_once_though_clocks_are_set_back(tmp_path: Path) -> None:
    database(tmp_path, "many", *(f"fortune {number}" for number in range(99)))
    world = World()
    cookies(world, tmp_path)
    await world.until(NINE)
    world.clock.now = NINE - 30
    world = world.again()
    cookies(world, tmp_path)
    await world.until(NINE + 30)
    assert len(world.said) == 1


async def test_a_store_that_fails_is_tried_again_with_the_same_words(tmp_path: Path) -> None:
    database(tmp_path, "many", *(f"fortune {number}" for number in range(99)))
    world = World()
    cookies(world, tmp_path)
    world.failing = 3
    await world.until(NINE)
    assert world.said == []
    await world.until(NINE + HOUR - 1)
    assert len(world.said) == 1
    assert world.accepted[0].at == NINE * 1000  # drawn once
    await world.until(NINE + HOUR)
    assert len(world.said) == 2


async def test_a_store_that_fails_for_hours_loses_one_and_makes_up_none(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path)
    world.failing = 3 * HOUR // 30 + 1
    await world.until(NINE + 4 * HOUR - 1)
    assert [one.origin for one in world.accepted] == [f"fortune:hourly@{int(NINE) * 1000}"]
    await world.until(NINE + 4 * HOUR)
    assert len(world.said) == 2


async def test_a_muted_one_goes_on_when_it_may(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    cookies(world, tmp_path)
    world.muted = True
    await world.until(NINE + HOUR - 1)
    world.muted = False
    await world.until(NINE + HOUR)
    assert len(world.said) == 1


async def test_paused_or_without_a_schedule_it_says_nothing(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    source = cookies(world, tmp_path)
    source.configure([])
    source.configure(
        [ChannelSpec(Channel("fortune", "*"), settings={"when": "hourly"}), ChannelSpec(HOURLY)]
    )
    await world.until(NINE + 3 * HOUR)
    assert world.said == []
    assert world.scheduler.next_due() is None


async def test_changed_while_it_draws(tmp_path: Path) -> None:
    """What runs goes on to its end, and does not bring back the schedule that went."""
    database(tmp_path, "one", "hello")
    world = World()
    source = cookies(world, tmp_path)
    await world.until(NINE - 1)
    world.clock.now = NINE
    world.scheduler.tick()
    source.configure([])
    await world.scheduler.settled()
    assert world.scheduler.next_due() is None
    await world.until(NINE + 3 * HOUR)
    assert len(world.said) <= 1


# Databases that are no good


async def test_a_broken_one_is_told_once_and_others_are_drawn_from(tmp_path: Path) -> None:
    database(tmp_path, "good", "hello")
    index = database(tmp_path, "bad", "never told")
    whole = index.read_bytes()
    index.write_bytes(b"x")
    world = World()
    source = cookies(world, tmp_path, files=["good", "bad"])
    await world.until(NINE + 50 * HOUR)
    assert world.words == ["hello"] * 51
    broken = (
        HOURLY,
        "The index of the fortune database “bad” is damaged. Rebuild it with strfile.",
    )
    assert world.told == [broken]
    assert [(one.channel, str(one.why)) for one in source.troubles()] == [broken]
    assert source.troubles()[0].due == (NINE + 51 * HOUR) * 1000
    world = world.again()
    source = cookies(world, tmp_path, files=["good", "bad"])
    await world.until(NINE + 60 * HOUR)
    assert world.told == [broken]  # nor once more after a restart
    index.write_bytes(whole)
    await world.until(NINE + 100 * HOUR)
    assert world.told == [broken, (HOURLY, "The fortune database “bad” can be read again.")]
    assert {*world.words} == {"hello", "never told"}
    assert source.troubles() == []


async def test_missing_ones_and_none_at_all(tmp_path: Path) -> None:
    database(tmp_path, "good", "hello")
    world = World()
    source = cookies(world, tmp_path, files=["good", "gone"])
    await world.until(NINE + 2 * HOUR)
    assert world.words == ["hello"] * 3
    assert world.told == [
        (HOURLY, "The fortune database “gone” does not exist. Available are good.")
    ]
    source.configure([ChannelSpec(HOURLY, settings={"when": "hourly"})])
    await world.until(NINE + 3 * HOUR)
    assert (
        len(world.told) == 1
    )  # “gone” is not asked for any more: that it is there again would be a lie
    for file in tmp_path.iterdir():
        file.unlink()
    await world.until(NINE + 8 * HOUR)
    assert len(world.words) == 4
    assert [words for _channel, words in world.told[1:]] == [
        "No fortunes are installed on this machine. Install the package fortunes."
    ]
    database(tmp_path, "good", "hello")
    await world.until(NINE + 9 * HOUR)
    assert world.told[-1] == (HOURLY, "Fortunes are available again.")
    assert len(world.words) == 5
    assert len(world.told) == 3


async def test_what_could_not_be_kept_is_told_rather_twice_than_never(tmp_path: Path) -> None:
    database(tmp_path, "bad", "x").write_bytes(b"")
    world = World()
    cookies(world, tmp_path)
    world.forgets = 1
    await world.until(NINE + 3 * HOUR)
    assert len(world.told) == 2
    assert world.said == []


async def test_offensive_ones_only_where_asked(tmp_path: Path) -> None:
    database(tmp_path, "nice", "hello")
    database(tmp_path / "off", "rude", "pfui")
    world = World()
    cookies(world, tmp_path)
    await world.until(NINE + 50 * HOUR)
    assert {*world.words} == {"hello"}
    cookies(world, tmp_path, Channel("fortune", "rude"), offensive=True)
    await world.until(NINE + 100 * HOUR)
    assert {*world.words} == {"hello", "pfui"}


@pytest.mark.parametrize(
    "name", ["../secret", "off/rude", "/etc/passwd", ".hidden", "a\\b", "x" * 65, "a b", ".."]
)
async def test_no_name_leads_out_of_the_folders(tmp_path: Path, name: str) -> None:
    database(tmp_path, "secret", "a secret")
    database(tmp_path / "here", "nice", "hello")
    with pytest.raises(BadInput, match="Write it as computers, without a folder"):
        FORTUNE.settings(ChannelSpec(HOURLY, settings={"files": [name]}))
    world = World()
    cookies(world, tmp_path / "here", files=[name])
    await world.until(NINE + HOUR)
    assert world.said == []
    assert len(world.told) == 1


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"when": "every minute"},
            (
                "when: “every minute” runs every 1min. Even fortune cookies take longer to bake "
                ";) Choose"
            ),
        ),
        ({"when": "* * * * *"}, "Even fortune cookies take longer to bake"),
        (
            {"when": "hourly", "jitter": "31min"},
            (
                "The random delay of 31min is too long for “hourly”. The maximum is half of the "
                "interval,"
            ),
        ),
        ({"jitter": "5min"}, "A random delay requires a schedule. Set when."),
        (
            {"when": "hourly", "zone": "Mars/Olympus"},
            "zone: “Mars/Olympus” is not a time zone. Write it as",
        ),
        ({"colour": "red"}, "does not have the setting “colour”; its settings are"),
        ({}, "These fortunes would never be posted. Set when."),
        ({"offensive": True}, "These fortunes would never be posted. Set when."),
    ],
)
def test_settings_of_fortunes_that_are_refused(settings: Mapping[str, Any], why: str) -> None:
    with pytest.raises(BadInput, match=re.escape(why)):
        FORTUNE.settings(ChannelSpec(HOURLY, settings=dict(settings)))


async def test_bad_settings_that_are_kept_are_told_once_and_stop_no_other(tmp_path: Path) -> None:
    database(tmp_path, "one", "hello")
    world = World()
    bad = ChannelSpec(Channel("fortune", "bad"), settings={"when": "sometimes"})
    good = ChannelSpec(HOURLY, settings={"when": "hourly"})
    for _ in range(2):
        world.forgets = 0
        source = Fortune(world.ports(), [tmp_path])
        source.configure([bad, good])
        await world.until(world.clock.now + HOUR)
        world = world.again()
    assert len(world.said) == 2
    assert [(channel, words.partition(":")[0]) for channel, words in world.told] == [
        (bad.channel, "The channel does not post anything until its settings are corrected")
    ]
    assert [one.channel for one in source.troubles()] == [bad.channel]
    source = Fortune(world.ports(), [tmp_path])
    source.configure([replace(bad, settings={"when": "hourly"}), good])
    await world.until(world.clock.now + HOUR)
    assert len(world.said) == 4
    assert source.troubles() == []


async def test_each_part_of_what_is_kept_stays_when_another_changes() -> None:
    world = World()
    notebook = Notebook(world)
    world.kept[HELLO] = "of another release"
    await notebook.write(HELLO, "one", [1])
    await asyncio.gather(notebook.write(HELLO, "two", {"a": 2}), notebook.write(HELLO, "three", 3))
    assert [await notebook.read(HELLO, part) for part in ("one", "two", "three", "four")] == [
        [1],
        {"a": 2},
        3,
        None,
    ]


# Greetings


def greeter(
    world: World, channel: Channel = HELLO, *, places: Sequence[Channel] = (ROOM,), **settings: Any
) -> None:
    """A greeting of who comes in, with routes to `places`."""
    world.ends[channel] = {*places}
    source = greeting.Greeting(world.ports())
    source.configure([ChannelSpec(channel, settings={"join": True} | settings)])


def comes(
    world: World, nick: str = "Juliet", jid: str = "juliet@example.org", room: Channel = ROOM
) -> None:
    for call in world.joins:
        call(room.address, nick, jid)


async def pass_by(world: World, seconds: float = 5) -> None:
    await world.until(world.clock.now + seconds)


async def test_it_greets_on_a_schedule_by_lines_that_need_nobody() -> None:
    world = World()
    greeter(
        world, when="hourly", text=["Good day!", "Hi {name}!", "Welcome to {room}!", "Hello all!"]
    )
    await world.until(NINE + 99 * HOUR)
    assert len(world.said) == 100
    assert {*world.said} == {("greeting:hello", "Good day!"), ("greeting:hello", "Hello all!")}
    assert world.alone == []


async def test_it_greets_who_comes_in_and_there_alone() -> None:
    world = World()
    other = Channel("shoutbox", "lobby")
    greeter(world, places=[ROOM, other], text=["Hi {name}, this is {room}!"])
    comes(world, "Juliet")
    await pass_by(world)
    assert world.said == [(str(ROOM), "Hi Juliet, this is team!")]
    assert world.alone == world.accepted
    assert world.accepted[0].author.name == "Greeting"


async def test_where_no_route_leads_or_none_is_on_nobody_is_greeted() -> None:
    world = World()
    greeter(world, places=[Channel("muc", "other@rooms.example.org")])
    comes(world)
    await pass_by(world)
    world.ends[HELLO] = {ROOM}
    comes(world)
    world.ends[HELLO] = set()  # off, or paused, before it was said
    await pass_by(world)
    assert world.said == []


async def test_without_join_it_does_not_greet_who_comes_in() -> None:
    world = World()
    greeter(world, when="daily", join=False)
    comes(world)
    await world.until(NINE - 1)
    assert world.said == []


async def test_nobody_is_greeted_twice_within_hours() -> None:
    world = World()
    greeter(world)
    for nick in ("Juliet", "Jule", "Juliet"):  # by whatever name
        comes(world, nick)
        await pass_by(world)
    assert len(world.said) == 1
    world = world.again()
    greeter(world)  # nor after a restart
    comes(world)
    await pass_by(world)
    assert len(world.said) == 1
    world.clock.now = NINE + 5 * HOUR
    world = world.again()
    greeter(world)  # nor after another, hours later
    comes(world)
    await pass_by(world)
    assert len(world.said) == 1
    comes(world, "Romeo", "")  # whose JID is hidden
    comes(world, "Romeo", "")
    await pass_by(world)
    assert len(world.said) == 2
    world.clock.sleep(6 * HOUR)
    comes(world)
    comes(world, "Romeo", "")
    await pass_by(world)
    assert len(world.said) == 4


async def test_one_person_in_two_rooms_is_greeted_in_each() -> None:
    world = World()
    other = Channel("muc", "other@rooms.example.org")
    greeter(world, places=[ROOM, other])
    comes(world)
    comes(world, room=other)
    await pass_by(world)
    assert [place for place, _words in world.said] == [str(ROOM), str(other)]


async def test_web_users_are_not_greeted() -> None:
    world = World()
    greeter(world)
    for nick in ("Zoe (web)", "Zoe ( WEB )", "Zoe (wеb)"):
        comes(world, nick, "guest-1@bus.example.org")
    await pass_by(world)
    assert world.said == []


async def test_a_crowd_is_not_greeted_one_by_one() -> None:
    world = World()
    greeter(world)
    for number in range(1_000):
        comes(world, f"N{number}", f"n{number}@example.org")
    await pass_by(world)
    assert len(world.said) == 4
    comes(world, room=Channel("muc", "other@rooms.example.org"))
    await pass_by(world, 60)
    for number in range(1_000, 2_000):
        comes(world, f"N{number}", f"n{number}@example.org")
    await pass_by(world)
    assert len(world.said) == 8


async def test_a_greeting_by_schedule_takes_nothing_from_one_of_who_comes_in() -> None:
    world = World()
    source = greeting.Greeting(world.ports())
    morning = Channel("greeting", "morning")
    source.configure(
        [
            ChannelSpec(morning, settings={"when": "daily"}),
            ChannelSpec(HELLO, settings={"join": True}),
        ]
    )
    world.ends[morning] = world.ends[HELLO] = {ROOM}
    for number in range(10):
        comes(world, f"N{number}", f"n{number}@example.org")
    await pass_by(world)
    assert len(world.said) == 4


async def test_what_is_remembered_is_bounded() -> None:
    world = World()
    greeter(world)
    for number in range(700):
        comes(world, f"N{number}", f"n{number}@example.org")
        await pass_by(world, 20)
    assert len(world.said) == 700
    assert len(world.kept[HELLO]["greeted"]) == 500
    await pass_by(world, 6 * HOUR)
    comes(world)
    await pass_by(world)
    assert len(world.kept[HELLO]["greeted"]) == 1
    assert "juliet" not in str(world.kept)  # who it was is nobody's business


async def test_a_greeting_waits_for_the_store_a_minute() -> None:
    world = World()
    greeter(world)
    world.failing = 1
    comes(world)
    await pass_by(world, 60)
    assert len(world.said) == 1
    world.failing = 3
    comes(world, "Romeo", "romeo@example.org")
    await pass_by(world, HOUR)
    assert len(world.said) == 1  # they are in for long by then
    assert world.scheduler.next_due() is None


async def test_a_greeting_that_could_not_be_remembered_is_not_said_twice() -> None:
    world = World()
    greeter(world, text=[f"Hi {number}" for number in range(50)])
    world.forgets = 1
    comes(world)
    await pass_by(world, 1)
    world = world.again()  # it crashed there
    greeter(world, text=[f"Hi {number}" for number in range(50)])
    comes(world)
    await pass_by(world)
    assert len(world.said) == 1


@pytest.mark.parametrize(
    ("nick", "told"),
    [
        ("{room} {name} {0.__class__}", "Hi {room} {name} {0.__class__}!"),
        ("x" * 500, f"Hi {'x' * 64}!"),
        ("a\n\u202eb", "Hi a b!"),
    ],
)
async def test_a_nickname_is_text(nick: str, told: str) -> None:
    world = World()
    greeter(world, text=["Hi {name}!"])
    comes(world, nick)
    await pass_by(world)
    assert world.words == [told]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "This greeting would never be posted. Set when or join."),
        ({"join": True, "text": []}, "must have 1 to 100 lines"),
        ({"join": True, "text": ["x"] * 101}, "must have 1 to 100 lines"),
        ({"join": True, "text": ["x" * 1_001]}, "of at most 1000 characters"),
        ({"join": True, "text": ["Hi {nick}!"]}, "“{nick}” is not a field. Use {name}, {room}"),
        ({"join": True, "text": ["{0.__class__}"]}, "is not a field. Use"),
        ({"join": True, "text": ["{{cycler.__init__}}"]}, "is not a field. Use"),
        ({"join": True, "text": ["{{name}}"]}, "is not a field. Use"),
        ({"join": True, "text": ["{name"]}, "is not a field. Use"),
        (
            {"when": "hourly", "text": ["Hi!", "Hi {name}!"]},
            "“{name}” is known only when someone joins. Set join, or remove the field.",
        ),
        (
            {"when": "hourly", "join": True, "text": ["Hi {name}!"]},
            "A scheduled greeting cannot name a person or room. Add a line without",
        ),
        ({"when": "* * * * *"}, "cookies"),
    ],
)
def test_settings_of_greetings_that_are_refused(settings: Mapping[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as told:
        greeting.METHOD.settings(ChannelSpec(HELLO, settings=dict(settings)))
    assert why in str(told.value)


# On a real hub


async def test_one_fortune_goes_to_several_places_and_a_greeting_to_those_that_are_on(
    tmp_path: Path,
) -> None:
    database(tmp_path / "fortunes", "many", *(f"fortune {number}" for number in range(99)))
    box, paused = Channel("shoutbox", "lobby"), Channel("wire", "paused")
    store = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    specs = [
        ChannelSpec(HOURLY, settings={"when": "hourly"}),
        ChannelSpec(HELLO, settings={"join": True}),
        ChannelSpec(TO),
        ChannelSpec(OTHER),
        ChannelSpec(box),
        ChannelSpec(paused, enabled=False),
    ]
    routes = [
        Route(HOURLY, TO),
        Route(HOURLY, box),
        Route(HELLO, TO),
        Route(TO, box),
        Route(HELLO, OTHER, enabled=False),
        Route(HELLO.anyone, paused),
    ]
    await store.configuration.seed(specs, routes, ())
    world, wire = World(), FakeMethod()
    hub = Hub(store, world.clock)
    ports = replace(world.ports(), accept=hub, memory=store.source_state, ends=hub.ends)
    sources: dict[str, Source] = {
        "fortune": Fortune(ports, [tmp_path / "fortunes"]),
        "greeting": greeting.Greeting(ports),
    }
    hub.attach({"wire": wire, "shoutbox": None}, sources=sources)
    await hub.start()
    try:
        await world.until(NINE)
        await wire.until_sent(1)
        told = [one.message.body for one in await store.deliveries.log(box)]
        assert wire.sent == [(TO, told[0])]
        assert len(told) == 1
        assert hub.ends(HELLO) == {TO}
        for place in (TO, OTHER, paused):
            comes(world, room=place)
        await pass_by(world)
        await wire.until_sent(2)
        assert wire.sent[1:] == [(TO, "Hi!")]
        assert len(await store.deliveries.log(box)) == 1  # it goes no further
        await hub.change(
            [Put(replace(hub.find(HELLO) or specs[1], enabled=False))], Audit(0, "", "", "")
        )
        assert hub.ends(HELLO) == frozenset()
        comes(world, "Romeo", "romeo@example.org", TO)
        await pass_by(world, HOUR)
        assert [words for _place, words in wire.sent].count("Hi!") == 1
    finally:
        await hub.stop()
        await store.close()
