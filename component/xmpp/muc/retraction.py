"""Takes back what was said in a room: by the room itself (XEP-0425) where it lets the bot, else by
asking everyone's client (XEP-0424), in the name of the occupant that said it.

Rooms know their lines by their archive's ids, so the line is looked for there first.
"""

import contextlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.bus.model.delivery import Delivery, State
from component.bus.ports.method import Fate
from component.common.errors import Refused, Unavailable
from component.common.i18n import Words, _
from component.xmpp.edits import FASTEN, RETRACT, RETRACT_0
from component.xmpp.elements import element, message, own_words, query
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import archived_as
from component.xmpp.muc.room import Room
from component.xmpp.stanza import DISCO_INFO, features, resource
from component.xmpp.stream.session import IqError, Session

MODERATE = "urn:xmpp:message-moderate:1"
MODERATE_0 = "urn:xmpp:message-moderate:0"
"""XEP-0425 before 0.3, as Prosody's mod_muc_moderation and ejabberd from 23.04 have it."""

SLACK_MS = 60_000
"""Milliseconds that the room's clock and ours may differ, and a reflection take."""
PAGES = 10
"""Pages of the archive that are searched for a line, from each time it may have been said at."""

REASON = _("Deleted by an operator.")


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """Where a line is in the archive: its id there, and the nickname it was said under; "" where
    that is not known."""

    stanza_id: str = ""
    nick: str = ""


class Retraction:
    """Takes lines back in rooms, as `bot` (a full JID) or as the puppet that said them."""

    def __init__(self, session: Session, bot: str, ingest: Ingest, puppets: Puppets) -> None:
        self._session = session
        self._bot = bot
        self._ingest = ingest
        self._puppets = puppets

    async def retract(self, room: Room, delivery: Delivery) -> Fate:
        """Take back what was brought into a room or was heard there.

        Raises Unavailable, or Refused with why it stays.
        """
        if room.state != "in":
            raise Unavailable(_("The bot is not in {room}.", room=room.jid))
        ours = delivery.state is not State.RECEIVED
        if ours:
            line = await self.find(room, delivery)
        else:
            line = ArchivedLine(archived_as(delivery.message))
        why = await self.moderate(room, line.stanza_id)
        if not why:
            return Fate.GONE
        if not ours:
            raise Refused(why)
        sender = await self.speaker(room, delivery, line.nick)
        known_as = line.stanza_id or delivery.message.id
        self._session.send(retraction("groupchat", sender, room.jid, known_as))
        return Fate.ASKED

    async def moderate(self, room: Room, stanza_id: str) -> Words | None:
        """Let the room take a line back. Returns why it does not; raises Unavailable."""
        if not stanza_id:
            return _("the room does not have an archive, so its messages cannot be identified")
        try:
            info = await self._session.iq("get", room.jid, self._bot, query(DISCO_INFO))
            asked = moderation(features(info), stanza_id, REASON.told(room.language))
            if asked is None:
                return _("the room does not support moderation (XEP-0425)")
            await self._session.iq("set", room.jid, self._bot, asked)
        except IqError as error:
            return _("the room reports {fault}", fault=str(error.fault))
        return None

    async def find(self, room: Room, delivery: Delivery) -> ArchivedLine:
        """A line of ours in the archive; raises Unavailable."""
        message_id = delivery.message.id
        # It was said at once, or confirmed long after.
        times = (delivery.changed, delivery.message.at)
        with contextlib.suppress(IqError):
            for since in times:
                line = await self.search(room, message_id, since - SLACK_MS)
                if line:
                    return line
        return ArchivedLine()

    async def search(self, room: Room, message_id: str, since: int) -> ArchivedLine | None:
        """Look for a line in a few pages of the archive since a time; raises IqError,
        Unavailable."""
        left = PAGES
        pages = self._ingest.archive.after(room.jid, "", max(since, 0))
        async with contextlib.aclosing(pages):
            async for page in pages:
                for archived in page:
                    if self._ingest.proved(room, archived.stanza) == message_id:
                        nick = resource(archived.stanza.get("from", ""))
                        return ArchivedLine(archived.id, nick)
                left -= 1
                if not left:
                    break
        return None

    async def speaker(self, room: Room, delivery: Delivery, nick: str) -> str:
        """The full JID of the occupant that said it (`nick`, where that is known); raises Refused
        where they left."""
        author = delivery.message.author
        if author.is_guest and nick != room.nick:
            puppet = await self._puppets.enter(room.jid, author)
            if puppet and nick in ("", puppet.nick):
                return puppet.jid
        if nick not in ("", room.nick):
            raise Refused(_("{nick}, who posted it there, has left", nick=nick))
        return self._bot


def moderation(offered: Collection[str], stanza_id: str, reason: str) -> Element | None:
    """What to ask a room that has these features, so that it takes a line back; None where it
    offers nothing."""
    if MODERATE in offered:
        why = element(MODERATE, "reason", text=reason)
        return element(MODERATE, "moderate", element(RETRACT, "retract"), why, id=stanza_id)
    if MODERATE_0 in offered:
        why = element(MODERATE_0, "reason", text=reason)
        moderate = element(MODERATE_0, "moderate", element(RETRACT_0, "retract"), why)
        return element(FASTEN, "apply-to", moderate, id=stanza_id)
    return None


def retraction(kind: str, sender: str, to: str, said_id: str) -> Element:
    """A message that takes back an earlier one of the same sender (XEP-0424). No bus passes it on.

    It has no body: a client that does not know it would show that as words of the sender, who did
    not write them.
    """
    return message(
        sender,
        to,
        element(RETRACT, "retract", id=said_id),
        element("urn:xmpp:hints", "store"),
        own_words(),
        type=kind,
        id=uuid.uuid4().hex,
    )
