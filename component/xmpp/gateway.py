"""The XMPP side put together: one session, and which stanza goes to which part.

What it asks of the rest of the bus is in `handlers`; nothing else of the bus is known here.
"""

import time
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

from component.bus.model.contact import ContactCaps
from component.bus.ports.contacts import ContactStore
from component.bus.ports.method import Clock
from component.common.errors import TooMany
from component.common.i18n import best, tell
from component.xmpp.admission import Admission
from component.xmpp.bot import Bot
from component.xmpp.disco import Disco
from component.xmpp.elements import answer, error
from component.xmpp.handlers import Handlers
from component.xmpp.identity import Identities
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.contacts import Contacts
from component.xmpp.im.direct import DirectMessages
from component.xmpp.im.inbox import Inbox
from component.xmpp.im.presence import Presence
from component.xmpp.im.roster import Roster
from component.xmpp.limits import Limits
from component.xmpp.muc.rooms import Rooms
from component.xmpp.peers import Peers
from component.xmpp.stanza import NS, bare, language_of
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.session import Session
from component.xmpp.stream.supervisor import keep_up

NICK = "shoutbus"
"""The bot's nickname in rooms."""


class Gateway:
    """The component on its XMPP server. `bot` is the local part of the bot's JID; `secret` proves
    in rooms what the bus said itself."""

    def __init__(
        self,
        account: ComponentAccount,
        bot: str,
        handlers: Handlers,
        contacts: ContactStore,
        *,
        admins: Iterable[str],
        secret: bytes,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self._handlers = handlers
        self.session = Session(account, self.receive)
        automatic = AutomaticAnswers(time.monotonic)
        self.bot = Bot(self.session, bot, handlers, automatic)
        self.identities = Identities(handlers, account.component, self.bot.bare)
        self.disco = Disco(self.session, self.identities, handlers)
        home = account.component.partition(".")[2]
        self._admission = Admission(
            time.monotonic,
            limits,
            home,
            handlers.is_operator,
            lambda where: handlers.gateway(where) is not None,
        )
        caps = ContactCaps(limits.contacts_per_domain, limits.contacts, home)
        self.roster = Roster(
            self.session, contacts, Contacts(contacts, clock, caps), self.identities, limits
        )
        self.roster.added.append(self.bot.welcome)
        self.online = Presence(self.session, self.bot.bare, limits)
        self.direct = DirectMessages(self.session, self.bot.jid, handlers, automatic, limits)
        peers = Peers(self.session, self.bot.jid)
        self.rooms = Rooms(
            self.session,
            self.bot,
            NICK,
            handlers,
            peers,
            admins=admins,
            secret=secret,
            clock=clock,
            limits=limits,
        )
        self.inbox = Inbox(self.session, self.bot, handlers, peers.is_bus, automatic, clock)

    # In

    def receive(self, stanza: Element) -> None:
        """Give a stanza to the part that it is for, unless its sender sends too much."""
        if not self.admits(stanza):
            return
        if stanza.tag == f"{NS}message":
            self.message(stanza)
        elif stanza.tag == f"{NS}presence":
            self.presence(stanza)
        elif stanza.tag == f"{NS}iq":
            self.disco.iq(stanza)

    def admits(self, stanza: Element) -> bool:
        """Whether a stanza is taken. What is not is answered with an error, as far as its kind has
        one (RFC 6120 section 8.3)."""
        sender = stanza.get("from", "")
        if stanza.get("type") == "error" or self.rooms.has(sender):
            return True
        try:
            self._admission.spend(sender)
        except TooMany as fault:
            if stanza.tag != f"{NS}presence":
                sentence = tell(fault.sentence, best(language_of(stanza)))
                refused = answer(stanza, "error", error("wait", fault.condition, sentence))
                self.session.try_send(refused)
            return False
        return True

    def message(self, stanza: Element) -> None:
        """A room's line, an archive's result, an error, or a direct message."""
        if self.rooms.message(stanza):
            return
        if stanza.get("type") == "error":
            self.direct.bounced(stanza)
            return
        sender = stanza.get("from", "")
        self._handlers.seen(bare(sender))
        self.inbox.message(stanza, from_room=self.rooms.has(sender))

    def presence(self, stanza: Element) -> None:
        """An occupant's presence, or a contact's."""
        to = stanza.get("to", "")
        if to != self.bot.jid:
            self.rooms.puppet_presence(stanza)
        elif self.rooms.presence(stanza):
            return
        self.roster.presence(stanza)
        if bare(to) == self.bot.bare:
            self.online.heard(stanza)
            if stanza.get("type") is None:
                self._handlers.seen(bare(stanza.get("from", "")))

    # While it runs

    async def run(self) -> None:
        """Keep the session up until cancelled."""
        await keep_up(self.session)

    def sweep(self) -> None:
        """Once a second or so: look at what has timed out."""
        self.rooms.sweep()

    async def inside(self) -> None:
        """Return once the bot is in every room."""
        for room in self.rooms.all:
            await room.inside.wait()

    def health(self) -> dict[str, Any]:
        """The XMPP part of `/health`."""
        rooms = {}
        for room in self.rooms.all:
            limits = ""
            if room.affiliation:
                limits = str(room.limits())
            rooms[room.jid] = {
                "state": room.state,
                "trouble": str(room.trouble),
                "limits": limits,
            }
        health: dict[str, Any] = {
            "state": self.session.state,
            "trouble": self.session.trouble,
            "rooms": rooms,
        }
        if self.session.since:
            health["seconds"] = round(self.session.uptime, 1)
        return health

    async def stop(self) -> None:
        """Say goodbye and end the session."""
        if self.session.alive:
            self.rooms.leave()
            await self.roster.hide_all()
        await self.session.close()
        for part in (self.rooms, self.inbox, self.disco, self.roster, self.online, self.direct):
            await part.close()
