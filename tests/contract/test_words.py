"""Every sentence of the commands and of the core is told in every language; a new one is covered
the moment it is written.

The sentences are read off the syntax trees: what `_` and `Words` are called with, and what the
methods call their settings; and off the templates of the web pages. Not covered: what the API tells
programs, and what is read at the terminal.
"""

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from importlib import resources
from pathlib import Path
from string import Formatter

import jinja2
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2.ext import extract_from_ast

from commands.action import discover
from commands.data_forms import WIDTH
from commands.menu import GROUPS
from component.common import errors
from component.common.i18n import LANGUAGES, Words

ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "commands").rglob("*.py"))
CORE = [
    file
    for file in sorted((ROOT / "component").rglob("*.py"))
    if file != ROOT / "component" / "common" / "i18n.py"
]
WEB = sorted((ROOT / "web").rglob("*.py"))
SAID = [*CODE, *CORE, *WEB]
FAULTS = [
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.ShoutbusError)
]
OTHERS = [language for language in LANGUAGES if language != "en"]
ACTIONS = discover()

LOOSE = {
    ("actions/rooms/room_remove.py", "room destroyed"),  # the audit log
    ("grammar/pause.py", "in "),  # what people write, in any language
    ("grammar/reminder.py", "at "),
    ("lookups.py", " (off)"),  # a route and a channel in a line, as the audit log has them too
    ("lookups.py", "%Y-%m-%d %H:%M:%S"),
    ("actions/system/status.py", " d "),  # units
    ("actions/system/status.py", " h "),
    ("actions/system/status.py", " min"),
}
"""Text outside the catalogue that may be there."""
WORD_LISTS = {"grammar/time_hints.py"}
"""Files with lists of words that people write, in any language."""
CORE_LOOSE = {
    # Stored, so in one language for all who read it
    ("bus/model/message.py", "(deleted by an operator)"),
    ("bus/model/message.py", "(deleted by its author)"),
    # Keys that nobody reads
    ("xmpp/im/inbox.py", "invitation "),
    ("xmpp/im/inbox.py", "encrypted "),
    ("bus/model/digest.py", "1 message"),
    ("bus/model/digest.py", " messages"),
    ("storage/sqlite/configuration.py", "The route was removed while the message was held."),
    ("xmpp/muc/ingest.py", "… [shortened: message too long]"),
    ("methods/feed/messages.py", "and "),
    ("methods/feed/messages.py", " more"),
    # What people write, in any language
    ("common/schedule.py", "in "),
    ("common/schedule.py", "daily at 18"),
    ("common/schedule.py", "daily at 9"),
    ("common/schedule.py", "täglich um 18"),
    ("common/schedule.py", "täglich um 9"),
    # Where the system says what nobody understands
    ("common/errors.py", "host not found"),
    # Where a provider says nothing else
    ("methods/sms/providers/http.py", "HTTP "),
    ("methods/sms/providers/http.py", "error "),
    # HTTP
    ("methods/sms/providers/http.py", "Basic "),
    # Stored, for who looks at a trace
    ("subscriptions/digests.py", " messages of "),
    # What is signed for
    ("subscriptions/links.py", "confirm an address"),
    ("subscriptions/links.py", "end subscriptions"),
    ("subscriptions/links.py", "stop an address"),
    ("common/signing.py", " code"),
    # As intervals are kept, and read again
    ("bus/model/subscription.py", "at once"),
    ("bus/model/subscription.py", "every "),
    # What an id is made of
    ("bus/model/digest.py", "batch "),
    # What a job is called
    ("methods/feed/leases.py", " lease"),
    ("subscriptions/access.py", "rights "),
    ("subscriptions/access.py", "rights rooms"),
    # For the log, and for who watches `/health`: while there is no stream, nobody asks over it
    ("xmpp/muc/mam.py", "the room does not have an archive"),
    ("xmpp/stream/session.py", "not connected yet"),
    ("xmpp/stream/supervisor.py", "the connection ended: "),
    ("xmpp/stream/supervisor.py", "connection lost"),
    ("xmpp/stream/supervisor.py", "the server stopped answering"),
    ("xmpp/muc/owner.py", "the server does not let the bot make it persistent"),
    # Part of what the capabilities' hash (XEP-0115) is made of
    ("xmpp/identity.py", "Someone on the web page"),
    # A sample, in no language
    ("subscriptions/rendering/preview.py", "Lorem ipsum dolor sit amet. "),
    # SQL
    ("storage/sqlite/database.py", "journal_mode = wal"),
    ("storage/sqlite/database.py", "synchronous = full"),
    ("storage/sqlite/database.py", "foreign_keys = on"),
    ("storage/sqlite/database.py", "busy_timeout = 5000"),
    ("storage/sqlite/database.py", "pragma "),
    ("storage/sqlite/database.py", "select name from sqlite_schema"),
    ("storage/sqlite/database.py", "pragma application_id = "),
    ("storage/sqlite/database.py", ";\npragma user_version = "),
    ("storage/sqlite/database.py", "begin immediate"),
    ("storage/sqlite/database.py", "begin immediate;\n"),
}
"""The same in the core."""
TERMINAL = {
    "cli/check.py",
    "cli/demo.py",
    "cli/demo_files.py",
    "cli/logs.py",
    "cli/migrate.py",
    "cli/process.py",
    "cli/prosody.py",
    "storage/sqlite/conversion.py",
    "xmpp/stream/connection.py",
    "app.py: unused",
    "config/load.py: examine",
    "config/faults.py: duplicate_tokens",
    "config/sections.py: read_xmpp",
    "config/sections.py: read_web",
    "config/people.py: read_token",
    "xmpp/stream/probe.py",
    "methods/mail/probe.py",
    "methods/sms/providers/smpp.py: probe",
}
"""What is read at the terminal, when the bus starts or can't, is in English: files, and functions
in files."""
PROGRAMS = {"api.py"}
"""What programs are told is in English."""
FORMATS = {
    "common/clock_words.py",
    "common/time_phrase.py",
    "common/time_pieces.py",
    "common/time_words.py",
    "methods/feed/parsing/date_words.py",
    "methods/feed/parsing/document.py",
    "methods/feed/opml.py",
    "methods/feed/interval.py",
    "methods/feed/parsing/read.py",
    "fetch/decompress.py",
    "methods/feed/parsing/plain.py",
    "methods/mail/bounces.py",
    "cli/mail_sink.py",
    "methods/sms/gsm.py",
}
"""Files with text that programs write and read: XML, types, the months in many languages."""


