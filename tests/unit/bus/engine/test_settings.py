"""What people choose, changed from several places at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands.action import Bus
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Put
from tests.support.fakes import a_bus

JULIET = "juliet@x"


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as bus:
        yield bus


async def test_two_changes_at_once_are_both_kept(bus: Bus) -> None:
    """The bot welcomes someone while they set their quiet hours."""
    await asyncio.gather(
        bus.settings.prefer(JULIET, lambda chosen: replace(chosen, welcomed=True)),
        bus.settings.prefer(JULIET, lambda chosen: replace(chosen, quiet="22:00-07:00")),
        bus.settings.prefer(JULIET, lambda chosen: replace(chosen, zone="Europe/Berlin")),
    )
    (kept,) = await bus.store.people.preferences()
    assert kept == bus.settings.preference(JULIET)
    assert (kept.welcomed, kept.quiet, kept.zone) == (True, "22:00-07:00", "Europe/Berlin")


async def test_each_change_tells_what_was_chosen_before(bus: Bus) -> None:
    """So that of two that happen at once only one is the first."""
    both = await asyncio.gather(
        *[
            bus.settings.prefer(JULIET, lambda chosen: replace(chosen, welcomed=True))
            for _ in range(2)
        ]
    )
    assert [before.welcomed for before in both] == [False, True]


async def test_a_change_of_the_configuration_leaves_what_people_choose_meanwhile(bus: Bus) -> None:
    channel = ChannelSpec(Channel("shoutbox", "garden"), "Garden")
    await asyncio.gather(
        bus.settings.change([Put(channel)], Audit(0, "admin@x", "text", "channel add")),
        bus.settings.prefer(JULIET, lambda chosen: replace(chosen, language="de")),
    )
    assert bus.settings.preference(JULIET).language == "de"
