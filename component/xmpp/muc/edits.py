"""Corrections and retractions of what was said in a room: whose line is meant.

Only the author of a line can change it. Who that is, says the room: by its id of the occupant
(XEP-0421) where it gives one, else by the real bare JID, else by the nickname as long as nobody
left under it. A line can be named by its author alone, so what others name is not found.
"""

from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from component.bus.model.message import WITHDRAWN, Kind, Message
from component.bus.ports.source_state import ArchivePosition
from component.common.i18n import _
from component.xmpp.edits import Edit, names_of, occupant_id
from component.xmpp.muc.room import Room

UNKNOWN = _(
    "I do not know the message that you edited or deleted, so nothing was changed elsewhere."
)
DELETED = _("The message that you edited was deleted. Your edit was not forwarded.")


@dataclass(frozen=True, slots=True)
class RoomEdit:
    """Someone's edit of a line in a room, under which nickname, and how far the archive is read
    with it. `change` is None where the line is not known as theirs."""

    room: Room
    nick: str
    change: Message | None
    retracts: bool
    position: ArchivePosition | None


def speaker(room: Room, nick: str, stanza: Element, *, live: bool) -> str:
    """Who says a stanza in a room, the same for all that they say; "" where that is not certain. An
    archive does not tell who left under a nickname."""
    if room.occupant_ids:
        given = occupant_id(stanza)
        return f"id:{given}" if given else ""
    jid = room.jid_of(nick)
    if jid:
        return f"jid:{jid}"
    stay = room.stays.of(nick)
    return f"stay:{stay}" if live and stay else ""


def room_edit(
    room: Room, said: Message, edit: Edit, who: str, names: tuple[str, ...], nick: str
) -> RoomEdit:
    """An edit by `who` in a room: `said` is its message as it came. The line can be named by it
    from now on: some clients name the last correction."""
    line = room.lines.called(who, edit.named)
    if not line:
        return RoomEdit(room, nick, None, edit.retracts, None)
    room.lines.call(line.id, who, names)
    change = replace(said, corrects=line.id, replies="", thread="")
    if edit.retracts:
        change = replace(change, body=WITHDRAWN, kind=Kind.RETRACTION)
    return RoomEdit(room, nick, change, edit.retracts, None)


def known_by(room: Room, id: str, nick: str, stanza: Element, archived: str, *, live: bool) -> None:
    """A line can be named by who said it."""
    room.lines.call(id, speaker(room, nick, stanza, live=live), names_of(stanza, archived))
