"""Every sentence of the commands is told in every language; a new one is covered the moment it is written.

The sentences are read off the syntax trees: what `_` and `Words` are called with, and what the methods call their
settings. Not covered: what the web pages say.
"""

import ast
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import resources
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from commands.action import Bus, discover
from commands.draw import WIDTH
from commands.menu import GROUPS
from commands.text import Text
from component.message import Channel
from component.methods import discover as methods
from component.roles import Role
from component.words import LANGUAGES, Words, tell
from component.xmpp.bot import Asked
from component.xmpp.desk import IqFault
from tests.contract.forms import Client, X, a_seeded_bus, boxes, lines, sampled, session_of, told
from tests.contract.test_rules import keeps_the_rules

ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "commands").rglob("*.py"))
SAID = [*CODE, *(file for file in sorted((ROOT / "component").rglob("*.py")) if file.name != "words.py")]
OTHERS = [language for language in LANGUAGES if language != "en"]
ACTIONS = discover()

LOOSE = {
    ("actions/room_remove.py", "to be destroyed"),  # the audit log
    ("shared.py", " (off)"),  # a route and a channel in a line, as the audit log has them too
    ("shared.py", " (paused)"),
    ("shared.py", "%Y-%m-%d %H:%M:%S"),
    ("actions/status.py", " d "),  # units
    ("actions/status.py", " h "),
    ("actions/status.py", " min"),
    ("draw.py", '<actions execute="complete"><complete/></actions>'),
    ("menu.py", "a group's step is followed by the surface"),  # never reached
}
"""Text outside the catalogue that may be there."""


# What is in the code


def _trees(files: Sequence[Path] = SAID) -> Iterator[tuple[str, ast.Module]]:
    for file in files:
        yield (
            str(file.relative_to(ROOT).relative_to(file.relative_to(ROOT).parts[0])),
            ast.parse(file.read_text("utf-8")),
        )


