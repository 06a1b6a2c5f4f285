"""No echo and no loop, whatever the routes and however many buses: what is said arrives once, then
there is quiet."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from component.cli.prosody import COMPONENT
from tests.faults.yard import (
    SECOND,
    Witness,
    admit,
    canary,
    channel,
    open_bus,
    pair,
    room,
    route,
    someone,
    soon,
    sound,
    words_of,
)
from tests.support.servers import Bus, Server

Two = tuple[Server, Bus, Bus]


def _rooms(*names: str) -> str:
    return "".join(channel(f"muc:{room(name)}") for name in names)


def _routes(*pairs: tuple[str, str], both: bool) -> str:
    return "".join(
        route(f"muc:{room(one)}", f"muc:{room(other)}", both=both) for one, other in pairs
    )


FIRST = (
    f'\n[[admin]]\njid = "bot@{SECOND}"\n'
    + _rooms("a", "b")
    + _routes(("a", "b"), ("b", "a"), both=True)
    + channel("shoutbox:ab")
    + route(f"muc:{room('a')}", "shoutbox:ab")
    + route(f"muc:{room('b')}", "shoutbox:ab")
    + _rooms("ring-1", "ring-2", "ring-3")
    + _routes(("ring-1", "ring-2"), ("ring-2", "ring-3"), ("ring-3", "ring-1"), both=False)
    + pair("one")
    + _rooms("left", "right")
    + _routes(("left", "right"), both=True)
    + _rooms("near", "middle")
    + _routes(("near", "middle"), both=True)
    + channel("shoutbox:talk")
    + channel(f"chat:bot@{SECOND}")
    + route("shoutbox:talk", f"chat:bot@{SECOND}", both=False)
)
OTHER = (
    f'\n[[admin]]\njid = "bot@{COMPONENT}"\n'
    + pair("one")
    + _rooms("left", "right")
    + _routes(("left", "right"), both=True)
    + _rooms("middle", "far")
    + _routes(("middle", "far"), both=True)
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two buses on one server, each an owner of the rooms that both are in."""
    data = tmp_path_factory.mktemp("two")
    server = Server(data / "prosody")
    admit(server)
    server.start()
    first = open_bus(server, data / "first", FIRST)
    try:
        first.ready()
        second = open_bus(server, data / "second", OTHER, component=SECOND, lobby=False)
        try:
            second.ready()
            yield server, first, second
            sound(first)
            sound(second)
        finally:
            second.stop()
    finally:
        first.stop()
        server.stop()


@asynccontextmanager
async def _in(server: Server, *names: str) -> AsyncIterator[Witness]:
    async with someone(server, "juliet") as juliet:
        for name in names:
            await juliet.join(room(name), "Juliet")
        yield juliet


async def _talk(
    who: Witness, names: tuple[str, ...], reached: dict[str, tuple[str, ...]]
) -> dict[str, Counter[str]]:
    """Say a line in each room, and twice another behind it that must come through first; what was
    heard in each."""
    for turn in ("hello", "quiet", "still quiet"):
        for name in names:
            who.say(room(name), f"{turn} from {name}")
        for name, others in reached.items():
            for other in others:
                await who.hears_in(room(other), f"{turn} from {name}")
    return {
        name: Counter(words_of(who.lines(room(name)), without=("Hello! I am Shoutbus",)))
        for name in names
    }


async def test_two_rooms_both_ways_twice(two: Two) -> None:
    server, first, _ = two
    async with _in(server, "a", "b") as juliet:
        heard = await _talk(juliet, ("a", "b"), {"a": ("a", "b"), "b": ("a", "b")})
        for name, other in (("a", "b"), ("b", "a")):
            for turn in ("hello", "quiet", "still quiet"):
                assert heard[name][f"{turn} from {name}"] == 1
                assert heard[name][f"Juliet: {turn} from {other}"] == 1
            assert heard[name].total() == 6, heard[name]
        await soon(lambda: len(first.bodies("shoutbox:ab")) >= 6, "all in the shoutbox")
        assert first.post("shoutbox:ab", "from the shoutbox").status == 201
        for name in ("a", "b"):
            await juliet.hears_in(room(name), "tests: from the shoutbox")
        kept = Counter(first.bodies("shoutbox:ab"))
        assert kept.total() == 7 == len(kept), kept