# What is in the code


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _trees(files: Sequence[Path] = SAID) -> Iterator[tuple[str, ast.Module]]:
    for file in files:
        yield str(file.relative_to(ROOT).relative_to(file.relative_to(ROOT).parts[0])), _tree(file)


def _called(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _template(node: ast.AST) -> str | None:
    """The sentence that a call puts into words, where it is written there."""
    if isinstance(node, ast.Call) and _called(node, "_", "Words") and node.args:
        first = node.args[0]
        return (
            first.value
            if isinstance(first, ast.Constant) and isinstance(first.value, str)
            else None
        )
    return None


def _sentences() -> set[str]:
    found = {
        sentence
        for _name, tree in _trees()
        for node in ast.walk(tree)
        if (sentence := _template(node))
    }
    return found | set(_on_pages())


def _on_pages() -> Iterator[str]:
    """What templates call `_` with."""
    reading = jinja2.Environment(autoescape=True)
    for file in (
        *(ROOT / "web" / "templates").glob("*.html"),
        *(ROOT / "component/subscriptions/rendering/templates").iterdir(),
    ):
        for _line, _function, said in extract_from_ast(reading.parse(file.read_text("utf-8"))):
            first = said[0] if isinstance(said, tuple) else said
            if first:
                yield first


def _labels() -> set[str]:
    """What stands in one line of a client: titles of commands and steps, and what fields are
    called."""
    places = {"Action": 1, "Step": 0, "ask_sure": 0, "Ask": 0}
    found = {str(title) for title in GROUPS.values()}
    for _name, tree in _trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in places
            ):
                place = places[node.func.id]
                found |= {
                    words for one in node.args[place : place + 1] if (words := _template(one))
                }
    return found


def _catalogue(language: str) -> Catalog:
    with (
        resources.files("component.common").joinpath("locale", f"{language}.po").open("rb") as file
    ):
        return read_po(file, locale=language, abort_invalid=True)


