"""Forms: what a dataclass asks for, and what is taken for an answer."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from component.bus.model.message import Channel
from component.common.errors import BadInput
from component.common.form import (
    MAX_CHOICES,
    MAX_VALUE,
    NONE,
    Ask,
    Choice,
    Faults,
    Field,
    Jid,
    fields,
    is_yes,
    parse,
    written,
)
from component.common.i18n import _


def _few(_bus: Any) -> list[Choice]:
    return [Choice("red", "Red things"), Choice("Red", "Other red things"), Choice("blue", "Blue")]


def _many(count: Any) -> list[Choice]:
    return [Choice(f"value-{n}", f"Value {n}") for n in range(count)]


@dataclass(frozen=True)
class Form:
    text: Annotated[str, Ask(_("Text"))]
    number: Annotated[int, Ask(_("Number"))]
    jid: Annotated[Jid, Ask(_("Jid"))]
    channel: Annotated[Channel, Ask(_("Channel"))]
    one: Annotated[str, Ask(_("One"), choices=_few)]
    several: Annotated[tuple[str, ...], Ask(_("Several"), choices=_few)] = ()
    jids: Annotated[tuple[Jid, ...], Ask(_("Jids"))] = ()
    lines: Annotated[tuple[str, ...], Ask(_("Lines"))] = ()
    many: Annotated[str, Ask(_("Many"), choices=_many)] = ""
    maybe: Annotated[int | None, Ask(_("Maybe"))] = None
    yes: Annotated[bool, Ask(_("Yes"))] = True


ASKED = {one.name: one for one in fields(Form, MAX_CHOICES)}
RIGHT = {
    "text": ["t"],
    "number": ["1"],
    "jid": ["Juliet@Example.org"],
    "channel": ["shoutbox:lobby"],
    "one": ["red"],
}


def _field(name: str) -> Field:
    return ASKED[name]


def test_how_each_type_is_asked() -> None:
    assert {name: one.kind for name, one in ASKED.items()} == {
        "text": "text-single",
        "number": "text-single",
        "jid": "jid-single",
        "channel": "text-single",
        "one": "list-single",
        "several": "list-multi",
        "jids": "text-multi",
        "lines": "text-multi",
        "many": "list-single",
        "maybe": "text-single",
        "yes": "boolean",
    }
    assert [name for name, one in ASKED.items() if one.required] == [
        "text",
        "number",
        "jid",
        "channel",
        "one",
    ]
    assert {name: one.default for name, one in ASKED.items() if one.default} == {"yes": ("1",)}


def test_too_many_choices_are_typed() -> None:
    (many,) = (one for one in fields(Form, MAX_CHOICES + 1) if one.name == "many")
    assert many.kind == "text-single"
    assert many.parse(["value-7"]) == "value-7"
    with pytest.raises(BadInput, match="value-33"):
        many.parse(["value-3 3"])


def test_the_whole_form() -> None:
    assert parse(Form, [*ASKED.values()], RIGHT) == Form(
        "t", 1, Jid("juliet@example.org"), Channel("shoutbox", "lobby"), "red"
    )


def test_what_is_wrong_is_told_by_field() -> None:
    with pytest.raises(Faults) as told:
        parse(Form, [*ASKED.values()], {"number": ["many"], "one": ["green"], "unknown": ["x"]})
    assert {name: str(why) for name, why in told.value.by_field.items()} == {
        "text": "This field is required.",
        "number": "“many” is not a whole number.",
        "jid": "This field is required.",
        "channel": "This field is required.",
        "one": "“green” is not one of the choices.",
    }


@pytest.mark.parametrize("number", ["--5", "1.5", "1e3", "٣", "0x10", "-", "9" * 12, "1 2"])
def test_no_number(number: str) -> None:
    with pytest.raises(BadInput, match="is not a whole number"):
        _field("number").parse([number])


@pytest.mark.parametrize(
    ("number", "value"), [("0", 0), ("-5", -5), (" 7 ", 7), ("007", 7), ("9" * 10, 9_999_999_999)]
)
def test_a_number(number: str, value: int) -> None:
    assert _field("number").parse([number]) == value


@pytest.mark.parametrize(
    "jid", ["juliet", "@", "a@", "@b", "a@b/c", "a b@c", "a@b@c", "<a@b>", "a&b@c"]
)
def test_no_jid(jid: str) -> None:
    for name in ("jid", "jids"):
        with pytest.raises(BadInput, match="not a JID"):
            _field(name).parse([jid])


@pytest.mark.parametrize("name", ["text", "number", "jid", "channel", "one"])
@pytest.mark.parametrize("value", [[], [""], ["  "], ["\t\n"], ["\u200b\u202e"]])
def test_nothing_is_not_enough(name: str, value: list[str]) -> None:
    with pytest.raises(BadInput, match=r"This field is required\."):
        _field(name).parse(value)


@pytest.mark.parametrize(
    "name", ["text", "number", "jid", "channel", "one", "several", "jids", "lines", "many"]
)
def test_too_long(name: str) -> None:
    with pytest.raises(BadInput, match=f"The maximum is {MAX_VALUE}"):
        _field(name).parse(["x" * (MAX_VALUE + 1)])


def test_text_is_made_safe() -> None:
    assert _field("text").parse(["a\x00b\nc\u202e d"]) == "a\ufffdb c d"
    assert _field("text").parse(["one", "two"]) == "one", "a field of one value takes one"


def test_lines_keep_their_spaces() -> None:
    assert _field("lines").parse(['title = "two  spaces"', "", "  indented\x07"]) == (
        'title = "two  spaces"',
        "  indented\ufffd",
    )
    assert _field("jids").parse([" A@b.c ", "", "d@e.f"]) == ("a@b.c", "d@e.f")


def test_a_choice_by_value_by_label_or_nearly() -> None:
    one = _field("one")
    assert [one.parse([text]) for text in ("red", "Red", "Red things", "BLUE", "blue")] == [
        "red",
        "Red",
        "red",
        "blue",
        "blue",
    ]
    with pytest.raises(BadInput, match="Write one of red, Red"):
        one.parse(["RED"])
    with pytest.raises(BadInput, match=r"Similar: blue\."):
        one.parse(["bleu"])


def test_none_of_them() -> None:
    assert _field("several").parse([NONE]) == ()
    assert _field("several").parse(["red", NONE, "blue"]) == ("red", "blue")
    assert _field("several").parse(["Keins"]) == ()
    assert _field("several").parse([]) == ()
    assert _field("many").parse(["None"]) == ""
    with pytest.raises(BadInput, match="not one of the choices"):
        _field("one").parse([NONE])
    assert _field("text").parse([NONE]) == NONE


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("Ja", True), ("0", False), ("FALSE", False), ("", False)],
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert _field("yes").parse([text]) is value
    assert is_yes([text]) is value
    with pytest.raises(BadInput, match="is not a valid answer"):
        _field("yes").parse(["perhaps"])


def test_values_as_people_write_them() -> None:
    values = (True, False, None, "", "a", 7, ("a", "b"), Channel("shoutbox", "lobby"))
    assert [written(value) for value in values] == [
        ("1",),
        ("0",),
        (),
        (),
        ("a",),
        ("7",),
        ("a", "b"),
        ("shoutbox:lobby",),
    ]
