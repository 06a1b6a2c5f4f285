"""The ad-hoc surface: whose session it is, how long it lives, and that whatever is sent gets an
answer."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest

from commands import data_forms
from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step
from commands.adhoc import AdHoc
from commands.menu import inside
from commands.sessions import LIFE_S, MAX_SESSIONS, PER_PERSON
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import Conflict, Forbidden
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.sanitize import escape as q
from component.xmpp.handlers import IqFault
from component.xmpp.stanza import COMMANDS, DATA
from tests.contract.forms import wire
from tests.support.fakes import a_bus

COMMAND, X = f"{{{COMMANDS}}}", f"{{{DATA}}}"
Values = Mapping[str, Sequence[str]]


def _colours(_bus: Any) -> list[Choice]:
    return [Choice("red", "Red things"), Choice("blue&green", "Blue & green things")]


@dataclass(frozen=True)
class First:
    name: Annotated[str, Ask(_("Name"))]
    colours: Annotated[tuple[str, ...], Ask(_("Colours"), choices=_colours)] = ()


@dataclass(frozen=True)
class Second:
    count: Annotated[int, Ask(_("Count"))]
    loud: Annotated[bool, Ask(_("Loud"))] = False
    shade: Annotated[str, Ask(_("Shade"), choices=_colours)] = ""


@dataclass(frozen=True)
class About:
    channel: Annotated[Channel, Ask(_("Channel"))]


def no_choices(_bus: Bus) -> Sequence[Choice]:
    raise LookupError("a fault of ours")


@dataclass(frozen=True)
class Undrawable:
    shade: Annotated[str, Ask(_("Shade"), choices=no_choices)]


class Stage:
    """The surface with commands that tell what they got, two people, and a clock that is moved."""

    def __init__(self, bus: Bus) -> None:
        self.roles = {"juliet@x": Role.OPERATOR, "romeo@x": Role.OPERATOR, "guest@x": Role.GUEST}
        self.ran: list[Any] = []
        self.told: list[tuple[str, str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.now = 0.0
        actions = [
            Action("wizard", _("Wizard_of & things"), Role.OPERATOR, self._first, First, more=True),
            Action("plain", _("GSM alphabet only"), Role.MEMBER, self._second, Second),
            Action("about", _("About it"), Role.MEMBER, self._about, About),
            Action("long", _("Long"), Role.MEMBER, self._long),
            Action("breaks", _("Breaks"), Role.MEMBER, self._breaks),
            Action("forbidden", _("Forbidden"), Role.MEMBER, self._forbidden, Second),
            Action("half", _("Half"), Role.MEMBER, self._half, Second, more=True),
            Action("undrawable", _("Undrawable"), Role.MEMBER, self._hello, Undrawable),
            Action("one", _("One"), Role.MEMBER, self._hello, group="rooms"),
            Action("two", _("Two"), Role.OPERATOR, self._first, First, more=True, group="rooms"),
        ]
        self.bus = replace(bus, actions={one.name: one for one in actions})
        self.adhoc = AdHoc(
            self.bus,
            lambda jid: self.roles.get(jid, Role.MEMBER),
            lambda jid, words: self.told.append((jid, words)),
            lambda: self.now,
            lambda jid: Channel("shoutbox", "lobby") if jid == "lobby@bus" else None,
        )

    async def _first(self, _caller: Caller, form: First, _bus: Bus) -> Reply:
        self.ran.append(form)
        if form.name == "refused":
            raise Conflict("That name is taken.")
        return Step(_("Second"), Second, self._second, values={"count": ("7",), "shade": ("red",)})

    async def _second(self, _caller: Caller, form: Second, _bus: Bus) -> Reply:
        await self.gate.wait()
        self.ran.append(form)
        return Done(_("Got {count}, 100 %.", count=form.count))

    async def _about(self, _caller: Caller, form: About, _bus: Bus) -> Reply:
        return Done(_("It is {channel}.", channel=form.channel))

    async def _long(self, _caller: Caller, _form: None, _bus: Bus) -> Reply:
        return Lines(_("Many:"), [f"line {n}" for n in range(10_000)])

    async def _hello(self, _caller: Caller, _form: None, _bus: Bus) -> Reply:
        return Done(_("hello"))

    async def _forbidden(self, _caller: Caller, _form: Second, _bus: Bus) -> Reply:
        raise Forbidden("Not you.")

    async def _half(self, _caller: Caller, _form: Second, _bus: Bus) -> Reply:
        return Step(_("Undrawable"), Undrawable, self._hello)

    async def _breaks(self, _caller: Caller, _form: None, _bus: Bus) -> Reply:
        raise LookupError("a fault of ours")

    async def send(self, node: str, values: Values | None = None, **more: str) -> Element:
        """One IQ; the `command` that comes back, as it is read from the wire."""
        return wire(await self.drawn(node, values, **more))

    async def drawn(
        self,
        node: str,
        values: Values | None = None,
        *,
        session: str = "",
        action: str = "",
        jid: str = "juliet@x/pda",
        to: str = "bot@bus",
        language: str = "en",
        extra: str = "",
    ) -> Element:
        """One IQ; the `command` as it is drawn."""
        inside = extra
        if values is not None:
            fields = "".join(
                "<field "
                f'var="{q(var)}">{"".join(f"<value>{q(one)}</value>" for one in several)}</field>'
                for var, several in values.items()
            )
            inside += f'<x xmlns="{DATA}" type="submit">{fields}</x>'
        attributes = f' sessionid="{q(session)}"' if session else ""
        attributes += f' action="{action}"' if action else ""
        stanza = fromstring(
            f'<iq from="{jid}" to="{to}" type="set" xml:lang="{language}">'
            f'<command xmlns="{COMMANDS}" node="{node}"{attributes}>{inside}</command></iq>'
        )
        return await self.adhoc.serve(stanza)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        yield Stage(bus)


def _session(command: Element) -> str:
    return command.get("sessionid", "")


def _fields(command: Element) -> dict[str, Element]:
    return {one.get("var", ""): one for one in command.iterfind(f"{X}x/{X}field")}


def _values(command: Element) -> dict[str, list[str]]:
    found = {
        var: [one.text or "" for one in box.iterfind(f"{X}value")]
        for var, box in _fields(command).items()
    }
    return {var: values for var, values in found.items() if not var.startswith("fixed")}


def _said(command: Element) -> str:
    """The fixed lines at the form's top."""
    fixed = [one for one in command.iterfind(f"{X}x/{X}field") if one.get("type") == "fixed"]
    return " ".join(one.findtext(f"{X}value") or "" for one in fixed)


