"""What operators configure, live: a change is in the store, with its line in the audit log, and in
force at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from component.bus.engine.hub import Hub
from component.bus.model.records import Audit, Drop, Grant, Preference, Put, Token
from component.bus.model.roles import Role, Roles
from component.bus.model.route import Route
from component.bus.ports.method import MethodSpec
from component.bus.ports.store import Store
from component.common.i18n import best
from component.common.quiet_hours import Hours

_hours = lru_cache(10_000)(Hours.parse)


class Settings:
    """Roles and tokens as they stand now, and the one way to change anything."""

    def __init__(
        self, store: Store, hub: Hub, roles: Roles, methods: Mapping[str, MethodSpec]
    ) -> None:
        self.store = store
        self.roles = roles
        self.tokens: dict[str, Token] = {}
        """By the secret's SHA-256."""
        self.preferences: dict[str, Preference] = {}
        self.changed_role: list[Callable[[str], None]] = []
        """Called with the bare JID whose role is another now: what is offered to them is, too."""
        self.changed: list[Callable[[], None]] = []
        """Called after each change of anything; not where only the audit log has a new line."""
        self._hub = hub
        self._methods = methods
        self._preferring = asyncio.Lock()

    async def load(self) -> None:
        """Take what is configured, and what people chose, from the store."""
        await self._reload()
        self.preferences = {one.jid: one for one in await self.store.people.preferences()}

    async def _reload(self) -> None:
        self.roles.given = {
            grant.jid: Role[grant.role.upper()] for grant in await self.store.configuration.grants()
        }
        tokens = {token.digest: token for token in await self.store.configuration.tokens()}
        self.tokens.clear()
        self.tokens.update(tokens)

    def preference(self, jid: str) -> Preference:
        """What a bare JID chose."""
        return self.preferences.get(jid) or Preference(jid)

    def language(self, jid: str, asked: str) -> str:
        """The language to answer a bare JID in: the one they chose, else that of the `xml:lang`
        they ask in."""
        return self.preference(jid).language or best(asked)

    async def prefer(self, jid: str, change: Callable[[Preference], Preference]) -> Preference:
        """Change what someone chose, in force on return, and return what they had chosen before;
        their own affair, so not in the audit log. Raises StoreError.

        One change at a time: each starts from what the one before it left.
        """
        async with self._preferring:
            before = self.preference(jid)
            chosen = change(before)
            if chosen != before:
                await self.store.people.prefer(chosen)
                self.preferences[jid] = chosen
        return before

    def quiet(self, jid: str) -> Hours | None:
        """The hours in which a bare JID gets no messages."""
        chosen = self.preferences.get(jid)
        return _hours(chosen.quiet) if chosen and chosen.quiet else None

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """All of it or nothing, in force on return; raises BadInput, Conflict, StoreError."""
        for one in changes:
            if isinstance(one, Put) and isinstance(one.thing, Route):
                self._methods[one.thing.destination.method].check_end(one.thing.destination)
        await self._hub.change(changes, audit)
        await self._reload()
        for jid in {one.thing.jid for one in changes if isinstance(one.thing, Grant)}:
            for call in self.changed_role:
                call(jid)
        for look in self.changed if changes else ():
            look()
