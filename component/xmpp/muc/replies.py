"""Answers to earlier messages (XEP-0461): which line is meant, and how an answer is said in a room.

In a room a message is named by the room's archive id for it. The last lines of each room are
remembered with both names, so that an answer can be sorted without a look into the store: what was
said behind it must not overtake it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from component.bus.model.message import Message
from component.xmpp.elements import element
from component.xmpp.muc.fallback import without_quote
from component.xmpp.stanza import MAX_ID, body_of

REPLY = "urn:xmpp:reply:0"
FALLBACK = "urn:xmpp:fallback:0"
REMEMBERED = 2_000
"""Lines of a room that can be answered and edited."""
MAX_NAMES = 60
"""Names of one line. Each edit of it adds some."""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line of a room: our id for it, the archive's ("" where it has none), who said it as the
    room calls them, and the message that began its thread ("" where it is in none)."""

    id: str
    archived: str
    nick: str
    thread: str = ""

    @property
    def begun(self) -> str:
        """The id of the message that begins the thread of what answers it."""
        return self.thread or self.id


class LineIndex:
    """The last lines of one room."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, KnownLine] = OrderedDict()
        self._by_archive: dict[str, str] = {}
        self._by_name: dict[tuple[str, str], str] = {}
        self._names: dict[str, set[tuple[str, str]]] = {}

    def __len__(self) -> int:
        return max(len(self._by_id), len(self._by_archive))

    def put(self, line: KnownLine) -> None:
        """Remember a line, or what more is known of one. A line that the archive has under another
        id is a copy, and takes nothing away from this one."""
        known = self.of(line.id)
        if known and known.archived and line.archived not in ("", known.archived):
            return
        known = self._take(line.id)
        if known:
            archived, thread = line.archived or known.archived, line.thread or known.thread
            line = replace(line, archived=archived, thread=thread)
        self._by_id[line.id] = line
        if line.archived:
            self._by_archive[line.archived] = line.id
        if len(self._by_id) > REMEMBERED:
            self.drop(next(iter(self._by_id)))

    def drop(self, id: str) -> KnownLine | None:
        """It was not a message after all; returns what was known of it."""
        for name in self._names.pop(id, ()):
            if self._by_name.get(name) == id:
                del self._by_name[name]
        return self._take(id)

    def _take(self, id: str) -> KnownLine | None:
        known = self._by_id.pop(id, None)
        if known and self._by_archive.get(known.archived) == id:
            del self._by_archive[known.archived]
        return known

    def call(self, id: str, who: str, names: Iterable[str]) -> None:
        """Let `who` said a line that is known name it so."""
        if not who or id not in self._by_id:
            return
        mine = self._names.setdefault(id, set())
        for name in names:
            if len(mine) < MAX_NAMES:
                mine.add((who, name))
                self._by_name[who, name] = id

    def called(self, who: str, name: str) -> KnownLine | None:
        """The line that `who` said and names so."""
        return self.of(self._by_name.get((who, name), ""))

    def of(self, id: str) -> KnownLine | None:
        """The line with this id of ours."""
        return self._by_id.get(id)

    def meant(self, named: str) -> KnownLine | None:
        """The line that an answer names: by the archive's id, or, as some clients do, by the
        stanza's, which for what the bus says is ours."""
        return self.of(self._by_archive.get(named, named))

    def reply(self, room: str, message: Message) -> Element | None:
        """Says in a room that a message answers a line there; None where that is not known."""
        if not message.replies:
            return None
        line = self.of(message.replies)
        if not line or not line.archived:
            return None
        return element(REPLY, "reply", to=f"{room}/{line.nick}", id=line.archived)


def named_by(stanza: Element) -> str:
    """What a stanza says it answers, as the sender's client names it; "" for nothing that could
    be."""
    reply = stanza.find(f"{{{REPLY}}}reply")
    if reply is None:
        return ""
    named = reply.get("id", "")
    if len(named) > MAX_ID:
        return ""
    return named


def text_of(stanza: Element) -> str:
    """The words of a stanza without the quote that it shows to clients that do not know answers
    (XEP-0428); all of them where nothing would be left."""
    body = body_of(stanza)
    quote = quote_of(stanza)
    if quote is None or not named_by(stanza):
        return body
    return without_quote(body, quote.get("start", "0"), quote.get("end", str(len(body))))


def quote_of(stanza: Element) -> Element | None:
    """The part of the body that is a quote: an element with its `start` and `end`."""
    for fallback in stanza.iterfind(f"{{{FALLBACK}}}fallback"):
        if fallback.get("for") == REPLY:
            return fallback.find(f"{{{FALLBACK}}}body")
    return None


def archived_as(message: Message) -> str:
    """The archive's id of what someone said in a room, as `Ingest` put it into the origin; "" for
    what nobody said there."""
    archived = message.origin.removeprefix(f"{message.channel}#")
    if archived in (message.origin, message.id):
        return ""
    return archived
