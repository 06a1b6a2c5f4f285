"""A route's processors, by form, line and conversation: added, set otherwise, ordered, dropped;
told and tested."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import pytest

from commands.action import Lines, Reply, Step
from commands.actions.routes import route_edit
from commands.actions.routes._stages import Add
from commands.lookups import detailed, told
from commands.text import Text
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import ChannelSpec, Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import MAX_STAGES, Route, Stage
from component.common.errors import BadInput, Conflict, NotFound
from component.common.form import Faults
from component.common.form import fields as form_fields
from component.processors import discover
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, boxes, lines, session_of
from tests.contract.test_rules import keeps_the_rules
from tests.support.fakes import a_bus
from tests.unit.commands.actions.test_routes import BACK, CREW, LOBBY, TEAM, Desk

PREFIX = Stage(1, "prefix", (("text", ("[lobby]",)),))
DELAY = Stage(2, "delay", (("by", ("10min",)),))
THROTTLE = Stage(3, "throttle", (("count", ("5",)), ("per", ("1min",)), ("then", ("hold",))))
THREE = Route(LOBBY, TEAM, stages=(PREFIX, DELAY, THROTTLE))
WAY = "shoutbox:lobby → muc:team@x"
TOLD = ["prefix text=[lobby]", "delay by=10min", "throttle count=5 per=1min then=hold"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_bus(tmp_path) as bus:
        made = Desk(bus)
        await made.change(*(Put(ChannelSpec(one)) for one in (LOBBY, BACK, TEAM, CREW)))
        yield made


def _stages(desk: Desk) -> list[tuple[int, str]]:
    """The first route's: their ids, and how they are told."""
    return [(stage.id, told(stage)) for stage in desk.bus.hub.routes[0].stages]


def _detail(*names: str, way: str = WAY) -> str:
    return f"{way} [{', '.join(names)}]"


async def _form(
    desk: Desk, what: str, values: Mapping[str, Sequence[str]], *more: Mapping[str, Sequence[str]]
) -> Reply:
    """What comes of route-edit's forms, each filled in its turn."""
    step = await desk.next(
        "route-edit", await desk.opened("route-edit"), {"route": ["1"], "what": [what]}
    )
    for filled in (values, *more)[:-1]:
        step = await desk.next("route-edit", step, filled)
    return await desk.filled("route-edit", step, (values, *more)[-1])


# Add


async def _added_by_form(desk: Desk) -> None:
    await _form(
        desk, "add", {"processor": ["throttle"]}, {"count": ["5"], "per": ["60s"], "then": ["hold"]}
    )


async def _added_by_line(desk: Desk) -> None:
    await desk.says("route edit 1 add throttle count=5 per=1min then=hold")


async def _added_in_order(desk: Desk) -> None:
    await desk.says("route edit shoutbox:lobby muc:team@x add throttle 5 1min hold")


async def _added_in_a_conversation(desk: Desk) -> None:
    asked = await desk.says("route edit 1 add")
    assert asked.startswith("Processor?\nthe processor to add\ndedupe, delay, ")
    assert all(name in asked for name in discover())
    for answer, question in (
        ("throtle", "Similar: throttle"),
        ("throttle", "Count?"),
        ("5", "Per?"),
        ("1min", "?"),
    ):
        asked = await desk.says(answer)
        assert question in asked
    await desk.says("hold")


async def _added_by_import(desk: Desk) -> None:
    toml = (
        'import sure\n[[route]]\nfrom = "shoutbox:lobby"\nto = "muc:team@x"\n'
        '[[route.processor]]\nname = "throttle"\ncount = 5\nper = "1min"\nthen = "hold"'
    )
    assert await desk.says(toml) == "Imported 1 changes."


