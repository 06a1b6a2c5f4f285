"""What anyone may ask a JID of ours: disco, version, ping, last activity, time, vCard.

Answers are the same on a bare and a full JID. An IQ that nobody answers gets `service-unavailable`.
"""

import base64
import datetime
from collections.abc import Callable
from xml.etree.ElementTree import Element

import structlog

from component import __version__
from component.common.i18n import Words, _, best
from component.xmpp.elements import answer, element, error, query
from component.xmpp.handlers import Commands, IqFault
from component.xmpp.identity import AVATAR, NODE, Identities, Identity
from component.xmpp.stanza import (
    COMMANDS,
    DISCO_INFO,
    DISCO_ITEMS,
    LAST,
    PING,
    TIME,
    VCARD,
    VERSION,
    bare,
    language_of,
)
from component.xmpp.stream.session import Session
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

Answer = Callable[[Element, Element, Identity], Element | None]
"""Answers an IQ, what it asks, and who is asked; None where that is not offered."""


class Disco:
    """Answers IQs to our JIDs."""

    def __init__(self, session: Session, identities: Identities, commands: Commands) -> None:
        self._session = session
        self._identities = identities
        self._commands = commands
        self._tasks = Tasks()
        self._answers: dict[str, Answer] = {
            f"{{{DISCO_INFO}}}query": self.info,
            f"{{{DISCO_ITEMS}}}query": self.items,
            f"{{{LAST}}}query": self.last_activity,
            f"{{{PING}}}ping": pong,
            f"{{{TIME}}}time": time,
            f"{{{VCARD}}}vCard": vcard,
            f"{{{VERSION}}}query": version,
        }

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    def iq(self, stanza: Element) -> None:
        """Answer a `get` or `set`."""
        if stanza.find(f"{{{COMMANDS}}}command") is not None and stanza.get("type") == "set":
            self._tasks.run(self.command(stanza))
        else:
            self._session.try_send(self.answered(stanza))

    def answered(self, stanza: Element) -> Element:
        """The answer to an IQ that is not a command."""
        jid = bare(stanza.get("to", ""))
        identity = self._identities.find(jid)
        if identity is None:
            return refusal(
                stanza, "item-not-found", _("The address {jid} does not exist.", jid=jid)
            )
        asked = next(iter(stanza), None)
        give = None
        if asked is not None and stanza.get("type") == "get":
            give = self._answers.get(asked.tag)
        if asked is None or give is None:
            return not_offered(stanza)
        if asked.tag == f"{{{PING}}}ping":
            return answer(stanza, "result")
        inside = give(stanza, asked, identity)
        if inside is None:
            return not_offered(stanza)
        return answer(stanza, "result", inside)

    async def command(self, stanza: Element) -> None:
        """Run a step of an ad-hoc command; whatever happens, its sender gets an answer."""
        identity = self._identities.find(bare(stanza.get("to", "")))
        if identity is None or identity.type == "web":
            none = _("This address does not offer commands.")
            self._session.try_send(refusal(stanza, "service-unavailable", none))
            return
        try:
            inside = await self._commands.serve(stanza)
            reply = answer(stanza, "result", inside)
        except IqFault as fault:
            reply = answer(stanza, "error", fault.error)
        except Exception:
            log.exception("command failed")
            failed = _("An internal error occurred; see the log of Shoutbus.")
            reply = refusal(stanza, "internal-server-error", failed, "wait")
        self._session.try_send(reply)

    def info(self, stanza: Element, asked: Element, identity: Identity) -> Element | None:
        """XEP-0030 section 3; nodes are our capabilities and the commands."""
        node = asked.get("node", "")
        if node in ("", f"{NODE}#{identity.ver}"):
            return identity.info(node)
        if identity.type == "web":
            return None
        if node == COMMANDS:
            return Identity("automation", "command-list", identity.name).info(node)
        name = self._commands.named(node, stanza.get("from", ""), language_of(stanza))
        if not name:
            return None
        return Identity("automation", "command-node", name).info(node)

    def items(self, stanza: Element, asked: Element, identity: Identity) -> Element:
        """XEP-0030 section 4: the bot and the open channels, and everyone's commands."""
        to, node = stanza.get("to", ""), asked.get("node", "")
        items = query(DISCO_ITEMS, node=node)
        if node == COMMANDS and identity.type != "web":
            offered = self._commands.listed(to, stanza.get("from", ""), language_of(stanza))
            for command, name in offered:
                items.append(element(DISCO_ITEMS, "item", jid=to, node=command, name=name))
        elif to == self._session.domain and not node:
            for jid, name in self._identities.listed():
                items.append(element(DISCO_ITEMS, "item", jid=jid, name=name))
        return items

    def last_activity(self, _stanza: Element, _asked: Element, _identity: Identity) -> Element:
        """XEP-0012: seconds since the session began."""
        return query(LAST, seconds=f"{self._session.uptime:.0f}")


def refusal(stanza: Element, condition: str, sentence: Words, kind: str = "cancel") -> Element:
    """An error that answers an IQ, in its language."""
    text = sentence.told(best(language_of(stanza)))
    return answer(stanza, "error", error(kind, condition, text))


def not_offered(stanza: Element) -> Element:
    """The answer to what nobody here answers."""
    return refusal(stanza, "service-unavailable", _("This address does not support the request."))


def pong(_stanza: Element, _asked: Element, _identity: Identity) -> None:
    """XEP-0199: the result is empty."""


def version(_stanza: Element, _asked: Element, _identity: Identity) -> Element:
    """XEP-0092."""
    name = element(VERSION, "name", text="Shoutbus")
    return query(VERSION, name, element(VERSION, "version", text=__version__))


def time(_stanza: Element, _asked: Element, _identity: Identity) -> Element:
    """XEP-0202."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    zone = element(TIME, "tzo", text="+00:00")
    return element(TIME, "time", zone, element(TIME, "utc", text=now))


def vcard(stanza: Element, _asked: Element, identity: Identity) -> Element:
    """XEP-0054: the name, and for all but web users the avatar and what it is."""
    card = element(VCARD, "vCard", element(VCARD, "FN", text=identity.name))
    if identity.type == "web":
        return card
    kind = element(VCARD, "TYPE", text="image/png")
    binary = element(VCARD, "BINVAL", text=base64.b64encode(AVATAR).decode())
    about = _("Forwards messages between rooms, shoutboxes and people. Write “help” to me.")
    card.append(element(VCARD, "NICKNAME", text=identity.name))
    card.append(element(VCARD, "PHOTO", kind, binary))
    card.append(element(VCARD, "DESC", text=about.told(best(language_of(stanza)))))
    return card
