"""Draws steps and answers as XEP-0004 and XEP-0050, by the rules that real clients taught
(docs/clients.md).

All of them are kept here, so that no command can break one.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from commands.action import Done, Lines, Step
from component.common.errors import ShoutbusError
from component.common.form import CHOOSE, NONE, Choice, Field, is_yes
from component.common.i18n import Words, _, tell
from component.common.linkify import links
from component.common.sanitize import escape, fit
from component.xmpp.elements import element
from component.xmpp.stanza import COMMANDS, DATA

WIDTH = 40
"""Characters of a fixed line that every client shows."""
NOTE_LINES = 20
"""Lines of a note; and of a list's form: more than that is sent as a message."""
BUDGET = 60_000
"""Bytes of a form or a message: servers end a stream over a stanza of 512 KiB."""
FAILED = _("An internal error occurred; see the log of Shoutbus. Nothing was changed.")
SENT = _("The result is long. It was sent to you as a chat message.")
TAGS = 50
"""Bytes of the tags around a text, about."""
_CUT = _("… the rest is not shown; request fewer lines.")
_NONE = _("none")
_RESULT = _("Result")

VALIDATE = "http://jabber.org/protocol/xdata-validate"
_KEPT = re.compile(r"→ |\[[^\[\]]{1,30}\]")
"""Lines break before an arrow, not behind it: what it points to stands with it; and not in a
route's list of names."""
_LONG_WORD = re.compile(r"[^\s“”„\"(),;\[\]]{37,}")
"""What does not fit into a line behind an indent and an arrow."""
_MARKS = ".,;:!?"
"""What belongs to the sentence at the end of an address."""
_OPENING, _CLOSING = '“„"(', '”")'
"""What stands around an address."""
_LINK = _("Link")
_LONG_ADDRESS = _("Address")
_SPACE = "\N{NO-BREAK SPACE}"
_PLAIN = str.maketrans({"&": "+", "<": "‹", ">": "›"})


def as_words(fault: ShoutbusError) -> Words:
    """A fault's sentence, in words where it has them."""
    sentence = fault.sentence
    if isinstance(sentence, Words):
        return sentence
    return Words("{fault}", {"fault": sentence})


def plain(text: str) -> str:
    """Text without what Pidgin shows nothing for."""
    return text.translate(_PLAIN)


def name(text: str) -> str:
    """A command's name in a menu: Pidgin takes an underline for a shortcut key."""
    return plain(text).replace("_", " ")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a window: a line of text, or with `value` an address by itself, for which the text
    is the label."""

    text: str
    value: str = ""


def row_fields(rows: Sequence[Row]) -> list[Element]:
    """One field for each row: more than one value in a field is not shown everywhere, and an
    address is a `text-single`, from which clients copy it whole."""
    drawn = []
    for place, row in enumerate(rows):
        if row.value:
            field = element(DATA, "field", value_of(row.value), type="text-single")
            field.set("var", f"address{place}")
            field.set("label", plain(row.text))
        else:
            field = element(DATA, "field", value_of(plain(row.text)), type="fixed")
            field.set("var", f"fixed{place}")
        drawn.append(field)
    return drawn


def value_of(text: str) -> Element:
    """A field's value, or one of several."""
    return element(DATA, "value", text=text)


def title_of(words: Words, language: str) -> Element:
    """A form's title."""
    return element(DATA, "title", text=plain(tell(words, language)))


def rows_in(text: str, language: str, indent: str = "") -> list[Row]:
    """A text in rows: its lines folded, and each link and each address that is longer than a line
    by itself. The words before it on its line are its label."""
    rows: list[Row] = []
    for line in text.splitlines() or [""]:
        rows += line_rows(line, language, indent)
    return rows


def line_rows(line: str, language: str, indent: str) -> list[Row]:
    """One line of a text in rows."""
    rows: list[Row] = []
    end = 0
    for start, stop, kind in addresses(line):
        before = folded(words_beside(line, end, start), indent)
        label = ""
        if before:
            label = before.pop().strip().rstrip(":")
        rows += map(Row, before)
        rows.append(Row(label or tell(kind, language), line[start:stop]))
        end = stop
    rest = folded(words_beside(line, end, len(line)), indent)
    rows += map(Row, rest)
    return rows or [Row(" ")]


def words_beside(line: str, start: int, stop: int) -> str:
    """The words of a line between two addresses, without the marks around these."""
    words = line[start:stop]
    if start:
        words = words.lstrip(_MARKS + _CLOSING).lstrip()
    if stop < len(line):
        words = words.rstrip().rstrip(_OPENING)
    return words


def addresses(line: str) -> list[tuple[int, int, Words]]:
    """Where the links and the long addresses (JIDs, channels) of a line begin and end, in their
    order, and what each is."""
    found: dict[int, tuple[int, Words]] = {}
    for start, stop in links(line):
        found[start] = (stop, _LINK)
    for match in _LONG_WORD.finditer(line):
        word = match[0].rstrip(_MARKS)
        start, stop = match.start(), match.start() + len(word)
        within = any(start < other[0] and begin < stop for begin, other in found.items())
        if not within and ("@" in word or ":" in word):
            found[start] = (stop, _LONG_ADDRESS)
    return [(start, *found[start]) for start in sorted(found)]