@pytest.mark.parametrize(
    "way",
    [_added_by_form, _added_by_line, _added_in_order, _added_in_a_conversation, _added_by_import],
)
@pytest.mark.parametrize(
    "made", ["route add shoutbox:lobby muc:team@x", "matrix shoutbox:lobby muc:team@x"]
)
async def test_a_processor_lists_alike_however_it_was_added(
    desk: Desk, way: Any, made: str
) -> None:
    await desk.says(made)
    await way(desk)
    assert await desk.says("route list") == f"1 routes:\n1: {WAY} [throttle]\n  1 {TOLD[2]}"
    assert await desk.says("matrix") == "1 sources:\nshoutbox:lobby → muc:team@x [throttle]"
    assert desk.bus.hub.routes[0].stages == (replace(THROTTLE, id=1),)
    *_, after = (await desk.audited())[0]
    assert after.removeprefix("~ ").endswith((_detail(TOLD[2]), _detail(f"1 {TOLD[2]}")))


async def test_adding_tells_what_it_is_now(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert (await desk.says("route edit 1 add prefix [lobby]")).splitlines() == [
        "Changed to:",
        f"1: {WAY} [prefix]",
        "  1 prefix text=[lobby]",
    ]
    reply = await _form(desk, "add", {"processor": ["delay"], "place": ["1"]}, {"by": ["10min"]})
    assert isinstance(reply, Lines)
    assert list(reply.lines) == [
        f"1: {WAY} [delay, prefix]",
        "  1 delay by=10min",
        "  2 prefix text=[lobby]",
    ]
    assert _stages(desk) == [(2, TOLD[1]), (1, TOLD[0])]
    assert await desk.audited() == [
        ("admin@x", "form", "route-edit", WAY, _detail(f"1 {TOLD[1]}")),
        ("admin@x", "text", "route-edit", WAY, _detail(f"1 {TOLD[0]}")),
    ]


async def test_a_processor_with_nothing_to_set_asks_nothing(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert isinstance(await _form(desk, "add", {"processor": ["quotes"]}), Lines)
    assert "2 quotes" in await desk.says("route edit 1 add quotes place=1")
    assert "Nothing was changed" in await desk.says("route edit 1 edit 1")
    assert _stages(desk) == [(2, "quotes"), (1, "quotes")]


@pytest.mark.parametrize("name", discover())
async def test_each_processors_own_form_opens(desk: Desk, name: str) -> None:
    """On both surfaces, with the processor's own settings."""
    await desk.routes(Route(LOBBY, TEAM))
    asked = [one.name for one in fields(discover()[name].make)]  # type: ignore[arg-type]
    client = Client(desk.bus)
    first = session_of(await client.send("route-edit"))
    await client.send("route-edit", {"route": ["1"], "what": ["add"]}, first)
    shown = await client.send("route-edit", {"processor": [name], "place": [""]}, first)
    assert [one.get("var") for one in boxes(shown)] == asked
    answer = await desk.says(f"route edit 1 add {name}")
    needed = [one for one in form_fields(discover()[name].make, desk.bus) if one.required]
    asks = (
        f"{needed[0].ask.label}?"
        if needed
        else "Which setting do you want to change? Write its name and value: "
        if asked
        else "Changed to:"
    )
    assert asks in answer
    assert set(asked).isdisjoint(
        {one.name for form in (route_edit.Form, Add) for one in fields(form)} | {"name"}
    )


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_form_keeps_the_rules_of_clients(desk: Desk, language: str) -> None:
    """To add each processor, and to edit, order and drop with as many as there may be, long ones
    among them."""
    long = (("words", tuple(f"{'<word> &' * 9}{number}" for number in range(40))),)
    stages = (*THREE.stages, *(Stage(number, "match", long) for number in range(4, MAX_STAGES + 1)))
    await desk.routes(replace(THREE, stages=stages), Route(LOBBY, BACK))
    client = Client(desk.bus, seen=keeps_the_rules, language=language)

    async def walked(*forms: Mapping[str, Sequence[str]]) -> None:
        shown = await client.send("route-edit")
        for filled in forms:
            if shown.get("status") == "executing":  # some ask less
                shown = await client.send("route-edit", filled, session_of(shown))
        assert len(tostring(shown)) < 65_536

    for name in discover():
        await walked({"route": ["2"], "what": ["add"]}, {"processor": [name]}, {})
    for number in range(1, MAX_STAGES + 1):
        await walked({"route": ["1"], "what": ["edit"]}, {"processor": [str(number)]})
    for what in ("order", "drop", "ends"):
        await walked({"route": ["1"], "what": [what]})
    await walked({"route": ["1"], "what": ["add"]}, {"processor": ["quotes"]})


async def test_what_a_conversation_does_not_ask_is_told(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    asked = await desk.says("route edit 1 add quiet")
    assert asked.startswith("You can set further options later with “edit”: zone= days=\nStart?")
    assert (await desk.says("22:00")).startswith("End?"), "once"


async def test_what_is_wrong_is_asked_again(desk: Desk) -> None:
    """A conversation that ended there would leave the next answer to be taken for a message."""
    await desk.routes(Route(LOBBY, TEAM))
    assert (await desk.says("route edit 1 add digest")).startswith(
        "Which setting do you want to change? Write its name and value: every= count="
    )
    told = (await desk.says("count=0")).splitlines()
    assert told[0] == "Error: A digest contains 1 to 1000 messages, not 0."
    assert told[1] == "Which setting do you want to change? Write its name and value: every= count="
    assert "The setting “cuont” does not exist. Did you mean count?" in await desk.says("cuont=5")
    await desk.says("route edit 1 add digest")
    assert 'A quotation mark is not closed. Write text in quotes like "this".' in await desk.says(
        'count="5'
    )
    assert "1 digest count=5" in await desk.says("count=5")
    await desk.says("route edit 1 add prefix x")
    assert (await desk.says("route edit 1 order")).splitlines()[-3] == "Order?"
    assert "The order does not contain 1. Write every number once." in await desk.says("2")
    assert (await desk.says("2 1")).startswith("Changed to:")
    assert "Remove?\nthe processors to remove\n1 prefix, 2 digest\n" in await desk.says(
        "route edit 1 drop"
    )
    assert "“9” is not one of the choices" in await desk.says("9")
    assert (await desk.says("back")).startswith("1: "), "there is no question before"
    assert "[digest]" in await desk.says("1")


@pytest.mark.parametrize("line", ["cancel", "Abbrechen "])
async def test_cancelling_nothing_is_no_message(desk: Desk, line: str) -> None:
    assert (await desk.says(line)).startswith("No question is open. Nothing was posted.")


async def test_a_setting_that_is_not_there_is_told(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM))
    assert "The setting “authr” does not exist. Did you mean author?" in await desk.says(
        "route edit 1 add match authr=bob"
    )
    assert "1 prefix text=a=b" in await desk.says("route edit 1 add prefix a=b")


async def test_twenty_at_most(desk: Desk) -> None:
    await desk.routes(
        Route(LOBBY, TEAM, stages=tuple(replace(PREFIX, id=number) for number in range(MAX_STAGES)))
    )
    told = "Error: The route would have 21 processors. The maximum is 20."
    assert (await desk.says("route edit 1 add prefix x")).startswith(told)
    with pytest.raises(BadInput, match="The maximum is 20"):
        await _form(desk, "add", {"processor": ["prefix"]})


# Edit


async def test_editing_holds_what_stands_and_keeps_the_id(desk: Desk) -> None:
    await desk.routes(THREE)
    step = await desk.next(
        "route-edit", await desk.opened("route-edit"), {"route": ["1"], "what": ["edit"]}
    )
    assert [one.label for one in step.fields(desk.bus)[0].choices] == [
        f"{n} {one}" for n, one in enumerate(TOLD, 1)
    ]
    step = await desk.next("route-edit", step, {"processor": ["3"]})
    assert dict(step.values) == {"count": ("5",), "per": ("1min",), "then": ("hold",)}
    await desk.filled("route-edit", step, {**step.values, "count": ["10"]})
    assert _stages(desk) == [
        (1, TOLD[0]),
        (2, TOLD[1]),
        (3, "throttle count=10 per=1min then=hold"),
    ]
    before, after = _detail(f"3 {TOLD[2]}"), _detail("3 throttle count=10 per=1min then=hold")
    assert await desk.audited() == [("admin@x", "form", "route-edit", before, after)]


@pytest.mark.parametrize("which", ["3", "throttle"])
async def test_editing_by_line(desk: Desk, which: str) -> None:
    await desk.routes(THREE)
    assert "  3 throttle count=9 per=1min then=drop" in await desk.says(
        f"route edit 1 edit {which} count=9 then=drop"
    )
    asked = await desk.says(f"route edit 1 edit {which}")
    assert asked.splitlines()[0] == (
        "Which setting do you want to change? Write its name and value: count=9 per=1min then=drop"
    )
    assert (await desk.says("count=9")).startswith("Nothing was changed:")
    assert [number for number, _told in _stages(desk)] == [1, 2, 3]
    assert len(await desk.audited()) == 1


async def test_a_processor_that_is_no_more(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM, stages=(Stage(1, "gone", (("a", ("1", "x y")),)),)))
    assert '  1 gone a="1, x y"' in await desk.says("route list")
    assert (
        "The processor “gone” is not installed. You can only remove it from the route."
        in await desk.says("route edit 1 edit 1")
    )
    assert "becomes a dead letter" in await desk.says("route test shoutbox:lobby")
    assert 'name = "gone"\na = ["1", "x y"]' in await desk.says("export")
    assert (await desk.says("route edit 1 drop 1")).startswith("Changed")


# Order


@pytest.mark.parametrize(
    "written", ["3 1 2", "3,1,2", "3, 1; 2", "throttle prefix delay", "3, Prefix, 2"]
)
async def test_ordering(desk: Desk, written: str) -> None:
    await desk.routes(THREE)
    await desk.says(f"route edit 1 order {written}")
    assert _stages(desk) == [(3, TOLD[2]), (1, TOLD[0]), (2, TOLD[1])]
    before, after = (
        _detail("1 prefix", "2 delay", "3 throttle"),
        _detail("1 throttle", "2 prefix", "3 delay"),
    )
    assert await desk.audited() == [("admin@x", "text", "route-edit", before, after)]


async def test_a_name_that_several_have_is_none(desk: Desk) -> None:
    await desk.routes(replace(THREE, stages=(PREFIX, replace(PREFIX, id=4), DELAY)))
    assert (
        "The route has more than one processor “prefix”. Write the number instead."
        in await desk.says("route edit 1 order delay prefix 1")
    )
    assert "Similar: 1 prefix, 2 prefix" in await desk.says("route edit 1 drop prefix")
    assert "Processor: “prefix” is not one of the choices" in await desk.says(
        "route edit 1 edit prefix text=x"
    )
    await desk.says("route edit 1 drop delay")
    assert [number for number, _told in _stages(desk)] == [1, 4]


async def test_ordering_by_form_and_in_a_conversation(desk: Desk) -> None:
    await desk.routes(THREE)
    step = await desk.next(
        "route-edit", await desk.opened("route-edit"), {"route": ["1"], "what": ["order"]}
    )
    assert dict(step.values) == {"order": ["1 2 3"]}
    reply = await desk.filled("route-edit", step, step.values)
    assert isinstance(reply, Lines)
    assert str(reply.title) == "Nothing was changed:"
    asked = await desk.says("route edit 1 order")
    assert asked.startswith(f"1: {WAY}\n  1 {TOLD[0]}\n  2 {TOLD[1]}\n  3 {TOLD[2]}\nOrder?")
    await desk.says("2 3 1")
    assert [number for number, _told in _stages(desk)] == [2, 3, 1]


WRONG_ORDERS = {
    "1 2": "The order does not contain 3. Write every number once.",
    "3": "The order does not contain 1, 2. Write every number once.",
    "1 2 2 3": "2 appears twice",
    "1 2 3 4": "“4” is not the number or name of a processor. The numbers are 1 to 3.",
    "0 1 2 3": "“0” is not the number or name of a processor",
    "1 2 three": "“three” is not the number or name of a processor",
    "1 prefix 2 3": "1 appears twice",
    "-1 2 3": "“-1” is not the number or name of a processor",
    ", ,": "The order does not contain 1, 2, 3. Write every number once.",
}


@pytest.mark.parametrize("written", WRONG_ORDERS)
async def test_an_order_that_is_none(desk: Desk, written: str) -> None:
    await desk.routes(THREE)
    assert WRONG_ORDERS[written] in await desk.says(f'route edit 1 order "{written}"')
    client = Client(desk.bus)
    first = session_of(await client.send("route-edit"))
    await client.send("route-edit", {"route": ["1"], "what": ["order"]}, first)
    again = await client.send("route-edit", {"order": [written]}, first)
    assert WRONG_ORDERS[written] in lines(again)
    assert [one.get("var") for one in boxes(again)] == ["order"], "asked again"
    assert [number for number, _told in _stages(desk)] == [1, 2, 3]
    assert await desk.audited() == []


# Drop


@pytest.mark.parametrize(
    "written", ["1,3", '"1 prefix, 3 throttle"', "gone=3,1", "prefix,throttle", "gone=Throttle,1"]
)
async def test_dropping(desk: Desk, written: str) -> None:
    await desk.routes(THREE)
    await desk.says(f"route edit 1 drop {written}")
    assert _stages(desk) == [(2, TOLD[1])]
    assert await desk.audited() == [
        ("admin@x", "text", "route-edit", _detail(f"1 {TOLD[0]}", f"3 {TOLD[2]}"), WAY)
    ]


async def test_dropping_by_form(desk: Desk) -> None:
    await desk.routes(THREE)
    reply = await _form(desk, "drop", {"gone": ["none"]})
    assert isinstance(reply, Lines)
    assert str(reply.title).startswith(
        "Nothing was changed. Write the numbers of the processors to remove, separated by commas."
    )
    await _form(desk, "drop", {"gone": ["1 prefix", "2 delay", "3 throttle"]})
    assert desk.bus.hub.routes[0].stages == ()


# What is wrong, or changed meanwhile


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("route edit 1 add nothing", "Processor: “nothing” is not one of the choices."),
        ("route edit 1 add delay", "Delay by?"),
        (
            "route edit 1 add delay by=soon",
            "Delay by: “soon” is not a duration. Write it as 90s, 10min, 2h or 1d.",
        ),
        ("route edit 1 add delay by=1000d", "is out of range. Choose from "),
        ("route edit 1 add delay place=5 by=1s", "Position 5 is out of range. Choose from 1 to 4."),
        ("route edit 1 add delay place=0 by=1s", "Position 0 is out of range. Choose from 1 to 4."),
        ("route edit 1 add delay place=-1 by=1s", "Position -1 is out of range"),
        ("route edit 1 add delay place=first by=1s", "Position: “first” is not a whole number."),
        (
            "route edit 1 add delay by=1s more",
            "“more” is one argument too many. “help” shows what the command accepts.",
        ),
        (
            "route edit 1 add delay by=1s to=1s",
            "“to=1s” is one argument too many. “help” shows what the command accepts.",
        ),
        ("route edit 1 edit 4", "Processor: “4” is not one of the choices."),
        ("route edit 1 edit 2 by=never", "Delay by: “never” is not a duration"),
        ("route edit 1 drop 4", "Remove: “4” is not one of the choices."),
        ("route edit 2 edit", "Route 2 does not have processors. Add one first."),
        ("route edit 2 order", "Route 2 does not have processors. Add one first."),
        ("route edit 2 drop", "Route 2 does not have processors. Add one first."),
    ],
)
async def test_bad_values_in_words(desk: Desk, line: str, answer: str) -> None:
    await desk.routes(THREE, Route(LOBBY, BACK))
    assert answer in await desk.says(line)
    assert len(_stages(desk)) == 3
    assert await desk.audited() == []


