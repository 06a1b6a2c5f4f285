"""Draws steps and answers as XEP-0004 and XEP-0050, by the rules that real clients taught
(docs/clients.md).

All of them are kept here, so that no command can break one.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from commands.action import Done, Lines, Step
from component.common.errors import ShoutbusError
from component.common.form import NONE, Choice, Field, is_yes
from component.common.i18n import Words, _, tell
from component.common.sanitize import escape as q
from component.common.sanitize import fit
from component.xmpp.stanza import COMMANDS, DATA, element

WIDTH = 40
"""Characters of a fixed line that every client shows."""
NOTE_LINES = 20
"""Lines of a note; and of a list's form: more than that is sent as a message."""
BUDGET = 60_000
"""Bytes of a form or a message: servers end a stream over a stanza of 512 KiB."""
FAILED = _("The bus failed at that; its log says why. Nothing was changed.")
SENT = _("That is long: I sent it to you as a message.")
_CUT = _("… there is more: ask for less at once.")
_NONE = _("none")

_VALIDATE = "http://jabber.org/protocol/xdata-validate"
_KEPT = re.compile(r"→ |\[[^\[\]]{1,30}\]")
"""Lines break before an arrow, not behind it: what it points to stands with it; and not in a
route's list of names."""
_SPACE = "\N{NO-BREAK SPACE}"
_PLAIN = str.maketrans({"&": "+", "<": "‹", ">": "›"})


def as_words(fault: ShoutbusError) -> Words:
    """A fault's sentence, in words where it has them."""
    said = fault.sentence
    return said if isinstance(said, Words) else Words("{fault}", {"fault": said})


def plain(text: str) -> str:
    """Text without what Pidgin shows nothing for."""
    return text.translate(_PLAIN)


def name(text: str) -> str:
    """A command's name in a menu: Pidgin takes an underline for a shortcut key."""
    return plain(text).replace("_", " ")


def _fixed(number: int, lines: Sequence[str]) -> str:
    """One field a line: more than one value in it is not shown everywhere."""
    return "".join(
        element(
            "field",
            {"type": "fixed", "var": f"fixed{number + place}"},
            f"<value>{q(plain(line))}</value>",
        )
        for place, line in enumerate(lines)
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    lines = _KEPT.sub(lambda kept: kept[0].replace(" ", _SPACE), text).splitlines() or [""]
    parts = [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, subsequent_indent=indent) or [" "]
    ]
    return [part.replace(_SPACE, " ") for part in parts]


def _helped(words: str) -> Iterator[str]:
    """What stands over a form; a list in it has a line for each, cut where it is long: of a form
    with more than nine lines and fields Pidgin shows a piece only, and what is asked would be out
    of sight."""
    for line in words.splitlines():
        if line.startswith(" "):
            yield line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
        else:
            yield from _wrapped(line)


def form(
    step: Step,
    asked: Sequence[Field],
    values: Mapping[str, Sequence[str]],
    faults: Mapping[str, Words | str],
    language: str,
) -> str:
    """A step's form: what was wrong at its top, and the values that were entered."""
    labels = {field.name: tell(field.ask.label, language) for field in asked}
    told = [tell(fault, language) for fault in faults.values()]
    told = [
        f"{labels[name]}: {why}" if name in labels else why
        for name, why in zip(faults, told, strict=True)
    ]
    lines = [line for one in told for line in _wrapped(one)]
    if step.help:  # not as instructions: poezio shows none
        lines += _helped(tell(step.help, language))
    top = _fixed(0, lines)
    head = f"<title>{q(plain(tell(step.title, language)))}</title>"
    drawn = "".join(
        _field(field, values.get(field.name, field.default), language) for field in asked
    )
    if len(drawn.encode()) > BUDGET:  # what was entered is too much to show again
        drawn = "".join(
            _field(field, step.values.get(field.name, field.default), language) for field in asked
        )
    return element("x", {"xmlns": DATA, "type": "form"}, head, top, drawn)


def _field(field: Field, value: Sequence[str], language: str) -> str:
    options = _options(field, language)
    if field.kind in ("list-single", "list-multi"):
        # A choice that is gone can't stay chosen; and profanity hides the options where none is
        # chosen.
        standing = {option.value for option in options}
        value = [one for one in value if one in standing] or [options[0].value]
        if field.kind == "list-multi":  # Pidgin and Gajim show three rows at a time
            options = sorted(options, key=lambda option: option.value not in value)
    elif field.kind == "boolean":
        value = ("1" if is_yes(value) else "0",)
    elif field.kind != "text-multi":
        value = value[:1]
    inside = "".join(f"<value>{q(one)}</value>" for one in value)
    inside += "".join(
        element(
            "option",
            {"label": plain(tell(option.label, language))},
            f"<value>{q(option.value)}</value>",
        )
        for option in options
    )
    if field.type is int:
        inside += element("validate", {"xmlns": _VALIDATE, "datatype": "xs:integer"})
    if field.required and field.kind not in ("boolean", "list-multi"):
        inside += "<required/>"
    if field.ask.help:
        inside += f"<desc>{q(plain(tell(field.ask.help, language)))}</desc>"
    label = plain(tell(field.ask.label, language))
    return element("field", {"type": field.kind, "var": field.name, "label": label}, inside)


