"""`remind`, `reminder-list`, `reminder-drop`: in a line, in a conversation, in forms; who may; on
the real store."""

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from commands.action import Bus
from commands.text import Text
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Preference, Put
from component.bus.model.reminder import MAX_TEXT, MOST, Reminder
from component.bus.model.roles import Role
from component.common.errors import StoreError
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, boxes, lines, session_of, told
from tests.contract.pages import a_browser
from tests.support.fakes import a_bus

SEED = Audit(0, "admin@x", "test", "seed")
BOX, ROOM, PERSON = "shoutbox:lobby", "muc:team@rooms.example.org", "chat:romeo@x"


class Stage:
    """People who write to the bot. It is 1970, at 0:00 and 1,000 seconds."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "juliet@x", language: str = "en") -> str:
        return str(
            await self._text.answer(TypedLine(jid, jid.partition("@")[0], line, False, language))
        )

    async def kept(self) -> Sequence[Reminder]:
        return await self.bus.store.reminders.find()

    async def keeps(self, *, seconds: int = 0) -> tuple[str, str, str]:
        """The one that is kept: whose, where and what; due in so many seconds."""
        (one,) = await self.kept()
        if seconds:
            assert one.due == self.bus.clock() + seconds * 1000
        return one.who, str(one.channel), one.body


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        things = [
            ChannelSpec(Channel.parse(BOX), "The Lobby"),
            ChannelSpec(Channel.parse(ROOM), "Team room"),
        ]
        things += [ChannelSpec(Channel.parse(PERSON)), ChannelSpec(Channel("chat", "*"))]
        await bus.settings.change([Put(one) for one in things], SEED)
        yield Stage(bus)


# In a line


async def test_oneself(stage: Stage) -> None:
    answer = await stage.says("remind me in 20 minutes to stretch")
    assert answer == "Reminder 1 to you, 1970-01-01 00:36 (UTC): stretch"
    assert await stage.keeps(seconds=1_200) == ("juliet@x", "chat:juliet@x", "stretch")


@pytest.mark.parametrize(
    "line",
    [
        "remind lobby in 20 minutes to stand up",
        "remind The Lobby in 20 minutes to stand up",
        f"remind {BOX} to stand up in 20 minutes",
        'remind whom="the lobby" when="in 20 minutes" what="stand up"',
        'remind lobby "in 20 minutes" stand up',
        "/remind in 20 minutes lobby that stand up",
    ],
)
async def test_an_open_channel(stage: Stage, line: str) -> None:
    assert (await stage.says(line)).startswith(
        "Reminder 1 to shoutbox:lobby, 1970-01-01 00:36 (UTC): stand up"
    )
    assert await stage.keeps(seconds=1_200) == ("juliet@x", BOX, "stand up")


async def test_again_and_again_by_ones_own_clock(stage: Stage) -> None:
    assert "Europe/Berlin" in await stage.says("preferences zone=europe/berlin")
    answer = await stage.says("remind me every Monday 9:30 to stand up")
    assert (
        answer == "Reminder 1 to you, every Monday 9:30, next on 1970-01-05 09:30 (Europe/Berlin): "
        "stand up"
    )
    (one,) = await stage.kept()
    assert (one.schedule, one.zone) == ("every Monday 9:30", "Europe/Berlin")
    assert one.due == ((4 * 24 + 8) * 60 + 30) * 60_000
    assert "is not a time zone. Write it as" in await stage.says("preferences zone=Berlin/Mitte")


async def test_without_a_clock_of_ones_own_it_says_so(stage: Stage) -> None:
    answer = await stage.says("remind me at 15:00 to call Romeo")
    assert answer.splitlines() == [
        "Reminder 1 to you, 1970-01-01 15:00 (UTC): call Romeo",
        "(Times are in UTC. Set your time zone with “preferences zone=Europe/Berlin”.)",
    ]


async def test_cron(stage: Stage) -> None:
    answer = await stage.says('remind me when="0 9 * * 1" what="plan the week"')
    assert answer.startswith(
        "Reminder 1 to you, 0 9 * * 1, next on 1970-01-05 09:00 (UTC): plan the week"
    )


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("erinnere mich in 20 Minuten ans Dehnen", "Dehnen"),
        ("Erinnere mich in 20 Minuten daran, Romeo anzurufen", "Romeo anzurufen"),
        ("remind mich in 20 Minuten dass Romeo kommt", "Romeo kommt"),
    ],
)
async def test_in_german(stage: Stage, line: str, what: str) -> None:
    answer = await stage.says(line, language="de")
    assert answer == f"Erinnerung 1 an dich, 1970-01-01 00:36 (UTC): {what}"
    (one,) = await stage.kept()
    assert str(one.said(one.due, to_self=True).told(one.language)) == f"Erinnerung: {what}"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "remind juliet in 20 minutes to stretch",
            (
                "Error: Person: The channel “juliet” does not exist, or you cannot access it. Did "
                "you mean "
            ),
        ),
        (
            "remind team in 20 minutes to stretch",
            "Error: Person: The channel “team” does not exist, or you cannot access it",
        ),
        (f"remind {ROOM} in 20 minutes to stretch", "Error: Person: The channel “muc:team@"),
        (
            f"remind {PERSON} in 20 minutes to stretch",
            "Error: Person: The channel “chat:romeo@x” does not exist",
        ),
        (
            "remind chat:* in 20 minutes to stretch",
            "Error: Person: The channel “chat:*” does not exist",
        ),
        ("remind loby in 20 minutes to stretch", "Did you mean lobby"),
        (
            "remind me today at 0:05 to stretch",
            "Error: When: “today at 0:05” is in the past. Choose a later time.",
        ),
        (
            "remind me every 2 minutes to stretch",
            "Even fortune cookies take longer to bake",
        ),
        (
            "remind me in 60 weeks to stretch",
            "Error: When: “in 60 weeks” is more than a year ahead. Choose an earlier time.",
        ),
        (f"remind me in 20 minutes to {'x' * (MAX_TEXT + 1)}", "The maximum is 1000"),
    ],
)
async def test_what_will_not_do(stage: Stage, line: str, why: str) -> None:
    answer = await stage.says(f"/{line}")
    assert why in answer
    assert answer.splitlines()[-1].startswith("I read that as the command “remind”.")
    assert await stage.kept() == []


async def test_operators_remind_any_place(stage: Stage) -> None:
    await stage.says("role grant juliet@x operator", "admin@x")
    assert "to muc:team@" in await stage.says("remind team in 20 minutes to stretch")
    assert "to chat:romeo@x" in await stage.says(f"remind {PERSON} in 20 minutes to stretch")
    assert "The channel “chat:*” does not exist" in await stage.says(
        "remind chat:* in 20 minutes to stretch"
    )


async def test_nobody_reminds_in_the_name_of_a_web_user(stage: Stage) -> None:
    text = Text(stage.bus, stage.bus.settings.roles.of, lambda: 0.0)
    await text.answer(
        TypedLine("mallory@x", "Juliet (web)", "remind lobby in 20 minutes to pay", False, "en")
    )
    assert [one.name for one in await stage.kept()] == ["mallory@x"]


async def test_names_that_two_have(stage: Stage) -> None:
    await stage.bus.settings.change(
        [Put(ChannelSpec(Channel("muc", "team@other.example.org")))], SEED
    )
    answer = await stage.says("remind team in 20 minutes to stretch", "admin@x")
    assert f"“team” is ambiguous. Write one of muc:team@other.example.org, {ROOM}." in answer


async def test_too_many(stage: Stage) -> None:
    for _number in range(MOST):
        await stage.says("remind me in 20 minutes to stretch")
    assert "You already have 50 reminders" in await stage.says("remind me in 20 minutes to stretch")


async def test_nothing_is_promised_where_the_disk_is_full(stage: Stage) -> None:
    async def full(*_: object) -> int:
        raise StoreError("The disk is full; nothing was changed, try again.")

    store: Any = stage.bus.store
    store.reminders.add = full
    assert (await stage.says("remind me in 20 minutes to stretch")).startswith(
        "Error: The disk is full"
    )


# In a conversation


async def test_what_is_missing_is_asked_for(stage: Stage) -> None:
    assert (await stage.says("remind")).startswith(
        "When?\nfor example: in 20 minutes, tomorrow at 9, 2026-12-24 18:00, every Monday 9:30"
    )
    assert (await stage.says("in 20 minutes")).startswith("Reminder?")
    assert (await stage.says("to stretch")).startswith("Reminder 1 to you")
    assert await stage.keeps(seconds=1_200) == ("juliet@x", "chat:juliet@x", "to stretch")


@pytest.mark.parametrize("start", ["remind lobby", "remind whom=lobby"])
async def test_the_rest_of_a_line(stage: Stage, start: str) -> None:
    assert (await stage.says(start)).startswith("When?")
    assert (await stage.says("tomorrow at 9")).startswith("Reminder?")
    assert (await stage.says("stand up")).startswith(
        "Reminder 1 to shoutbox:lobby, 1970-01-02 09:00"
    )


async def test_a_line_without_a_time(stage: Stage) -> None:
    assert (await stage.says("remind lobby to stand up and stretch")).startswith("When?")
    wrong = await stage.says("soon")
    assert wrong.startswith(
        "Error: I do not understand “soon” as a time in the future. "
        "Examples: in 20 minutes, at 15:00, tomorrow "
        "at 9, Monday 9:30, 2026-12-24 9:00."
    )
    assert "When?" in wrong
    assert (await stage.says("in 20 minutes")).startswith("Reminder 1 to shoutbox:lobby")
    assert await stage.keeps(seconds=1_200) == ("juliet@x", BOX, "stand up and stretch")


async def test_a_line_without_words(stage: Stage) -> None:
    assert (await stage.says("remind lobby in 20 minutes")).startswith("Reminder?")
    assert (await stage.says("stand up")).startswith("Reminder 1 to shoutbox:lobby")
    assert await stage.keeps(seconds=1_200) == ("juliet@x", BOX, "stand up")


async def test_a_conversation_left(stage: Stage) -> None:
    await stage.says("remind lobby in 20 minutes")
    assert await stage.says("cancel") == "Nothing was changed."
    assert await stage.kept() == []


# In forms


async def test_a_form(stage: Stage) -> None:
    client = Client(stage.bus, lambda _jid: Role.MEMBER)
    first = await client.send("remind", jid="juliet@x")
    assert [one.get("label") for one in boxes(first)] == ["Person", "When", "Reminder"]
    filled = {"whom": ["lobby"], "when": ["in 7 minutes"], "what": ["at 9 in 20 minutes to go"]}
    wrong = await client.send(
        "remind", filled | {"when": ["soon"]}, session_of(first), jid="juliet@x"
    )
    assert lines(wrong).startswith(
        "When: I do not understand “soon” as a time in the future. "
        "Examples: in 20 minutes, at 15:00, tomorrow "
        "at 9, Monday 9:30, 2026-12-24 9:00."
    )
    done = await client.send("remind", filled, session_of(first), jid="juliet@x")
    assert (
        told(done)
        == "Reminder 1 to shoutbox:lobby, 1970-01-01 00:23 (UTC): at 9 in 20 minutes to go"
    )


async def test_the_page(stage: Stage) -> None:
    async with a_browser(stage.bus, {"admin@x": Role.ADMIN}, "admin@x") as browser:
        page = await browser.command(
            "remind", {"whom": ["nobody"], "when": ["in 1h"], "what": ["stretch"]}
        )
        assert set(page.faults) == {"whom"}
        page = await browser.command(
            "remind", {"whom": ["team"], "when": ["every day at 9"], "what": ["stretch"]}
        )
        assert page.note.startswith(
            f"Reminder 1 to {ROOM}, every day at 9, next on 1970-01-01 09:00 (UTC): stretch"
        )


# The list


async def test_ones_own_are_listed_and_dropped(stage: Stage) -> None:
    assert await stage.says("reminder list") == "0 reminders:"
    await stage.says("remind me in 2h to eat")
    await stage.says("remind lobby in 1h to stand up", "romeo@x")
    assert await stage.says("reminder list") == (
        "1 reminders:\n1: 1970-01-01 02:16 (UTC), chat:juliet@x: eat"
    )
    assert "Reminder 2 does not exist" in await stage.says("reminder drop 2")
    assert "Reminder 99 does not exist" in await stage.says("reminder drop 99")
    assert await stage.says("reminder drop 1") == "Deleted reminder 1: eat"
    assert "Reminder 1 does not exist" in await stage.says("reminder drop 1")
    assert [one.id for one in await stage.kept()] == [2]


async def test_operators_see_all_but_not_what_is_private(stage: Stage) -> None:
    await stage.says("role grant nurse@x operator", "admin@x")
    await stage.says("remind me in 2h to eat")
    await stage.says("remind lobby in 1h to stand up")
    assert (await stage.says("reminder list", "nurse@x")).splitlines()[1:] == [
        "2: 1970-01-01 01:16 (UTC), shoutbox:lobby, by juliet@x: stand up",
        "1: 1970-01-01 02:16 (UTC), chat:juliet@x, by juliet@x: …",
    ]
    assert (await stage.says("reminder list", "admin@x")).endswith("by juliet@x: eat")
    before = len(await stage.bus.settings.store.audit.newest())
    assert await stage.says("reminder drop 1", "nurse@x") == "Deleted reminder 1 of juliet@x."
    (newest, *_older) = [one for _number, one in await stage.bus.settings.store.audit.newest()]
    assert (newest.who, newest.what, newest.before) == (
        "nurse@x",
        "reminder-drop",
        "1: juliet@x → chat:juliet@x",
    )
    assert len(await stage.bus.settings.store.audit.newest()) == before + 1


async def test_a_long_list_is_cut(stage: Stage) -> None:
    for number in range(105):
        one = Reminder(f"p{number}@x", "p", Channel.parse(BOX), "x", 2_000_000 + number)
        await stage.bus.store.reminders.add(one, MOST)
    answer = await stage.says("reminder list", "admin@x")
    assert answer.startswith("The next 100 reminders:")
    assert len(re.findall("by p", answer)) == 100


async def test_a_zone_stays_where_other_preferences_change(stage: Stage) -> None:
    await stage.says("preferences zone=Asia/Tokyo")
    await stage.says("preferences confirm=never")
    await stage.bus.settings.load()
    assert stage.bus.settings.preference("juliet@x") == Preference(
        "juliet@x", "", "never", "Asia/Tokyo"
    )
