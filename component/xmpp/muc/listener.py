"""What comes from the rooms: presence, lines, and errors to our own lines.

A room's line goes from `message` over `live` to `accept`, and from there to the bus.
"""

import asyncio
from xml.etree.ElementTree import Element

import structlog

from component.bus.ports.method import Joined
from component.common.errors import Conflict, Refused, StoreError, Unavailable
from component.common.i18n import Words, _
from component.xmpp.bot import Bot
from component.xmpp.content import encryption_of
from component.xmpp.muc.access import Access
from component.xmpp.muc.addressed import addressed
from component.xmpp.muc.attendance import Attendance
from component.xmpp.muc.edits import RoomEdit
from component.xmpp.muc.ingest import Incoming, Ingest
from component.xmpp.muc.nick_guard import NickGuard
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import text_of
from component.xmpp.muc.room import Occupant, Room, RoomLine
from component.xmpp.stanza import (
    MUC_USER,
    NS,
    Fault,
    bare,
    body_of,
    is_said,
    language_of,
    resource,
    statuses,
)
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

HOPELESS = ("forbidden", "policy-violation", "bad-request")
"""RFC 6120 conditions after which a room would refuse the same line again."""
KEPT_OUT = ("not-allowed", "forbidden")
OUT = {
    "301": _("the bot is banned from the room"),
    "307": _("the bot was kicked"),
    "321": _("the bot's affiliation was removed"),
    "322": _("the room became members-only"),
    "332": _("the room service was shut down"),
    "333": _("the room lost the bot's connection"),
}
"""Why the bot is out of a room, by status code (XEP-0045 section 15.6)."""


