"""Answers what the XMPP side asks: each question goes to the part of the bus that knows."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from commands.adhoc import AdHoc
from commands.text import Text
from commands.welcome import welcome_words
from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.message_page import MessagePages
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.bus.ports.accepted import Receipt
from component.bus.ports.deliveries import DeliveryStore
from component.bus.ports.messages import MessageStore
from component.bus.ports.method import HeardThere, MethodSpec, Refusal
from component.bus.ports.source_state import ArchivePosition, SourceStateStore
from component.bus.ports.subscriptions import SubscriptionStore
from component.common.i18n import Words, _
from component.xmpp.handlers import PlainMessage, TypedLine

LATEST = 2**62
"""Behind every delivery."""
RECENT = 200
"""Lines of a room from before the start that can be answered."""


class BusHandlers:
    """`component.xmpp.handlers.Handlers`. `text` and `adhoc` are the two surfaces of the commands:
    they write over the gateway themselves, so they come last."""

    text: Text
    adhoc: AdHoc

    def __init__(
        self,
        hub: Hub,
        deliveries: DeliveryStore,
        messages: MessageStore,
        subscriptions: SubscriptionStore,
        sources: SourceStateStore,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        pages: MessagePages,
        gateways: Mapping[str, HeardThere],
    ) -> None:
        self._hub = hub
        self._deliveries = deliveries
        self._messages = messages
        self._subscriptions = subscriptions
        self._sources = sources
        self._settings = settings
        self._open = [name for name, spec in methods.items() if spec.open]
        self._pages = pages
        self._gateways = gateways
        self.seen_by: list[Callable[[str], None]] = []
        """Called with the bare JID of each who writes, or shows the bot that they are online."""

    # Messages

    async def accept(self, message: Message, position: ArchivePosition | None = None) -> Receipt:
        """Hand a message to the hub."""
        return await self._hub.accept(message, position)

    async def revise(self, change: Message, position: ArchivePosition | None = None) -> Receipt:
        """Hand a correction or a retraction to the hub."""
        return await self._hub.revise(change, position)

    def missed(self, receipt: Receipt) -> Sequence[Words]:
        """What the hub says did not arrive."""
        return self._hub.missed(receipt)

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        """What the hub says was stopped."""
        return self._hub.refusals(receipt)

    def note(self, position: ArchivePosition) -> None:
        """Keep a position with the next commit."""
        self._hub.note(position)

    def reading(self, channel: Channel) -> None:
        """Tell the hub that a room is read from its saved position on."""
        self._hub.reading(channel)

    async def position(self, channel: Channel) -> ArchivePosition | None:
        """The saved position of a room."""
        return await self._sources.archive_position(channel)

    async def recent(self, channel: Channel) -> Sequence[Delivery]:
        """The last deliveries of a channel."""
        return await self._deliveries.log(channel, before=LATEST, limit=RECENT)

    # Places

    def channel_named(self, name: str) -> Channel | None:
        """The first open method that has a channel of this name gives it."""
        for method in self._open:
            if name and self._hub.find(Channel(method, name)):
                return Channel(method, name)
        return None

    def open_channels(self) -> Sequence[ChannelSpec]:
        """The configured channels of the open methods."""
        return [spec for spec in self._hub.channels if spec.channel.method in self._open]

    def title(self, channel: Channel) -> str:
        """The title that was configured, or the channel as it is written."""
        spec = self._hub.find(channel)
        return (spec and spec.title) or str(channel)

    def leads_to(self, channel: Channel, without: Container[Channel] = ()) -> Sequence[str]:
        """The names of the channels at the ends of a channel's routes."""
        return self._hub.leads_to(channel, without)

    def greeting(self, room: Channel, nick: str) -> Words:
        """Name the ends of the room's routes where there are some."""
        ends = {str(route.destination) for route in self._hub.routes if route.source == room}
        if not ends:
            return _("Hello! I am Shoutbus. Write “{bot}: help” to see what I can do.", bot=nick)
        return _(
            "Hello! I am Shoutbus. Messages in this room are also posted to {ends}. Write "
            "“{bot}: help” to see what I can do.",
            ends=", ".join(sorted(ends)),
            bot=nick,
        )

    # People

    def language(self, jid: str, asked: str = "") -> str:
        """The language that someone chose, else the one asked in."""
        return self._settings.language(jid, asked)

    def confirms(self, jid: str) -> str:
        """What someone chose."""
        return self._settings.preference(jid).confirm

    async def welcome(self, jid: str) -> Words | None:
        """Say who reads along and how to begin; once to each person."""
        before = await self._settings.prefer(jid, lambda chosen: replace(chosen, welcomed=True))
        if before.welcomed:
            return None
        channel = ""
        for spec in self.open_channels():
            if not channel and spec.channel.address != "*":
                channel = spec.channel.address
        return welcome_words(self.leads_to(Channel("chat", jid)), channel)

    def is_operator(self, jid: str) -> bool:
        """Whether someone has the role of an operator, or more."""
        return self._settings.roles.of(jid) >= Role.OPERATOR

    def seen(self, jid: str) -> None:
        """Tell all who wait for someone."""
        for call in self.seen_by:
            call(jid)

    async def can_read(self, message_id: str, channel: Channel, jid: str) -> bool:
        """Whether someone who speaks to a channel can have read a message."""
        return await can_read(self._messages, self._subscriptions, message_id, channel, jid)

    # Commands

    async def answer(self, line: TypedLine) -> str | PlainMessage | None:
        """Run a typed command."""
        return await self.text.answer(line)

    def is_room_command(self, line: str) -> bool:
        """Whether a line is the name of a command that may be given in rooms."""
        return self.text.is_room_command(line)

    def expects(self, jid: str, line: str) -> bool:
        """Whether a line is a command, or answers an open question."""
        return self.text.expects(jid, line)

    def listed(self, to: str, asker: str, language: str) -> Sequence[tuple[str, str]]:
        """The ad-hoc commands that someone may call."""
        return self.adhoc.listed(to, asker, language)

    def named(self, node: str, asker: str, language: str) -> str | None:
        """The name of an ad-hoc command."""
        return self.adhoc.named(node, asker, language)

    async def serve(self, stanza: Element) -> Element:
        """Run a step of an ad-hoc command."""
        return await self.adhoc.serve(stanza)

    # The rest

    def gateway(self, domain: str) -> HeardThere | None:
        """The method that a gateway's JIDs write to."""
        return self._gateways.get(domain)

    def page_of(self, message: Message) -> str:
        """The URL of a message's page."""
        return self._pages.url(message)


async def can_read(
    messages: MessageStore,
    subscriptions: SubscriptionStore,
    message_id: str,
    channel: Channel,
    jid: str,
) -> bool:
    """Whether a bare JID that speaks to a channel can have read a message.

    It was there, or was brought to them, or a subscription told them of it, of which no delivery is
    kept. Raises StoreError.
    """
    hops = await messages.trace(message_id)
    places = {hop.channel for hop in hops}
    chat = Channel("chat", jid)
    if channel in places or chat in places:
        return True
    return bool(places and await subscriptions.between([chat], places))
