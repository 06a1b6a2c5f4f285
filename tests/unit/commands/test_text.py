"""Commands: who may run what where, in one runner, and how a line becomes one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pytest

from commands.action import Action, Bus, Caller, Done, Reply, begin, discover
from commands.text import Text
from component.bus.model.roles import Role, Roles
from component.common.errors import BadInput, Forbidden
from component.common.form import Ask
from component.common.i18n import _
from component.xmpp.handlers import PlainMessage, TypedLine
from tests.support.fakes import a_bus


@dataclass(frozen=True)
class Form:
    first: Annotated[str, Ask(_("First"))]
    second: Annotated[str, Ask(_("Second"))]
    loud: Annotated[bool, Ask(_("Loud"))] = False


async def _says(caller: Caller, _form: None, bus: Bus) -> Reply:
    return Done(_("hello {name} {version}", name=caller.name, version=bus.version))


async def _joins(_caller: Caller, form: Form, _bus: Bus) -> Reply:
    words = f"{form.first}-{form.second}"
    return Done(_("{words}", words=words.upper() if form.loud else words))


async def _faults(_caller: Caller, _form: None, _bus: Bus) -> Reply:
    raise BadInput("Say it otherwise.")


@dataclass(frozen=True)
class Times:
    count: Annotated[int, Ask(_("Count"))]
    word: Annotated[str, Ask(_("Word"))]


async def _repeats(_caller: Caller, form: Times, _bus: Bus) -> Reply:
    return Done(_("{words}", words=form.word * form.count))


OPEN = Action("open", _("for all"), Role.GUEST, _says, public=True)
PRIVATE = Action("private", _("for members"), Role.MEMBER, _says)
ADMINS = Action("rule", _("for admins"), Role.ADMIN, _says, public=True)
FAULTY = Action("faulty", _("goes wrong"), Role.GUEST, _faults, public=True)
JOIN = Action("words-join", _("joins words"), Role.MEMBER, _joins, Form)
TIMES = Action("times", _("repeats"), Role.MEMBER, _repeats, Times)
REIGN = replace(TIMES, name="reign", role=Role.ADMIN)
ROLES = Roles(["admin@x"])


class Stage:
    """A text surface with the commands above, and a clock that is moved."""

    def __init__(self, bus: Bus) -> None:
        self.bus = replace(
            bus,
            actions={one.name: one for one in (OPEN, PRIVATE, ADMINS, FAULTY, JOIN, TIMES, REIGN)},
        )
        self.now = 0.0
        self.text = Text(self.bus, ROLES.of, lambda: self.now)

    async def says(
        self, line: str, jid: str = "juliet@x", *, in_room: bool = False
    ) -> str | PlainMessage | None:
        return await self.text.answer(TypedLine(jid, "juliet", line, in_room))


def body_of(reply: str | PlainMessage | None) -> str:
    """The message that is posted; "" for none."""
    assert not isinstance(reply, str)
    return reply.body if reply else ""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        yield Stage(bus)


def test_roles() -> None:
    assert [ROLES.of(jid) for jid in ("admin@x", "juliet@x", "")] == [
        Role.ADMIN,
        Role.MEMBER,
        Role.GUEST,
    ]
    assert Role.GUEST < Role.MEMBER < Role.OPERATOR < Role.ADMIN
    assert Role.ADMIN.label == "admin"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
async def test_each_role_against_each(stage: Stage, role: Role, needed: Role) -> None:
    action, caller = replace(OPEN, role=needed), Caller("juliet@x", "juliet", role)
    if role >= needed:
        assert await begin(action, caller, stage.bus) == Done(
            _("hello {name} {version}", name="juliet", version="1.2.3")
        )
    else:
        with pytest.raises(Forbidden) as told:
            await begin(action, caller, stage.bus)
        assert needed.label in str(told.value)
        assert role.label in str(told.value)


async def test_not_before_all(stage: Stage) -> None:
    caller = Caller("juliet@x", "juliet", Role.ADMIN, in_room=True)
    assert await begin(OPEN, caller, stage.bus)
    with pytest.raises(Forbidden, match="bot@bus"):
        await begin(PRIVATE, caller, stage.bus)


@pytest.mark.parametrize("line", ["open", "OPEN", " open ", "open?", "Open? "])
async def test_a_whole_line_is_a_command(stage: Stage, line: str) -> None:
    assert await stage.says(line) == "hello juliet 1.2.3"


@pytest.mark.parametrize(
    "line", ["", "open the door", "please open", "o pen", "open\nopen", "words", "words of"]
)
async def test_any_other_line_is_none(stage: Stage, line: str) -> None:
    assert await stage.says(line) is None


async def test_the_role_is_by_the_jid_alone(stage: Stage) -> None:
    for jid in ("juliet@x", "", "admin@y", "admin@x.evil"):
        answer = await stage.says("rule", jid, in_room=True)
        assert isinstance(answer, str)
        assert answer.startswith("Error: “rule” requires the role admin; your role is")
    assert await stage.says("rule", "admin@x", in_room=True) == "hello juliet 1.2.3"


async def test_a_fault_is_told(stage: Stage) -> None:
    assert await stage.says("faulty") == "Error: Say it otherwise."


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("words join a b", "a-b"),
        ("words-join a b", "a-b"),
        ("Words Join a b loud", "A-B"),
        ('words join "a and b" c', "a and b-c"),
        ("words join second=b first=a", "a-b"),
        ("words join first=a b", "a-b"),
        ("words join a b loud=no", "a-b"),
        ("words join a b and more", "a-b and more"),
    ],
)
async def test_words_of_a_line_fill_the_form(stage: Stage, line: str, answer: str) -> None:
    assert await stage.says(line) == answer


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("opne", "open"),
        ("rul", "rule"),
        ("word join a b", "words join a b"),
        ("words-jion a", "words join a"),
        ("Faulti", "faulty"),
    ],
)
async def test_a_slip_is_told_and_not_passed_on(stage: Stage, line: str, meant: str) -> None:
    assert await stage.says(line) == f"Did you mean “{meant}”? Reply “yes”, or write it again."
    assert await stage.says("no") == "Nothing was posted."


@pytest.mark.parametrize(
    "line", ["opne the door", "good morning", "words of join", "well, join us"]
)
async def test_what_is_no_slip_is_passed_on(stage: Stage, line: str) -> None:
    assert await stage.says(line) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("times t3n", "Count: “t3n” is not a whole number."),
        ("reign 3 worlds", "“reign” requires the role admin; your role is"),
        ('words join "a b', 'A quotation mark is not closed. Write text in quotes like "this".'),
    ],
)
async def test_what_does_not_fit_is_told_and_how_to_send_it(
    stage: Stage, line: str, why: str
) -> None:
    told = str(await stage.says(line))
    assert told.startswith("Error: ")
    assert why in told
    assert told.endswith("\nWrite it again.")
    assert body_of(await stage.says(f"\\{line}")) == line
    assert "backslash" not in str(await stage.says(line, in_room=True))


async def test_what_is_wrong_is_told_before_the_rest_is_asked_for(stage: Stage) -> None:
    assert "Count: “m4ny” is not a whole number." in str(await stage.says("times m4ny"))
    assert await stage.says("10") is None, "no question stands open"


@pytest.mark.parametrize("line", ["open", "words join a b", "Words", "opne", "/open", "/nothing"])
async def test_a_backslash_makes_a_message(stage: Stage, line: str) -> None:
    taken = await stage.says(line)
    assert body_of(await stage.says(f" \\{line}")) == (line if taken is not None else "")


@pytest.mark.parametrize(
    "line", ["\\o/", "\\", "\\good morning", "/me waves", "/usr/bin/open is gone", "/ open", "//"]
)
async def test_other_slashes_are_left_alone(stage: Stage, line: str) -> None:
    assert await stage.says(line) is None


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/open", "hello juliet 1.2.3"),
        ("/Open?", "hello juliet 1.2.3"),
        ("/words join a b", "a-b"),
        ("/words-join a b", "a-b"),
        (
            "/open the door",
            "Error: “the” is one argument too many. “help” shows what the command accepts.",
        ),
        (
            "/opne it",
            (
                "Error: The command “opne” does not exist. “help” lists all commands. To send it "
                "as a message, put a backslash in front: \\/opne it"
            ),
        ),
    ],
)
async def test_a_slash_makes_a_command(stage: Stage, line: str, answer: str) -> None:
    assert await stage.says(line) == answer


async def test_a_long_line_is_not_repeated_whole(stage: Stage) -> None:
    told = str(await stage.says("times 4nd " + "on and " * 100))
    assert len(told) < 250


async def test_a_quotation_mark_that_does_not_close(stage: Stage) -> None:
    assert 'A quotation mark is not closed. Write text in quotes like "this".' in str(
        await stage.says('words join "a b')
    )


async def test_a_line_too_long(stage: Stage) -> None:
    assert "too long" in str(await stage.says("words join " + "a" * 60_000))


async def test_a_conversation_asks_for_what_is_missing(stage: Stage) -> None:
    assert str(await stage.says("words join")).startswith("First?")
    assert str(await stage.says("a")).startswith("Second?")
    assert await stage.says("two words") == "a-two words"
    assert await stage.says("two words") is None, "it is over"


async def test_back_and_cancel(stage: Stage) -> None:
    await stage.says("words join")
    await stage.says("wrong")
    assert str(await stage.says("back")).startswith("First?")
    await stage.says("a")
    assert await stage.says("b") == "a-b"
    await stage.says("words join")
    assert await stage.says("cancel") == "Nothing was changed."
    assert await stage.says("a") is None


async def test_a_question_stays_open_for_a_while_only(stage: Stage) -> None:
    await stage.says("words join")
    stage.now = 301.0
    assert "The question “First?” is closed." in str(await stage.says("a"))
    assert await stage.says("two words") is None


async def test_a_conversation_is_with_one_person(stage: Stage) -> None:
    await stage.says("words join")
    assert await stage.says("a", "romeo@x") is None


def test_discovery_finds_each_by_its_name() -> None:
    found = discover()
    assert {"help", "ping", "version", "whoami"} <= set(found)
    assert all(action.name == name for name, action in found.items())