def _note(command: Element) -> tuple[str | None, str]:
    (note,) = command.iterfind(f"{COMMAND}note")
    return note.get("type"), note.text or ""


async def _refused(
    stage: Stage, kind: str, condition: str, own: str, *args: Any, **more: Any
) -> str:
    with pytest.raises(IqFault) as fault:
        await stage.send(*args, **more)
    error = fault.value.error
    assert error.get("type") == kind
    assert error[0].tag == f"{{urn:ietf:params:xml:ns:xmpp-stanzas}}{condition}"
    assert (error[-1].tag == f"{COMMAND}{own}") is bool(own)
    return str(fault.value)


# The way through


@pytest.mark.parametrize("action", ["", "execute", "next", "complete"])
async def test_whatever_a_client_calls_it_means_go_on(stage: Stage, action: str) -> None:
    first = await stage.send("wizard", action=action)
    assert first.get("status") == "executing"
    second = await stage.send("wizard", {"name": ["n"]}, session=_session(first), action=action)
    assert _session(second) == _session(first)
    assert _values(second) == {"count": ["7"], "loud": ["0"], "shade": ["red"]}
    done = await stage.send("wizard", {"count": ["3"]}, session=_session(first), action=action)
    assert done.get("status") == "completed"
    assert _note(done) == ("info", "Got 3, 100 ٪.")
    assert stage.ran == [First("n"), Second(3, False, "red")]
    assert stage.adhoc.count == 0


async def test_back_keeps_what_was_entered(stage: Stage) -> None:
    first = await stage.send("wizard")
    session = _session(first)
    await stage.send(
        "wizard", {"name": ["kept"], "colours": ["red"]}, session=session, action="next"
    )
    again = await stage.send("wizard", session=session, action="prev")
    assert _values(again) == {"name": ["kept"], "colours": ["red"]}
    again = await stage.send("wizard", session=session, action="prev")
    assert _values(again) == {"name": ["kept"], "colours": ["red"]}, (
        "before the first there is none"
    )
    await stage.send("wizard", {"name": ["other"]}, session=session)
    await stage.send("wizard", {"count": ["1"]}, session=session)
    assert [one.name for one in stage.ran if isinstance(one, First)] == ["kept", "other"]


