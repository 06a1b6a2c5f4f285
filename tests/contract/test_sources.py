"""What every source must keep: a method that speaks by itself. A new one is covered the moment it
is there.

Only its settings are to be added to `SAMPLES`, and a test fails until they are.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from component import methods
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Closes, MethodSpec, Source, Troubled
from component.common.errors import BadInput
from component.common.form import kept
from component.fetch.result import Fetched
from tests.unit.methods.scheduled.test_sources import World

SOURCES = {name: spec for name, spec in methods.discover().items() if spec.source}
HOURS = 3
ITEMS = "".join(f"<item><guid>{n}</guid><title>News {n}</title></item>" for n in range(3))
FEED = f'<rss version="2.0"><channel><title>Planet</title>{ITEMS}</channel></rss>'.encode()


@dataclass(frozen=True)
class Sample:
    """Settings with which a source speaks within `HOURS`, others that are good too, and such as are
    not."""

    good: Mapping[str, Any]
    other: Mapping[str, Any]
    bad: Mapping[str, Any]


SAMPLES = {
    "feed": Sample(
        {"url": "https://example.org/feed", "first": "3"},
        {"url": "https://example.org/feed", "first": "3", "most": 5},
        {"url": "not an address"},
    ),
    "fortune": Sample(
        {"when": "hourly"},
        {"when": "every 30 minutes", "jitter": "5min"},
        {"when": "every minute"},
    ),
    "greeting": Sample(
        {"when": "hourly"},
        {"when": "hourly", "text": ["Hi!", "Good day!"]},
        {"when": "hourly", "text": ["Hi {nick}!"]},
    ),
}


class Web:
    """Every address has the same feed."""

    async def get(self, url: str, **_asked: Any) -> Fetched:
        return Fetched(200, url, body=FEED, content_type="application/rss+xml")


@pytest.fixture(params=SOURCES)
def spec(request: pytest.FixtureRequest) -> MethodSpec:
    return SOURCES[request.param]


@asynccontextmanager
async def running(spec: MethodSpec, world: World, *specs: ChannelSpec) -> AsyncIterator[Source]:
    """A source as the bus has it from its start to its end."""
    assert spec.source
    source = spec.source(replace(world.ports(), fetcher=Web))
    try:
        source.configure(specs)
        yield source
    finally:
        if isinstance(source, Closes):
            await source.close()


def channel(spec: MethodSpec, settings: Mapping[str, Any], name: str = "") -> ChannelSpec:
    """The method's example, or one of another name, as it is kept."""
    here = Channel(spec.name, name) if name else Channel.parse(spec.example)
    return ChannelSpec(here, settings=dict(settings))


async def told(spec: MethodSpec, world: World | None = None) -> Sequence[tuple[str, str]]:
    """What it says in `HOURS` where all goes well, or as `world` is."""
    world = world or World()
    async with running(spec, world, channel(spec, SAMPLES[spec.name].good)):
        await hours(world, HOURS)
    return world.said


async def hours(world: World, count: float) -> None:
    await world.until(world.clock.now + count * 3600)


def test_each_has_its_samples_here() -> None:
    assert SAMPLES.keys() == SOURCES.keys()


def test_it_only_speaks(spec: MethodSpec) -> None:
    assert spec.make is None
    assert not spec.open
    assert not spec.person
    with pytest.raises(BadInput, match="A route can start there, but not end there"):
        spec.check_end(Channel.parse(spec.example))


def test_settings_are_kept_as_they_were_written(spec: MethodSpec) -> None:
    sample = SAMPLES[spec.name]
    for values in (sample.good, sample.other):
        made = spec.settings(channel(spec, values))
        assert spec.settings(channel(spec, kept(made))) == made
    with pytest.raises(BadInput) as refused:
        spec.settings(channel(spec, sample.bad))
    assert str(refused.value).rstrip(".") != str(refused.value)


async def test_it_speaks_from_its_channel_under_lasting_names(spec: MethodSpec) -> None:
    world = World()
    said = await told(spec, world)
    assert len(said) >= 3
    assert {place for place, _words in said} == {spec.example}
    assert len({one.origin for one in world.accepted}) == len(said)
    assert all(
        one.origin != f"{one.channel}#{one.id}" for one in world.accepted
    )  # not one made up each time
    assert world.alone == []
    assert world.told == []


@pytest.mark.parametrize("kind", ["bad", "none"])
async def test_settings_that_will_not_do_stop_no_other(spec: MethodSpec, kind: str) -> None:
    sample = SAMPLES[spec.name]
    ill = channel(spec, sample.bad if kind == "bad" else {}, "ill")
    well = channel(spec, sample.good)
    try:
        spec.settings(ill)
        is_bad = False
    except BadInput:
        is_bad = True
    world = World()
    for _ in range(2):
        world = world.again()
        async with running(spec, world, ill, channel(spec, sample.good, "*"), well) as source:
            await hours(world, HOURS)
            known = isinstance(source, Troubled) and ill.channel in [
                one.channel for one in source.troubles()
            ]
            assert known is is_bad
    assert {place for place, _words in world.said} == {spec.example}
    assert len([one for one, _words in world.told if one == ill.channel]) <= 1


async def test_configured_again_it_says_nothing_more(spec: MethodSpec) -> None:
    sample = SAMPLES[spec.name]
    world, well = World(), channel(spec, sample.good)
    async with running(spec, world, well) as source:
        for version in range(3):
            source.configure([replace(well, version=version)])
            source.configure([replace(well, version=version), channel(spec, sample.bad, "ill")])
            await hours(world, HOURS / 3)
    assert len(world.said) == len(await told(spec))


async def test_set_otherwise_it_goes_on(spec: MethodSpec) -> None:
    sample = SAMPLES[spec.name]
    world = World()
    async with running(spec, world, channel(spec, sample.good)) as source:
        source.configure([channel(spec, sample.bad)])
        source.configure([channel(spec, sample.other)])
        await hours(world, HOURS)
    assert len(world.said) >= 3


async def test_dropped_it_says_nothing(spec: MethodSpec) -> None:
    world = World()
    async with running(spec, world, channel(spec, SAMPLES[spec.name].good)) as source:
        source.configure([])
        await hours(world, HOURS)
        assert world.said == []
        assert world.scheduler.next_due() is None


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_what_the_store_does_not_take_is_tried_again(spec: MethodSpec, times: int) -> None:
    world = World()
    world.failing = times
    assert len(await told(spec, world)) == len(await told(spec))
    assert world.failing == 0


async def test_what_it_can_not_keep_is_not_said_twice(spec: MethodSpec) -> None:
    world = World()
    world.forgets = 3
    assert len(await told(spec, world)) == len(await told(spec))


async def test_nothing_is_said_twice_after_a_restart(spec: MethodSpec) -> None:
    """Neither where it crashed before it kept what it knew."""
    world = World()
    for number in range(HOURS):
        async with running(spec, world, channel(spec, SAMPLES[spec.name].good)):
            await hours(world, 1)
        before = world.before
        world = world.again()
        world.kept = before if number == 0 else world.kept
    assert len(world.said) == len(await told(spec))
