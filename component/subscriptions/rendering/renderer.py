"""Puts deliveries into words for who subscribed: mail, chat messages, SMS (`ports.Letters`).

What many are told is made once and kept for a moment; only what stands under it is each one's own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import MAX_BODY, Channel, Message
from component.bus.model.records import Preference
from component.bus.model.subscription import ASKS, DIGEST, Standing, Subscription, asked_for
from component.bus.ports.method import Clock
from component.bus.ports.rendering import Letter
from component.bus.ports.store import Store
from component.common.errors import Moot, Refused
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.subscriptions.instant import noted, quoted
from component.subscriptions.rendering import subject, values
from component.subscriptions.rendering.digest import Bounds, Places, chosen, merged, strangers
from component.subscriptions.rendering.excerpt import LIFE, Excerpt, Keep, Piece, Reader, everyone
from component.subscriptions.rendering.footer import HERE, footed, scrubbed
from component.subscriptions.rendering.recent import Recent
from component.subscriptions.rendering.short import followed, short
from component.subscriptions.rendering.templates import Faults, Templates
from component.subscriptions.rendering.values import Eyes, Links

MAIL = Bounds()
CHAT = Bounds(size=2_600, longest=400, frame=30)
"""What fits a message in chat that one still likes to read: about 3,000 characters."""
_SMS = "request-sms.txt"
_KEPT = 64
"""Letters that are kept: at 200 KB each at most."""
_KNOWN = 256
"""Messages whose places and answers are kept."""


class Speaking(Protocol):
    """What people chose; `component.bus.engine.admin.Settings` knows."""

    def language(self, jid: str, asked: str) -> str:
        """The language of a bare JID."""

    def preference(self, jid: str) -> Preference:
        """All that a bare JID chose."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A letter without what stands under it."""

    subject: str
    text: str
    html: str = ""


