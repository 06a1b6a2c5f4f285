"""What an owner does to a room (XEP-0045 section 10): configure it, share ownership, set the
subject, invite, kick, destroy."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import structlog

from component.common.i18n import best
from component.xmpp.edits import OCCUPANT_ID
from component.xmpp.elements import STREAM, element, form, message, query
from component.xmpp.stanza import (
    DATA,
    DISCO_INFO,
    INVITE,
    MUC,
    MUC_ADMIN,
    MUC_OWNER,
    MUC_USER,
    bare,
    features,
)
from component.xmpp.stream.session import IqError, Session

log = structlog.get_logger()

CONFIG = "muc#roomconfig_"
PERSISTENT = f"{CONFIG}persistentroom"
LANGUAGE = "muc#roominfo_lang"


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """The language that is spoken in a room, of those that the bus speaks, and whether it gives
    occupants ids (XEP-0421)."""

    language: str
    occupant_ids: bool


class Owner:
    """The bot as a room's owner; every call raises IqError and Unavailable, but for `about`: only
    the latter."""

    def __init__(self, session: Session, bot: str) -> None:
        self._session = session
        self._bot = bot

    async def configure(self, room: str, title: str, *, fresh: bool) -> None:
        """Bring the owner form to what is wanted. A fresh room stays locked until its form is
        sent."""
        answer = await self._session.iq("get", room, self._bot, query(MUC_OWNER))
        offered = form_values(answer.find(f"{{{MUC_OWNER}}}query/{{{DATA}}}x"))
        values = {}
        changed = fresh
        for var, value in settings(title).items():
            if var in offered:
                values[var] = value
                changed = changed or as_flag(offered[var]) != as_flag(value)
        if fresh and PERSISTENT not in offered:
            why = "the server does not let the bot make it persistent"
            log.warning("the room may not last", room=room, reason=why)
        if changed:
            filled = form({"FORM_TYPE": f"{MUC}#roomconfig", **values})
            await self._session.iq("set", room, self._bot, query(MUC_OWNER, filled))

    async def about(self, room: str) -> RoomInfo:
        """What a room's disco#info says of it (XEP-0045 section 15.5.3)."""
        try:
            info = await self._session.iq("get", room, self._bot, query(DISCO_INFO))
        except IqError:
            return RoomInfo(best(""), False)
        language = best(form_values(info).get(LANGUAGE, ""))
        return RoomInfo(language, OCCUPANT_ID in features(info))

    async def share(self, room: str, admins: Iterable[str]) -> None:
        """Make each of `admins` an owner who isn't one."""
        asked = query(MUC_ADMIN, element(MUC_ADMIN, "item", affiliation="owner"))
        answer = await self._session.iq("get", room, self._bot, asked)
        owners = {bare(item.get("jid", "")) for item in answer.iter(f"{{{MUC_ADMIN}}}item")}
        for admin in admins:
            if admin not in owners:
                item = element(MUC_ADMIN, "item", affiliation="owner", jid=admin)
                await self._session.iq("set", room, self._bot, query(MUC_ADMIN, item))

    async def kick(self, room: str, nick: str, reason: str) -> None:
        """XEP-0045 section 8.2."""
        why = element(MUC_ADMIN, "reason", text=reason)
        item = element(MUC_ADMIN, "item", why, nick=nick, role="none")
        await self._session.iq("set", room, self._bot, query(MUC_ADMIN, item))

    async def destroy(self, room: str, reason: str) -> None:
        """XEP-0045 section 10.9. Everyone inside gets to see the reason."""
        why = element(MUC_OWNER, "reason", text=reason)
        destroy = query(MUC_OWNER, element(MUC_OWNER, "destroy", why))
        await self._session.iq("set", room, self._bot, destroy)

    def subject(self, room: str, subject: str) -> None:
        """XEP-0045 section 8.1."""
        inside = element(STREAM, "subject", text=subject)
        self._session.send(message(self._bot, room, inside, type="groupchat"))

    def invite(self, room: str, jid: str, reason: str) -> None:
        """Through the room (XEP-0045 section 7.8.2), which makes a member where one must be, and
        directly (XEP-0249), which clients show that don't show the other."""
        why = element(MUC_USER, "reason", text=reason)
        mediated = element(MUC_USER, "x", element(MUC_USER, "invite", why, to=jid))
        self._session.send(message(self._bot, room, mediated))
        direct = element(INVITE, "x", jid=room, reason=reason)
        self._session.send(message(self._bot, jid, direct))


def settings(title: str) -> dict[str, str]:
    """The settings of a room of ours by their fields, Prosody's and ejabberd's names together."""
    wanted = {PERSISTENT: "1", f"{CONFIG}enablearchiving": "1", "mam": "1"}
    if title:
        wanted[f"{CONFIG}roomname"] = title
    return wanted


def form_values(holder: Element | None) -> dict[str, str]:
    """The first value of each field of the data form in an element."""
    values: dict[str, str] = {}
    if holder is None:
        return values
    for field in holder.iter(f"{{{DATA}}}field"):
        values[field.get("var", "")] = field.findtext(f"{{{DATA}}}value") or ""
    return values


def as_flag(value: str) -> str:
    """A boolean field's value as 1 or 0; others as they are (XEP-0004 section 3.3)."""
    return {"true": "1", "false": "0"}.get(value, value)
