"""What a program answers by itself, and what people write: nothing of a person's is taken for a
program's twice."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from component.xmpp.im.automatic import REMEMBERED, SPEAKS_S, AutomaticAnswers, says_so

JULIET = "juliet@example.org"


def line(words: str, inside: str = "") -> Element:
    return fromstring(
        f"<message xmlns='jabber:component:accept' from='{JULIET}/phone' to='bot@bus.x'>"
        f"<body>{words}</body>{inside}</message>"
    )


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.automatic = AutomaticAnswers(lambda: self.now)

    def suspects(self, words: str, after: float, inside: str = "") -> bool:
        """Whether words are suspect that come so many seconds behind a message of ours."""
        self.automatic.told(JULIET)
        self.now += after
        return self.automatic.suspects(line(words, inside))


@pytest.fixture
def world() -> World:
    return World()


def test_right_behind_a_message_of_ours_nobody_has_read_it(world: World) -> None:
    assert world.suspects("I am on holiday", 0.1)
    assert not world.suspects("I have read that", 5.0)


def test_who_wrote_by_themselves_is_a_person_for_a_while(world: World) -> None:
    assert not world.automatic.suspects(line("good morning"))
    assert not world.suspects("quick", 0.1)
    world.now += SPEAKS_S
    assert world.suspects("quick again", 0.1)


def test_the_same_words_behind_each_message_are_a_programs(world: World) -> None:
    """However slow it is, and though a person wrote before."""
    assert not world.automatic.suspects(line("good morning"))
    assert not world.suspects("I am on holiday until May", 10.0)
    assert world.suspects("I am on holiday until May", 10.0)
    assert not world.suspects("ok", 10.0)
    assert not world.suspects("ok", 10.0), "short words are repeated by people"
    assert not world.suspects("I am on holiday until May", 3600.0)


@pytest.mark.parametrize(
    "inside",
    [
        "<headers xmlns='http://jabber.org/protocol/shim'>"
        "<header name='Auto-Submitted'>auto-replied</header></headers>",
        "<subject>Auto: your message</subject>",
        "<subject>Automatische Antwort: Urlaub</subject>",
    ],
)
def test_what_says_so_is_automatic(inside: str) -> None:
    assert says_so(line("I am away", inside))


@pytest.mark.parametrize(
    ("words", "automatic"),
    [
        ("[Auto-Reply] I am away", True),
        ("Automatic reply: I am away", True),
        ("Out of Office until Monday", True),
        ("Abwesenheitsnotiz: bis Montag", True),
        ("auto: fahren wir mit dem Auto?", True),
        ("automatic doors are broken", False),
        ("The office is out of coffee", False),
        ("Autobahn gesperrt", False),
    ],
)
def test_words_of_automatic_answers(words: str, *, automatic: bool) -> None:
    assert says_so(line(words)) is automatic


def test_a_header_that_says_no_is_a_persons() -> None:
    no = (
        "<headers xmlns='http://jabber.org/protocol/shim'>"
        "<header name='Auto-Submitted'>no</header></headers>"
    )
    assert not says_so(line("hello", no))


def test_a_hint_counts_behind_a_message_of_ours(world: World) -> None:
    hint = "<no-store xmlns='urn:xmpp:hints'/>"
    assert not world.automatic.suspects(line("secret words", hint))
    assert world.suspects("I am away for now", 30.0, hint)
    assert not world.suspects("I am there again", 300.0, hint)


def test_not_everyone_is_remembered(world: World) -> None:
    for number in range(2 * REMEMBERED):
        world.automatic.told(f"{number}@evil.example")
    assert world.suspects("I am on holiday", 0.1)
