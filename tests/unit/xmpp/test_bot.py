"""Whether a line in a room is meant for the bot."""

import pytest

from component.xmpp.bot import called


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("shoutbus: help", "help"),
        ("shoutbus, help", "help"),
        ("SHOUTBUS:help", "help"),
        ("@shoutbus: help", "help"),
        ("  shoutbus:  help  ", "help"),
        ("shoutbus:", ""),
        ("shoutbus: a: b, c", "a: b, c"),
        ("shoutbus help", None),
        ("shoutbus", None),
        ("shoutbuses: help", None),
        ("I like shoutbus: help", None),
        ("help", None),
        ("", None),
        ("shoutbus 2: help", None),
    ],
)
def test_called(text: str, rest: str | None) -> None:
    assert called("shoutbus", text) == rest


def test_a_name_with_a_number() -> None:
    assert called("shoutbus 2", "shoutbus 2: help") == "help"
    assert called("shoutbus 2", "shoutbus: help") is None
