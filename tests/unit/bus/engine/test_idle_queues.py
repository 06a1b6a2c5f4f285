"""Lanes of persons that end when nothing is left for them: what comes then, comes once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.bus.engine.delivery_queue import QUEUE_LIMITS
from component.bus.model.delivery import State
from component.bus.model.message import BUS, Channel, Message
from component.bus.ports.method import Confirmation
from component.bus.ports.rendering import Rendered
from component.common.errors import Refused
from tests.support.subscribed import AUDIT, JULIET, World, a_world

CHAT = Channel("chat", JULIET)
MANY = QUEUE_LIMITS.in_memory + 100


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def tell(world: World, body: str) -> None:
    message = Message.new(CHAT, BUS, body, world.clock())
    await world.hub.accept(message, deliver=True, spread=False)


async def test_dead_letters_that_are_tried_again_come_once_also_behind_a_crowd(
    world: World,
) -> None:
    world.chat.plans = [Refused("no")] * MANY
    for start in range(0, MANY, 50):
        await asyncio.gather(*(tell(world, f"{number}") for number in range(start, start + 50)))
    await world.rest()
    letters = [
        one for one in await world.store.dead_letters.newest(CHAT, MANY) if one.state is State.DEAD
    ]
    assert len(letters) == MANY
    world.chat.sent.clear()
    loop = asyncio.get_running_loop()

    async def later(rendered: Rendered[Message]) -> Confirmation:
        """Confirmed a little later, as on a wire."""
        world.chat.sent.append((rendered.delivery.channel, rendered.content.body))
        confirmation: Confirmation = loop.create_future()
        loop.call_later(0.005, confirmation.set_result, None)
        return confirmation

    world.chat.send = later  # type: ignore[method-assign]
    await world.hub.retry(letters[::-1], AUDIT)
    await tell(world, "one more")
    await world.rest()
    counted = Counter(body for _channel, body in world.chat.sent)
    assert len(counted) == MANY + 1
    assert set(counted.values()) == {1}