async def test_what_does_not_go_together_is_told_in_the_form(desk: Desk) -> None:
    await desk.routes(THREE)
    with pytest.raises(Faults) as told:
        await _form(
            desk,
            "add",
            {"processor": ["throttle"]},
            {"count": ["none"], "per": ["soon"], "then": ["hold"]},
        )
    assert set(told.value.by_field) == {"count", "per"}
    with pytest.raises(BadInput):
        await _form(desk, "add", {"processor": ["digest"]}, {})


CHANGES: Mapping[str, Sequence[Mapping[str, Sequence[str]]]] = {
    "add": ({"processor": ["delay"]}, {"by": ["1s"]}),
    "edit": ({"processor": ["2"]}, {"by": ["1s"]}),
    "order": ({"order": ["3 2 1"]},),
    "drop": ({"gone": ["1 prefix"]},),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_route_that_changed_meanwhile(desk: Desk, what: str) -> None:
    await desk.routes(THREE)
    step = await desk.next(
        "route-edit", await desk.opened("route-edit"), {"route": ["1"], "what": [what]}
    )
    for filled in CHANGES[what][:-1]:
        step = await desk.next("route-edit", step, filled)
    await desk.change(Put(replace(desk.bus.hub.routes[0], stages=(PREFIX,))))
    with pytest.raises(Conflict, match=re.escape(f"to {WAY} [prefix]")):
        await desk.filled("route-edit", step, CHANGES[what][-1])
    assert _stages(desk) == [(1, TOLD[0])]
    assert await desk.audited() == []


async def test_the_ends_change_and_the_processors_stay(desk: Desk) -> None:
    await desk.routes(THREE)
    assert "muc:crew@x [prefix, delay, throttle]" in await desk.says(
        "route edit 1 destination=muc:crew@x"
    )
    assert [number for number, _told in _stages(desk)] == [1, 2, 3]


async def test_a_route_that_is_gone(desk: Desk) -> None:
    await desk.routes(THREE)
    step = await desk.opened("route-edit")
    await desk.change(Drop(desk.bus.hub.routes[0]))
    with pytest.raises(NotFound, match="“route list” shows all routes"):
        await desk.filled("route-edit", step, {"route": ["1"], "what": ["add"]})


async def test_help_tells_how(desk: Desk) -> None:
    told = await desk.says("help route edit")
    for line in (
        "route edit route [what]: Edit a route",
        "add, edit, order and drop",
        "for example: route edit 5 order 2 1 3",
    ):
        assert line in told
    for line in re.findall("for example: (route edit 5 add .*)", told):
        await desk.routes(*(Route(Channel("shoutbox", f"b{number}"), TEAM) for number in range(5)))
        assert (await desk.says(line)).startswith("Changed to:")


# Told


async def test_routes_are_found_by_their_processors(desk: Desk) -> None:
    await desk.routes(THREE, Route(LOBBY, BACK))
    assert (await desk.says("route list throttle")).startswith("1 routes:\n1: ")
    assert await desk.says("route list back") == "1 routes:\n2: shoutbox:lobby → shoutbox:back"


async def test_many_processors_come_in_pages(desk: Desk) -> None:
    stages = tuple(replace(PREFIX, id=number) for number in range(MAX_STAGES))
    await desk.routes(
        *(Route(Channel("shoutbox", f"b{number}"), TEAM, stages=stages) for number in range(30))
    )
    assert isinstance(await desk.opened("route-list"), Step)
    pages = [(await desk.says(f"route list page={page}")).splitlines() for page in range(1, 5)]
    assert [len(page) for page in pages] == [1 + 9 * 21, 1 + 9 * 21, 1 + 9 * 21, 1 + 3 * 21]
    assert all(page[1].endswith("prefix]") for page in pages), "a route's lines stay together"


@pytest.mark.parametrize("text", [r"\d+", "a b", 'say "so"', "back\\", r"a\"b \\ c", "[x]"])
async def test_what_is_told_of_a_processor_may_be_written_so(desk: Desk, text: str) -> None:
    stage = Stage(1, "prefix", (("text", (text,)),))
    await desk.routes(Route(LOBBY, TEAM))
    await desk.says(f"route edit 1 add {told(stage)}")
    assert desk.bus.hub.routes[0].stages == (stage,)


def test_yes_and_several_are_told_as_people_write_them() -> None:
    stage = Stage(1, "match", (("words", ("one two", "three")), ("has_link", ("1",))))
    assert told(stage) == 'match words="one two, three" has_link=yes'
    assert detailed(Route(LOBBY, TEAM, False, stages=(stage,))) == f"{WAY} [{told(stage)}] (off)"


# Tested


async def test_a_message_is_followed_from_processor_to_processor(desk: Desk) -> None:
    await desk.routes(
        Route(
            LOBBY,
            TEAM,
            stages=(
                PREFIX,
                replace(THROTTLE, settings=(*THROTTLE.settings[:2], ("then", ("drop",)))),
            ),
        ),
        Route(TEAM, BACK, stages=(Stage(1, "match", (("words", ("storm",)),)), DELAY)),
    )
    assert (await desk.says("route test shoutbox:lobby the storm")).splitlines() == [
        "Test of “the storm” in shoutbox:lobby; nothing is sent:",
        f"1. {WAY} [prefix, throttle]: Admin (web) posts “[lobby] the storm”",
        "  1 prefix: changed to “[lobby] the storm”",
        "  2 throttle: passes",
        "2. muc:team@x → shoutbox:back [match, delay]: held by a processor",
        "  1 match: passes",
        "  2 delay: held until 1970-01-01 00:26:40 UTC",
    ]


async def test_what_is_stopped_says_why(desk: Desk) -> None:
    await desk.routes(
        Route(LOBBY, TEAM, stages=(Stage(9, "match", (("words", ("storm",)),)), PREFIX))
    )
    told = (await desk.says("route test shoutbox:lobby calm")).splitlines()
    assert told[1] == f"1. {WAY} [match, prefix]: stopped by a processor"
    assert told[2].startswith("  1 match: stopped: ")
    assert len(told) == 3


async def test_a_test_of_an_author(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM, stages=(Stage(1, "match", (("author", ("romeo",)),)),)))
    assert "Romeo (web) posts “hi all”" in await desk.says(
        "route test shoutbox:lobby author=Romeo hi all"
    )
    assert "the bot posts “Romeo: hello”" in await desk.says(
        "route test shoutbox:lobby author=Romeo@X"
    )
    assert "stopped by a processor" in await desk.says("route test shoutbox:lobby hi all")
    assert "A name cannot contain" in await desk.says(
        'route test shoutbox:lobby author="Juliet (web)"'
    )