@pytest.mark.parametrize(
    ("action", "extra"), [("cancel", ""), ("", f'<x xmlns="{DATA}" type="cancel"/>')]
)
async def test_cancel_ends_it(stage: Stage, action: str, extra: str) -> None:
    session = _session(await stage.send("wizard"))
    ended = await stage.send("wizard", session=session, action=action, extra=extra)
    assert ended.get("status") == "canceled"
    await _refused(stage, "cancel", "not-allowed", "session-expired", "wizard", session=session)
    assert stage.ran == []


async def test_a_group_asks_which(stage: Stage) -> None:
    first = await stage.send("rooms")
    assert [
        one.findtext(f"{X}value") for one in _fields(first)["command"].iterfind(f"{X}option")
    ] == ["one", "two"]
    session = _session(first)
    assert _session(await stage.send("rooms", {"command": ["nothing"]}, session=session)) == session
    step = await stage.send("rooms", {"command": ["Two"]}, session=session, action="next")
    assert set(_values(step)) == {"name", "colours"}
    back = await stage.send("rooms", session=session, action="prev")
    assert set(_values(back)) == {"command"}
    done = await stage.send("rooms", {"command": ["one"]}, session=session)
    assert _note(done) == ("info", "hello")


async def test_a_group_shows_and_runs_what_the_role_may(stage: Stage) -> None:
    first = await stage.send("rooms", jid="member@x")
    assert [
        one.findtext(f"{X}value") for one in _fields(first)["command"].iterfind(f"{X}option")
    ] == ["one"]
    again = await stage.send("rooms", {"command": ["two"]}, session=_session(first), jid="member@x")
    assert set(_values(again)) == {"command"}
    await _refused(stage, "auth", "forbidden", "", "rooms", jid="guest@x")


async def test_what_removes_comes_last_in_a_group(stage: Stage) -> None:
    names = [
        "thing-remove",
        "rest",
        "thing-pause",
        "thing-test",
        "thing-edit",
        "thing-list",
        "thing-add",
    ]
    hello = stage.bus.actions["one"]
    actions = {name: replace(hello, name=name, group="routes") for name in names}
    shown = [one.name for one in inside(replace(stage.bus, actions=actions), "routes", Role.MEMBER)]
    assert shown == names[::-1]


async def test_a_long_list_goes_by_message(stage: Stage) -> None:
    assert _note(await stage.send("long")) == ("info", str(data_forms.SENT))
    ((jid, words),) = stage.told
    assert jid == "juliet@x"
    assert words.startswith("Many:\nline 0\n")
    assert len(q(words).encode()) <= data_forms.BUDGET


# Faults are answers


async def test_a_wrong_value_is_told_and_the_rest_stays(stage: Stage) -> None:
    session = _session(await stage.send("plain"))
    again = await stage.send(
        "plain", {"count": ["--5"], "loud": ["true"]}, session=session, action="complete"
    )
    assert again.get("status") == "executing"
    assert _said(again).startswith("Count: “--5” is not a whole number.")
    assert _values(again) == {"count": ["--5"], "loud": ["1"], "shade": ["none"]}
    done = await stage.send("plain", {"count": ["-5"], "shade": ["none"]}, session=session)
    assert done.get("status") == "completed"
    assert stage.ran == [Second(-5)]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"count": []},
        {"count": [""]},
        {"count": ["1.5"]},
        {"count": ["٣"]},
        {"count": ["9" * 5_000]},
        {"count": ["1"], "loud": ["perhaps"]},
        {"count": ["1"], "shade": ["green"]},
        {"count": ["\t\n"]},
        {"count": ["&" * 200_000]},
        {"unknown": ["&" * 200_000]},
    ],
    ids=range(11),
)
async def test_wrong_values_are_asked_again(stage: Stage, values: Values) -> None:
    session = _session(await stage.send("plain"))
    again = await stage.send("plain", values, session=session)
    assert again.get("status") == "executing"
    assert set(_values(again)) == {"count", "loud", "shade"}
    assert stage.ran == []


async def test_what_is_shown_again_fits_a_stanza(stage: Stage) -> None:
    session = _session(await stage.send("plain"))
    again = await stage.send("plain", {"count": ["&" * 200_000], "loud": ["1"]}, session=session)
    assert len(tostring(again)) < 2 * data_forms.BUDGET


async def test_values_nobody_asked_for_do_nothing(stage: Stage) -> None:
    session = _session(await stage.send("plain"))
    values = {
        "count": ["1"],
        "role": ["admin"],
        "FORM_TYPE": ["x"],
        "fixed0": ["y"],
        "__class__": ["z"],
    }
    assert (await stage.send("plain", values, session=session)).get("status") == "completed"
    assert stage.ran == [Second(1)]