def folded(text: str, indent: str = "") -> list[str]:
    """A text without long addresses, in lines of at most WIDTH characters."""
    kept = _KEPT.sub(lambda match: match[0].replace(" ", _SPACE), text)
    wrapper = textwrap.TextWrapper(WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return [part.replace(_SPACE, " ") for part in wrapper.wrap(kept)]


def help_rows(words: str, language: str) -> Iterator[Row]:
    """The rows over a form; a list in it has a line for each entry, cut where it is long: of a
    form with more than nine lines and fields Pidgin shows a piece only, and what is asked would be
    out of sight."""
    for line in words.splitlines():
        if not line.startswith(" "):
            yield from rows_in(line, language)
        elif len(line) > WIDTH:
            yield Row(f"{line[: WIDTH - 1]}…")
        else:
            yield Row(line)


def form(
    step: Step,
    asked: Sequence[Field],
    values: Mapping[str, Sequence[str]],
    faults: Mapping[str, Words | str],
    language: str,
) -> Element:
    """A step's form: what was wrong at its top, and the values that were entered."""
    rows = fault_rows(asked, faults, language)
    if step.help:  # not as instructions: poezio shows none
        rows += help_rows(tell(step.help, language), language)
    unfilled = [field for field in asked if field.name not in faults]
    rows += required_rows(unfilled, values, language)
    drawn = draw_fields(asked, values, language)
    if size_of(drawn) > BUDGET:  # what was entered is too much to show again
        drawn = draw_fields(asked, step.values, language)
    title = title_of(step.title, language)
    return element(DATA, "x", title, *row_fields(rows), *drawn, type="form")


def required_rows(
    asked: Sequence[Field], values: Mapping[str, Sequence[str]], language: str
) -> list[Row]:
    """Which texts have to be filled in: until they are, Pidgin's OK and Gajim's Complete are grey,
    and neither says why."""
    labels = []
    for field in asked:
        given = values.get(field.name, field.default)
        picked = field.kind == "boolean" or field.kind.startswith("list-")
        if field.required and not picked and not any(given):
            labels.append(tell(field.ask.label, language))
    if not labels:
        return []
    return rows_in(tell(_("Required: {fields}.", fields=", ".join(labels)), language), language)


def size_of(drawn: Sequence[Element]) -> int:
    """About how many bytes the texts of elements take, with the tags around each."""
    size = 0
    for field in drawn:
        for text in field.itertext():
            size += len(escape(text).encode()) + TAGS
    return size


def fault_rows(
    asked: Sequence[Field], faults: Mapping[str, Words | str], language: str
) -> list[Row]:
    """What was wrong, each with the label of its field."""
    labels = {field.name: tell(field.ask.label, language) for field in asked}
    rows = []
    for name, fault in faults.items():
        why = tell(fault, language)
        if name in labels:
            why = f"{labels[name]}: {why}"
        rows += rows_in(why, language)
    return rows


def draw_fields(
    asked: Sequence[Field], values: Mapping[str, Sequence[str]], language: str
) -> list[Element]:
    """The fields with their values, or as they come."""
    drawn = []
    for field in asked:
        drawn.append(draw_field(field, values.get(field.name, field.default), language))
    return drawn


def draw_field(field: Field, value: Sequence[str], language: str) -> Element:
    """A field with its value and options."""
    options = options_of(field, language)
    if must_choose(field, value, options):
        options = [Choice(CHOOSE, _("(choose)")), *options]
    value = shown_value(field, value, options)
    if field.kind == "list-multi":  # Pidgin and Gajim show three rows at a time
        options = sorted(options, key=lambda option: option.value not in value)
    drawn = element(DATA, "field", type=field.kind, var=field.name)
    drawn.set("label", plain(tell(field.ask.label, language)))
    drawn.extend(map(value_of, value))
    for option in options:
        label = plain(tell(option.label, language))
        drawn.append(element(DATA, "option", value_of(option.value), label=label))
    if field.type is int:
        drawn.append(element(VALIDATE, "validate", datatype="xs:integer"))
    if field.required and field.kind not in ("boolean", "list-multi"):
        drawn.append(element(DATA, "required"))
    if field.ask.help:
        drawn.append(element(DATA, "desc", text=plain(tell(field.ask.help, language))))
    return drawn


def shown_value(field: Field, value: Sequence[str], options: Sequence[Choice]) -> Sequence[str]:
    """A value as its kind of field shows it."""
    if field.kind in ("list-single", "list-multi"):
        # A choice that is gone cannot be chosen any more; and profanity hides the options where
        # none is chosen.
        present = {option.value for option in options}
        return [choice for choice in value if choice in present] or [options[0].value]
    if field.kind == "boolean":
        return ["1"] if is_yes(value) else ["0"]
    if field.kind == "text-multi":
        return value
    return value[:1]


def must_choose(field: Field, value: Sequence[str], options: Sequence[Choice]) -> bool:
    """Whether one of several has to be chosen, and none is. The first would be taken unseen: it may
    be what a person removes."""
    if field.kind != "list-single" or not field.required or len(options) == 1:
        return False
    return not any(option.value in value for option in options)


def meant(field: Field, value: Sequence[str]) -> Sequence[str]:
    """What was chosen: Gajim sends the labels of a list-multi."""
    if field.kind != "list-multi":
        return value
    labels = {}
    for option in options_of(field, "en"):
        labels[plain(str(option.label))] = option.value
    return [labels.get(choice, choice) for choice in value]


def options_of(field: Field, language: str) -> Sequence[Choice]:
    """What may be chosen; where nothing need be, that is a choice too, since something has to be
    chosen."""
    if field.kind == "list-multi":  # Gajim sends labels: they are the values
        return [Choice(NONE, NONE), *(Choice(each.value, each.value) for each in field.choices)]
    if field.kind != "list-single":
        return ()
    if field.required or field.default:
        return field.choices
    return [Choice(NONE, tell(_NONE, language)), *field.choices]


def command(node: str, session: str, status: str, *inside: Element) -> Element:
    """The answer to a command (XEP-0050): its session, its status, and what is inside."""
    return element(COMMANDS, "command", *inside, node=node, sessionid=session, status=status)


def executing(node: str, session: str, drawn: Element, *, last: bool, back: bool) -> Element:
    """A step. Pidgin's default button is off by one wherever `execute` is present, but for a lone
    `complete`."""
    actions = element(COMMANDS, "actions")
    if last:
        actions.set("execute", "complete")
        actions.append(element(COMMANDS, "complete"))
    else:
        actions.append(element(COMMANDS, "next"))
    if back and not last:
        actions.append(element(COMMANDS, "prev"))
    return command(node, session, "executing", actions, drawn)


def ended(node: str, session: str, status: str) -> Element:
    """The end of a session, with nothing more to say."""
    return command(node, session, status)


def completed(node: str, session: str, reply: Done | Lines, language: str) -> Element:
    """The answer: exactly one note, or a form of rows and no note. A note cannot hold a link that
    is copied whole, so an answer with a link is a form."""
    if isinstance(reply, Done) and not has_link(reply, language):
        words = text(reply, language).replace("%", "٪")  # profanity takes it for a printf format
        words = "\n".join(words.strip().splitlines()[:NOTE_LINES]) or tell(_("Done."), language)
        note = element(COMMANDS, "note", text=words, type=reply.kind)
        return command(node, session, "completed", note)
    rows = row_fields(answer_rows(reply, language) or [Row(" ")])
    title = reply.title if isinstance(reply, Lines) else _RESULT
    result = element(DATA, "x", title_of(title, language), *rows, type="result")
    return command(node, session, "completed", result)


def has_link(reply: Done, language: str) -> bool:
    """Whether there is a link in a sentence."""
    return next(links(tell(reply.words, language)), None) is not None


def answer_rows(reply: Done | Lines, language: str) -> list[Row]:
    """An answer in rows."""
    if isinstance(reply, Done):
        return rows_in(text(reply, language), language)
    rows = []
    for line in reply.lines:
        rows += rows_in(tell(line, language), language, "  ")
    return rows


def is_long(reply: Done | Lines, language: str) -> bool:
    """Whether the answer is more than a window shows."""
    if isinstance(reply, Done):
        words = tell(reply.words, language)
        return len(words.splitlines()) > NOTE_LINES or len(words) > NOTE_LINES * 2 * WIDTH
    if reply.exact or reply.ahead or len(reply.lines) > NOTE_LINES:
        return True
    return len(answer_rows(reply, language)) > 2 * NOTE_LINES


def parts(reply: Done | Lines) -> Sequence[Done | Lines]:
    """The messages that an answer takes."""
    if isinstance(reply, Done):
        return [reply]
    return [*reply.ahead, reply]


def text(reply: Done | Lines, language: str) -> str:
    """The answer as a chat message."""
    if isinstance(reply, Lines):
        words = "\n".join(tell(line, language) for line in (reply.title, *reply.lines))
    else:
        words = tell(reply.words, language)
        if reply.kind == "error":
            words = f"{tell(_('Error:'), language)} {words}"
    return fit(words.strip("\n"), BUDGET, f"\n{tell(_CUT, language)}")


def read(data: Element | None) -> Mapping[str, Sequence[str]] | None:
    """What was filled in: fixed fields, titles, fields without a name and empty ends are taken and
    dropped."""
    if data is None:
        return None
    values: dict[str, Sequence[str]] = {}
    for field in data.iter(f"{{{DATA}}}field"):
        var = field.get("var")
        if not var or field.get("type") == "fixed":
            continue
        several = [value.text or "" for value in field.iterfind(f"{{{DATA}}}value")]
        while several and not several[-1]:
            several.pop()
        values[var] = several
    return values
