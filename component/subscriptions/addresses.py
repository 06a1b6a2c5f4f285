"""Whose addresses are whose: requested, confirmed by their owners, and given up where what is sent
there comes back.

Until its owner confirmed an address, nothing but the request to do so goes there. The request is an
ordinary message, whose words (`component.subscriptions.rendering`) hold the link or the code: those
are signed, so that no secret is stored.
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from component.bus.engine.hub import Hub
from component.bus.engine.notices import Notices
from component.bus.model.delivery import Delivery
from component.bus.model.message import BUS, Channel, Kind, Message, id_from
from component.bus.model.subscription import (
    Address,
    Proof,
    Standing,
    Subscription,
)
from component.bus.ports.addresses import RequestLimits, RequestOutcome
from component.bus.ports.method import Clock
from component.bus.ports.store import Store
from component.common.errors import BadInput, Conflict, Forbidden, Moot, NotFound, Refused, TooMany
from component.common.i18n import Words, _
from component.subscriptions.links import Links

log = structlog.get_logger()

DAY_MS = 86_400_000
LINK_LIFE_MS = 7 * DAY_MS
"""How long a link confirms."""
CODE_LIFE_MS = DAY_MS
"""How long a code confirms."""
MAX_TRIES = 5
"""Wrong codes before a new one must be requested."""


@dataclass(frozen=True, slots=True)
class RequestQuotas:
    """Requests in a day: to one mailbox in all (`to_mailbox`), by one person (`by_person`), by one
    domain or by an operator for others (`by_domain`), and by all who give nothing but an address
    (`anonymous`). `addresses` are those that one person may have."""

    to_mailbox: int = 1
    by_person: int = 3
    by_domain: int = 30
    anonymous: int = 500
    addresses: int = 10


QUOTAS = RequestQuotas()

Keep = Callable[[Sequence[Subscription]], Awaitable[Sequence[Subscription]]]


async def keep_everyone(subscriptions: Sequence[Subscription]) -> Sequence[Subscription]:
    """Everyone may still read."""
    return subscriptions


def request_id(asked: Address) -> str:
    """The id of the message that asks for an address to be confirmed: the same for one request."""
    return id_from(f"confirmation#{asked.target}#{asked.who}#{asked.asked}")


class AddressBook:
    """Keeps them. `begun` is called with the subscriptions that a confirmation began; `keep`
    returns those of some subscriptions whose owners may still read their channels."""

    def __init__(
        self,
        hub: Hub,
        store: Store,
        notices: Notices,
        links: Links,
        clock: Clock,
        quotas: RequestQuotas = QUOTAS,
    ) -> None:
        self.links = links
        self.begun: list[Callable[[Sequence[Subscription]], None]] = []
        self.keep: Keep = keep_everyone
        self._hub = hub
        self._store = store
        self._notices = notices
        self._clock = clock
        self.quotas = quotas

    # What methods ask

    async def check(self, delivery: Delivery) -> None:
        """Raise Refused where nothing may be sent to the delivery's address, or not this: until its
        owner confirmed it, nothing but the request to do so. Raises Moot where the subscription has
        ended."""
        target = delivery.channel
        known = await self._store.addresses.find(target=target)
        proofs = {address.proof: address for address in reversed(known)}
        if Proof.CONFIRMED in proofs:
            await self._check_wanted(delivery, [one.who for one in known if one.who])
            return
        if Proof.ASKED in proofs and delivery.message.kind is Kind.CONFIRMATION:
            return
        if Proof.BOUNCED in proofs:
            why = proofs[Proof.BOUNCED].why
            raise Refused(_("{address} no longer accepts messages: {why}", address=target, why=why))
        raise Refused(_("The owner of {address} has not confirmed it.", address=target))

    async def _check_wanted(self, delivery: Delivery, people: Sequence[str]) -> None:
        """Raise Moot where the subscription that brought a message to an address has ended.
        `people` gave the address."""
        message, target = delivery.message, delivery.channel
        is_digest = message.kind is Kind.DIGEST
        if message.channel == target and not is_digest:
            return  # said there, not brought there
        theirs = await self._subscriptions_at(target, people)
        if is_digest:
            bringing = await self._parts_of(message.id, theirs)
        else:
            sources = self._sources_of(target)
            channels = sources | {one.channel for one in theirs}
            reached = await self._store.messages.reached(message.id, channels)
            if sources & reached:
                return  # by an operator's route
            bringing = [one for one in theirs if one.channel in reached]
        if not bringing or not await self.keep(bringing):
            raise Moot(_("The subscription has ended. Nothing was sent."))

    async def _parts_of(
        self, digest: str, theirs: Sequence[Subscription]
    ) -> Sequence[Subscription]:
        """Those of some subscriptions that a digest is made for."""
        parts = await self._store.digests.parts_of(digest)
        numbers = {part.subscription for part in parts}
        return [one for one in theirs if one.id in numbers]

    def _sources_of(self, target: Channel) -> set[Channel]:
        """The sources of enabled routes to a channel."""
        sources: set[Channel] = set()
        for route in self._hub.routes:
            if route.enabled and route.destination == target:
                sources.add(route.source)
        return sources

    async def _subscriptions_at(
        self, target: Channel, people: Sequence[str]
    ) -> Sequence[Subscription]:
        """The confirmed subscriptions that go to an address, or fall back to it."""
        theirs = [*await self._store.subscriptions.find(target=target, limit=1_000)]
        for who in people:
            for one in await self._store.subscriptions.find(who=who):
                if one.fallback == target:
                    theirs.append(one)
        return [one for one in theirs if one.standing is not Standing.ASKED]

    async def owner(self, target: Channel) -> str:
        """The bare JID that confirmed an address; "" without one."""
        for address in await self._store.addresses.find(target=target):
            if address.who and address.proof is Proof.CONFIRMED:
                return address.who
        return ""

    async def knows(self, target: Channel) -> bool:
        """Whether someone gave an address, or had a request sent to it of late."""
        if await self._store.addresses.find(target=target):
            return True
        counts = await self._store.addresses.request_counts(target, "", 0, self._clock())
        return bool(counts.mailbox)

    async def bounced(self, target: Channel, why: str) -> None:
        """Give an address up: what was sent there came back. Its givers are notified by IM first,
        so that they are again where the store fails after that."""
        for address in await self._store.addresses.find(target=target):
            is_known = address.proof is Proof.BOUNCED
            if address.who and not is_known and target != self._notices.at(address.who):
                await self._notices.inform(
                    address.who,
                    _(
                        "Messages to {address} were returned, so no more are sent there: {why} "
                        "To request a new confirmation, use “confirm {address}”.",
                        address=target,
                        why=why[:300],
                    ),
                )
        await self._store.addresses.bounce(target, why[:500])
        log.info("address bounced", method=target.method, reason=why[:200])

    async def stop(self, target: Channel) -> None:
        """An address's owner wants nothing from the bus any more. Nobody may request it again,
        until `allow`."""
        await self._store.addresses.stop(target)

    async def allow(self, target: Channel) -> None:
        """An address's owner allows requests again, where they stopped them."""
        await self._store.addresses.allow(target)

    async def is_stopped(self, target: Channel) -> bool:
        """Whether an address's owner wants nothing, however the address is written."""
        return await self._store.addresses.is_stopped(target)

    # Requesting and confirming

    async def is_proved(self, who: str, target: Channel) -> bool:
        """Whether an address is proved to belong to a person. Their JID is, since they write from
        it, whether or not an operator requested their consent there; but where it takes nothing,
        that must be seen to be over."""
        if not who:
            return False
        known = await self._store.addresses.get(who, target)
        if target == self._notices.at(who):
            return known is None or known.proof is not Proof.BOUNCED
        return known is not None and known.proof is Proof.CONFIRMED

    async def ask(self, who: str, target: Channel, by: str = "") -> bool:
        """Request an address's owner to confirm it, `by` being the person who wants that, if it is
        another. Returns whether that was done: False where it was requested today already.

        Raises Forbidden where the owner wants nothing from the bus, Conflict where someone has too
        many addresses, TooMany where there are too many requests in all.
        """
        await self._check_count(who, target)
        known = await self._store.addresses.get(who, target)
        proof = Proof.ASKED
        if known and known.proof is Proof.CONFIRMED:
            proof = Proof.CONFIRMED  # typing it again takes nothing away
        asked = Address(who, target, proof, self._clock())
        outcome = await self._store.addresses.request_confirmation(
            asked, by or who, request_id(asked), self._limits(who, by)
        )
        if outcome is RequestOutcome.STOPPED:
            raise Forbidden(
                _("The owner of {address} blocked messages from Shoutbus.", address=target)
            )
        if outcome is RequestOutcome.SPENT:
            raise too_many_requests()
        if outcome is not RequestOutcome.ALREADY:
            await self._request(asked)
            return True
        if known and not by and known.asked > asked.asked - DAY_MS:
            await self._request(known)  # a no-op, unless the disk failed after the last one
        return False

    async def is_open(self, who: str, target: Channel) -> bool:
        """Whether a request that someone had sent there can still be answered."""
        known = await self._store.addresses.get(who, target)
        return known is not None and known.asked > 0 and self._is_good(known, LINK_LIFE_MS)

    async def check_room(self) -> None:
        """Raise TooMany where no more requests are sent today for those who give only an
        address."""
        limits = self._limits("", "")
        counts = await self._store.addresses.request_counts(
            Channel("none", "none"), "", limits.since, self._clock()
        )
        if counts.person >= limits.person:
            raise too_many_requests()

    def _limits(self, who: str, by: str) -> RequestLimits:
        quotas, since = self.quotas, self._clock() - DAY_MS
        if not who:
            return RequestLimits(quotas.to_mailbox, quotas.anonymous, quotas.anonymous, since)
        person = quotas.by_domain if by else quotas.by_person
        return RequestLimits(quotas.to_mailbox, person, quotas.by_domain, since)

    async def _request(self, asked: Address) -> None:
        """Send a request; where its id is known, that was done."""
        # The letter says more, with a link or a code.
        words = _("Please confirm {address}", address=asked.target)
        message = Message.new(
            asked.target,
            BUS,
            str(words),
            asked.asked,
            id=request_id(asked),
            kind=Kind.CONFIRMATION,
        )
        await self._hub.accept(message, deliver=True, spread=False)

    async def _check_count(self, who: str, target: Channel) -> None:
        """Raise Conflict where someone has as many other addresses as one may have."""
        if not who:
            return
        most = self.quotas.addresses
        given = await self._store.addresses.find(who=who)
        others = [address for address in given if address.target != target]
        if len(others) >= most:
            raise Conflict(
                _("You already have {most} addresses. Remove one with “address drop”.", most=most)
            )

    async def asked(self, token: str) -> Address | None:
        """The address that a link confirms; None where the link is not ours, is too old, or was
        followed by another."""
        read = self.links.confirmed(token)
        if not read:
            return None
        who, target, at = read
        known = await self._store.addresses.get(who, target)
        if known is None or known.asked != at or not self._is_good(known, LINK_LIFE_MS):
            return None
        return known

    async def waiting(self, address: Address) -> Sequence[Subscription]:
        """The subscriptions that wait for an address to be confirmed."""
        theirs = await self._store.subscriptions.find(
            who=address.who, target=address.target, limit=1_000
        )
        return [one for one in theirs if one.standing in (Standing.ASKED, Standing.FAILED)]

    async def confirm(
        self, address: Address, numbers: Collection[int] | None = None
    ) -> Sequence[Subscription]:
        """An address's owner confirms it: subscriptions that wait begin, those of `numbers` where
        given; others end. Returns those that began.

        People who gave only an address must confirm each time: anyone may type it.
        """
        begun = await self._store.addresses.confirm(address, self._clock(), numbers)
        for call in self.begun:
            call(begun)
        return begun

    async def answer(self, who: str, code: str) -> tuple[Address, Sequence[Subscription]]:
        """Someone types a code that was sent to an address of theirs; raises NotFound, BadInput,
        TooMany."""
        if not await self._has_open_code(who):
            raise NotFound(
                _(
                    "You do not have a valid confirmation code; codes expire after a day. To "
                    "request a new one, use “confirm +49…”."
                )
            )
        now = self._clock()
        tried = await self._store.addresses.take_try(  # counted before it is looked at
            who, now - CODE_LIFE_MS, now + CODE_LIFE_MS, MAX_TRIES
        )
        has_tries = False
        for address in tried:
            if self._fits(address, code):
                return address, await self.confirm(address)
            has_tries = has_tries or address.tries < MAX_TRIES
        if not has_tries:
            raise TooMany(
                _("Too many wrong attempts. The confirmation code is no longer valid."),
                retry_after=86400,
            )
        raise BadInput(_("“{code}” is not the confirmation code that was sent.", code=code[:20]))

    async def _has_open_code(self, who: str) -> bool:
        for address in await self._store.addresses.find(who=who):
            if address.asked and self._is_good(address, CODE_LIFE_MS):
                return True
        return False

    def _is_good(self, address: Address, life: int) -> bool:
        """Whether what was sent still confirms; what was sent by a clock that was ahead does not
        forever."""
        return abs(self._clock() - address.asked) <= life

    def _fits(self, address: Address, code: str) -> bool:
        typed = code.strip().encode("utf-8", "replace")
        return hmac.compare_digest(self.links.code(address).encode(), typed)

    async def forget_unanswered(self, one: Subscription) -> bool:
        """Whether nobody confirmed what a subscription waits for while its link was good: then both
        are gone."""
        known = await self._store.addresses.get(one.who, one.target)
        if known and self._is_good(known, LINK_LIFE_MS):
            return False
        if known and known.proof is Proof.ASKED:
            await self._store.addresses.drop(one.who, one.target)
        await self._store.subscriptions.remove([one.id])
        return True

    async def of(self, who: str) -> Sequence[Address]:
        """The addresses that someone gave."""
        return await self._store.addresses.find(who=who)

    async def drop(self, who: str, target: Channel) -> Sequence[Subscription]:
        """Forget an address of theirs. Returns the subscriptions that ended with it; raises
        NotFound."""
        if await self._store.addresses.get(who, target) is None:
            raise NotFound(_("You do not have the address {address}.", address=target))
        theirs = await self._store.subscriptions.find(who=who, target=target, limit=1_000)
        await self._store.subscriptions.remove([one.id for one in theirs])
        await self._store.addresses.drop(who, target)
        return theirs


def too_many_requests() -> TooMany:
    """That no more requests are sent today."""
    return TooMany(_("Too many addresses were added today. Try again tomorrow."), retry_after=86400)


def words_of(address: Address) -> Words:
    """An address in a line, for the person it belongs to."""
    told = {
        Proof.ASKED: _("{address}: not confirmed yet", address=address.target),
        Proof.CONFIRMED: _("{address}: confirmed", address=address.target),
        Proof.BOUNCED: _(
            "{address}: does not accept messages ({why})", address=address.target, why=address.why
        ),
        Proof.REFUSED: _("{address}: blocked by the owner", address=address.target),
    }
    return told[address.proof]