async def test_labels_of_a_list_are_its_values_too(stage: Stage) -> None:
    first = await stage.send("wizard")
    labels = [one.get("label", "") for one in _fields(first)["colours"].iterfind(f"{X}option")]
    await stage.send("wizard", {"name": ["n"], "colours": labels}, session=_session(first))
    assert stage.ran == [First("n", ("red", "blue&green"))]


async def test_a_refusal_stands_over_the_form(stage: Stage) -> None:
    session = _session(await stage.send("wizard"))
    again = await stage.send("wizard", {"name": ["refused"]}, session=session)
    assert _said(again) == "That name is taken."
    assert _values(again)["name"] == ["refused"]


async def test_our_own_fault_is_a_note(stage: Stage) -> None:
    assert _note(await stage.send("breaks")) == ("error", f"Error: {data_forms.FAILED}")
    assert stage.adhoc.count == 0


async def test_a_form_that_can_not_be_drawn_is_a_note(stage: Stage) -> None:
    session = _session(await stage.send("half"))
    assert _note(await stage.send("half", {"count": ["1"]}, session=session))[0] == "error"
    assert _note(await stage.send("undrawable"))[0] == "error"


async def test_no_form_or_one_cut_off_is_asked_again(stage: Stage) -> None:
    session = _session(await stage.send("wizard"))
    assert set(_values(await stage.send("wizard", session=session))) == {"name", "colours"}
    await stage.send("wizard", {"name": ["n"]}, session=session)
    again = await stage.send("wizard", {}, session=session, action="complete")
    assert _values(again) == {"count": ["7"], "loud": ["0"], "shade": ["red"]}
    assert stage.ran == [First("n")]


async def test_a_step_sent_twice_counts_once(stage: Stage) -> None:
    session = _session(await stage.send("wizard"))
    for _time in range(3):
        second = await stage.send("wizard", {"name": ["n"]}, session=session, action="next")
        assert set(_values(second)) == {"count", "loud", "shade"}
    assert stage.ran == [First("n")]


async def test_two_submits_at_once_run_once(stage: Stage) -> None:
    session = _session(await stage.send("plain"))
    stage.gate.clear()
    both = [
        asyncio.create_task(stage.send("plain", {"count": ["1"]}, session=session))
        for _time in range(2)
    ]
    await asyncio.sleep(0)
    stage.gate.set()
    done, late = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(done, Element)
    assert isinstance(late, IqFault)
    assert late.error[-1].tag == f"{COMMAND}session-expired"
    assert stage.ran == [Second(1)]


# Section 4.4


async def test_what_the_xep_wants_as_errors(stage: Stage) -> None:
    session = _session(await stage.send("wizard"))
    await _refused(stage, "modify", "bad-request", "malformed-action", "wizard", action="explode")
    await _refused(
        stage,
        "modify",
        "bad-request",
        "malformed-action",
        "wizard",
        session=session,
        action="explode",
    )
    await _refused(stage, "modify", "bad-request", "bad-action", "wizard", action="prev")
    await _refused(stage, "modify", "bad-request", "bad-sessionid", "wizard", session="invented")
    await _refused(stage, "modify", "bad-request", "bad-sessionid", "wizard", session="ü.é")
    await _refused(stage, "modify", "bad-request", "bad-sessionid", "plain", session=session)
    await _refused(stage, "cancel", "item-not-found", "", "no-such")
    await _refused(stage, "cancel", "item-not-found", "", "")
    await _refused(stage, "auth", "forbidden", "", "wizard", jid="member@x")
    assert (await stage.send("wizard", {"name": ["n"]}, session=session)).get(
        "status"
    ) == "executing"


async def test_errors_are_told_in_the_askers_language(stage: Stage) -> None:
    fault = await _refused(
        stage, "auth", "forbidden", "", "wizard", jid="member@x", language="en-GB"
    )
    assert fault == "“wizard” requires the role operator; your role is member."


@pytest.mark.parametrize("action", ["next", "prev", "cancel"])
async def test_a_session_is_its_owners(stage: Stage, action: str) -> None:
    session = _session(await stage.send("wizard"))
    for thief in ("romeo@x/pda", "juliet@y/pda", "juliet@x.evil/pda"):
        stage.roles[thief.partition("/")[0]] = Role.ADMIN
        values = {"name": ["stolen"]}
        await _refused(
            stage,
            "modify",
            "bad-request",
            "bad-sessionid",
            "wizard",
            values,
            session=session,
            action=action,
            jid=thief,
        )
    assert stage.ran == []
    on = await stage.send("wizard", {"name": ["n"]}, session=session, jid="JULIET@x/other")
    assert on.get("status") == "executing", "from any of one's own clients"


