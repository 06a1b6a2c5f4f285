"""Who has the bot or a channel's address among their contacts, and what they see of it (RFC 6121
section 3).

Nobody keeps a component's roster but itself: who subscribed is in the store, and is shown presence
at each start.
"""

import time
from collections.abc import Awaitable, Callable
from xml.etree.ElementTree import Element

from component.bus.ports.people import PeopleStore
from component.common.errors import TooMany
from component.common.rate import Rate
from component.xmpp.elements import presence
from component.xmpp.identity import Identities
from component.xmpp.stanza import bare, domain, language_of
from component.xmpp.stream.session import Session
from component.xmpp.tasks import Tasks

RESOURCE = "bus"
"""Presence comes from a full JID: Pidgin asks only those for commands."""


class Roster:
    """Everyone's subscriptions; accepts everyone who asks, and asks nobody back."""

    def __init__(self, session: Session, people: PeopleStore, identities: Identities) -> None:
        self._session = session
        self._people = people
        self._identities = identities
        self._rate = Rate(time.monotonic, 200, 5)
        self._tasks = Tasks()
        self.added: list[Callable[[str, str, str], Awaitable[None]]] = []
        """Called with our bare JID, theirs, and the language that they asked in, for each who has
        one of ours as a contact from now on."""
        session.up.append(self.show_all)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    async def show_all(self) -> None:
        """Show unavailable, then available presence: clients then ask anew what is offered."""
        for ours, theirs in await self._people.contacts():
            self.show_anew(ours, theirs)

    def renew(self, jid: str) -> None:
        """What is offered to someone changed: their clients ask anew when the bot comes online."""
        self._tasks.run(self.show_again(jid))

    async def show_again(self, jid: str) -> None:
        """Go offline and come online for one person."""
        for ours, theirs in await self._people.contacts():
            if theirs == jid:
                self.show_anew(ours, theirs)

    async def hide_all(self) -> None:
        """The bot goes offline for its contacts."""
        for ours, theirs in await self._people.contacts():
            self.hide(ours, theirs)

    def show_anew(self, ours: str, theirs: str) -> None:
        """Go offline and come online for one contact."""
        self.hide(ours, theirs)
        self.show(ours, theirs)

    def show(self, ours: str, theirs: str) -> None:
        """Come online for one contact."""
        identity = self._identities.find(ours)
        shown = presence(f"{ours}/{RESOURCE}", theirs)
        if identity:
            shown.extend(identity.presence)
        self._session.try_send(shown)

    def hide(self, ours: str, theirs: str) -> None:
        """Go offline for one contact."""
        self._session.try_send(presence(f"{ours}/{RESOURCE}", theirs, type="unavailable"))

    def presence(self, stanza: Element) -> None:
        """Someone's presence to the bot or to a channel's address."""
        kind = stanza.get("type")
        theirs, ours = bare(stanza.get("from", "")), bare(stanza.get("to", ""))
        identity = self._identities.find(ours)
        if not identity or identity.type == "web":
            if kind == "subscribe":
                self._session.try_send(presence(ours, theirs, type="unsubscribed"))
        elif kind == "subscribe" and self.may_subscribe(domain(theirs)):
            self._tasks.run(self.accept(ours, theirs, language_of(stanza)))
        elif kind == "probe":
            self.show(ours, stanza.get("from", ""))
        elif kind == "unsubscribe":
            self._tasks.run(self._people.remove_contact(ours, theirs))
            self._session.try_send(presence(ours, theirs, type="unsubscribed"))

    def may_subscribe(self, their_domain: str) -> bool:
        """Whether a domain's people have not asked too often."""
        try:
            self._rate.spend(their_domain)
        except TooMany:
            return False
        return True

    async def accept(self, ours: str, theirs: str, language: str) -> None:
        """Someone has a JID of ours as a contact from now on."""
        await self._people.add_contact(ours, theirs)
        self._session.try_send(presence(ours, theirs, type="subscribed"))
        self.show(ours, theirs)
        for call in self.added:
            await call(ours, theirs, language)
