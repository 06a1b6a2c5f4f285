"""What an owner does to a room (XEP-0045 section 10): configure it, share ownership, set the
subject, invite."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

import structlog

from component.common.i18n import best
from component.common.sanitize import escape as q
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import (
    DATA,
    DISCO_INFO,
    INVITE,
    MUC,
    MUC_ADMIN,
    MUC_OWNER,
    MUC_USER,
    bare,
    element,
    form,
)

log = structlog.get_logger()

_CONFIG = "muc#roomconfig_"
_LANG = "muc#roominfo_lang"


def wanted(title: str) -> dict[str, str]:
    """The settings of a room of ours by their fields, Prosody's and ejabberd's names together."""
    settings = {f"{_CONFIG}persistentroom": "1", f"{_CONFIG}enablearchiving": "1", "mam": "1"}
    return settings | {f"{_CONFIG}roomname": title} if title else settings


class Owner:
    """The bot as a room's owner; every call raises IqError and Unavailable, but for `language`:
    only the latter."""

    def __init__(self, link: Session, bot: str) -> None:
        self._link = link
        self._bot = bot

    async def configure(self, room: str, title: str, *, fresh: bool) -> None:
        """Bring the owner form to what is wanted. A fresh room stays locked until its form is
        sent."""
        answer = await self._link.iq("get", room, self._bot, element("query", {"xmlns": MUC_OWNER}))
        offered = _fields(answer)
        values = {var: value for var, value in wanted(title).items() if var in offered}
        if fresh or any(_same(offered[var]) != _same(value) for var, value in values.items()):
            filled = form({"FORM_TYPE": f"{MUC}#roomconfig", **values})
            await self._link.iq(
                "set", room, self._bot, element("query", {"xmlns": MUC_OWNER}, filled)
            )

    async def language(self, room: str) -> str:
        """What is spoken in a room, by its disco#info (XEP-0045 section 15.5.3), of the languages
        that there are."""
        try:
            info = await self._link.iq(
                "get", room, self._bot, element("query", {"xmlns": DISCO_INFO})
            )
        except IqError:
            return best("")
        told = (
            one.findtext(f"{{{DATA}}}value")
            for one in info.iter(f"{{{DATA}}}field")
            if one.get("var") == _LANG
        )
        return best(next(told, "") or "")

    async def share(self, room: str, admins: Iterable[str]) -> None:
        """Make each of `admins` an owner who isn't one."""
        query = element("query", {"xmlns": MUC_ADMIN}, element("item", {"affiliation": "owner"}))
        answer = await self._link.iq("get", room, self._bot, query)
        owners = {bare(item.get("jid", "")) for item in answer.iter(f"{{{MUC_ADMIN}}}item")}
        for admin in admins:
            if admin not in owners:
                item = element("item", {"affiliation": "owner", "jid": admin})
                await self._link.iq(
                    "set", room, self._bot, element("query", {"xmlns": MUC_ADMIN}, item)
                )

    async def kick(self, room: str, nick: str, reason: str) -> None:
        """XEP-0045 section 8.2."""
        item = element("item", {"nick": nick, "role": "none"}, f"<reason>{q(reason)}</reason>")
        await self._link.iq("set", room, self._bot, element("query", {"xmlns": MUC_ADMIN}, item))

    async def destroy(self, room: str, reason: str) -> None:
        """XEP-0045 section 10.9. Whoever is inside is told the reason."""
        inside = element("destroy", {}, f"<reason>{q(reason)}</reason>")
        await self._link.iq("set", room, self._bot, element("query", {"xmlns": MUC_OWNER}, inside))

    def subject(self, room: str, subject: str) -> None:
        """XEP-0045 section 8.1."""
        inside = f"<subject>{q(subject)}</subject>"
        self._link.send(
            element("message", {"from": self._bot, "to": room, "type": "groupchat"}, inside)
        )

    def invite(self, room: str, jid: str, reason: str) -> None:
        """Through the room (XEP-0045 section 7.8.2), which makes a member where one must be, and
        directly (XEP-0249), which clients show that don't show the other."""
        mediated = element("invite", {"to": jid}, f"<reason>{q(reason)}</reason>")
        mediated = element("x", {"xmlns": MUC_USER}, mediated)
        self._link.send(element("message", {"from": self._bot, "to": room}, mediated))
        direct = element("x", {"xmlns": INVITE, "jid": room, "reason": reason})
        self._link.send(element("message", {"from": self._bot, "to": jid}, direct))


def _fields(answer: Element) -> Mapping[str, str]:
    data = answer.find(f"{{{MUC_OWNER}}}query/{{{DATA}}}x")
    fields = () if data is None else data.iter(f"{{{DATA}}}field")
    return {field.get("var", ""): field.findtext(f"{{{DATA}}}value") or "" for field in fields}


def _same(value: str) -> str:
    return {"true": "1", "false": "0"}.get(value, value)
