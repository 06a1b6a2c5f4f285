"""Routes and the matrix: right, wrong, gone, changed meanwhile, and many; on the real store."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.action import Bus, Caller, Done, Lines, Reply, Step, begin, go_on
from commands.data_forms import form
from commands.text import Text
from component.bus.model.dry_run import Fate, explain
from component.bus.model.ledger import Ledger
from component.bus.model.message import Author, Channel, Message
from component.bus.model.planner import Planner
from component.bus.model.records import Audit, ChannelSpec, Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route, Routes, Stage
from component.common.errors import BadInput, Conflict, NotFound
from component.common.form import MAX_CHOICES, Faults
from component.xmpp.elements import serialize
from component.xmpp.handlers import TypedLine
from tests.support.fakes import a_bus, reached, said

ADMIN = Caller("admin@x", "Admin", Role.ADMIN, way="form")
LOBBY, BACK = Channel("shoutbox", "lobby"), Channel("shoutbox", "back")
TEAM, CREW, ANYONE = Channel("muc", "team@x"), Channel("muc", "crew@x"), Channel("chat", "*")
NOBODY = Audit(1, "", "", "")


class Desk:
    """A bus with five channels and, where asked for, routes; `says` a line, or fills forms."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._text = Text(bus, lambda _jid: Role.ADMIN, lambda: 0.0)

    async def says(self, line: str, jid: str = "admin@x") -> str:
        return str(await self._text.answer(TypedLine(jid, "Admin", line, False)) or "")

    async def change(self, *changes: Put | Drop) -> None:
        """Someone else changes something."""
        await self.bus.settings.change(changes, NOBODY)

    async def routes(self, *routes: Route) -> None:
        await self.change(*(Put(route) for route in routes))

    async def opened(self, name: str) -> Step:
        reply = await begin(self.bus.actions[name], ADMIN, self.bus)
        assert isinstance(reply, Step)
        return reply

    async def filled(self, name: str, step: Step, values: Mapping[str, Sequence[str]]) -> Reply:
        """What follows from the step; what is not named is sent back as it was shown."""
        shown = {field.name: field.default for field in step.fields(self.bus)}
        return await go_on(self.bus.actions[name], step, {**shown, **values}, ADMIN, self.bus)

    async def next(self, name: str, step: Step, values: Mapping[str, Sequence[str]]) -> Step:
        reply = await self.filled(name, step, values)
        assert isinstance(reply, Step)
        return reply

    async def audited(self) -> list[tuple[str, ...]]:
        """What was changed by us, newest first."""
        lines = [one for _number, one in await self.bus.settings.store.audit.newest() if one.who]
        return [(one.who, one.interface, one.what, one.before, one.after) for one in lines]

    def arrows(self) -> list[str]:
        return [f"{one.source} {one.destination}" for one in self.bus.hub.routes]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_bus(tmp_path) as bus:
        made = Desk(bus)
        await made.change(*(Put(ChannelSpec(one)) for one in (LOBBY, BACK, TEAM, CREW, ANYONE)))
        yield made


def _first(bus: Bus) -> Route:
    return bus.hub.routes[0]


# One route, made in four ways


async def _by_line(desk: Desk) -> None:
    await desk.says("route add shoutbox:lobby muc:team@x")


async def _by_form(desk: Desk) -> None:
    step = await desk.opened("route-add")
    await desk.filled("route-add", step, {"source": [str(LOBBY)], "destination": [str(TEAM)]})


async def _by_matrix(desk: Desk) -> None:
    step = await desk.opened("matrix")
    await desk.filled("matrix", step, {_named(step, desk, LOBBY): [str(TEAM)]})


async def _by_matrix_line(desk: Desk) -> None:
    await desk.says("matrix shoutbox:lobby muc:team@x")


@pytest.mark.parametrize("way", [_by_line, _by_form, _by_matrix, _by_matrix_line])
async def test_a_route_lists_alike_however_it_was_made(desk: Desk, way: Any) -> None:
    await way(desk)
    assert await desk.says("route list") == "1 routes:\n1: shoutbox:lobby → muc:team@x"
    assert await desk.says("matrix") == "1 sources:\nshoutbox:lobby → muc:team@x"
    assert desk.bus.hub.leads_to(LOBBY), "in force at once"
    assert [(who, after) for who, *_, after in await desk.audited()] == [
        ("admin@x", "shoutbox:lobby → muc:team@x")
    ]


