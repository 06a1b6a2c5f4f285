"""Leases at hubs that never answer: they hold up nothing else."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from component.bus.model.message import Channel
from component.common.i18n import _
from component.fetch.result import FetchError
from component.methods.feed.leases import AT_ONCE, Leases
from component.methods.feed.state import State
from component.methods.feed.websub import Lease
from tests.support.fakes import FakeWorld


@dataclass
class Feed:
    channel: Channel
    state: State | None


class Hubs:
    """Hubs that take their time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()

    async def post(self, url: str, _form: Any) -> None:
        self.asked.append(url)
        await self.open.wait()
        raise FetchError(_("{host} did not answer in time.", host=url))


async def settle() -> None:
    for _round in range(20):
        await asyncio.sleep(0)


async def test_a_hub_that_never_answers_holds_up_nothing_else() -> None:
    world, hubs = FakeWorld(), Hubs()
    now = world.clock()
    feeds = [
        Feed(
            Channel("feed", str(n)),
            replace(
                State.begun("https://a.example/", now),
                lease=Lease.new(f"https://{host}.example/", "https://a.example/", now),
            ),
        )
        for n, host in enumerate(["one"] * 100 + [f"other{n}" for n in range(100)])
    ]
    leases = Leases(
        replace(world.ports(), fetcher=lambda: hubs), "https://bus.example", lambda: feeds
    )
    for feed in feeds:
        leases.later(feed)
    ran: list[str] = []

    async def reminder() -> None:
        ran.append("reminder")

    world.scheduler.at("reminders", now, reminder)
    world.scheduler.tick()
    await settle()
    assert ran == ["reminder"]
    assert len(hubs.asked) == AT_ONCE
    assert hubs.asked.count("https://one.example/") == 1
    feeds.pop(1)
    hubs.open.set()
    for _round in range(250):
        world.scheduler.tick()
        await settle()
    assert len(hubs.asked) == len(feeds), "each has its turn, once"
