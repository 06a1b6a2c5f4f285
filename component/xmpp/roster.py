"""Who has the bot or a channel's address among their contacts, and what they see of it (RFC 6121
section 3).

Nobody keeps a component's roster but itself: who subscribed is in the store, and is shown presence
at each start.
"""

import time
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.bus.ports.store import Store
from component.common.errors import TooMany
from component.common.rate import Rate
from component.xmpp.disco import Identity
from component.xmpp.session import Session
from component.xmpp.stanza import bare, domain, element
from component.xmpp.tasks import Tasks

RESOURCE = "bus"
"""Presence comes from a full JID: Pidgin asks only those for commands."""


class Roster:
    """Everyone's subscriptions; accepts whoever asks, and asks nobody back."""

    def __init__(self, link: Session, store: Store) -> None:
        self._link = link
        self._store = store
        self._rate = Rate(time.monotonic, 200, 5)
        self._tasks = Tasks()
        self._identify: Callable[[str], Identity | None]
        link.up.append(self._greet)

    def attach(self, identify: Callable[[str], Identity | None]) -> None:
        """Close the circle: who a JID of ours is."""
        self._identify = identify

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    def _may(self, whose: str) -> bool:
        try:
            self._rate.spend(whose)
        except TooMany:
            return False
        return True

    async def _greet(self) -> None:
        """Unavailable, then available: clients then ask anew what is offered."""
        for ours, theirs in await self._store.people.contacts():
            self._show(ours, theirs, "unavailable")
            self._show(ours, theirs)

    def renew(self, jid: str) -> None:
        """What is offered to someone changed: clients ask anew when the bot comes online."""
        self._tasks.run(self._renew(jid))

    async def _renew(self, jid: str) -> None:
        for ours, theirs in await self._store.people.contacts():
            if theirs == jid:
                self._show(ours, theirs, "unavailable")
                self._show(ours, theirs)

    async def goodbye(self) -> None:
        """The bot goes offline for its contacts."""
        for ours, theirs in await self._store.people.contacts():
            self._show(ours, theirs, "unavailable")

    def _show(self, ours: str, theirs: str, kind: str = "") -> None:
        who = self._identify(ours)
        inside = who.presence if who and not kind else ""
        full = {"from": f"{ours}/{RESOURCE}", "to": theirs, "type": kind}
        self._link.try_send(element("presence", full, *filter(None, (inside,))))

    def presence(self, stanza: Element) -> None:
        """Someone's presence to the bot or to a channel's address."""
        kind, theirs, ours = (
            stanza.get("type"),
            bare(stanza.get("from", "")),
            bare(stanza.get("to", "")),
        )
        who = self._identify(ours)
        if not who or who.type == "web":
            if kind == "subscribe":
                self._link.try_send(
                    element("presence", {"from": ours, "to": theirs, "type": "unsubscribed"})
                )
        elif kind == "subscribe" and self._may(domain(theirs)):
            self._tasks.run(self._befriend(ours, theirs))
        elif kind == "probe":
            self._show(ours, stanza.get("from", ""))
        elif kind == "unsubscribe":
            self._tasks.run(self._store.people.remove_contact(ours, theirs))
            self._link.try_send(
                element("presence", {"from": ours, "to": theirs, "type": "unsubscribed"})
            )

    async def _befriend(self, ours: str, theirs: str) -> None:
        await self._store.people.add_contact(ours, theirs)
        self._link.try_send(element("presence", {"from": ours, "to": theirs, "type": "subscribed"}))
        self._show(ours, theirs)
