"""The thirteen rules that real clients taught, held against all that every command draws;
docs/clients.md tells why.

Each command is walked as a client walks it: with what its forms hold from the start, then with
every choice and a sample of everything else, then with rubbish; whatever comes back has to keep the
rules.
"""

import inspect
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from xml.etree.ElementTree import Element

import pytest

from commands import data_forms
from commands.action import Action, Bus, Caller, Done, Lines, Step, discover
from commands.adhoc import AdHoc
from commands.menu import GROUPS, MAX_ENTRIES, entries, inside
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.form import CHOOSE, Ask, Choice, Jid
from component.common.i18n import Words, _
from component.xmpp.elements import serialize
from tests.contract.forms import (
    COMMAND,
    Client,
    Values,
    X,
    a_seeded_bus,
    boxes,
    fields,
    lines,
    sampled,
    session_of,
    wire,
)

ACTIONS = discover()
KINDS = frozenset(
    {"boolean", "fixed", "jid-single", "list-multi", "list-single", "text-multi", "text-single"}
)  # what every client draws
STEPS = 8
"""More than any wizard has."""


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


@pytest.fixture(params=[*ACTIONS, *GROUPS])
def node(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Walk(Client):
    """A client that goes through a command; whatever comes back keeps the rules."""

    def __init__(self, bus: Bus, node: str) -> None:
        super().__init__(bus, seen=keeps_the_rules)
        self._node = node

    async def go(self, values: Values | None = None, session: str = "") -> Element:
        return await self.send(self._node, values, session)


def keeps_the_rules(command: Element) -> None:
    """Fail where a client could not show it."""
    forms, notes = command.findall(f"{X}x"), command.findall(f"{COMMAND}note")
    status, actions = command.get("status"), command.find(f"{COMMAND}actions")
    assert command.get("node")
    assert command.get("sessionid")
    if status == "executing":
        assert [form.get("type") for form in forms] == ["form"]
        assert notes == [], "poezio loses it, profanity closes the form"
        assert actions is not None
        offered = [one.tag.removeprefix(COMMAND) for one in actions]
        if offered == ["complete"]:
            assert actions.attrib == {"execute": "complete"}
        else:
            assert offered in (["next"], ["next", "prev"])
            assert actions.attrib == {}, "Pidgin's default button is off by one"
        assert [*boxes(command)], "a form that asks nothing"
    else:
        assert status == "completed"
        assert actions is None
        assert len(forms) + len(notes) == 1, "one note, or a result and no note"
    for note in notes:
        _keeps_note(note)
    for form in forms:
        _keeps_form(form)


def _keeps_note(note: Element) -> None:
    words = note.text or ""
    assert note.get("type") in ("info", "warn", "error")
    assert words.strip()
    assert len(words.splitlines()) <= 20
    assert "%" not in words, "profanity takes it for a printf format"
    assert words.startswith(("Error:", "Fehler:")) is (note.get("type") == "error")


def _keeps_form(form: Element) -> None:
    assert form.get("type") in ("form", "result")
    assert form.find(f"{X}reported") is None
    assert form.find(f"{X}item") is None
    all_of_it = form.findall(f"{X}field")
    assert len({one.get("var") for one in all_of_it}) == len(all_of_it), "each has a var of its own"
    assert form.findtext(f"{X}title")
    for text in (form.findtext(f"{X}title"), form.findtext(f"{X}instructions")):
        assert not re.search("[&<>]", text or "")
    for one in all_of_it:
        assert one.get("type") in KINDS
        assert one.get("var")
        if one.get("type") == "fixed":
            _keeps_fixed(one)
        else:
            if form.get("type") == "result":
                assert one.get("type") == "text-single", "a result is lines and addresses"
            _keeps_field(one)


def _keeps_fixed(one: Element) -> None:
    (value,) = one.iterfind(f"{X}value")
    assert value.text
    assert len(value.text) <= 40
    assert not re.search("[&<>\n]", value.text)


def _keeps_field(one: Element) -> None:
    label = one.get("label", "")
    assert label.strip()
    assert not re.search("[&<>]", label)
    assert not re.search("[&<>]", one.findtext(f"{X}desc") or "")
    values = [value.text or "" for value in one.iterfind(f"{X}value")]
    options = [
        (option.get("label", ""), option.findtext(f"{X}value"))
        for option in one.iterfind(f"{X}option")
    ]
    assert not any(re.search("[&<>]", label) for label, _value in options)
    if one.get("type") in ("list-single", "list-multi"):
        assert values, "profanity hides the options"
        assert set(values) <= {value for _label, value in options}
        assert len({value for _label, value in options}) == len(options)
        assert all(label and value for label, value in options)
    else:
        assert options == []
    if one.get("type") == "list-multi":
        assert all(label == data_forms.plain(str(value)) for label, value in options), (
            "Gajim sends the label"
        )
    elif one.get("type") == "boolean":
        assert values in (["0"], ["1"])
    elif one.get("type") != "text-multi":
        assert len(values) <= 1


async def test_what_a_command_draws_as_it_stands(bus: Bus, node: str) -> None:
    walk = Walk(bus, node)
    shown = await walk.go()
    for _step in range(STEPS):
        if shown.get("status") != "executing":
            break
        shown = await walk.go(sampled(shown), shown.get("sessionid", ""))
    else:
        assert [one for one in fields(shown) if one.get("type") == "fixed"], (
            "it asks again and says not why"
        )


async def test_every_choice_of_the_first_step(bus: Bus, node: str) -> None:
    first = await Walk(bus, node).go()
    for box in boxes(first):
        for option in box.iterfind(f"{X}option"):
            walk = Walk(bus, node)
            shown = await walk.go()
            if shown.get("status") != "executing":
                return
            values = sampled(shown) | {box.get("var", ""): [option.findtext(f"{X}value") or ""]}
            after = await walk.go(values, shown.get("sessionid", ""))
            if after.get("status") == "executing":
                await walk.go(sampled(after), after.get("sessionid", ""))


RUBBISH = ("", "rubbish & <more> 100 %", "x" * 5_000, "\t\n", "-", "*", "a:b", "none")


async def test_rubbish_in_every_field(bus: Bus, node: str) -> None:
    for rubbish in RUBBISH:
        walk = Walk(bus, node)
        shown = await walk.go()
        for _step in range(3):
            if shown.get("status") != "executing":
                break
            values = {box.get("var", ""): [rubbish] for box in boxes(shown)}
            shown = await walk.go(values, shown.get("sessionid", ""))


async def fails(*_: Any) -> Any:
    raise LookupError("a fault of ours")


def failing(action: Action) -> Action:
    """The same command, whose first step fails once it is filled in."""
    opening = action.opening
    if opening is None:
        return replace(action, run=fails)

    async def opened(caller: Caller, bus: Bus) -> Any:
        reply = opening(caller, bus)
        if inspect.isawaitable(reply):
            reply = await reply
        if isinstance(reply, Step):
            return replace(reply, run=fails)
        return reply

    return replace(action, run=fails, opening=opened)


VALID = {
    "channel": "shoutbox:lobby",
    "invite": "juliet@example.org",
    "number": "1",
    "zone": "Europe/Berlin",
}
"""What fields accept that do not accept any sample."""


def well_filled(command: Element) -> Values:
    """What a form accepts."""
    values = sampled(command)
    for name, sample in VALID.items():
        if values.get(name) == ["sample"]:
            values[name] = [sample]
    return values


async def test_the_same_in_what_fails(bus: Bus, node: str) -> None:
    """Whatever goes wrong within is a note that keeps the rules."""
    broken = {name: failing(action) for name, action in ACTIONS.items()}
    if node in GROUPS:  # what is chosen there fails as it begins
        broken = {
            name: replace(action, run=fails, opening=fails) for name, action in ACTIONS.items()
        }
    walk = Walk(replace(bus, actions=broken), node)
    shown = await walk.go()
    if shown.get("status") == "executing":
        shown = await walk.go(well_filled(shown), shown.get("sessionid", ""))
    elif ACTIONS[node].opening:
        return  # there is nothing to fill in
    (note,) = shown.iterfind(f"{COMMAND}note")
    assert note.text == f"Error: {data_forms.FAILED}"


@pytest.mark.parametrize("role", Role)
async def test_the_menu(bus: Bus, role: Role) -> None:
    offered = AdHoc(bus, lambda _jid: role, lambda *_: None, lambda: 0.0).listed(
        "bot@bus", "juliet@x/a", "en"
    )
    assert 0 < len(offered) <= MAX_ENTRIES == 9
    assert len(dict(offered)) == len(offered)
    for slug, name in offered:
        assert re.fullmatch("[a-z]+(-[a-z]+)*", slug)
        assert len(slug) <= 20
        assert name.strip()
        assert not re.search("[_&<]", name)
    assert [entry.node for entry in entries(bus, role)] == [slug for slug, _name in offered]


@pytest.mark.parametrize("group", GROUPS)
def test_an_entry_is_short(bus: Bus, group: str) -> None:
    names = [action.name for action in inside(bus, group, Role.ADMIN)]
    assert 0 < len(names) <= MAX_ENTRIES
    removing = re.compile("remove|revoke|drop|delete|unsubscribe|stop")
    assert not removing.search(names[0]), "the first is chosen from the start"


async def test_nothing_is_removed_by_pressing_next(bus: Bus, node: str) -> None:
    """A list that has to be chosen from shows that nothing is chosen, and says so."""
    if node in GROUPS:
        return
    client = Walk(bus, node)
    first = await client.go()
    unchosen = [one.get("var", "") for one in boxes(first) if one.findtext(f"{X}value") == CHOOSE]
    for one in boxes(first):
        several = len(one.findall(f"{X}option")) > 1
        if one.get("type") == "list-single" and one.find(f"{X}required") is not None and several:
            assert one.get("var") in unchosen
    if unchosen:
        again = await client.go(sampled(first) | {unchosen[0]: [CHOOSE]}, session_of(first))
        assert again.get("status") == "executing"
        assert "Choose one of the entries of this list." in lines(again)


def test_a_group_is_no_command() -> None:
    assert not GROUPS.keys() & ACTIONS.keys()
    assert {action.group for action in ACTIONS.values()} <= {"", *GROUPS}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_titles_and_labels_are_short(bus: Bus, action: Action) -> None:
    assert len(str(action.title)) <= 30
    assert not re.search("[_&<>%]", str(action.title))
    for one in action.step.fields(bus) if action.step else ():
        assert len(str(one.ask.label).split()) <= 3
        assert not re.search("[_&<>%]", str(one.ask.label))


# What no command draws today, and any may tomorrow


def _choices(_bus: Any) -> list[Choice]:
    return [Choice("a&b", "<A> & B"), Choice("c", "C")]


@dataclass(frozen=True)
class Everything:
    """A field of every kind."""

    text: Annotated[str, Ask(_("Text of & <all>"), _("help & <more>"))]
    number: Annotated[int, Ask(_("Number"))]
    jid: Annotated[Jid, Ask(_("Jid"))]
    one: Annotated[str, Ask(_("One"), choices=_choices)]
    several: Annotated[tuple[str, ...], Ask(_("Several"), choices=_choices)]
    jids: Annotated[tuple[Jid, ...], Ask(_("Jids"))] = ()
    lines: Annotated[tuple[str, ...], Ask(_("Lines"))] = ()
    maybe: Annotated[Channel | None, Ask(_("Maybe"), choices=_choices)] = None
    yes: Annotated[bool, Ask(_("Yes"))] = False


async def _never(_caller: Caller, _form: Any, _bus: Bus) -> Done:
    raise AssertionError("it is only drawn")


@pytest.mark.parametrize(
    "value", [(), ("",), ("a&b",), ("gone",), ("1", "2", "3"), ("&" * 30_000,)]
)
@pytest.mark.parametrize(
    ("last", "back"), [(True, False), (True, True), (False, False), (False, True)]
)
def test_any_step(bus: Bus, value: Sequence[str], last: bool, back: bool) -> None:
    step = Step(
        _("Title & <it>"),
        Everything,
        _never,
        last,
        help=_("A help & <more> that is longer than a line is"),
    )
    names = [one.name for one in step.fields(bus)]
    faults = dict.fromkeys(["", *names], "what & <why>, in a sentence that is longer than a line")
    form = data_forms.form(step, step.fields(bus), dict.fromkeys(names, value), faults, "en")
    assert len(serialize(form).encode()) < 2 * data_forms.BUDGET
    keeps_the_rules(wire(data_forms.executing("a", "b", form, last=last, back=back)))


@pytest.mark.parametrize("kind", ["info", "warn", "error"])
@pytest.mark.parametrize("words", ["all is well", "100 % & <b>", "x\n" * 200, "", "  ", "%s%n"])
def test_any_note(kind: str, words: str) -> None:
    reply = Done(Words("{words}", {"words": words}), kind)
    keeps_the_rules(wire(data_forms.completed("a", "b", reply, "en")))


@pytest.mark.parametrize(
    "line", ["", " ", "short", "x" * 200, "a & <b> %s _", "word " * 40, "two\nlines", "\n"]
)
def test_any_list(line: str) -> None:
    keeps_the_rules(
        wire(data_forms.completed("a", "b", Lines(_("Title of & <it>"), [line] * 20), "en"))
    )
    keeps_the_rules(wire(data_forms.completed("a", "b", Lines(_("None:"), []), "en")))
