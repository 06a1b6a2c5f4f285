"""What the two hot paths of the XMPP side gain by writing their stanzas as text: a line to a room,
and a line to many people, each beside the same stanza as elements. Needs no server:
`python -m tests.bench.stanzas`."""

import time
from collections.abc import Callable
from xml.etree.ElementTree import fromstring

from component.common.sanitize import escape
from component.xmpp.elements import body, element, message, serialize
from component.xmpp.stanza import SAID

COUNT = 20_000
ROUNDS = 5
WORDS = "Wherefore art thou <Romeo> & why? " * 3
ID, PROOF = "0f" * 16, "ab" * 8
BOT, ROOM, JULIET = "bot@bus.example.org/bus", "lobby@rooms.example.org", "juliet@example.org"


def line_as_text() -> str:
    """As `Rooms.line` writes it."""
    return (
        f'<message type="groupchat" id="{ID}" from="{BOT}" to="{escape(ROOM)}">'
        f'<body>{escape(WORDS)}</body><said xmlns="{SAID}" id="{ID}" proof="{PROOF}"/>'
        "</message>"
    )


def line_as_elements() -> str:
    """The same, built."""
    mark = element(SAID, "said", id=ID, proof=PROOF)
    return serialize(message(BOT, ROOM, body(WORDS), mark, type="groupchat", id=ID))


_INSIDE = f'<body>{escape(WORDS)}</body><said xmlns="{SAID}" id="{ID}"/>'


def told_as_text() -> str:
    """As `DirectMessages.put` writes it, with the inside kept from the recipient before."""
    return (
        f'<message type="chat" id="{escape(ID)}" from="{BOT}" to="{escape(JULIET)}">'
        f"{_INSIDE}</message>"
    )


def told_as_elements() -> str:
    """The same, built."""
    mark = element(SAID, "said", id=ID)
    return serialize(message(BOT, JULIET, body(WORDS), mark, type="chat", id=ID))


def microseconds(write: Callable[[], str]) -> float:
    """What one stanza costs: the best of some rounds."""
    best = float("inf")
    for _round in range(ROUNDS):
        began = time.perf_counter()
        for _stanza in range(COUNT):
            write()
        best = min(best, time.perf_counter() - began)
    return best / COUNT * 1e6


def same(one: str, other: str) -> bool:
    """Whether two texts are the same XML."""
    read = [[(e.tag, e.attrib, e.text) for e in fromstring(xml).iter()] for xml in (one, other)]
    return read[0] == read[1]


def main() -> None:
    """Print both paths."""
    paths = (
        ("a line to a room", line_as_text, line_as_elements),
        ("a line to a person", told_as_text, told_as_elements),
    )
    for name, text, elements in paths:
        assert same(text(), elements())
        quick, slow = microseconds(text), microseconds(elements)
        print(f"{name}: {quick:.1f} µs as text, {slow:.1f} µs as elements")


if __name__ == "__main__":
    main()