async def test_the_role_is_asked_at_every_step(stage: Stage) -> None:
    for action in ("next", "prev"):
        stage.roles["juliet@x"] = Role.OPERATOR
        session = _session(await stage.send("wizard"))
        await stage.send("wizard", {"name": ["n"]}, session=session)
        stage.roles["juliet@x"] = Role.MEMBER
        kind, words = _note(
            await stage.send("wizard", {"count": ["1"]}, session=session, action=action)
        )
        assert (kind, "requires the role operator; your role is" in words) == ("error", True)
    assert Second(1) not in stage.ran
    assert stage.adhoc.count == 0


async def test_a_forbidden_within_a_command_ends_it(stage: Stage) -> None:
    session = _session(await stage.send("forbidden"))
    assert _note(await stage.send("forbidden", {"count": ["1"]}, session=session)) == (
        "error",
        "Error: Not you.",
    )


# Sessions end


async def test_a_session_lives_for_a_while_after_its_last_step(stage: Stage) -> None:
    session = _session(await stage.send("wizard"))
    stage.now += LIFE_S - 1
    await stage.send("wizard", {"name": ["n"]}, session=session)
    stage.now += LIFE_S - 1
    assert (await stage.send("wizard", session=session)).get("status") == "executing"
    stage.now += LIFE_S + 1
    await _refused(
        stage,
        "cancel",
        "not-allowed",
        "session-expired",
        "wizard",
        {"count": ["1"]},
        session=session,
    )
    assert stage.adhoc.count == 0


async def test_a_person_has_a_few_at_most(stage: Stage) -> None:
    other = _session(await stage.send("wizard", jid="romeo@x/pda"))
    sessions = [_session(await stage.send("wizard", jid=f"juliet@x/{n}")) for n in range(3_000)]
    assert stage.adhoc.count == PER_PERSON + 1
    assert (await stage.send("wizard", session=sessions[-PER_PERSON])).get("status") == "executing"
    await _refused(stage, "cancel", "not-allowed", "session-expired", "wizard", session=sessions[0])
    assert (await stage.send("wizard", session=other, jid="romeo@x/pda")).get(
        "status"
    ) == "executing"


async def test_abandoned_sessions_give_their_memory_back(stage: Stage) -> None:
    async def abandon(count: int) -> None:
        for n in range(count):
            await stage.drawn("plain", jid=f"person{n}@{n % 9}.example/pda")

    await abandon(100)  # what is kept for ever, such as compiled patterns, is kept now
    stage.now += LIFE_S + 1
    stage.adhoc.sweep()
    tracemalloc.start()
    try:
        before, _peak = tracemalloc.get_traced_memory()
        await abandon(10_000)
        assert stage.adhoc.count == MAX_SESSIONS
        held, _peak = tracemalloc.get_traced_memory()
        stage.now += LIFE_S + 1
        stage.adhoc.sweep()
        after, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stage.adhoc.count == 0
    assert after - before < (held - before) / 10


# Where commands are offered


async def test_what_is_listed_where(stage: Stage) -> None:
    listed = stage.adhoc.listed
    assert dict(listed("bot@bus", "juliet@x/pda", "en"))["wizard"] == "Wizard of + things"
    assert "rooms" in dict(listed("bot@bus/bus", "juliet@x/pda", "en"))
    assert "wizard" not in dict(listed("bot@bus", "member@x", "en"))
    assert dict(listed("bot@bus", "member@x", "en"))["one"] == "One", (
        "a group of one is that command"
    )
    assert listed("lobby@bus/bus", "juliet@x/pda", "en") == [("about", "About it")]
    assert listed("lobby@bus", "guest@x", "en") == []


async def test_at_a_channels_address_its_commands_know_which(stage: Stage) -> None:
    assert _note(await stage.send("about", to="lobby@bus/bus")) == ("info", "It is shoutbox:lobby.")
    assert (await stage.send("about", to="bot@bus")).get("status") == "executing"


async def test_nodes_have_names(stage: Stage) -> None:
    named = stage.adhoc.named
    assert named("plain", "juliet@x", "en") == "GSM alphabet only"
    assert named("rooms", "juliet@x", "en") == "Rooms…"
    assert [named(node, "guest@x", "en") for node in ("plain", "rooms", "none")] == [None] * 3