async def test_a_test_notes_nothing(desk: Desk) -> None:
    once = Stage(1, "throttle", (("count", ("1",)), ("per", ("1d",)), ("then", ("drop",))))
    await desk.routes(Route(LOBBY, TEAM, stages=(once,)))
    for _again in range(3):
        assert "  1 throttle: passes" in await desk.says("route test shoutbox:lobby")
    assert await desk.bus.store.held.processor_state() == []
    await _said(desk, "one")
    assert "  1 throttle: stopped: " in await desk.says("route test shoutbox:lobby")


# Held


async def _said(desk: Desk, body: str) -> Message:
    return (
        await desk.bus.hub.accept(Message.new(LOBBY, Author("Juliet", "juliet@x"), body, 1_000))
    ).message


async def test_removing_a_route_says_what_goes_with_it(desk: Desk) -> None:
    await desk.routes(Route(LOBBY, TEAM, stages=(PREFIX, DELAY)))
    asked = await desk.says("route remove 1")
    assert "Its processors will be removed as well: prefix, delay." in asked
    assert "dead letters" not in asked
    await desk.says("no")
    for body in ("one", "two"):
        await _said(desk, body)
    for line in ("route remove 1", "room remove team@x"):
        asked = await desk.says(line)
        assert (
            "Messages that wait there and will become dead letters of muc:team@x: 2." in asked
            or "letters: 2." in asked
        )
        await desk.says("no")
    await desk.says("route pause 1")
    await desk.says("route edit 1 drop 1,2")
    assert "Messages that wait there and will become dead letters of" in await desk.says(
        "route remove 1"
    ), "they wait still"
    assert (await desk.says("yes")).startswith("Removed ")
    assert len(await desk.bus.store.dead_letters.newest()) == 2
    assert desk.bus.hub.routes == ()


