"""Where a message goes: each channel once, never back, exactly what is reachable, at the cost of
its own routes."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.bus.model.route import ActiveRoute, Route, Routes
from component.common.errors import BadInput
from tests.support.fakes import reached as plan
from tests.support.fakes import said

NODES = [Channel(method, address) for method in ("a", "b", "c") for address in ("1", "2", "3")]
A, B, C = (Channel("x", name) for name in ("a", "b", "c"))

_ends = st.sampled_from(NODES)
_sources = st.sampled_from([*NODES, *{node.anyone for node in NODES}])


@st.composite
def _graphs(draw: st.DrawFn) -> list[Route]:
    pairs = draw(st.lists(st.tuples(_sources, _ends, st.booleans()), max_size=30))
    return [Route(source, end, enabled) for source, end, enabled in pairs if source != end]


def _reachable(start: Channel, routes: Iterable[Route], persons: Iterable[str]) -> set[Channel]:
    """By the book: go round until nothing is added."""
    found = {start}
    while True:
        leading = [one for one in found if one == start or one.method not in persons]
        more = {
            route.destination
            for route in routes
            for one in leading
            if route.enabled and route.source in (one, Channel(one.method, "*"))
        }
        if more <= found:
            return found - {start}
        found |= more


@given(_graphs(), _ends, st.sets(st.sampled_from(["a", "b"])))
def test_plan_is_what_is_reachable_each_once(
    routes: list[Route], start: Channel, persons: set[str]
) -> None:
    reached = plan(said(channel=start), Routes(routes, persons))
    assert len(reached) == len(set(reached))
    assert start not in reached
    assert set(reached) == _reachable(start, routes, persons)


def _after(index: Routes, channel: Channel) -> list[Channel]:
    return [way.route.destination for way in index.after(channel)]


@given(_graphs(), _ends)
def test_nearest_first(routes: list[Route], start: Channel) -> None:
    index = Routes(routes)
    reached = plan(said(channel=start), index)
    steps = {start: 0}
    for channel in reached:
        steps[channel] = 1 + min(
            steps[one]
            for one in steps
            if channel in [way.route.destination for way in index.after(one)]
        )
    assert [steps[channel] for channel in reached] == sorted(steps[channel] for channel in reached)


def _plan(start: Channel, *routes: Route) -> tuple[Channel, ...]:
    return plan(said(channel=start), Routes(routes))


def test_no_echo_and_no_loop() -> None:
    there, back = Route(A, B), Route(B, A)
    assert _plan(A, there, back) == (B,)
    assert _plan(A, there, there, back, back) == (B,)
    assert _plan(A, Route(A, B), Route(B, C), Route(C, A)) == (B, C)


def test_a_route_that_is_off_leads_nowhere() -> None:
    assert _plan(A, Route(A, B, enabled=False), Route(B, C)) == ()


def test_every_address_of_a_method() -> None:
    someone = Channel("chat", "juliet@example.org")
    assert _plan(someone, Route(Channel("chat", "*"), A)) == (A,)
    assert _plan(A, Route(Channel("chat", "*"), B)) == ()
    assert _plan(A, Route(A.anyone, B), Route(A.anyone, A)) == (B,)
    assert _plan(someone, Route(A, someone), Route(someone.anyone, A)) == (A,)


def test_what_reaches_a_person_ends_there() -> None:
    someone = Channel("chat", "juliet@example.org")
    routes = Routes([Route(A, someone), Route(someone.anyone, B)], ["chat"])
    assert plan(said(channel=A), routes) == (someone,)
    assert plan(said(channel=someone), routes) == (B,)


def test_no_such_route() -> None:
    with pytest.raises(BadInput):
        Route(A, A)
    with pytest.raises(BadInput):
        Route(A, B.anyone)


class _Counting(Routes):
    """Counts what it was asked."""

    def __init__(self, routes: Iterable[Route]) -> None:
        super().__init__(routes)
        self.asked: list[Channel] = []

    def after(self, channel: Channel) -> tuple[ActiveRoute, ...]:
        self.asked.append(channel)
        return super().after(channel)


def test_other_channels_routes_cost_nothing() -> None:
    """Each channel that is reached is looked up once, however many routes the others have."""
    others = [Route(Channel("o", str(n)), Channel("o", str(n + 1))) for n in range(2_000)]
    routes = _Counting([*others, Route(A, B), Route(B, C)])
    assert plan(said(channel=A), routes) == (B, C)
    assert routes.asked == [A, B, C]
