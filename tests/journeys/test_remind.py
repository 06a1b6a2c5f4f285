"""Reminders on a real server: one comes, and one comes once though the bus was killed before it was
due."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from component.cli.prosody import COMPONENT, free_port
from tests.journeys.test_commands_people import ask
from tests.support.people import Person, person
from tests.support.servers import Bus, Server, eventually, settings, start_bus

BOT = f"bot@{COMPONENT}"
ROOM = "lobby@rooms.localhost"
TOLD = "Reminder: stretch"


def reminded(who: Person) -> list[str]:
    """Every reminder that came."""
    return [
        one["body"]
        for one in who.heard
        if "Reminder: " in one["body"] or "Reminder from " in one["body"]
    ]


async def test_reminders_come(server: Server, bus: Bus) -> None:
    async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
        await juliet.join(ROOM, "Juliet")
        await ask(juliet, "remind me in 2s to stretch", r"Reminder 1 to you, .* \(UTC\): stretch")
        await ask(juliet, "remind lobby to stand up in 2s", "Reminder 2 to shoutbox:lobby")
        await juliet.hears(TOLD)
        await juliet.hears("Reminder from juliet: stand up")
        assert bus.bodies("shoutbox:lobby") == ["Reminder from juliet: stand up"]
        await ask(juliet, "reminder list", "^0 reminders")
        assert len(reminded(juliet)) == 2


async def test_a_line_understood_in_part(server: Server, bus: Bus) -> None:
    """The bot says what it did not understand and asks; the answer sets the reminder."""
    async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
        await ask(juliet, "preferences zone=Europe/Berlin", "Europe/Berlin")
        for line, unread in (
            ("remind me at 9 on mondy to call Romeo", "at 9 on mondy"),
            ("remind me at 9 UTC to call Romeo", "at 9 UTC"),
        ):
            asked = await ask(juliet, line, "I do not understand")
            assert f"“{unread}” as a time" in asked
            assert "When?" in asked
            assert "for example: in 20 minutes, tomorrow at 9" in asked
            assert await ask(juliet, "cancel", "Nothing was changed")
        await ask(juliet, "reminder list", "^0 reminders")
        await ask(juliet, "remind me to sweep every other Monday at 9", "“every other Monday at 9”")
        await ask(juliet, "mondy at 9", "I do not understand “mondy at 9” as a time")
        kept = await ask(juliet, "at half past nine every Monday", "^Reminder 1 to you")
        assert "next on" in kept
        assert kept.endswith("09:30 (Europe/Berlin): sweep")
        await ask(juliet, "reminder drop 1", "Deleted reminder 1")


def aged(place: Path, minutes: int) -> None:
    """As if that time had passed while nothing ran."""
    with closing(sqlite3.connect(place / "bus.db")) as database, database:
        database.execute("update reminders set due = due - ?", (minutes * 60_000,))


def arrived(place: Path) -> int:
    """How many reminders are known on disk to have come: what is not comes again, for a client
    can't be asked."""
    with closing(sqlite3.connect(f"file:{place / 'bus.db'}?mode=ro", uri=True)) as database:
        found = database.execute(
            "select count(*) from sent where origin like 'reminder:%' and destination like "
            "'chat:%' and state = 'delivered'"
        )
        return int(found.fetchone()[0])


async def test_one_that_was_missed_comes_once(server: Server, tmp_path: Path) -> None:
    port, place = free_port(), tmp_path / "killed"
    config = settings(server, place, port)
    bus = start_bus(place, config, port)
    try:
        bus.ready()
        async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
            await ask(juliet, "remind me in 20 minutes to stretch", "Reminder 1 to you")
            await ask(
                juliet,
                "remind me every 2 hours to drink",
                "Reminder 2 to you, every 2 hours, next on ",
            )
            bus.kill()
            aged(place, 7 * 60)
            bus = start_bus(place, config, port)
            bus.ready()
            late = r"Reminder: stretch \(6h (39|4\d)min late\)$"
            await juliet.until(
                lambda: any(re.search(late, one) for one in reminded(juliet)), "the late one"
            )
            await juliet.until(lambda: len(reminded(juliet)) == 2, "and the one that comes again")
            eventually(lambda: arrived(place) == 2, "both are known to have come")
            bus.kill()
            bus = start_bus(place, config, port)
            bus.ready()
            assert re.match(
                "1 reminders:\n2: every 2 hours, next on ",
                await ask(juliet, "reminder list", "reminders:"),
            )
            assert len(reminded(juliet)) == 2
    finally:
        bus.stop()