async def test_removing_a_channel_says_it_in_a_sentence(desk: Desk) -> None:
    await desk.change(Put(ChannelSpec(Channel("shoutbox", "news"), "News")))
    await desk.routes(Route(LOBBY, TEAM, stages=(PREFIX, DELAY)))
    await _said(desk, "one")
    asked = (await desk.says("channel remove muc:team@x")).splitlines()
    assert asked[0] == (
        "muc:team@x will be removed, and its routes as well (1): "
        f"1: {WAY} [prefix, delay]. Messages that become dead letters: 1."
    )
    await desk.says("no")
    asked = (await desk.says("channel remove shoutbox:news")).splitlines()
    assert asked[0] == "shoutbox:news (News) will be removed. It has no routes."


async def test_the_trace_tells_where_it_waits_and_what_stopped_it(desk: Desk) -> None:
    storm = Stage(1, "match", (("words", ("storm",)),))
    await desk.routes(
        Route(LOBBY, TEAM, stages=(PREFIX, DELAY)),
        Route(LOBBY, CREW, stages=(storm,)),
        Route(LOBBY, BACK, stages=(PREFIX,)),
    )
    message = await _said(desk, "calm")
    _title, *told = (await desk.says(f"trace {message.id}")).splitlines()
    assert len(told) == 4
    assert told[0].startswith("shoutbox:lobby: received ")
    assert re.fullmatch("shoutbox:back: delivered .*, changed to “\\[lobby\\] calm”", told[1])
    assert told[2] == "muc:team@x: held by delay at route 1, until 1970-01-01 00:26:40"
    assert told[3].startswith("muc:crew@x: stopped by match at route 2: ")
    await desk.says("route pause 1")
    assert "muc:team@x: held at route 1, which is disabled" in await desk.says(
        f"trace {message.id}"
    )