async def test_ring_of_three(two: Two) -> None:
    server, _, _ = two
    names = ("ring-1", "ring-2", "ring-3")
    async with _in(server, *names) as juliet:
        heard = await _talk(juliet, names, dict.fromkeys(names, names))
        assert [heard[name].total() for name in names] == [9, 9, 9], heard
        assert set().union(*(heard[name].values() for name in names)) == {1}


async def test_two_buses_in_one_room(two: Two) -> None:
    server, first, second = two
    async with _in(server, "one") as juliet:
        juliet.say(room("one"), "hello both")
        assert first.post("shoutbox:one", "from the first", author="Zoe").status == 201
        assert second.post("shoutbox:one", "from the second", author="Ann").status == 201
        assert first.post("shoutbox:one", "by the first bot").status == 201
        assert second.post("shoutbox:one", "by the second bot").status == 201
        for bus in (first, second, first, second):
            await canary(bus, juliet, room("one"), "shoutbox:one")
        heard = Counter(
            words_of(juliet.lines(room("one")), without=("Hello! I am Shoutbus", "canary"))
        )
        assert heard == Counter(
            [
                "hello both",
                "from the first",
                "from the second",
                "tests: by the first bot",
                "tests: by the second bot",
            ]
        )
        boxes = [
            Counter(one for one in bus.bodies("shoutbox:one") if "canary" not in one)
            for bus in (first, second)
        ]
        for box in boxes:
            assert set(box.values()) == {1}, box
            assert len(box) == 5 + sum("Hello" in one for one in box), box
        for name in ("Zoe (web)", "Ann (web)"):  # neither bus puts the other's out
            assert juliet.seen(room("one"), name)[:1] == ["available"]
            assert not juliet.left(room("one"), name)


async def test_the_mark_of_web_users_is_kept_from_others(two: Two) -> None:
    server, first, _ = two
    async with _in(server, "one") as juliet, someone(server, "romeo") as romeo:
        for name in ("alice (web)", "Zoe (wеb)"):
            await romeo.join(room("one"), name)
            await romeo.sees_leave(room("one"), name)
        await canary(first, juliet, room("one"), "shoutbox:one")
        assert not juliet.left(room("one"), "shoutbus")


async def test_two_buses_that_bridge_the_same_rooms(two: Two) -> None:
    """Each bus brings a line over once, and neither what the other brought."""
    server, _, _ = two
    async with _in(server, "left", "right") as juliet:
        heard = await _talk(
            juliet, ("left", "right"), {"left": ("left", "right"), "right": ("left", "right")}
        )
        for name, other in (("left", "right"), ("right", "left")):
            for turn in ("hello", "quiet"):
                assert heard[name][f"{turn} from {name}"] == 1, heard
                assert 1 <= heard[name][f"Juliet: {turn} from {other}"] <= 2, heard
            assert not [words for words in heard[name] if words.count(": ") > 1], heard


async def test_a_chain_of_two_buses(two: Two) -> None:
    server, _, _ = two
    names = ("near", "middle", "far")
    async with _in(server, *names) as juliet:
        heard = await _talk(juliet, names, dict.fromkeys(names, names))
        assert [heard[name].total() for name in names] == [9, 9, 9], heard
        assert set().union(*(heard[name].values() for name in names)) == {1}


async def test_buses_do_not_answer_each_other(two: Two) -> None:
    """Neither in a room, by what a person called like a bot says elsewhere, nor in private."""
    server, first, second = two
    async with _in(server, "middle") as juliet, someone(server, "romeo") as romeo:
        await romeo.join(room("near"), "shoutbus 2")
        for words in ("ping", "help", "nonsense"):
            romeo.say(room("near"), words)
            await juliet.hears(f"shoutbus 2: {words}")
        for number in range(3):
            assert first.post("shoutbox:talk", f"to the other bot {number}").status == 201
            await soon(
                lambda: first.health()["queues"] == {} and second.health()["queues"] == {},
                "nothing is left to send",
            )
        for name in ("once", "twice"):
            juliet.say(room("middle"), f"shoutbus: ping {name}")
            juliet.say(room("middle"), "Shoutbus: ping")
            await juliet.hears("Juliet: pong")
        assert not [
            words
            for nick, words in juliet.lines(room("middle"))
            if nick != "Juliet" and "pong" in words and "Juliet" not in words
        ]
        assert len(juliet.lines(room("middle"))) < 14, juliet.lines()
        assert len(first.bodies("shoutbox:talk")) == 3
        assert not [one for one in first.bodies("shoutbox:lobby") if "no route starts" in one]
