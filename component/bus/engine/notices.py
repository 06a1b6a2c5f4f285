"""What the bus itself has to say to people: to those who look after its channels, or to one of
them."""

from collections.abc import Mapping

from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.model.message import BUS, Author, Channel, Kind, Message
from component.bus.model.roles import Role
from component.bus.ports.method import Clock, MethodSpec
from component.common.i18n import Words, tell


class Notices:
    """Brings the bus's own words to people, as lastingly as any message."""

    def __init__(
        self, hub: Hub, settings: Settings, methods: Mapping[str, MethodSpec], clock: Clock
    ) -> None:
        self._hub = hub
        self._settings = settings
        self.method = next(name for name, spec in methods.items() if spec.person)
        self._clock = clock

    async def tell(self, channel: Channel, words: Words) -> None:
        """See `ports.Tell`: admins and operators look after every channel."""
        roles = self._settings.roles
        people = dict.fromkeys(
            [*roles.admins, *(jid for jid, role in roles.given.items() if role >= Role.OPERATOR)]
        )
        for jid in people:
            told = tell(words, self._settings.language(jid, ""))
            await self.say(jid, f"{channel}: {told}")

    def at(self, jid: str) -> Channel:
        """The channel that a bare JID is reached at."""
        return Channel(self.method, jid)

    async def inform(self, jid: str, words: Words) -> None:
        """Say something to a person in their language; see `say`."""
        await self.say(jid, tell(words, self._settings.language(jid, "")))

    async def say(self, jid: str, text: str, author: Author = BUS) -> None:
        """Say something to a person, a bare JID; committed on return. Raises StoreError."""
        message = Message.new(self.at(jid), author, text, self._clock(), kind=Kind.NOTICE)
        await self._hub.accept(message, deliver=True, spread=False)
