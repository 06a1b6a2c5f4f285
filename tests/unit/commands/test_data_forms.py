"""Drawing: what clients send back is read, and what is too much for them is cut or sent another
way."""

from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import data_forms
from commands.action import Bus, Caller, Done, Lines, Reply, Step
from component.common.errors import BadInput
from component.common.form import NONE, Ask, Choice, Field
from component.common.i18n import Words, _
from component.common.sanitize import escape as q
from component.xmpp.stanza import COMMANDS, DATA
from tests.contract.forms import wire

X = f"{{{DATA}}}"

SEVERAL = Field(
    "several",
    Ask(_("Several")),
    "list-multi",
    str,
    False,
    (),
    (Choice("a&b", "A and B"), Choice("c", "C")),
)


def test_what_clients_echo_is_read() -> None:
    data = fromstring(
        f'<x xmlns="{DATA}" type="submit"><title>t</title><instructions>i</instructions>'
        '<field type="fixed" var="fixed0"><value>shown</value></field>'
        "<field><value>without a name</value></field>"
        '<field var="empty"/><field '
        'var="ends"><value>a</value><value/><value>b</value><value/><value></value></field>'
        '<field var="twice"><value>1</value></field><field var="twice"><value>2</value></field>'
        '<field var="other" '
        'type="made-up"><option><value>no</value></option><value>yes</value></field></x>'
    )
    assert data_forms.read(data) == {
        "empty": [],
        "ends": ["a", "", "b"],
        "twice": ["2"],
        "other": ["yes"],
    }
    assert data_forms.read(None) is None


def test_labels_are_taken_for_values() -> None:
    assert data_forms.meant(SEVERAL, ["a+b", "c", "gone"]) == ["a&b", "c", "gone"]
    assert data_forms.meant(SEVERAL, [NONE]) == [NONE]


def test_a_fault_keeps_its_words() -> None:
    words = _("This field is required.")
    assert data_forms.as_words(BadInput(words)) is words
    assert str(data_forms.as_words(BadInput("plain {text}"))) == "plain {text}"
    assert str(data_forms.as_words(BadInput())) == ""


def test_names_have_nothing_that_vanishes() -> None:
    assert data_forms.name("a_b & <c>") == "a b + ‹c›"


@pytest.mark.parametrize(
    ("reply", "long"),
    [
        (Done(_("short")), False),
        (Done(Words("{t}", {"t": "line\n" * 21})), True),
        (Done(Words("{t}", {"t": "x" * 2_000})), True),
        (Lines(_("t"), ["x"] * 20), False),
        (Lines(_("t"), ["x"] * 21), True),
        (Lines(_("t"), ["x" * 200] * 10), True),
    ],
)
def test_what_is_long(reply: Done | Lines, long: bool) -> None:
    assert data_forms.is_long(reply, "en") is long


def test_a_message_fits_a_stanza() -> None:
    words = data_forms.text(Lines(_("Many:"), ["a & <b>"] * 100_000), "en")
    assert len(q(words).encode()) <= data_forms.BUDGET
    assert words.endswith("\n… the rest is not shown; request fewer lines.")
    assert data_forms.text(Lines(_("Few:"), ["a", _("b")]), "en") == "Few:\na\nb"
    assert data_forms.text(Done(_("no"), "error"), "en") == "Error: no"


async def _done(_caller: Caller, _form: Any, _bus: Bus) -> Reply:
    return Done(_("no"))


def _fixed(drawn: Element) -> list[str]:
    fixed = drawn.iterfind(f".//{X}field[@type='fixed']")
    return [one.findtext(f"{X}value", "") for one in fixed]


def test_a_line_breaks_before_its_arrow() -> None:
    lines = ["1: muc:lobby@rooms.localhost → shoutbox:lobby", "2: chat:* → shoutbox:lobby"]
    drawn = wire(data_forms.completed("n", "s", Lines(_("Routes:"), lines), "en"))
    assert _fixed(drawn) == [
        "1: muc:lobby@rooms.localhost",
        "  → shoutbox:lobby",
        "2: chat:* → shoutbox:lobby",
    ]


