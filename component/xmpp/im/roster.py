"""Who has the bot or a channel's address among their contacts, and what they see of it (RFC 6121
section 3).

Nobody keeps a component's roster but itself: who subscribed is in the store, and is shown presence
after each start, a few at a time, since a million contacts must not keep the bot out of its rooms.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.contact import Contact
from component.bus.ports.contacts import ContactStore
from component.common.errors import StoreError, TooMany
from component.common.rate import Rate
from component.xmpp.elements import presence
from component.xmpp.identity import Identities
from component.xmpp.im.contacts import Contacts
from component.xmpp.limits import Limits
from component.xmpp.stanza import bare, language_of
from component.xmpp.stream.session import Session
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

RESOURCE = "bus"
"""Presence comes from a full JID: Pidgin asks only those for commands."""
ASKING = frozenset({"subscribe", "unsubscribe", "probe"})
"""The kinds of presence that are about ours."""
DAY_S = 86_400.0
PAGE = 50
"""Contacts that are read, and shown presence, at once."""


class Roster:
    """Everyone's subscriptions; accepts everyone who asks, within the caps, and asks nobody
    back."""

    def __init__(
        self,
        session: Session,
        store: ContactStore,
        contacts: Contacts,
        identities: Identities,
        limits: Limits,
    ) -> None:
        self._session = session
        self._store = store
        self._contacts = contacts
        self._identities = identities
        self._limits = limits
        self._requests = Rate(time.monotonic, 200, 5)
        self._answers = Rate(time.monotonic, 5, 1 / 60)
        self._tasks = Tasks()
        self._greeting: asyncio.Task[None] | None = None
        self.added: list[Callable[[str, str, str], Awaitable[None]]] = []
        """Called with our bare JID, theirs, and the language that they asked in, for each who has
        one of ours as a contact from now on."""
        session.up.append(self.begin)
        session.down.append(self.end)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()
        await self._contacts.close()

    # All contacts

    async def begin(self) -> None:
        """The session began: everyone is shown presence, behind all that is more urgent."""
        self._greeting = self._tasks.run(self.attend())

    def end(self) -> None:
        """The session ended."""
        if self._greeting:
            self._greeting.cancel()

    async def attend(self) -> None:
        """Show everyone presence; then, once a day, end the contacts that nobody has seen."""
        await self.show_all()
        while True:
            await self._contacts.end_unseen(self._limits.contact_days)
            await asyncio.sleep(DAY_S)

    async def show_all(self) -> None:
        """Show unavailable, then available presence: clients then ask anew what is offered."""
        async for page in self.pages():
            for contact in page:
                self.show_anew(contact)
            await asyncio.sleep(len(page) / self._limits.greeted_per_s)

    async def hide_all(self) -> None:
        """The bot goes offline for its contacts, as far as there is time for it: who is not told
        sees it with the next start."""
        left = self._limits.hidden
        async for page in self.pages():
            for contact in page:
                self.hide(contact)
            left -= len(page)
            if left <= 0:
                return

    async def pages(self) -> AsyncIterator[Sequence[Contact]]:
        """All contacts, a few at a time. Ends where the store fails."""
        last: Contact | None = None
        try:
            while page := await self._store.page(last, PAGE):
                yield page
                last = page[-1]
        except StoreError as error:
            log.warning("contacts not read", reason=str(error))

    # One contact

    def renew(self, jid: str) -> None:
        """What is offered to someone changed: their clients ask anew when the bot comes online."""
        self._tasks.run(self.show_again(jid))

    async def show_again(self, jid: str) -> None:
        """Go offline and come online for one person."""
        for contact in await self._store.of(jid):
            self.show_anew(contact)

    def show_anew(self, contact: Contact) -> None:
        """Go offline and come online for one contact."""
        self.hide(contact)
        self.show(*contact)

    def show(self, ours: str, theirs: str) -> None:
        """Come online for one contact, or for one client of theirs."""
        identity = self._identities.find(ours)
        shown = presence(f"{ours}/{RESOURCE}", theirs)
        if identity:
            shown.extend(identity.presence)
        self._session.try_send(shown)

    def hide(self, contact: Contact) -> None:
        """Go offline for one contact."""
        away = presence(f"{contact.ours}/{RESOURCE}", contact.theirs, type="unavailable")
        self._session.try_send(away)

    # What others ask

    def presence(self, stanza: Element) -> None:
        """Someone's presence to the bot or to a channel's address."""
        kind = stanza.get("type")
        if kind not in ASKING:
            return
        contact = Contact(bare(stanza.get("to", "")), bare(stanza.get("from", "")))
        identity = self._identities.find(contact.ours)
        known = identity is not None and identity.type != "web"
        if known and kind == "unsubscribe":
            self._contacts.remove(contact)
        if not self.may_answer(contact):
            return
        if known and kind == "probe":
            self._contacts.seen(contact)
            self.show(contact.ours, stanza.get("from", ""))
        elif known and kind == "subscribe":
            if self.may_subscribe(contact.domain):
                self._tasks.run(self.accept(contact, language_of(stanza)))
        elif kind != "probe":
            self.refuse(contact)

    def may_answer(self, contact: Contact) -> bool:
        """Whether someone was not answered too often: a peer may answer each presence with a
        request for the next one."""
        try:
            self._answers.spend(f"{contact.ours} {contact.theirs}")
        except TooMany:
            return False
        return True

    def may_subscribe(self, their_domain: str) -> bool:
        """Whether a domain's people have not asked too often."""
        try:
            self._requests.spend(their_domain)
        except TooMany:
            return False
        return True

    async def accept(self, contact: Contact, language: str) -> None:
        """Someone has a JID of ours as a contact from now on, if there is room for them."""
        if not await self._contacts.add(contact):
            log.warning("contact refused", contact=contact.theirs, reason="limit reached")
            self.refuse(contact)
            return
        self._session.try_send(presence(*contact, type="subscribed"))
        self.show(*contact)
        for call in self.added:
            await call(contact.ours, contact.theirs, language)

    def refuse(self, contact: Contact) -> None:
        """Someone is not a contact."""
        self._session.try_send(presence(*contact, type="unsubscribed"))
