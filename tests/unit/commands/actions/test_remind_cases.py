"""Lines that people typed, written to the bot: each sets the reminder that was meant, or is
answered with a question or an error that sets none."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from commands.action import Bus
from commands.text import Text
from component.bus.model.records import Preference
from component.bus.model.reminder import Reminder
from component.common.schedule import Schedule
from component.xmpp.handlers import TypedLine
from tests.support.cases import rows
from tests.support.fakes import a_bus, prefers
from tests.unit.commands.grammar.test_reminder_cases import OURS, SAME, wanted

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 12, 1, 12, tzinfo=BERLIN).timestamp()


def lines() -> Iterator[tuple[str, set[str]]]:
    """Each line with what is right."""
    for case in rows("reminders.tsv"):
        if case["via"] == "command":
            yield case["input"], wanted(case)
    for line, expected in OURS:
        yield f"remind me {line}", {expected}


def shown(kept: Sequence[Reminder]) -> str:
    """The reminder that is kept, as the cases write it; "ask" for none."""
    if not kept:
        return "ask"
    (reminder,) = kept
    often = "once"
    if reminder.schedule:
        cron = Schedule.parse(reminder.schedule).cron
        often = SAME.get(cron.lower(), cron)
    due = datetime.fromtimestamp(reminder.due / 1000, BERLIN)
    return f"{due:%Y-%m-%dT%H:%M} | {often} | {reminder.body}"


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as bus:
        clock: Any = bus.clock
        clock.now = NOON
        yield bus


@pytest.mark.parametrize("language", ["en", "de"])
async def test_lines_seen_in_the_wild_and_ours(bus: Bus, language: str) -> None:
    wrong = []
    for number, (line, right) in enumerate(lines()):
        jid = f"juliet{number}@x"
        await prefers(bus, Preference(jid, zone="Europe/Berlin"))
        text = Text(bus, bus.settings.roles.of, lambda: 0.0)
        answer = str(await text.answer(TypedLine(jid, "juliet", line, False, language)))
        mine = await bus.store.reminders.find(jid)
        if not answer or shown(mine) not in right:
            wrong.append((line, shown(mine), answer))
    assert wrong == []