def meant(field: Field, value: Sequence[str]) -> Sequence[str]:
    """What was chosen: Gajim sends the labels of a list-multi."""
    if field.kind != "list-multi":
        return value
    labels = {plain(str(option.label)): option.value for option in _options(field, "en")}
    return [labels.get(one, one) for one in value]


def _options(field: Field, language: str) -> Sequence[Choice]:
    """What may be chosen; where nothing need be, that is a choice too, since something has to be
    chosen."""
    if field.kind == "list-multi":  # Gajim sends labels: they are the values
        return [Choice(NONE, NONE), *(Choice(one.value, one.value) for one in field.choices)]
    if field.kind != "list-single":
        return ()
    return (
        field.choices
        if field.required or field.default
        else [Choice(NONE, tell(_NONE, language)), *field.choices]
    )


def _command(node: str, session: str, status: str, *inside: str) -> str:
    return element(
        "command",
        {"xmlns": COMMANDS, "node": node, "sessionid": session, "status": status},
        *inside,
    )


def executing(node: str, session: str, drawn: str, *, last: bool, back: bool) -> str:
    """A step. Pidgin's default button is off by one wherever `execute` is present, but for a lone
    `complete`."""
    if last:
        actions = '<actions execute="complete"><complete/></actions>'
    else:
        actions = f"<actions><next/>{'<prev/>' if back else ''}</actions>"
    return _command(node, session, "executing", actions, drawn)


def ended(node: str, session: str, status: str) -> str:
    """Nothing more to say."""
    return _command(node, session, status)


def completed(node: str, session: str, reply: Done | Lines, language: str) -> str:
    """The answer: exactly one note, or a form of fixed lines and no note."""
    if isinstance(reply, Done):
        words = text(reply, language).replace("%", "٪")  # profanity takes it for a printf format
        words = "\n".join(words.strip().splitlines()[:NOTE_LINES]) or tell(_("Done."), language)
        return _command(node, session, "completed", element("note", {"type": reply.kind}, q(words)))
    rows = _rows(reply, language)
    title = f"<title>{q(plain(tell(reply.title, language)))}</title>"
    return _command(
        node,
        session,
        "completed",
        element("x", {"xmlns": DATA, "type": "result"}, title, _fixed(0, rows or [" "])),
    )


def _rows(reply: Lines, language: str) -> list[str]:
    return [part for line in reply.lines for part in _wrapped(tell(line, language), "  ")]


def is_long(reply: Done | Lines, language: str) -> bool:
    """Whether the answer is more than a window shows."""
    if isinstance(reply, Lines):
        return (
            reply.exact
            or bool(reply.ahead)
            or len(reply.lines) > NOTE_LINES
            or len(_rows(reply, language)) > 2 * NOTE_LINES
        )
    words = tell(reply.words, language)
    return len(words.splitlines()) > NOTE_LINES or len(words) > NOTE_LINES * 2 * WIDTH


def parts(reply: Done | Lines) -> Sequence[Done | Lines]:
    """The messages that an answer is told in."""
    return [*reply.ahead, reply] if isinstance(reply, Lines) else [reply]


def text(reply: Done | Lines, language: str) -> str:
    """The answer as a chat message."""
    if isinstance(reply, Done):
        words = tell(reply.words, language)
        words = f"{tell(_('Error:'), language)} {words}" if reply.kind == "error" else words
    else:
        words = "\n".join(tell(one, language) for one in (reply.title, *reply.lines))
    return fit(words.strip("\n"), BUDGET, f"\n{tell(_CUT, language)}")


def read(data: Element | None) -> Mapping[str, Sequence[str]] | None:
    """What was filled in: fixed fields, titles, fields without a name and empty ends are taken and
    let go."""
    if data is None:
        return None
    values: dict[str, Sequence[str]] = {}
    for field in data.iter(f"{{{DATA}}}field"):
        var = field.get("var")
        if not var or field.get("type") == "fixed":
            continue
        found = [one.text or "" for one in field.iterfind(f"{{{DATA}}}value")]
        while found and not found[-1]:
            found.pop()
        values[var] = found
    return values
