"""Answers to earlier messages (XEP-0461): which of ours is meant, and how one is said in a room.

In a room a message is named by the room's archive id for it. The last lines of each room are
remembered with both names, so that an answer can be sorted without a look into the store: what was
said behind it must not overtake it.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from component.bus.model.message import Channel, Message
from component.bus.ports.store import Store
from component.xmpp.stanza import MAX_ID, body_of, element

REPLY = "urn:xmpp:reply:0"
FALLBACK = "urn:xmpp:fallback:0"
REMEMBERED = 2_000
"""Lines of a room that can be answered."""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line of a room: our id for it, the archive's ("" where it has none), who said it as the
    room calls them, and the message that began its thread ("" where it stands in none)."""

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

    def put(self, line: KnownLine) -> None:
        """Remember a line, or what more is known of one."""
        known = self.drop(line.id)
        if known:
            line = replace(
                line, archived=line.archived or known.archived, thread=line.thread or known.thread
            )
        self._by_id[line.id] = line
        if line.archived:
            self._by_archive[line.archived] = line.id
        if len(self._by_id) > REMEMBERED:
            self.drop(next(iter(self._by_id)))

    def drop(self, id: str) -> KnownLine | None:
        """It was no message after all; gives what was known of it."""
        known = self._by_id.pop(id, None)
        if known and self._by_archive.get(known.archived) == id:
            del self._by_archive[known.archived]
        return known

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def of(self, id: str) -> KnownLine | None:
        """The line with this id of ours."""
        return self._by_id.get(id)

    def meant(self, named: str) -> KnownLine | None:
        """The line that an answer names: by the archive's id, or, as some clients do, by the
        stanza's, which for what the bus says is ours."""
        return self.of(self._by_archive.get(named, named))

    def replying(self, room: str, message: Message) -> str:
        """What says in a room that a message answers one there; "" where that is not known."""
        line = self.of(message.replies) if message.replies else None
        if not line or not line.archived:
            return ""
        return element("reply", {"xmlns": REPLY, "to": f"{room}/{line.nick}", "id": line.archived})


def named_by(stanza: Element) -> str:
    """What a stanza says it answers, as the sender's client names it; "" for nothing that could
    be."""
    found = stanza.find(f"{{{REPLY}}}reply")
    named = found.get("id", "") if found is not None else ""
    return named if len(named) <= MAX_ID else ""


def said_in(stanza: Element) -> str:
    """The words of a stanza without the quote that it shows to clients that know no answers
    (XEP-0428); all of them where nothing would be left."""
    body = body_of(stanza)
    marked = next(
        (one for one in stanza.iterfind(f"{{{FALLBACK}}}fallback") if one.get("for") == REPLY), None
    )
    part = marked.find(f"{{{FALLBACK}}}body") if marked is not None else None
    if part is None or not named_by(stanza):
        return body
    try:
        start, end = int(part.get("start", "0")), int(part.get("end", str(len(body))))
    except ValueError:
        return body
    if not 0 <= start < end <= len(body):
        return body
    left = body[:start] + body[end:]
    return left if left.strip() else body


async def had(store: Store, message_id: str, channel: Channel, jid: str) -> bool:
    """Whether a bare JID that speaks to a channel can have read a message: it was there, or was
    brought to them, or told them by a subscription, of which no delivery is kept. Raises
    StoreError."""
    places = {hop.channel for hop in await store.messages.trace(message_id)}
    told = Channel("chat", jid)
    if not places.isdisjoint((channel, told)):
        return True
    return bool(places and await store.subscriptions.between([told], places))


def archived_as(message: Message) -> str:
    """The archive's id of what someone said in a room, as `Ingest` put it into the origin; "" for
    what nobody did."""
    found = message.origin.removeprefix(f"{message.channel}#")
    return "" if found in (message.origin, message.id) else found
