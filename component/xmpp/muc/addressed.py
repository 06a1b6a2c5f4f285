"""Which lines of a room are meant for the bot. Pure."""

from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from component.common.jids import folded
from component.xmpp.stanza import bare, body_of

REFERENCE = "urn:xmpp:reference:0"
MAX_OFFSET_DIGITS = 9
_MARKS = ":,"
_ENDS = " \t?!.,;:"


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a line says to the bot. It is `certain` where the line names the bot as one names
    somebody to speak to them, and else it counts only where it is a command."""

    command: str
    certain: bool


def addressed(stanza: Element, nick: str, room: str, bot: str) -> Addressed | None:
    """What a line says to the bot, which is `nick` in the room and has the bare JID `bot`; None
    where it is not meant for it."""
    text = body_of(stanza)
    return called(nick, text) or mentioned(stanza, text, (f"{room}/{nick}", bot))


def called(name: str, text: str) -> Addressed | None:
    """What a line says behind the bot's name, at its start: with a colon or comma behind the name,
    an @ in front of it, or just the name."""
    line = text.lstrip()
    start = line.removeprefix("@")
    if start[: len(name)].casefold() != name.casefold():
        return None
    rest = start[len(name) :]
    if rest[:1] and rest[0] in _MARKS:
        return Addressed(rest[1:].strip(), certain=True)
    if rest.strip() and not rest[0].isspace():
        return None  # a longer word
    if start != line:
        return Addressed(rest.strip(), certain=True)
    return Addressed(rest.strip(_ENDS), certain=False)


def mentioned(stanza: Element, text: str, names: tuple[str, str]) -> Addressed | None:
    """What a line says that mentions the bot (XEP-0372 section 3.2), before or behind that."""
    for reference in stanza.iterfind(f"{{{REFERENCE}}}reference"):
        if reference.get("type") != "mention" or not is_named(reference.get("uri", ""), names):
            continue
        begin, end = offset(reference.get("begin", "")), offset(reference.get("end", ""))
        if begin is None or end is None or not begin < end <= len(text):
            continue
        before, behind = text[:begin].strip(_ENDS), text[end:].strip(_ENDS)
        if not before or not behind:
            return Addressed(before or behind, certain=not before)
    return None


def is_named(uri: str, names: tuple[str, str]) -> bool:
    """Whether an address is the bot's: as an occupant of the room, or its own."""
    jid = unquote(uri.removeprefix("xmpp:").partition("?")[0])
    occupant, bot = names
    host, slash, nick = jid.partition("/")
    return f"{folded(host)}{slash}{nick}" == occupant or bare(jid) == bot


def offset(written: str) -> int | None:
    """A place in the text; None if it is not a number."""
    if not (written.isascii() and written.isdigit() and len(written) <= MAX_OFFSET_DIGITS):
        return None
    return int(written)