# route-add


async def test_adding_both_ways(desk: Desk) -> None:
    told = "Added shoutbox:lobby → muc:team@x, muc:team@x → shoutbox:lobby."
    assert await desk.says("route add shoutbox:lobby muc:team@x both") == told
    assert "That route already exists." in await desk.says(
        "route add muc:team@x shoutbox:lobby both"
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "route add shoutbox:loby muc:team@x",
            "is not one of the choices. Similar: shoutbox:lobby",
        ),
        ("route add shoutbox:lobby qqqqqqqqqqqqqq", "not one of the choices."),
        ("route add shoutbox:lobby chat:*", "not one of the choices"),
        ("route add shoutbox:lobby shoutbox:lobby", "to itself. Choose another destination."),
        (
            "route add shoutbox:lobby muc:team@x both=perhaps",
            "is not a valid answer. Write yes or no.",
        ),
        ("route edit 9", "not one of the choices"),
        (
            "route edit 1 ends shoutbox:lobby muc:nowhere@x",
            "To: “muc:nowhere@x” is not one of the choices",
        ),
        ("route edit 1 sideways", "Action: “sideways” is not one of the choices"),
        ("route edit 1 ends muc:team@x muc:team@x", "to itself. Choose another destination."),
        ("route edit 1 source= destination=muc:team@x", "A route needs both"),
        ("route pause 1 sideways", "not one of the choices"),
        ("route pause 99 off", "not one of the choices"),
        ("route remove 99", "not one of the choices"),
        ("route list page=2", "Page 2 does not exist. The last page is 1."),
        ("route list page=many", "is not a whole number."),
        ("route test nowhere hello", "not one of the choices"),
        ("matrix shoutbox:nowhere muc:team@x", "The channel shoutbox:nowhere does not exist"),
        ("matrix shoutbox:lobby muc:taem@x", "is not one of the choices. Similar: muc:team@x."),
        ("matrix shoutbox:lobby shoutbox:lobby", "to itself. Choose another destination."),
        ("matrix nowhere muc:team@x", "The channel nowhere does not exist"),
    ],
)
async def test_bad_values_in_words(desk: Desk, line: str, told: str) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    answer = await desk.says(f"/{line}")
    assert answer.startswith("Error: ")
    assert told in answer
    assert desk.arrows() == ["shoutbox:lobby muc:team@x"]
    assert await desk.audited() == []


# route-list


async def test_few_routes_are_listed_without_asking(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM), Route(BACK, TEAM, enabled=False))
    reply = await begin(desk.bus.actions["route-list"], ADMIN, desk.bus)
    assert isinstance(reply, Lines)
    assert [str(one) for one in reply.lines] == [
        "1: shoutbox:lobby → muc:team@x",
        "2: shoutbox:back → muc:team@x (off)",
    ]
    assert await desk.says("route list BACK") == "1 routes:\n2: shoutbox:back → muc:team@x (off)"


