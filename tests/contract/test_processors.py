"""What every processor must keep; a new file in `component/processors` is covered the moment it is
there.

Only its good settings are to be added to `processing.GOOD`, and a test fails until they are.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import data_forms
from commands.action import Done, Step
from component import processors
from component.bus.model.ledger import Ledger
from component.bus.model.message import Author, Message, id_from
from component.bus.model.processor import MAX_HOLD, Hold, Moment, Processor, ProcessorSpec, Stop
from component.bus.model.route import Stage
from component.common import form
from component.common.errors import BadInput
from component.common.i18n import LANGUAGES, Words, tell
from component.processors import build, settings_of
from tests.contract.forms import wire
from tests.contract.processing import (
    AUTHORS,
    BODIES,
    GOOD,
    PAUSES,
    SAMPLES,
    START,
    Course,
    Values,
    link,
    talk,
)
from tests.contract.test_rules import keeps_the_rules
from tests.support.fakes import said

SPECS = processors.discover()
ROOT = Path(__file__).parents[2]

every = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
every_sample = pytest.mark.parametrize(
    ("name", "values"),
    SAMPLES,
    ids=[f"{name}-{number}" for number, (name, _values) in enumerate(SAMPLES)],
)
ASKED = [(name, one) for name, spec in SPECS.items() for one in form.fields(spec.make, None)]
FIELDS = [(name, one.name) for name, one in ASKED]


# The declaration


def test_discovery() -> None:
    files = {file.stem for file in Path(processors.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == set(SPECS)


def test_each_has_good_settings_here() -> None:
    assert set(GOOD) == set(SPECS)


@every
def test_the_declaration(spec: ProcessorSpec) -> None:
    assert SPECS[spec.name] is spec
    assert re.fullmatch("[a-z]{1,20}", spec.name)
    assert isinstance(spec.title, Words)
    assert spec.keeps is None or isinstance(spec.keeps, Words)
    assert spec.make.__doc__
    for language in LANGUAGES:
        assert 0 < len(spec.title.told(language)) <= 30
        assert not re.search("[&<>_%\n]", spec.title.told(language))


@every
def test_it_is_told_in_the_docs(spec: ProcessorSpec) -> None:
    page = (ROOT / "docs" / "processors.md").read_text("utf-8")
    found = re.search(rf"^## {spec.name}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/processors.md has no heading ## {spec.name}"
    assert [
        one.name for one in form.fields(spec.make, None) if f"`{one.name}`" not in found[1]
    ] == []
    assert re.search(
        rf"\b{spec.name}\b", "".join(re.findall(r"^```.*?^```", found[1], re.MULTILINE | re.DOTALL))
    )


@every
def test_no_clock_no_chance_no_way_out(spec: ProcessorSpec) -> None:
    """By what its file imports and calls."""
    tree = ast.parse((Path(processors.__path__[0]) / f"{spec.name}.py").read_text("utf-8"))
    taken = {name for node in ast.walk(tree) for name in _imported(node)}
    assert not taken & {
        "time",
        "random",
        "secrets",
        "uuid",
        "os",
        "io",
        "sys",
        "pathlib",
        "socket",
        "ssl",
        "asyncio",
        "threading",
        "subprocess",
        "urllib",
        "http",
        "aiohttp",
        "sqlite3",
        "aiosqlite",
        "slixmpp",
        "structlog",
        "logging",
    }
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not {one.attr for one in called if isinstance(one, ast.Attribute)} & {
        "now",
        "today",
        "utcnow",
    }


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name.partition(".")[0] for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]


# Its settings


@every_sample
def test_settings_come_back_as_they_were_set(name: str, values: Values) -> None:
    processor = build(name, values)
    kept = settings_of(processor)
    assert build(name, dict(kept)) == processor
    assert dict(kept) == {key: tuple(value) for key, value in values.items()}
    assert hash(Stage(1, name, kept)) == hash(Stage(1, name, tuple(kept)))
    assert json.loads(json.dumps(kept)) == [[key, list(value)] for key, value in kept]


@every_sample
def test_it_is_frozen(name: str, values: Values) -> None:
    processor = build(name, values)
    assert hash(processor) == hash(build(name, values))
    for one in fields(processor):  # type: ignore[arg-type]
        with pytest.raises(FrozenInstanceError):
            setattr(processor, one.name, None)


async def _never(_caller: Any, _form: Any, _bus: Any) -> Done:
    raise AssertionError("it is only drawn")


def _drawn(spec: ProcessorSpec, values: Values, language: str) -> Element:
    step = Step(spec.title, spec.make, _never)
    return data_forms.form(step, step.fields(None), values, {"": "what is wrong"}, language)  # type: ignore[arg-type]


@every_sample
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_form_keeps_the_rules_and_comes_back(name: str, values: Values, language: str) -> None:
    """As it comes, and as it is set; what every client would send back is what was set."""
    asked = form.fields(SPECS[name].make, None)
    for shown in ({}, values) if asked else ():
        drawn = _drawn(SPECS[name], shown, language)
        keeps_the_rules(wire(data_forms.executing("a", "b", drawn, last=True, back=False)))
    sent = data_forms.read(wire(_drawn(SPECS[name], values, language)))
    assert sent is not None
    assert build(name, sent) == build(name, values)


@pytest.mark.parametrize(("name", "key"), FIELDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_short(name: str, key: str, language: str) -> None:
    (asked,) = (one for one in form.fields(SPECS[name].make, None) if one.name == key)
    label = asked.ask.label.told(language)
    assert 1 <= len(label.split()) <= 3
    assert len(label) <= data_forms.WIDTH
    assert not re.search("[&<>_%\n]", label)
    assert asked.ask.help is None or asked.ask.help.told(language).strip()


RUBBISH = [
    [""],
    [" \t\n"],
    ["\x00\x07\x1b"],
    ["\ud800"],
    ["\u202e\u200b"],
    ["x" * 4_001],
    ["x" * 3_999],
    ["-1"],
    ["0"],
    ["99999999999"],
    ["9" * 400],
    ["1.5"],
    ["none"],
    ["*"],
    ["{0.__class__}"],
    ["{{ }}"],
    ["(a+)+$"],
    ["("],
    ["\\"],
    ["<b>&amp;</b>"],
    ["%s%n"],
    ["25:61"],
    ["0s"],
    ["9999999d"],
    ["ü" * 200],
    ["😀"],
    ["a", "b"],
    ["a"] * 5_000,
    [],
    ["a,b"],
    ["=x"],
    ["null"],
    ["[1]"],
    ["00:00"],
    ["../../etc/passwd"],
    ["'; drop table routes; --"],
]


@pytest.mark.parametrize(("name", "key"), FIELDS)
@pytest.mark.parametrize("rubbish", RUBBISH, ids=lambda rubbish: ascii("|".join(rubbish))[:20])
def test_rubbish_is_refused_in_words_or_does_no_harm(
    name: str, key: str, rubbish: Sequence[str]
) -> None:
    for values in GOOD[name]:
        made = _made(name, {**values, key: rubbish})
        if isinstance(made, Words | str):
            assert all(0 < len(tell(made, language).strip()) < 500 for language in LANGUAGES)
            continue
        assert build(name, dict(settings_of(made))) == made
        course = Course([Stage(1, name, settings_of(made))])
        for message in talk()[:5]:
            course.say(message)
        assert not [
            why
            for _id, became, why in course.events
            if became == "dead" and "internal error" in why
        ]


def _made(name: str, values: Values) -> Processor | Words | str:
    """A processor, or why there is none."""
    try:
        return build(name, values)
    except BadInput as fault:
        return fault.args[0]  # type: ignore[no-any-return]


@given(st.sampled_from(FIELDS), st.lists(st.text(max_size=30), max_size=4))
@settings(deadline=None)
def test_whatever_is_written_is_refused_in_words_or_taken(
    which: tuple[str, str], written: list[str]
) -> None:
    name, key = which
    made = _made(name, {**GOOD[name][0], key: written})
    if isinstance(made, Words | str):
        assert str(made).strip()
    else:
        assert build(name, dict(settings_of(made))) == made


@every
def test_an_unknown_setting_is_refused(spec: ProcessorSpec) -> None:
    with pytest.raises(BadInput, match="“nonsense”"):
        build(spec.name, {**GOOD[spec.name][0], "nonsense": ["1"]})


@pytest.mark.parametrize("name", ["", "nonsense", "Prefix", "__init__", "x" * 100])
def test_an_unknown_processor_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="the processor"):
        build(name, {})


@pytest.mark.parametrize(("name", "key"), [(name, one.name) for name, one in ASKED if one.required])
def test_what_is_needed_is_told_by_its_name(name: str, key: str) -> None:
    without = {one: value for one, value in GOOD[name][0].items() if one != key}
    with pytest.raises(BadInput, match=f"{name}, {key}: This field is required."):
        build(name, without)


# What it does


class Untouched:
    """Notes of a processor that keeps none."""

    def get(self, key: str) -> Any:
        raise AssertionError(f"it looks for {key}, and says that it keeps nothing")

    def put(self, key: str, value: Any) -> None:
        raise AssertionError(f"it keeps {key}, and says that it keeps nothing")

    def forget(self, key: str) -> None:
        raise AssertionError(f"it forgets {key}, and says that it keeps nothing")

    def oldest(self) -> tuple[str, Any] | None:
        raise AssertionError("it looks for the oldest, and says that it keeps nothing")


def _outcomes(processor: Processor, ledger: Ledger | None) -> Sequence[Any]:
    """What it makes of everything; what it refuses, in words."""
    return [
        _outcome(processor, message, Untouched() if ledger is None else ledger.at((1, 1)))
        for message in talk()
    ]


def _outcome(processor: Processor, message: Message, notes: Any) -> Any:
    try:
        return processor(message, Moment(message.at, notes, link))
    except BadInput as fault:
        return str(fault)


@every_sample
def test_it_is_decided_by_what_it_is_given(name: str, values: Values) -> None:
    """The same by another one that is set the same, with the same notes, or with none where it
    keeps none."""
    first, second = (Ledger() if SPECS[name].keeps else None for _ in range(2))
    outcomes = _outcomes(build(name, values), first)
    assert outcomes == _outcomes(build(name, values), second)
    if first and second:
        assert first.take() == second.take()


@every
def test_what_says_that_it_keeps_something_does(spec: ProcessorSpec) -> None:
    if spec.keeps:
        ledger = Ledger()
        for values in GOOD[spec.name]:
            _outcomes(build(spec.name, values), ledger)
        notes = ledger.take()
        assert notes
        assert [json.loads(json.dumps(note.value)) for note in notes] == [
            note.value for note in notes
        ]
    else:
        assert all(_outcomes(build(spec.name, values), None) for values in GOOD[spec.name])


@every_sample
def test_a_message_stays_what_it_is(name: str, values: Values) -> None:
    """Its body may change, and nothing else; what stops it says why in every language; what waits
    comes back."""
    processor, ledger = build(name, values), Ledger()
    for message in talk():
        outcome = _outcome(processor, message, ledger.at((1, 1)))
        if isinstance(outcome, Message):
            assert (outcome.id, outcome.origin, outcome.channel) == (
                message.id,
                message.origin,
                message.channel,
            )
            assert (outcome.author, outcome.at) == (message.author, message.at)
        elif isinstance(outcome, Stop):
            assert isinstance(outcome.why, Words)
            assert all(outcome.why.told(language).strip() for language in LANGUAGES)
        else:
            assert isinstance(outcome, Hold), outcome
            assert message.at <= outcome.until <= message.at + MAX_HOLD
            assert re.fullmatch("([0-9a-f]{32})?", outcome.batch)


@every
def test_not_all_of_it_is_let_be(spec: ProcessorSpec) -> None:
    """Each of the good settings does something to some message."""
    for values in GOOD[spec.name]:
        assert _outcomes(build(spec.name, values), Ledger()) != list(talk()), values


# On a route, with what waits, and over a restart


@every_sample
@pytest.mark.parametrize("at", [1, 9, 13, 20])
def test_it_survives_a_restart(name: str, values: Values, at: int) -> None:
    stages = [Stage(1, name, settings_of(build(name, values)))]
    through, again = Course(stages), Course(stages)
    for number, message in enumerate(talk()):
        if number == at:
            again.restart()
        through.say(message)
        again.say(message)
    through.finish()
    again.finish()
    assert again.events == through.events
    assert again.notes == through.notes


_said = st.tuples(st.sampled_from(BODIES), st.sampled_from(AUTHORS), st.sampled_from(PAUSES))


@given(
    st.lists(st.sampled_from(SAMPLES), max_size=6),
    st.lists(_said, min_size=1, max_size=12),
    st.none() | st.integers(0, 11),
)
@settings(deadline=None)
def test_no_chain_doubles_or_loses(
    chain: list[tuple[str, Values]], talk: list[tuple[str, Author, int]], restart: int | None
) -> None:
    """Each message, and each digest, comes to exactly one end: it arrives, is stopped, is a dead
    letter that says why, or is joined to a digest."""
    course = Course(
        [
            Stage(at, name, settings_of(build(name, values)))
            for at, (name, values) in enumerate(chain, 1)
        ]
    )
    ids, now = [], START
    for number, (body, author, pause) in enumerate(talk):
        now += pause * 1000
        ids.append(id_from(f"said {number}"))
        if number == restart:
            course.restart()
        course.say(said(body, author=author, at=now, id=ids[-1]))
    course.finish()
    ends = Counter(id for id, became, _more in course.events if became != "held")
    joined = {batch for _id, became, batch in course.events if became == "joined"}
    assert set(ends) >= {*ids, *joined}
    assert set(ends.values()) == {1}
    assert +course.ledger.held == Counter()
    for _id, became, more in course.events:
        assert became != "dead" or "internal error" not in more
    if not chain:
        assert [(id, body) for id, became, body in course.events] == [
            (id, talk[n][0]) for n, id in enumerate(ids)
        ]