def test_a_line_breaks_before_the_names_of_processors() -> None:
    lines = ["10: feed:news → shoutbox:lobby [quiet, throttle]"]
    drawn = wire(data_forms.completed("n", "s", Lines(_("Routes:"), lines), "en"))
    assert _fixed(drawn) == ["10: feed:news → shoutbox:lobby", "  [quiet, throttle]"]


SIGN_IN = "https://bus.example.org/sign-in/0123456789abcdef012345?to=subscriptions&x=%20y"
LONG = "muc:a-room-with-a-long-name@rooms.example.org"


def _rows(drawn: Element) -> list[tuple[str, str]]:
    return [
        (one.get("label", ""), one.findtext(f"{X}value", "")) for one in drawn.iter(f"{X}field")
    ]


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (f"Open this link: {SIGN_IN}.", [("Open this link", SIGN_IN)]),
        (SIGN_IN, [("Link", SIGN_IN)]),
        (
            f"On the web at https://bus.example.org/subscriptions. To sign in, open {SIGN_IN} now.",
            [
                ("On the web at", "https://bus.example.org/subscriptions"),
                ("To sign in, open", SIGN_IN),
                ("", "  now."),
            ],
        ),
        (
            f"The text is long, and is on a page that is here: ({SIGN_IN}), where it is read",
            [
                ("", "The text is long, and is on a page that"),
                ("is here", SIGN_IN),
                ("", "  where it is read"),
            ],
        ),
        (
            f"7: {LONG} → {LONG} [quiet]",
            [("7", LONG), ("→", LONG), ("", "  [quiet]")],
        ),
        (f"“{LONG}” does not exist.", [("Address", LONG), ("", "  does not exist.")]),
    ],
)
def test_an_address_is_a_field_by_itself(line: str, rows: list[tuple[str, str]]) -> None:
    for reply in (Lines(_("t"), [line]), Done(Words("{t}", {"t": line}))):
        drawn = wire(data_forms.completed("n", "s", reply, "en"))
        found = _rows(drawn)
        if found:  # a sentence without a link is a note
            assert [(label, value.strip()) for label, value in found] == [
                (label, value.strip()) for label, value in rows
            ]
        kinds = {one.get("type") for one in drawn.iter(f"{X}field") if one.get("label")}
        assert kinds <= {"text-single"}


ADDRESSES = [SIGN_IN, LONG, "shoutbox:a-b-c"]
WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=60)


@given(st.lists(st.one_of(WORDS, st.sampled_from([*ADDRESSES, "→"])), max_size=12))
def test_no_address_is_ever_cut(words: list[str]) -> None:
    line = " ".join(words)
    drawn = wire(data_forms.completed("n", "s", Lines(_("t"), [line]), "en"))
    shown = "\n".join(f"{label}\n{value}" for label, value in _rows(drawn))
    for address in ADDRESSES:
        assert shown.count(address) >= line.split().count(address)


def test_an_answer_with_a_link_is_a_form_and_no_note() -> None:
    words = Words("{t}", {"t": f"That failed, see {SIGN_IN}"})
    drawn = wire(data_forms.completed("n", "s", Done(words, "error"), "en"))
    assert drawn.find(f"{{{COMMANDS}}}note") is None
    assert _rows(drawn) == [("Error: That failed, see", SIGN_IN)]


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [((), [NONE, "a&b", "c"]), (("c",), ["c", NONE, "a&b"]), (("c", "a&b"), ["a&b", "c", NONE])],
)
def test_what_is_chosen_of_several_comes_first(chosen: tuple[str, ...], shown: list[str]) -> None:
    asked = [replace(SEVERAL, default=chosen)]
    drawn = wire(data_forms.form(Step(_("Several"), object, _done), asked, {}, {}, "en"))
    assert [one.findtext(f"{X}value") for one in drawn.iter(f"{X}option")] == shown


def test_a_list_over_a_form_has_a_line_for_each() -> None:
    listed = Words("{t}", {"t": f"1: chat:* → shoutbox:lobby\n  1 {'x' * 36}\n  2 {'x' * 37}"})
    drawn = wire(
        data_forms.form(Step(_("Several"), object, _done, help=listed), [SEVERAL], {}, {}, "en")
    )
    assert _fixed(drawn) == ["1: chat:* → shoutbox:lobby", f"  1 {'x' * 36}", f"  2 {'x' * 35}…"]