class RoomListener:
    """Hears `rooms` (by JID) for the bot."""

    def __init__(
        self,
        bot: Bot,
        rooms: dict[str, Room],
        attendance: Attendance,
        ingest: Ingest,
        puppets: Puppets,
        access: Access,
        nick_guard: NickGuard,
    ) -> None:
        self._bot = bot
        self._rooms = rooms
        self._attendance = attendance
        self._ingest = ingest
        self._puppets = puppets
        self._access = access
        self._nick_guard = nick_guard
        self.joins: list[Joined] = []
        """Called with each who comes into a room while the bot is there."""
        self._tasks = Tasks()
        attendance.entered.append(self.take_waiting)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    # Lines

    def message(self, stanza: Element) -> bool:
        """A message from one of the rooms. Returns whether it was one. Puppets' copies are
        ignored."""
        sender, kind = stanza.get("from", ""), stanza.get("type")
        room = self._rooms.get(bare(sender))
        if not room:
            return False
        # An occupant's own error says nothing of the room.
        if kind == "error" and not resource(sender):
            self.bounced(room, stanza)
        elif kind == "groupchat" and stanza.get("to") == self._bot.jid:
            self.groupchat(room, stanza)
        return kind in ("error", "groupchat")

    def groupchat(self, room: Room, stanza: Element) -> None:
        """A subject, or a line: it waits while the archive is read."""
        room.heard_at = asyncio.get_running_loop().time()
        subject = stanza.find(f"{NS}subject")
        if subject is not None and not body_of(stanza):
            room.subject = subject.text or ""
        elif room.state == "in":
            self.live(room, stanza)
        else:
            room.waiting.append(stanza)

    def take_waiting(self, room: Room) -> None:
        """The archive is read: take what was said meanwhile."""
        while room.waiting:
            self.live(room, room.waiting.popleft())

    def live(self, room: Room, stanza: Element) -> None:
        """A line: pass it on, and answer it where it is for the bot. What another bus says is for
        nobody here."""
        incoming = self._ingest.live(room, stanza)
        line = self.line(room, stanza)
        if not incoming:
            self.unread(room, stanza, line)
            return
        if is_said(stanza):
            self._tasks.run(self.accept(incoming, None))
            return
        self._tasks.run(self.accept(incoming, line))
        if not isinstance(incoming, RoomEdit) or not incoming.retracts:
            self._tasks.run(self._bot.answer(room, line))

    def line(self, room: Room, stanza: Element) -> RoomLine:
        """A line as somebody said it."""
        nick = resource(stanza.get("from", ""))
        to_bot = addressed(stanza, room.nick, room.jid, self._bot.bare)
        said, language = text_of(stanza), language_of(stanza)
        return RoomLine(nick, room.jid_of(nick), said, language, to_bot)

    def unread(self, room: Room, stanza: Element, line: RoomLine) -> None:
        """Tell somebody once, and them alone, that nobody else can read what they encrypt."""
        method = encryption_of(stanza)
        if method and line.nick and line.nick != room.nick and not is_said(stanza):
            self._bot.tell_unreadable(room, line, method)

    async def accept(self, incoming: Incoming | RoomEdit, line: RoomLine | None) -> None:
        """Hand a line to the bus, and tell its author what was stopped.

        The author of a line can't be told no; the archive has it: where the store fails, it is read
        again from the mark.
        """
        room = incoming.room
        try:
            sentences = await self._ingest.accept(incoming)
        except StoreError:
            if room.state == "in":
                room.state = "reading"
                room.inside.clear()
                self._attendance.come_back(room)
            return
        if line and sentences:
            self._bot.warn(room, line, sentences)

    def bounced(self, room: Room, stanza: Element) -> None:
        """The room answers a line of ours with an error."""
        fault, to = Fault.read(stanza), stanza.get("to", "")
        ours = to == self._bot.jid
        if fault.condition == "not-acceptable":  # the speaker is not inside
            self._puppets.lost(to, room.jid)
            if ours and room.state == "in":
                self._attendance.lost(room, _("the room reports that the bot is not inside"))
                self._attendance.come(room)
        sentence = _("{room} reports: {why}.", room=room.jid, why=fault)
        # Without voice the bot waits for it; what a silenced guest said is refused.
        waits = ours and not room.voice
        error: Refused | Unavailable = Unavailable(sentence)
        if fault.condition in HOPELESS and not waits:
            error = Refused(sentence)
        room.fail(stanza.get("id", ""), error)

    # Presence

    def presence(self, stanza: Element) -> bool:
        """A presence to the bot from one of its rooms. Returns whether it was one."""
        sender, kind = stanza.get("from", ""), stanza.get("type")
        room, nick = self._rooms.get(bare(sender)), resource(sender)
        if not room:
            return False
        codes = statuses(stanza)
        if kind == "error":
            self.not_let_in(room, Fault.read(stanza))
        elif not nick:  # ejabberd shows the room itself too
            return True
        elif kind == "unavailable" and ("110" in codes or nick == room.nick):
            self.bot_is_out(room, stanza, codes)  # ejabberd destroys without saying 110
        elif "110" in codes:
            self.bot_is_in(room, nick, Occupant.read(stanza), codes)
        elif kind == "unavailable":
            self.goes(room, nick, stanza, codes)
        else:
            self.is_there(room, nick, Occupant.read(stanza))
        return True

    def not_let_in(self, room: Room, fault: Fault) -> None:
        """The room refuses the bot's join."""
        why = _("{room} reports: {why}.", room=room.jid, why=fault)
        if fault.condition in KEPT_OUT:
            why = _(
                "{told} If {bot} is not allowed to create rooms there, grant it that permission.",
                told=why,
                bot=self._bot.bare,
            )
        if fault.condition == "conflict":
            room.settle_join(Conflict(why))
        else:
            room.settle_join(Unavailable(why))

    def bot_is_in(self, room: Room, nick: str, me: Occupant, codes: frozenset[str]) -> None:
        """The room shows the bot itself: it is in, or something about it changed."""
        room.nick = nick
        room.affiliation, room.voice = me.affiliation, me.role != "visitor"
        room.fresh = room.fresh or "201" in codes
        room.settle_join(None)

    def bot_is_out(self, room: Room, stanza: Element, codes: frozenset[str]) -> None:
        """The room shows that the bot left it. Code 303 is a new nickname only."""
        if "303" in codes or self._attendance.leaving:
            return
        why = reason_out(stanza, codes)
        log.warning("room left", room=room.jid, reason=str(why))
        room.leave(why, Unavailable(_("{room}: {why}.", room=room.jid, why=why)))
        self._attendance.come_back(room)

    def is_there(self, room: Room, nick: str, occupant: Occupant) -> None:
        """An occupant comes in, or something about them changed."""
        is_new = nick not in room.occupants
        self._access.seen(room, nick, occupant)
        room.occupants[nick] = occupant
        room.stays.begin(nick)
        if self._nick_guard.minds(room, nick):
            self._tasks.run(self._nick_guard.put_out(room, nick, occupant.jid))
        elif is_new and room.inside.is_set() and nick not in self._puppets.names(room.jid):
            for call in self.joins:
                call(room.jid, nick, occupant.jid)

    def goes(self, room: Room, nick: str, stanza: Element, codes: frozenset[str]) -> None:
        """An occupant leaves, or takes another nickname (XEP-0045 section 7.6) and is not new under
        that."""
        self._access.gone(room, nick, Occupant.read(stanza), codes)
        gone = room.occupants.pop(nick, None)
        item = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
        renamed = ""
        if gone and "303" in codes and item is not None:
            renamed = item.get("nick", "")
            room.occupants[renamed] = gone
        room.stays.end(nick, renamed)


def reason_out(stanza: Element, codes: frozenset[str]) -> Words:
    """Why the bot is out of a room."""
    for code, words in OUT.items():
        if code in codes:
            return words
    if stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy") is not None:
        return _("the room was destroyed")
    return _("the bot was removed from the room")
