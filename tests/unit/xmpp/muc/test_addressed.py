"""Whether a line in a room is meant for the bot."""

from xml.etree.ElementTree import SubElement, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.xmpp.muc.addressed import REFERENCE, Addressed, addressed, called
from component.xmpp.stanza import NS

ROOM = "lobby@rooms.example.org"
BOT = "bot@bus.example.org"
OCCUPANT = f"xmpp:{ROOM}/shoutbus"


def for_sure(command: str) -> Addressed:
    return Addressed(command, certain=True)


def perhaps(command: str) -> Addressed:
    return Addressed(command, certain=False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("shoutbus: help", "help"),
        ("shoutbus, help", "help"),
        ("SHOUTBUS:help", "help"),
        ("@shoutbus: help", "help"),
        ("@shoutbus help", "help"),
        ("@shoutbus", ""),
        ("  shoutbus:  help  ", "help"),
        ("shoutbus:", ""),
        ("shoutbus: a: b, c", "a: b, c"),
        ("@shoutbus wie spät ist es?", "wie spät ist es?"),
    ],
)
def test_who_is_named_as_one_speaks_to_them(text: str, command: str) -> None:
    assert called("shoutbus", text) == for_sure(command)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("shoutbus help", "help"),
        ("Shoutbus help!", "help"),
        ("shoutbus ping?", "ping"),
        ("shoutbus hilfe", "hilfe"),
        ("shoutbus", ""),
        ("shoutbus is down again", "is down again"),
        ("shoutbus 2: help", "2: help"),
    ],
)
def test_the_name_alone_counts_before_a_command(text: str, command: str) -> None:
    assert called("shoutbus", text) == perhaps(command)


@pytest.mark.parametrize(
    "text",
    [
        "shoutbuses: help",
        "I like shoutbus: help",
        "help",
        "",
        "shoutbus2 help",
        "@shoutbuses help",
        "shoutbus?",
    ],
)
def test_others_are_not_the_bot(text: str) -> None:
    assert called("shoutbus", text) is None


def test_a_name_with_a_number() -> None:
    assert called("shoutbus 2", "shoutbus 2: help") == for_sure("help")
    assert called("shoutbus 2", "shoutbus: help") is None


def mention(text: str, uri: str, begin: object, end: object, kind: str = "mention") -> object:
    """What a line that mentions somebody says to the bot."""
    stanza = fromstring(f'<message xmlns="{NS[1:-1]}"/>')
    SubElement(stanza, f"{NS}body").text = text
    SubElement(
        stanza,
        f"{{{REFERENCE}}}reference",
        {"type": kind, "uri": uri, "begin": str(begin), "end": str(end)},
    )
    return addressed(stanza, "shoutbus", ROOM, BOT)


@pytest.mark.parametrize("uri", [OCCUPANT, f"xmpp:{BOT}", f"xmpp:{BOT}/bus", f"xmpp:{BOT}?message"])
def test_a_mention_is_as_good_as_a_name(uri: str) -> None:
    assert mention("Bus help", uri, 0, 3) == for_sure("help")
    assert mention("Bus: help", uri, 0, 3) == for_sure("help")
    assert mention("help, Bus!", uri, 6, 9) == perhaps("help")


@pytest.mark.parametrize(
    ("text", "uri", "begin", "end"),
    [
        ("Bus help", "xmpp:juliet@example.org", 0, 3),
        ("Bus help", f"xmpp:{ROOM}/juliet", 0, 3),
        ("ask the Bus for help", OCCUPANT, 8, 11),
        ("Bus help", OCCUPANT, 3, 3),
        ("Bus help", OCCUPANT, 0, 99),
        ("Bus help", OCCUPANT, -1, 3),
        ("Bus help", OCCUPANT, "", ""),
        ("Bus help", OCCUPANT, "9" * 50, "9" * 60),
        ("Bus help", "", 0, 3),
    ],
)
def test_other_mentions_are_not(text: str, uri: str, begin: object, end: object) -> None:
    assert mention(text, uri, begin, end) is None
    assert mention("Bus help", OCCUPANT, 0, 3, "data") is None


def test_an_address_may_be_written_with_percent_signs() -> None:
    assert mention("Bus help", "xmpp:lobby%40rooms.example.org/shoutbus", 0, 3) == for_sure("help")


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=5), st.text(max_size=5))
def test_any_mention_is_read(text: str, uri: str, begin: str, end: str) -> None:
    mention(text, uri, begin, end)
    mention(text, OCCUPANT, begin, end)