async def test_the_status_tells_what_is_held(desk: Desk) -> None:
    await desk.routes(
        Route(LOBBY, TEAM, stages=(DELAY,)), Route(LOBBY, CREW, stages=(DELAY,)), Route(LOBBY, BACK)
    )
    assert "Held" not in await desk.says("status")
    for body in ("one", "two"):
        await _said(desk, body)
    told = (await desk.says("status")).splitlines()
    place = told.index("Held at routes: 4")
    assert told[place + 1 : place + 3] == [
        f"  1: {WAY} [delay]: 2",
        "  2: shoutbox:lobby → muc:crew@x [delay]: 2",
    ]
    assert told[place + 3] == "The next held messages:"
    assert len(told[place + 4 : -1]) == 4
    assert re.fullmatch(
        "  1: until 1970-01-01 00:26:40 UTC: [0-9a-f]{12} Juliet: one", told[place + 4]
    )
    await desk.says("route pause 1")
    paused = (await desk.says("status")).splitlines()[place + 4]
    assert re.fullmatch("  1: [0-9a-f]{12} Juliet: one", paused), "its time may be over"


async def test_what_people_say_to_the_bot_is_shown_to_admins_alone(desk: Desk) -> None:
    people = Channel("chat", "*")
    await desk.change(Put(ChannelSpec(people)))
    await desk.routes(Route(people, TEAM, stages=(DELAY,)))
    await desk.bus.hub.accept(
        Message.new(Channel("chat", "juliet@x"), Author("Juliet", "juliet@x"), "psst", 1_000)
    )
    assert " Juliet: psst" in await desk.says("status")
    operators = Text(desk.bus, lambda _jid: Role.OPERATOR, lambda: 0.0)
    told = str(await operators.answer(TypedLine("juliet@x", "Juliet", "status", False)))
    assert "psst" not in told
    assert re.search("  1: until 1970-01-01 00:26:40 UTC: [0-9a-f]{12}$", told, re.MULTILINE)