async def test_many_routes_come_in_pages(desk: Desk) -> None:
    await desk.routes(*(Route(Channel("shoutbox", f"b{number}"), TEAM) for number in range(450)))
    step = await desk.opened("route-list")
    assert [field.name for field in step.fields(desk.bus)] == ["which", "page"]
    pages = [(await desk.says(f"route list page={page}")).splitlines() for page in (1, 2, 3)]
    assert [page[0] for page in pages] == [f"450 routes, page {page} of 3:" for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [201, 201, 51]
    assert len({line for page in pages for line in page[1:]}) == 450
    assert (await desk.says("route list shoutbox:b44")).startswith("11 routes:")


# route-edit


async def test_editing_by_form(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.next("route-edit", await desk.opened("route-edit"), {"route": ["1"]})
    assert [field.default for field in step.fields(desk.bus)] == [
        ("shoutbox:lobby",),
        ("muc:team@x",),
        ("1",),
    ]
    reply = await desk.filled("route-edit", step, {"destination": ["muc:crew@x"], "on": ["0"]})
    told = "Changed shoutbox:lobby → muc:team@x to shoutbox:lobby → muc:crew@x (off)."
    assert str(reply.words if isinstance(reply, Done) else reply) == told
    assert desk.bus.hub.routes == (Route(LOBBY, CREW, False, 1),)
    assert not desk.bus.hub.leads_to(LOBBY), "in force at once"
    before, after = "shoutbox:lobby → muc:team@x", "shoutbox:lobby → muc:crew@x (off)"
    assert await desk.audited() == [("admin@x", "form", "route-edit", before, after)]


@pytest.mark.parametrize("which", ["1", "shoutbox:lobby muc:team@x"])
@pytest.mark.parametrize("what", ["destination=muc:crew@x", "ends shoutbox:lobby muc:crew@x"])
async def test_editing_by_line(desk: Desk, which: str, what: str) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert "to shoutbox:lobby → muc:crew@x." in await desk.says(f"route edit {which} {what}")
    assert "Nothing was changed: shoutbox:lobby → muc:crew@x." in await desk.says(
        "route edit 1 ends shoutbox:lobby"
    )
    assert "(off)" in await desk.says("route edit 1 on=no")


async def test_editing_asks_what(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert (await desk.says("route edit 1")).startswith("Action?")
    asked = await desk.says("ends")
    assert asked.startswith(
        "Which setting do you want to change? Write its name and value: source=shoutbox:lobby "
        "destination=muc:team@x on=yes"
    )
    assert "(off)" in await desk.says("on=no")


async def test_editing_in_a_conversation(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert (await desk.says("route pause")).startswith("Route?")
    assert await desk.says("shoutbox:lobby muc:team@x") == "shoutbox:lobby → muc:team@x is now off."


async def test_an_edited_route_may_not_become_another(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM), Route(LOBBY, CREW))
    assert "Route 2 already does this:" in await desk.says("route edit 1 destination=muc:crew@x")
    assert desk.arrows() == ["shoutbox:lobby muc:team@x", "shoutbox:lobby muc:crew@x"]


async def test_two_edit_one_route(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.next("route-edit", await desk.opened("route-edit"), {"route": ["1"]})
    await desk.change(Put(replace(_first(desk.bus), enabled=False)))
    with pytest.raises(Conflict, match=re.escape("to shoutbox:lobby → muc:team@x (off)")):
        await desk.filled("route-edit", step, {"destination": ["muc:crew@x"]})
    await desk.change(Drop(_first(desk.bus)))
    with pytest.raises(Conflict, match="Nothing was changed; please start again"):
        await desk.filled("route-edit", step, {"destination": ["muc:crew@x"]})
    assert await desk.audited() == []


async def test_the_store_has_the_last_word(desk: Desk) -> None:
    """Another process changed the route, and this one has not read it yet."""
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.next("route-edit", await desk.opened("route-edit"), {"route": ["1"]})
    await desk.bus.settings.store.configuration.change(
        [Put(replace(_first(desk.bus), enabled=False))], NOBODY
    )
    with pytest.raises(Conflict):
        await desk.filled("route-edit", step, {"destination": ["muc:crew@x"]})


async def test_a_channel_that_is_gone_since_the_form_was_drawn(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.next("route-edit", await desk.opened("route-edit"), {"route": ["1"]})
    await desk.change(Drop(next(spec for spec in desk.bus.hub.channels if spec.channel == CREW)))
    with pytest.raises(Faults) as told:
        await desk.filled("route-edit", step, {"destination": ["muc:crew@x"]})
    assert "not one of the choices" in str(told.value.by_field["destination"])


# route-pause, route-remove


async def test_pausing(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert await desk.says("route pause 1") == "shoutbox:lobby → muc:team@x is now off."
    assert not desk.bus.hub.leads_to(LOBBY)
    assert "is already off" in await desk.says("route pause 1 off")
    assert (
        await desk.says("route pause shoutbox:lobby muc:team@x on")
        == "shoutbox:lobby → muc:team@x is now on."
    )
    assert desk.bus.hub.leads_to(LOBBY)
    on, off = "shoutbox:lobby → muc:team@x", "shoutbox:lobby → muc:team@x (off)"
    assert [one[2:] for one in await desk.audited()] == [
        ("route-pause", off, on),
        ("route-pause", on, off),
    ]


async def test_removing_asks(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM), Route(LOBBY, CREW))
    asked = await desk.says("route remove 1")
    assert "shoutbox:lobby → muc:team@x will be removed" in asked
    assert "Confirm?" in asked
    assert await desk.says("no") == "Nothing was changed."
    assert len(desk.arrows()) == 2
    assert await desk.says("route remove 1 sure") == "Removed shoutbox:lobby → muc:team@x."
    assert desk.arrows() == ["shoutbox:lobby muc:crew@x"]
    assert await desk.audited() == [
        ("admin@x", "text", "route-remove", "shoutbox:lobby → muc:team@x", "")
    ]


async def test_removing_what_changed_meanwhile(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.next("route-remove", await desk.opened("route-remove"), {"route": ["1"]})
    assert isinstance(await desk.filled("route-remove", step, {}), Done), "not sure from the start"
    await desk.change(Put(replace(_first(desk.bus), destination=CREW)))
    with pytest.raises(Conflict, match="to shoutbox:lobby → muc:crew@x"):
        await desk.filled("route-remove", step, {"sure": ["1"]})
    assert len(desk.arrows()) == 1


# route-test


async def test_a_message_is_followed_hop_by_hop(desk: Desk) -> None:
    person = Channel("chat", "juliet@x")
    await desk.change(Put(ChannelSpec(person)))
    await desk.routes(
        Route(LOBBY, TEAM),
        Route(LOBBY, person),
        Route(person, CREW),
        Route(TEAM, BACK),
        Route(BACK, LOBBY),
        Route(BACK, CREW, enabled=False),
    )
    assert (await desk.says("route test shoutbox:lobby good morrow")).splitlines() == [
        "Test of “good morrow” in shoutbox:lobby; nothing is sent:",
        "1. shoutbox:lobby → muc:team@x: Admin (web) posts “good morrow”",
        "1. shoutbox:lobby → chat:juliet@x: the bot posts “Admin (web): good morrow”",
        "2. muc:team@x → shoutbox:back: Admin (web) posts “good morrow”",
        "3. shoutbox:back → shoutbox:lobby: skipped, because the message is already there",
        "3. shoutbox:back → muc:crew@x (off): not forwarded",
    ]
    assert "the bot posts “Admin: hello”" in await desk.says("route test chat:juliet@x"), (
        "no guest: no puppet"
    )


async def test_what_is_paused_is_told(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM), Route(TEAM, BACK))
    team = next(spec for spec in desk.bus.hub.channels if spec.channel == TEAM)
    await desk.change(Put(replace(team, enabled=False)))
    told = await desk.says("route test shoutbox:lobby")
    assert (
        "shoutbox:lobby → muc:team@x: waits, because the destination is paused; then Admin "
        "(web) posts “hello”"
    ) in told
    assert "muc:team@x → shoutbox:back: not forwarded, because muc:team@x is paused" in told
    assert "muc:team@x is paused. Messages from it are not forwarded." in await desk.says(
        "route test muc:team@x"
    )


_NODES = [
    Channel(method, address) for method in ("muc", "chat") for address in ("a", "b", "c", "*")
]
_ENDS = st.sampled_from([node for node in _NODES if node.address != "*"])
_PAIRS = st.lists(st.tuples(st.sampled_from(_NODES), _ENDS, st.booleans()), max_size=25)


@given(_PAIRS, _ENDS, st.sets(st.sampled_from(_NODES), max_size=3))
def test_the_explanation_goes_where_the_plan_goes(
    pairs: list[Any], start: Channel, paused: set[Channel]
) -> None:
    routes = [
        Route(source, end, on, number)
        for number, (source, end, on) in enumerate(pairs)
        if source != end
    ]
    message, index = said(channel=start), Routes(routes, {"chat"}, paused)
    met = explain(message, routes, Planner(index, Ledger(), 0, lambda _message: ""), paused=paused)
    goes = tuple(hop.route.destination for hop in met if hop.fate is Fate.GOES)
    assert goes == reached(message, index)
    assert len({(hop.place, hop.route) for hop in met}) == len(met)
    assert [hop.hops for hop in met] == sorted(hop.hops for hop in met)


async def test_testing_keeps_nothing(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, BACK))
    await desk.says("route test shoutbox:lobby hello")
    assert await desk.bus.settings.store.deliveries.last_seq(LOBBY) == 0
    assert await desk.bus.settings.store.deliveries.last_seq(BACK) == 0
    assert await desk.audited() == []
    assert "The message is not forwarded" in await desk.says("route test shoutbox:back")


@pytest.mark.parametrize("paused", [LOBBY, TEAM, ANYONE, Channel("chat", "romeo@x")])
async def test_the_test_and_the_bus_agree(desk: Desk, paused: Channel) -> None:
    """What the test says would be said is what the hub brings."""
    person = Channel("chat", "romeo@x")
    await desk.change(Put(ChannelSpec(person)))
    await desk.routes(
        Route(LOBBY, TEAM), Route(TEAM, CREW), Route(person, BACK), Route(ANYONE, LOBBY)
    )
    spec = next(one for one in desk.bus.hub.channels if one.channel == paused)
    await desk.change(Put(replace(spec, enabled=False)))
    for start in (LOBBY, person):
        receipt = await desk.bus.hub.accept(
            Message.new(start, Author("Admin", "admin@x"), "hello", 1)
        )
        told = await desk.says(f"route test {start}")
        there = {
            re.split("[ :]*→ ", line)[1].rpartition(": ")[0]
            for line in told.splitlines()
            if " posts " in line
        }
        came = {str(one.channel) for one in receipt.deliveries[1:]}
        assert {one.partition(": ")[0] for one in there} == came


# matrix


def _named(step: Step, desk: Desk, source: Channel) -> str:
    return next(
        field.name for field in step.fields(desk.bus) if str(field.ask.label) == str(source)
    )


async def test_the_matrix_changes_what_was_changed(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM, enabled=False), Route(LOBBY, BACK), Route(BACK, CREW))
    step = await desk.opened("matrix")
    fields = {str(field.ask.label): field for field in step.fields(desk.bus)}
    assert list(fields) == ["chat:*", "muc:crew@x", "muc:team@x", "shoutbox:back", "shoutbox:lobby"]
    assert {field.kind for field in fields.values()} == {"list-multi"}
    assert all(one.label == one.value for field in fields.values() for one in field.choices)
    assert fields["shoutbox:lobby"].default == ("muc:team@x", "shoutbox:back")
    assert "shoutbox:lobby" not in [one.value for one in fields["shoutbox:lobby"].choices]
    await desk.routes(Route(TEAM, LOBBY))  # meanwhile, and none of ours
    wanted = {
        _named(step, desk, LOBBY): ["muc:team@x", "muc:crew@x"],
        _named(step, desk, ANYONE): ["muc:team@x"],
    }
    reply = await desk.filled("matrix", step, wanted)
    added, removed = (
        "chat:* → muc:team@x, shoutbox:lobby → muc:crew@x",
        "shoutbox:lobby → shoutbox:back",
    )
    assert isinstance(reply, Done)
    assert str(reply.words) == f"Added {added}; removed {removed}."
    assert await desk.audited() == [("admin@x", "form", "matrix", removed, added)], "one change"
    assert await desk.says("matrix") == (
        "4 sources:\nchat:* → muc:team@x\nmuc:team@x → shoutbox:lobby\n"
        "shoutbox:back → muc:crew@x\nshoutbox:lobby → muc:team@x (off), muc:crew@x"
    )


async def test_the_matrix_as_it_was_shown_changes_nothing(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.opened("matrix")
    await desk.change(Drop(_first(desk.bus)))
    reply = await desk.filled("matrix", step, {})
    assert isinstance(reply, Done)
    assert str(reply.words) == "Nothing was changed."
    assert desk.arrows() == []


async def _source_gone(desk: Desk) -> None:
    await desk.change(Drop(next(spec for spec in desk.bus.hub.channels if spec.channel == BACK)))


async def _destination_gone(desk: Desk) -> None:
    await desk.change(Drop(next(spec for spec in desk.bus.hub.channels if spec.channel == CREW)))


async def _route_changed(desk: Desk) -> None:
    await desk.change(Put(replace(_first(desk.bus), enabled=False)))


async def _route_removed(desk: Desk) -> None:
    await desk.change(Drop(_first(desk.bus)))


async def _route_added(desk: Desk) -> None:
    await desk.routes(Route(BACK, CREW))


MEANWHILE = {
    _source_gone: "Someone else removed shoutbox:back in the meantime",
    _destination_gone: "Someone else removed muc:crew@x in the meantime",
    _route_changed: "in the meantime to shoutbox:lobby → muc:team@x (off)",
    _route_removed: "Someone else removed shoutbox:lobby → muc:team@x in the meantime",
    _route_added: "Someone else added shoutbox:back → muc:crew@x in the meantime",
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
async def test_the_matrix_changes_nothing_where_things_changed(desk: Desk, meanwhile: Any) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.opened("matrix")
    wanted = {_named(step, desk, LOBBY): ["muc:crew@x"], _named(step, desk, BACK): ["muc:crew@x"]}
    if meanwhile is _source_gone or meanwhile is _route_added:
        wanted = {_named(step, desk, BACK): ["muc:crew@x"]}
    await meanwhile(desk)
    before = desk.bus.hub.routes
    with pytest.raises(Conflict, match=re.escape(MEANWHILE[meanwhile])):
        await desk.filled("matrix", step, wanted)
    assert desk.bus.hub.routes == before
    assert await desk.audited() == []


async def test_the_matrix_is_one_transaction(desk: Desk) -> None:
    """The last of several changes is one that another process was quicker with: none is made."""
    step = await desk.opened("matrix")
    await desk.bus.settings.store.configuration.change([Put(Route(BACK, CREW))], NOBODY)
    wanted = {_named(step, desk, LOBBY): ["muc:crew@x"], _named(step, desk, BACK): ["muc:crew@x"]}
    with pytest.raises(Conflict):
        await desk.filled("matrix", step, wanted)
    assert [str(one.source) for one in await desk.bus.settings.store.configuration.routes()] == [
        "shoutbox:back"
    ]


async def test_a_line_sets_one_source(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, BACK), Route(BACK, LOBBY))
    told = (
        "Added shoutbox:lobby → muc:team@x, shoutbox:lobby → muc:crew@x; removed shoutbox:lobby "
        "→ shoutbox:back."
    )
    assert await desk.says("matrix shoutbox:lobby muc:team@x,muc:crew@x,muc:team@x") == told
    assert await desk.says("matrix lobby") == "1 sources:\nshoutbox:lobby → muc:team@x, muc:crew@x"
    assert (await desk.says("matrix shoutbox:lobby none")).startswith(
        "Removed shoutbox:lobby → muc:team@x"
    )
    assert desk.arrows() == ["shoutbox:back shoutbox:lobby"]


async def test_the_matrix_asks_before_processors_go(desk: Desk) -> None:
    delay = Stage(1, "delay", (("by", ("1h",)),))
    await desk.routes(Route(LOBBY, TEAM, stages=(delay,)), Route(LOBBY, BACK))
    await desk.bus.hub.accept(said("wait", LOBBY))
    told = await desk.says(f"matrix {LOBBY} {BACK}")
    assert (
        f"{LOBBY} → {TEAM} [delay] will be removed. Its processors will be removed as well: delay."
        in told
    )
    assert f"Messages that wait there and will become dead letters of {TEAM}: 1." in told
    assert await desk.says("no") == "Nothing was changed."
    assert len(desk.arrows()) == 2
    step = await desk.opened("matrix")
    assert not step.last
    row = next(one.name for one in step.fields(desk.bus) if str(TEAM) in one.default)
    sure = await desk.next("matrix", step, {row: [str(BACK)]})
    assert isinstance(
        await go_on(desk.bus.actions["matrix"], sure, {"sure": ["1"]}, ADMIN, desk.bus), Done
    )
    assert [route.destination for route in desk.bus.hub.routes] == [BACK]


async def test_none_takes_a_source_s_last_dots_away(desk: Desk) -> None:
    """Clients send nothing for a field without a dot, or leave it out: that says too little, so
    `none` is a choice."""
    await desk.routes(Route(LOBBY, BACK), Route(LOBBY, TEAM))
    step = await desk.opened("matrix")
    name = _named(step, desk, LOBBY)
    await desk.filled("matrix", step, {name: ["none", "muc:team@x"]})
    assert desk.arrows() == ["shoutbox:lobby muc:team@x"]
    await desk.filled("matrix", await desk.opened("matrix"), {name: ["none"]})
    assert desk.arrows() == []


async def test_of_many_sources_the_form_asks_which(desk: Desk) -> None:
    await desk.change(
        *(Put(ChannelSpec(Channel("shoutbox", f"box{number}"))) for number in range(20))
    )
    narrow = await desk.opened("matrix")
    assert not narrow.last
    step = await desk.next("matrix", narrow, {"which": ["box1"]})
    labels = [str(field.ask.label) for field in step.fields(desk.bus)]
    assert labels == ["shoutbox:box1", *(f"shoutbox:box1{number}" for number in range(10))]
    assert step.help is None
    some = await desk.next("matrix", narrow, {})
    assert len(some.fields(desk.bus)) == 12
    assert str(some.help) == "12 of 25 sources are shown. Use a filter to see others."
    reply = await desk.filled("matrix", narrow, {"which": ["nothing"]})
    assert isinstance(reply, Done)
    await desk.filled("matrix", step, {"s2": ["muc:team@x"]})
    assert desk.arrows() == ["shoutbox:box10 muc:team@x"]


async def test_of_many_destinations_they_are_typed(desk: Desk) -> None:
    await desk.change(
        *(
            Put(ChannelSpec(Channel("shoutbox", f"box{number}")))
            for number in range(MAX_CHOICES + 1)
        )
    )
    narrow = await desk.opened("matrix")
    step = await desk.next("matrix", narrow, {"which": ["lobby"]})
    assert [field.kind for field in step.fields(desk.bus)] == ["text-multi"]
    with pytest.raises(Faults) as told:
        await desk.filled("matrix", step, {"s1": ["shoutbox:box1", "muc:taem@x"]})
    assert "Similar: muc:team@x" in str(told.value.by_field["s1"])
    await desk.filled("matrix", step, {"s1": ["shoutbox:box1", "muc:team@x"]})
    assert desk.arrows() == ["shoutbox:lobby shoutbox:box1", "shoutbox:lobby muc:team@x"]


# Many


async def test_past_a_number_choices_are_not_listed(desk: Desk) -> None:
    await desk.change(
        *(Put(ChannelSpec(Channel("shoutbox", f"box{number:03}"))) for number in range(MAX_CHOICES))
    )
    source = (await desk.opened("route-add")).fields(desk.bus)[0]
    assert source.kind == "text-single"
    assert "one of 65 values; write a part of it" in str(source.ask.help)
    with pytest.raises(BadInput, match=r"Similar: .*shoutbox:box017"):
        source.parse(["shoutbox:bxo017"])
    with pytest.raises(BadInput, match=r"Similar: shoutbox:lobby\."):
        source.parse(["shoutbox:lobyb"])
    assert str(source.parse(["lobby"])) == "shoutbox:lobby"
    assert (
        await desk.says("route add shoutbox:box001 muc:team@x")
        == "Added shoutbox:box001 → muc:team@x."
    )


async def test_forms_stay_small(desk: Desk) -> None:
    for count in (MAX_CHOICES - 5, 400):
        known = {spec.channel for spec in desk.bus.hub.channels}
        boxes = [Channel("shoutbox", f"a-box-with-a-long-name-{number}") for number in range(count)]
        await desk.change(
            *(Put(ChannelSpec(one, "A title of some length")) for one in boxes if one not in known)
        )
        dots = [
            Route(LOBBY, one)
            for one in boxes
            if one not in {route.destination for route in desk.bus.hub.routes}
        ]
        await desk.routes(*dots)
        matrix = await desk.next(
            "matrix", await desk.opened("matrix"), {"which": ["shoutbox:lobby"]}
        )
        for step in (await desk.opened("route-add"), await desk.opened("route-edit"), matrix):
            drawn = form(step, step.fields(desk.bus), step.values, {}, "en")
            assert len(serialize(drawn).encode()) < 65_536


async def test_what_no_form_can_hold_is_told(desk: Desk) -> None:
    ends = [Channel("shoutbox", f"box-{number:04}-{'x' * 40}") for number in range(600)]
    await desk.change(
        *(Put(ChannelSpec(end)) for end in ends), *(Put(Route(LOBBY, end)) for end in ends)
    )
    reply = await desk.filled("matrix", await desk.opened("matrix"), {"which": ["lobby"]})
    assert isinstance(reply, Done)
    assert "shoutbox:lobby has too many destinations for a form" in str(reply.words)


async def test_a_wrong_route_is_answered_with_close_ones(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM), Route(BACK, CREW))
    told = await desk.says('route pause "shoutbox:lobby muc:taem@x"')
    assert "Similar: shoutbox:lobby muc:team@x." in told


async def test_gone_routes_are_told(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    step = await desk.opened("route-pause")
    await desk.change(Drop(_first(desk.bus)))
    with pytest.raises(NotFound, match="“route list” shows all routes"):
        await desk.filled("route-pause", step, {"route": ["1"]})
