"""Taking back what stands in a room: by the room itself (XEP-0425) where it lets the bot, else by
asking everyone's client (XEP-0424), in the name of the occupant that said it.

Rooms know their lines by their archive's ids, so the line is looked for there first.
"""

import contextlib
import uuid
from collections.abc import Collection
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.delivery import Delivery, State
from component.bus.ports.method import Fate
from component.common.errors import Refused, Unavailable
from component.common.i18n import Words, _
from component.common.sanitize import escape as q
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import archived_as
from component.xmpp.muc.room import Room
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import DISCO_INFO, SAID, element, resource

log = structlog.get_logger()

MODERATE = "urn:xmpp:message-moderate:1"
MODERATE_0 = "urn:xmpp:message-moderate:0"
"""XEP-0425 before 0.3, as Prosody's mod_muc_moderation and ejabberd from 23.04 have it."""
RETRACT = "urn:xmpp:message-retract:1"
RETRACT_0 = "urn:xmpp:message-retract:0"
FASTEN = "urn:xmpp:fasten:0"

SLACK = 60_000
"""Milliseconds that the room's clock and ours may differ, and a reflection take."""
PAGES = 10
"""Pages of the archive that are looked through for a line, from each time it may have been said
at."""

REASON = _("Deleted by an operator.")
FALLBACK = _("A message was deleted here. Your client cannot hide it.")


def moderation(features: Collection[str], stanza_id: str, reason: str) -> str:
    """What to ask a room that has these features, so that it takes a line back; "" where it offers
    nothing."""
    why = f"<reason>{q(reason)}</reason>"
    if MODERATE in features:
        return element(
            "moderate", {"xmlns": MODERATE, "id": stanza_id}, f'<retract xmlns="{RETRACT}"/>{why}'
        )
    if MODERATE_0 in features:
        inside = element("moderate", {"xmlns": MODERATE_0}, f'<retract xmlns="{RETRACT_0}"/>{why}')
        return element("apply-to", {"xmlns": FASTEN, "id": stanza_id}, inside)
    return ""


def retraction(kind: str, sender: str, to: str, said_id: str, language: str) -> str:
    """A message that takes back an earlier one of the same sender (XEP-0424). It goes no
    further."""
    return element(
        "message",
        {"type": kind, "id": uuid.uuid4().hex, "from": sender, "to": to},
        element("retract", {"xmlns": RETRACT, "id": said_id}),
        element("fallback", {"xmlns": "urn:xmpp:fallback:0", "for": RETRACT}),
        f"<body>{q(FALLBACK.told(language))}</body>",
        element("store", {"xmlns": "urn:xmpp:hints"}),
        element("said", {"xmlns": SAID}),
    )


class Retraction:
    """Takes lines back in rooms, as `bot` (a full JID) or as the puppet that said them."""

    def __init__(self, link: Session, bot: str, hearing: Ingest, puppets: Puppets) -> None:
        self._link = link
        self._bot = bot
        self._hearing = hearing
        self._puppets = puppets

    async def retract(self, room: Room, delivery: Delivery) -> Fate:
        """See `ports.Retracts.retract`."""
        if room.state != "in":
            raise Unavailable(_("The bot is not in {room}.", room=room.jid))
        ours = delivery.state is not State.CAME
        stanza_id, nick = (
            await self._find(room, delivery) if ours else (archived_as(delivery.message), "")
        )
        why = await self._moderated(room, stanza_id)
        if not why:
            return Fate.GONE
        if not ours:
            raise Refused(why)
        sender = await self._speaker(room, delivery, nick)
        self._link.send(
            retraction(
                "groupchat", sender, room.jid, stanza_id or delivery.message.id, room.language
            )
        )
        return Fate.ASKED

    async def _moderated(self, room: Room, stanza_id: str) -> Words | None:
        """Let the room take it back; says why where it does not."""
        if not stanza_id:
            return _("the room does not have an archive, so its messages cannot be identified")
        try:
            asked = moderation(await self._features(room), stanza_id, REASON.told(room.language))
            if not asked:
                return _("the room does not support moderation (XEP-0425)")
            await self._link.iq("set", room.jid, self._bot, asked)
        except IqError as error:
            return _("the room reports {fault}", fault=str(error.fault))
        return None

    async def _features(self, room: Room) -> frozenset[str]:
        info = await self._link.iq(
            "get", room.jid, self._bot, element("query", {"xmlns": DISCO_INFO})
        )
        return frozenset(one.get("var", "") for one in info.iter(f"{{{DISCO_INFO}}}feature"))

    async def _find(self, room: Room, delivery: Delivery) -> tuple[str, str]:
        """The archive's id of a line of ours, and the nickname it was said under; "" where that is
        not known."""
        with contextlib.suppress(IqError):
            for since in (
                delivery.changed,
                delivery.message.at,
            ):  # said at once, or confirmed long after
                found = await self._look(room, delivery.message.id, since - SLACK)
                if found is not None:
                    return found
        return "", ""

    async def _look(self, room: Room, message_id: str, since: int) -> tuple[str, str] | None:
        left = PAGES
        async with contextlib.aclosing(
            self._hearing.archive.after(room.jid, "", max(since, 0))
        ) as pages:
            async for page in pages:
                for one in page:
                    if self._is(room, one.stanza, message_id):
                        return one.id, resource(one.stanza.get("from", ""))
                left -= 1
                if not left:
                    break
        return None

    def _is(self, room: Room, stanza: Element, message_id: str) -> bool:
        said = stanza.find(f"{{{SAID}}}said")
        return said is not None and said.get("proof") == self._hearing.proof(room, message_id)

    async def _speaker(self, room: Room, delivery: Delivery, nick: str) -> str:
        """The full JID of the occupant that said it (`nick`, where that is known); raises Refused
        where it is gone."""
        author = delivery.message.author
        puppet = (
            await self._puppets.enter(room.jid, author)
            if author.is_guest and nick != room.nick
            else None
        )
        if puppet and nick in ("", puppet.nick):
            return puppet.jid
        if nick not in ("", room.nick):
            raise Refused(_("{nick}, who posted it there, has left", nick=nick))
        return self._bot