class Writer:
    """`ports.Letters`. `host` is the public one, `persons` the names of methods whose channels are
    people; `tell` says to operators what is wrong with a template of theirs, and may raise
    StoreError; `hears_stop` is whether what answers an SMS comes here; `keep` see `Reader`."""

    def __init__(
        self,
        store: Store,
        places: Places,
        links: Links,
        speaking: Speaking,
        templates: Templates,
        clock: Clock,
        *,
        host: str,
        persons: Collection[str],
        tell: Callable[[Words], Awaitable[None]],
        hears_stop: bool = False,
        keep: Keep = everyone,
    ) -> None:
        self._store = store
        self._places = places
        self._links = links
        self._speaking = speaking
        self._templates = templates
        self._faults = Faults(templates)
        self._host = host
        self._persons = persons
        self._tell = tell
        self._hears_stop = hears_stop
        self._reader = Reader(store, clock, keep)
        self._made: Recent[Hashable, _Made] = Recent(_KEPT, LIFE, clock)
        self._brought: Recent[str, tuple[int, Sequence[Channel]]] = Recent(_KNOWN, LIFE, clock)
        self._answers: Recent[tuple[Channel, str], tuple[Message | None]] = Recent(
            _KNOWN, LIFE, clock
        )
        self._one = asyncio.Lock()

    # As `ports.Letters` has it

    async def letter(self, delivery: Delivery) -> Letter:
        """See `ports.Letters.letter`."""
        if delivery.message.origin.startswith(ASKS):
            made, eyes = await self._request(delivery, ("request.txt", "request.html"))
            letter = Letter(made.subject, made.text, made.html, language=eyes.language)
        elif pieces := await self._pieces(delivery.message):
            made, eyes = await self._digest(pieces, MAIL, ("digest.txt", "digest.html"))
            letter = self._signed(made, [piece.subscription for piece in pieces], delivery, eyes)
        else:
            one = await self._subscription(delivery)
            made, eyes = await self._single(delivery, one, ("message.txt", "message.html"))
            letter = self._signed(made, [one] if one else [], delivery, eyes, delivery.message)
        await self._complain()
        return letter

    async def message(self, delivery: Delivery) -> Message:
        """See `ports.Letters.message`."""
        message = delivery.message
        if message.origin.startswith(ASKS):
            made, _eyes = await self._request(delivery, ("request-chat.txt",))
        elif pieces := await self._pieces(message):
            made, eyes = await self._digest(pieces, CHAT, ("digest-chat.txt",))
            is_person = delivery.channel.method in self._persons  # a room can't answer “stop”
            made = replace(
                made,
                text=footed(
                    made.text, self._foot("footer-chat.txt", eyes, {}) if is_person else ""
                ),
            )
        elif one := await self._subscription(delivery):
            return noted(
                message, self._places.title(one.channel), await self._answered(message, one.channel)
            )
        else:
            return message
        await self._complain()
        return replace(message, body=made.text.strip("\n")[:MAX_BODY] or made.subject)

    async def short(self, delivery: Delivery, fits: Callable[[str], bool]) -> str:
        """See `ports.Letters.short`."""
        if delivery.message.origin.startswith(ASKS):
            made, _eyes = await self._request(delivery, (_SMS,))
            told = short(one_line(made.text), "", fits)
        elif pieces := await self._pieces(delivery.message):
            made, _eyes = await self._digest(pieces, MAIL, ("digest-sms.txt",))
            pages = [
                page for piece in pieces if (page := self._places.page(piece.subscription.channel))
            ]
            told = followed(one_line(made.text), pages[0] if pages else "", fits)
        else:
            one = await self._subscription(delivery)
            made, _eyes = await self._single(delivery, one, ("message-sms.txt",))
            told = short(one_line(made.text), self._places.link(delivery.message), fits)
        await self._complain()
        return told

    # Digests

    async def _pieces(self, message: Message) -> Sequence[Piece]:
        """What a message tells as a digest, nothing where it is none; raises Moot where nothing is
        left of it."""
        if not message.author.key.startswith(DIGEST):
            return ()
        pieces = await self._reader.pieces(message.id)
        if not pieces and message.origin.startswith(DIGEST):
            raise Moot(_("The subscription has ended. Nothing was sent."))
        return pieces

    async def _digest(
        self, pieces: Sequence[Piece], bounds: Bounds, names: Sequence[str]
    ) -> tuple[_Made, Eyes]:
        eyes = self._eyes_of(pieces[0].subscription)
        excerpts = [await self._reader.excerpt(piece) for piece in pieces]
        key = (tuple(names), tuple(one.key for one in excerpts), eyes, self._templates.stamp())
        async with self._one:  # while one makes it, the others who are told the same wait
            made = self._made.get(key)
            if made is None:
                made = self._made.put(
                    key, await self._gathered(pieces, excerpts, bounds, names, eyes)
                )
        return made, eyes

    async def _gathered(
        self,
        pieces: Sequence[Piece],
        excerpts: Sequence[Excerpt],
        bounds: Bounds,
        names: Sequence[str],
        eyes: Eyes,
    ) -> _Made:
        wanted = merged(
            [
                each.wanted(one.subscription.channel)
                for one, each in zip(pieces, excerpts, strict=True)
            ]
        )
        if not wanted:
            raise Moot(_("The messages were deleted in the meantime. Nothing was sent."))
        shown = chosen(wanted, bounds)
        quotes = {
            one: quoted(seen)
            for one in strangers(shown)
            if (seen := await self._reader.answered(*one))
        }
        return self._drawn(names, eyes, values.of_digest(shown, quotes, self._places, eyes, bounds))

    # Single messages

    async def _single(
        self, delivery: Delivery, one: Subscription | None, names: Sequence[str]
    ) -> tuple[_Made, Eyes]:
        message = delivery.message
        channel = one.channel if one else message.channel
        eyes = self._eyes_of(one) if one else await self._eyes_at(delivery.channel)
        key = (tuple(names), message, channel, eyes, self._templates.stamp())
        made = self._made.get(key)
        if made is None:
            told = values.of_message(
                message, channel, await self._answered(message, channel), self._places, eyes
            )
            made = self._made.put(key, self._drawn(names, eyes, told))
        return made, eyes

    async def _answered(self, message: Message, channel: Channel) -> Message | None:
        """What a message in a channel answers; None where that is nothing, gone or others'
        affair."""
        if not message.replies:
            return None
        key = (channel, message.replies)
        found = self._answers.get(key) or self._answers.put(
            key, (await self._reader.answered(*key),)
        )
        return found[0]

    async def _subscription(self, delivery: Delivery) -> Subscription | None:
        """The one by which a message is brought to `delivery.channel`; None where that is no
        subscriber of it."""
        if (
            delivery.message.channel == delivery.channel
            or delivery.channel.method not in self._persons
        ):
            return None  # what the bus itself says there; and at once only persons are told
        theirs = await self._store.subscriptions.find(
            target=delivery.channel
        ) or await self._instead(delivery.channel)
        heard = {one.channel: one for one in reversed(theirs) if one.standing is not Standing.ASKED}
        brought = await self._places_of(delivery) if heard else ()
        return next((heard[place] for place in brought if place in heard), None)

    async def _instead(self, target: Channel) -> Sequence[Subscription]:
        """Subscriptions that fall back to a target, of who gave it."""
        people = [one.who for one in await self._store.addresses.find(target=target) if one.who]
        theirs = [one for who in people for one in await self._store.subscriptions.find(who=who)]
        return [one for one in theirs if one.fallback == target]

    async def _places_of(self, delivery: Delivery) -> Sequence[Channel]:
        """Where a message was brought, people left out: it may have been brought to thousands."""
        known = self._brought.get(delivery.message.id)
        if known is None or known[0] < delivery.seq:
            places = await self._reader.places(delivery.message)
            kept = [one for one in places if one.method not in self._persons]
            known = self._brought.put(delivery.message.id, (delivery.seq, kept))
        return known[1]

    # Requests

    async def _request(self, delivery: Delivery, names: Sequence[str]) -> tuple[_Made, Eyes]:
        who, asked, by = asked_for(delivery.message.origin)
        address = await self._store.addresses.get(who, delivery.channel)
        if address is None or address.asked != asked:
            raise Refused(_("The address no longer needs to be confirmed."))
        theirs = await self._store.subscriptions.find(who=who, target=delivery.channel)
        waiting = [one for one in theirs if one.standing in (Standing.ASKED, Standing.FAILED)]
        eyes = self._eyes_of(waiting[0]) if waiting else self._eyes_as(who)
        given = values.of_request(
            address,
            by,
            waiting,
            self._places,
            self._links,
            eyes,
            stop=self._hears_stop and names == (_SMS,),
        )
        return self._drawn(names, eyes, given), eyes

    # What all have in common

    def _eyes_of(self, one: Subscription) -> Eyes:
        return Eyes(one.language, one.zone)

    def _eyes_as(self, who: str) -> Eyes:
        return Eyes(self._speaking.language(who, ""), self._speaking.preference(who).zone or "UTC")

    async def _eyes_at(self, target: Channel) -> Eyes:
        """Those of an address that has no subscription there."""
        people = [one.who for one in await self._store.addresses.find(target=target) if one.who]
        return self._eyes_as(people[0] if people else target.address)

    def _drawn(self, names: Sequence[str], eyes: Eyes, given: Mapping[str, Any]) -> _Made:
        """Each template drawn: the text first, then the page."""
        drawn = [
            scrubbed(self._faults.draw(name, eyes.language, {"footer": HERE, **given}))
            for name in names
        ]
        return _Made(given["subject"], *drawn)

    def _signed(
        self,
        made: _Made,
        why: Sequence[Subscription],
        delivery: Delivery,
        eyes: Eyes,
        alone: Message | None = None,
    ) -> Letter:
        """A letter with what stands under it: why it came, and how to end that."""
        foot = values.of_foot(why, delivery.channel, self._places, self._links, eyes, alone)
        return Letter(
            made.subject,
            footed(made.text, self._foot("footer.txt", eyes, foot)),
            footed(made.html, self._foot("footer.html", eyes, foot)),
            subject.list_id([one.channel for one in why] or [delivery.message.channel], self._host),
            self._links.unsubscribe([one.id for one in why]) if why else "",
            eyes.language,
        )

    def _foot(self, name: str, eyes: Eyes, given: Mapping[str, Any]) -> str:
        return scrubbed(self._faults.draw(name, eyes.language, given)).strip("\n")

    async def _complain(self) -> None:
        for words in self._faults.take():
            await self._tell(words)