def _called(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _template(node: ast.AST) -> str | None:
    """The sentence that a call puts into words, where it is written there."""
    if isinstance(node, ast.Call) and _called(node, "_", "Words") and node.args:
        first = node.args[0]
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    return None


def _sentences() -> set[str]:
    found = {sentence for _name, tree in _trees() for node in ast.walk(tree) if (sentence := _template(node))}
    asked = [one for method in methods().values() for one in method.settings]
    return found | {words for one in asked for words in (one.label, one.help) if words}


def _labels() -> set[str]:
    """What stands in one line of a client: titles of commands and steps, and what fields are called."""
    places = {"Action": 1, "Step": 0, "ask_sure": 0, "Ask": 0}
    found = {str(title) for title in GROUPS.values()}
    for _name, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in places:
                place = places[node.func.id]
                found |= {words for one in node.args[place : place + 1] if (words := _template(one))}
    return found | {one.label for method in methods().values() for one in method.settings}


def _catalogue(language: str) -> Catalog:
    with resources.files("component").joinpath("locale", f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _fields(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_holds_every_sentence_and_no_other(language: str) -> None:
    catalogue = _catalogue(language)
    there = {str(one.id) for one in catalogue if one.id}
    written = _sentences()
    assert sorted(written - there) == []  # to be translated
    assert sorted(there - written) == []  # said no more
    assert [one.id for one in catalogue if one.id and (one.fuzzy or not str(one.string).strip())] == []
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_fields_of_the_sentence(language: str) -> None:
    pairs = {str(one.id): str(one.string) for one in _catalogue(language) if one.id}
    assert {one: other for one, other in pairs.items() if _fields(one) != _fields(other)} == {}


def test_german_has_its_own_quotation_marks() -> None:
    for one in _catalogue("de"):
        marks = re.findall("[„“”‚‘’]", str(one.string))
        assert marks == ["„", "“"] * (len(marks) // 2), one.string


# What is in the code and not in words


def _let_be(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, what is put into words, what is logged, patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.Call) and _template(node) is not None:
            yield node.args[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "re.")):
            yield from ast.walk(node)


def _loose(tree: ast.AST) -> Iterator[ast.Constant]:
    """Text that may reach a person: it has a letter and a space."""
    let_be = set(_let_be(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in let_be:
            letters = any(letter.isalpha() for letter in node.value)
            if letters and " " in node.value:
                yield node


def test_no_text_is_outside_the_catalogue() -> None:
    found = [(name, node) for name, tree in _trees(CODE) for node in _loose(tree)]
    assert [f"{name}:{node.lineno}: {node.value!r}" for name, node in found if (name, node.value) not in LOOSE] == []
    assert {(name, str(node.value)) for name, node in found} == LOOSE  # and nothing is let be for nothing


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("Done('All is well.')", True),
        ("raise BadInput(f'{x} is wrong')", True),
        ("_(f'{x} is wrong')", True),
        ("_('It is {why}.', why='gone for good')", True),
        ("_('All is well.')", False),
        ("log.info('all is well', why='so it is')", False),
        ("re.compile('until (so|then)')", False),
        ("x = 'word'", False),
        ("def f() -> None:\n    'All is well.'", False),
    ],
)
def test_what_counts_as_outside(line: str, caught: bool) -> None:
    assert bool([*_loose(ast.parse(line))]) is caught


# What clients make of it


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_every_client(language: str) -> None:
    for label in _labels():
        words = Words(label, dict.fromkeys(_fields(label), "x")).told(language)
        assert not re.search("[&<>_%\n]", words), words
        assert len(words) <= WIDTH, words  # poezio cuts the rest
        assert words == words.strip()


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


def _text(bus: Bus) -> Text:
    return Text(bus, lambda _jid: Role.ADMIN, lambda: 0.0)


async def _says(surface: Text, line: str, language: str = "de") -> str:
    return str(await surface.answer(Asked("admin@x", "Nick", line, False, language)))


@pytest.mark.parametrize("node", [*ACTIONS, *GROUPS])
async def test_a_german_form_keeps_the_rules(bus: Bus, node: str) -> None:
    client = Client(bus, seen=keeps_the_rules, language="de")
    first = await client.send(node)
    if first.get("status") == "executing":
        wrong = await client.send(node, {var: ["\t"] for var in sampled(first)}, session_of(first))
        if wrong.get("status") == "executing":
            await client.send(node, sampled(first), session_of(wrong))


async def test_the_menu_in_german(bus: Bus) -> None:
    client = Client(bus, language="de")
    offered = dict(client.adhoc.listed("bot@bus", "admin@x/pda", "de-AT"))
    assert offered["channels"] == "Kanäle…"
    assert offered["whoami"] == "Zeigen, wer ich bin"
    assert client.adhoc.named("routes", "admin@x/pda", "de") == "Routen…"
    first = await client.send("channels")
    assert told(first).startswith("Kanäle…\n")
    choices = {one.get("label"): one.findtext(f"{X}value") for box in boxes(first) for one in box.iter(f"{X}option")}
    assert choices["Kanal anhalten"] == "channel-pause"
    # By its title, as a client may send it
    second = await client.send("channels", {"command": ["Kanal anhalten"]}, session_of(first))
    assert [box.get("label") for box in boxes(second)] == ["Kanal", "Angehalten"]
    again = await client.send("channels", {"channel": ["muc:nowhere@x"], "paused": ["on"]}, session_of(first))
    assert lines(again).startswith("Kanal: „muc:nowhere@x“ steht nicht zur Wahl.")
    done = await client.send("channels", {"channel": ["shoutbox:lobby"], "paused": ["on"]}, session_of(first))
    assert told(done).startswith("shoutbox:lobby ist angehalten: ")


async def test_refusals_in_german(bus: Bus) -> None:
    guest = Client(bus, lambda _jid: Role.GUEST, language="de")
    for node, words in (
        ("nothing", "Einen Befehl „nothing“ gibt es nicht"),
        ("status", "ist für die Rolle operator; deine ist guest"),
        ("routes", "Das ist nichts für deine Rolle, guest"),
    ):
        with pytest.raises(IqFault, match=words):
            await guest.send(node)


async def test_help_in_german(bus: Bus) -> None:
    answer = (await _says(_text(bus), "help", "de-CH")).splitlines()
    assert answer[0].startswith("Ich reiche Nachrichten zwischen Räumen")
    assert answer[1:-1] == [f"{name}: {tell(ACTIONS[name].title, 'de')}" for name in sorted(ACTIONS)]
    assert answer[-1].startswith("Die Shoutboxen sind unter ")


async def test_a_conversation_in_german(bus: Bus) -> None:
    text = _text(bus)
    assert (await _says(text, "route add")).startswith("Von?\nwoher Nachrichten kommen\n")
    assert (await _says(text, "shoutbox:loby")).startswith(
        "Fehler: „shoutbox:loby“ steht nicht zur Wahl. Ähnlich: shoutbox:lobby."
    )
    assert (await _says(text, "shoutbox:lobby")).startswith("Nach?\nwohin sie gehen\n")
    assert (await _says(text, "zurück")).startswith("Von?")
    assert await _says(text, "abbrechen") == "Alles bleibt, wie es war."
    asked = await _says(text, "channel remove shoutbox:lobby")
    assert asked.splitlines()[0].startswith("shoutbox:lobby title=")
    assert asked.splitlines()[1] == "Sicher?"
    assert asked.endswith("(„zurück“ geht zurück, „abbrechen“ lässt alles, wie es war)")
    assert (await _says(text, "ja")).startswith("shoutbox:lobby ist entfernt; Routen: 1")
    assert not bus.hub.find(Channel("shoutbox", "lobby"))


async def test_a_language_that_is_not_there_is_answered_in_english(bus: Bus) -> None:
    for language in ("fr", "", "en-GB", "dex"):
        assert await _says(_text(bus), "whoami", language) == "You are admin@x, with the role admin."