def _fields(template: str) -> set[str]:
    return {
        name for _text, name, _spec, _conversion in Formatter().parse(template) if name is not None
    }


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_holds_every_sentence_and_no_other(language: str) -> None:
    catalogue = _catalogue(language)
    there = {str(one.id) for one in catalogue if one.id}
    written = _sentences()
    assert sorted(written - there) == []  # to be translated
    assert sorted(there - written) == []  # said no more
    assert [
        one.id for one in catalogue if one.id and (one.fuzzy or not str(one.string).strip())
    ] == []
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

_OURS = ("LookupError", "ValueError", "TypeError", "KeyError", "Setting")
"""Faults of ours, which are logged and never told; and the settings of methods, which the catalogue
has."""
_MARKUP = re.compile(r'^<|="$|%[YHMS]|^\[\[?[a-z]+\]\]?[ a-z]*$')
"""XML, how a time is written, and where something stands in TOML."""


def _let_be(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, what is put into words, what is logged, patterns, faults of ours, names of tasks,
    types."""
    for node in ast.walk(tree):
        yield from (inner for part in _parts(node) for inner in ast.walk(part))


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Constant()):
            yield node.value
        case ast.Call() if _template(node) is not None:
            yield node.args[0]
        case ast.Call() if _called(node, *_OURS) or ast.unparse(node.func).startswith(
            ("log.", "re.")
        ):
            yield node
        case ast.Call() if ast.unparse(node.func) == "asyncio.create_task":
            yield from node.keywords
        case ast.arg(annotation=ast.expr() as kind) | ast.AnnAssign(annotation=kind):
            yield kind
        case (
            ast.FunctionDef(returns=ast.expr() as kind)
            | ast.AsyncFunctionDef(returns=ast.expr() as kind)
        ):
            yield kind


def _loose(tree: ast.AST) -> Iterator[ast.Constant]:
    """Text that may reach a person: it has a letter and a space."""
    let_be = set(_let_be(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in let_be:
            letters = any(letter.isalpha() for letter in node.value)
            if letters and " " in node.value:
                yield node


def _core() -> Iterator[tuple[str, ast.Constant]]:
    """Loose text of the core that is not for the terminal."""
    for name, tree in _trees(CORE):
        terminal = {
            inner
            for one in ast.walk(tree)
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
            and f"{name}: {one.name}" in TERMINAL
            for inner in ast.walk(one)
        }
        found = [
            node
            for node in _loose(tree)
            if node not in terminal and not _MARKUP.search(str(node.value))
        ]
        yield from ((name, node) for node in found if name not in TERMINAL | FORMATS)


def _told(found: Iterable[tuple[str, ast.Constant]], loose: Set[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{node.lineno}: {node.value!r}"
        for name, node in found
        if (name, node.value) not in loose
    ]


def test_no_text_is_outside_the_catalogue() -> None:
    found = [
        (name, node)
        for name, tree in _trees(CODE)
        for node in _loose(tree)
        if name not in WORD_LISTS
    ]
    assert _told(found, LOOSE) == []
    assert {
        (name, str(node.value)) for name, node in found
    } == LOOSE  # and nothing is let be for nothing


def test_no_text_of_the_core_is_outside_the_catalogue() -> None:
    found = list(_core())
    assert _told(found, CORE_LOOSE) == []
    assert {(name, str(node.value)) for name, node in found} == CORE_LOOSE


def test_what_is_for_the_terminal_is_there() -> None:
    there = {name for name, _tree in _trees(CORE)}
    for name, tree in _trees(CORE):
        there |= {f"{name}: {getattr(one, 'name', '')}" for one in ast.walk(tree)}
    assert there >= TERMINAL


def test_no_fault_is_raised_with_a_bare_string() -> None:
    """A single word too, which the search above lets pass."""
    made = [
        (name, node.lineno, ast.unparse(node.args[0]))
        for name, tree in _trees()
        if name not in TERMINAL | PROGRAMS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node, *FAULTS) and node.args
        if isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
    ]
    assert made == []


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
        ("raise LookupError(f'{x} is wrong')", False),
        ("link.state = Unavailable('all is gone')", True),
        ("x: 'Words | str' = f('a fault')", True),
        ("def f(x: 'Words | str') -> 'int | str': ...", False),
        ("asyncio.create_task(f(), name='a task')", False),
        ("asyncio.create_task(f('a fault'), name='a task')", True),
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
