"""Draws steps and answers as XEP-0004 and XEP-0050, by the rules that real clients taught (docs/clients.md).

All of them are kept here, so that no command can break one.
"""

import textwrap
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from commands.action import Done, Lines, Step
from commands.form import Choice, Field
from commands.words import Words, _, tell
from component.errors import ShoutbusError
from component.text import escape as q
from component.xmpp.stanza import COMMANDS, DATA, element

WIDTH = 40
"""Characters of a fixed line that every client shows."""
NOTE_LINES = 20
FAILED = _("The bus failed at that; its log says why. Nothing was changed.")
SENT = _("That is long: I sent it to you as a message.")

_VALIDATE = "http://jabber.org/protocol/xdata-validate"
_PLAIN = str.maketrans({"&": "+", "<": "‹", ">": "›"})


def as_words(fault: ShoutbusError) -> Words:
    """A fault's sentence, as it is."""
    return Words("{fault}", {"fault": str(fault)})


def plain(text: str) -> str:
    """Text without what Pidgin shows nothing for."""
    return text.translate(_PLAIN)


def _fixed(number: int, lines: Sequence[str]) -> str:
    """One field a line: more than one value in it is not shown everywhere."""
    return "".join(
        element("field", {"type": "fixed", "var": f"fixed{number + place}"}, f"<value>{q(plain(line))}</value>")
        for place, line in enumerate(lines)
    )


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH) or [" "]]


def form(
    step: Step,
    asked: Sequence[Field],
    values: Mapping[str, Sequence[str]],
    faults: Mapping[str, str],
    language: str,
) -> str:
    """A step's form: what was wrong at its top, and the values that were entered."""
    labels = {field.name: tell(field.ask.label, language) for field in asked}
    told = [f"{labels[name]}: {fault}" if name in labels else fault for name, fault in faults.items()]
    top = _fixed(0, [line for fault in told for line in _wrapped(fault)])
    head = f"<title>{q(plain(tell(step.title, language)))}</title>"
    if step.help:
        head += f"<instructions>{q(plain(tell(step.help, language)))}</instructions>"
    drawn = "".join(_field(field, values.get(field.name, field.default), language) for field in asked)
    return element("x", {"xmlns": DATA, "type": "form"}, head, top, drawn)


def _field(field: Field, value: Sequence[str], language: str) -> str:
    options = _options(field)
    if field.kind.startswith("list-") and not value and options:
        value = (options[0].value,) if field.kind == "list-single" else ()
    inside = "".join(f"<value>{q(one)}</value>" for one in value)
    inside += "".join(
        element("option", {"label": plain(option.label)}, f"<value>{q(option.value)}</value>") for option in options
    )
    if field.type is int:
        inside += element("validate", {"xmlns": _VALIDATE, "datatype": "xs:integer"})
    if field.required and field.kind not in ("boolean", "list-multi"):
        inside += "<required/>"
    if field.ask.help:
        inside += f"<desc>{q(plain(tell(field.ask.help, language)))}</desc>"
    label = plain(tell(field.ask.label, language))
    return element("field", {"type": field.kind, "var": field.name, "label": label}, inside)


def _options(field: Field) -> Sequence[Choice]:
    if field.kind == "list-multi":  # Gajim sends labels: they are the values
        return [Choice(one.value, one.value) for one in field.choices]
    return field.choices if field.kind == "list-single" else ()


def _command(node: str, session: str, status: str, *inside: str) -> str:
    return element("command", {"xmlns": COMMANDS, "node": node, "sessionid": session, "status": status}, *inside)


def executing(node: str, session: str, drawn: str, *, last: bool, back: bool) -> str:
    """A step. Pidgin's default button is off by one wherever `execute` is present, but for a lone `complete`."""
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
        words = tell(reply.words, language).replace("%", "٪")  # profanity takes it for a printf format
        if reply.kind == "error":
            words = f"{tell(_('Error:'), language)} {words}"
        kind = "warn" if reply.kind == "warn" else reply.kind
        words = "\n".join(words.splitlines()[:NOTE_LINES])
        return _command(node, session, "completed", element("note", {"type": kind}, q(words)))
    rows = [part for line in reply.lines for part in _wrapped(tell(line, language))]
    title = f"<title>{q(plain(tell(reply.title, language)))}</title>"
    return _command(
        node, session, "completed", element("x", {"xmlns": DATA, "type": "result"}, title, _fixed(0, rows or [" "]))
    )


def text(reply: Done | Lines, language: str) -> str:
    """The answer as a chat message."""
    if isinstance(reply, Done):
        words = tell(reply.words, language)
        return f"{tell(_('Error:'), language)} {words}" if reply.kind == "error" else words
    return "\n".join(tell(one, language) for one in (reply.title, *reply.lines))


def read(data: Element | None) -> Mapping[str, Sequence[str]] | None:
    """What was filled in: fixed fields, titles, fields without a name and empty ends are taken and let go."""
    if data is None:
        return None
    values: dict[str, Sequence[str]] = {}
    for field in data.iter(f"{{{DATA}}}field"):
        name = field.get("var")
        if not name or field.get("type") == "fixed":
            continue
        found = [one.text or "" for one in field.iterfind(f"{{{DATA}}}value")]
        while found and not found[-1]:
            found.pop()
        values[name] = found
    return values
