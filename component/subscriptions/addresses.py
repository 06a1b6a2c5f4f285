"""Whose addresses are whose: asked, confirmed by their owners, and let go where what is sent there
comes back.

Until its owner confirmed an address, nothing but the request to do so goes there. The request is an
ordinary message, whose words (`component.subscriptions.rendering`) hold the link or the code: those
are signed, so that no secret is at rest.
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from component.bus.engine.hub import Hub
from component.bus.engine.notices import BUS, Notices
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.subscription import (
    ASKS,
    DIGEST,
    Address,
    Proof,
    Standing,
    Subscription,
    asking,
)
from component.bus.ports.addresses import RequestLimits, RequestOutcome
from component.bus.ports.method import Clock
from component.bus.ports.store import Store
from component.common.errors import BadInput, Conflict, Forbidden, Moot, NotFound, Refused, TooMany
from component.common.i18n import Words, _
from component.subscriptions.links import Links

log = structlog.get_logger()

DAY = 86_400_000
LINK_LIFE = 7 * DAY
"""Milliseconds that a link confirms."""
CODE_LIFE = DAY
"""Milliseconds that a code confirms."""
TRIES = 5
"""Wrong codes before a new one must be asked for."""
MOST_ASKED = 1
"""Requests that a mailbox gets in a day, whoever asks."""
MOST_BY_ONE = 3
"""Requests that one person has sent in a day."""
MOST_BY_DOMAIN = 30
"""Requests that all of one domain have sent in a day; and an operator, who asks others whether they
agree."""
MOST_ASKED_IN_ALL = 500
"""Requests in a day that those want who give nothing but an address."""
MOST_GIVEN = 10
"""Addresses that one person may have."""

Keep = Callable[[Sequence[Subscription]], Awaitable[Sequence[Subscription]]]


async def _all(some: Sequence[Subscription]) -> Sequence[Subscription]:
    return some


class AddressBook:
    """See the module, and `ports.Addresses`. `begun` is called with the subscriptions that a
    confirmation began; `keep` gives of some those whose owners may still read what they tell."""

    def __init__(self, hub: Hub, notices: Notices, links: Links, clock: Clock) -> None:
        self.links = links
        self.begun: list[Callable[[Sequence[Subscription]], None]] = []
        self.keep: Keep = _all
        self._hub = hub
        self._notices = notices
        self._clock = clock

    @property
    def _store(self) -> Store:
        return self._hub.store

    # What methods ask

    async def check(self, delivery: Delivery) -> None:
        """See `ports.Addresses.check`."""
        known = await self._store.addresses.find(target=delivery.channel)
        if any(one.proof is Proof.CONFIRMED for one in known):
            await self._check_wanted(delivery, [one.who for one in known if one.who])
            return
        if delivery.message.origin.startswith(ASKS) and any(
            one.proof is Proof.ASKED for one in known
        ):
            return
        bounced = next((one for one in known if one.proof is Proof.BOUNCED), None)
        if bounced:
            raise Refused(
                _(
                    "{address} takes nothing any more: {why}",
                    address=delivery.channel,
                    why=bounced.why,
                )
            )
        raise Refused(_("The owner of {address} has not confirmed it.", address=delivery.channel))

    async def _check_wanted(self, delivery: Delivery, people: Sequence[str]) -> None:
        """Raise Moot where what brought a message to the target of a subscription is over. `people`
        gave it."""
        message, target = delivery.message, delivery.channel
        is_digest = message.origin.startswith(DIGEST)
        if message.channel == target and not is_digest:
            return  # said there, not brought there
        theirs = await self._at(target, people)
        if is_digest:
            numbers = {part.subscription for part in await self._store.digests.parts_of(message.id)}
            bring = [one for one in theirs if one.id in numbers]
        else:
            ways = {
                route.source
                for route in self._hub.routes
                if route.enabled and route.destination == target
            }
            came = await self._store.messages.reached(
                message.id, {*ways, *(one.channel for one in theirs)}
            )
            if ways & came:
                return  # by an operator's route
            bring = [one for one in theirs if one.channel in came]
        if not bring or not await self.keep(bring):
            raise Moot(_("The subscription has ended: nothing is left to tell."))

    async def _at(self, target: Channel, people: Sequence[str]) -> Sequence[Subscription]:
        """What stands and is told there, also where it falls back there."""
        theirs = [*await self._store.subscriptions.find(target=target, limit=1_000)]
        for who in people:
            theirs += [
                one
                for one in await self._store.subscriptions.find(who=who)
                if one.fallback == target
            ]
        return [one for one in theirs if one.standing is not Standing.ASKED]

    async def owner(self, target: Channel) -> str:
        """See `ports.Addresses.owner`."""
        known = await self._store.addresses.find(target=target)
        return next((one.who for one in known if one.who and one.proof is Proof.CONFIRMED), "")

    async def knows(self, target: Channel) -> bool:
        """See `ports.Addresses.knows`: also who let go of it since has had it asked."""
        if await self._store.addresses.find(target=target):
            return True
        return bool(
            (await self._store.addresses.request_counts(target, "", 0, self._clock())).mailbox
        )

    async def bounced(self, target: Channel, why: str) -> None:
        """See `ports.Addresses.bounced`. Told first: what fails then is told again."""
        for one in await self._store.addresses.find(target=target):
            known = one.proof is Proof.BOUNCED
            if one.who and not known and target != self._notices.at(one.who):
                await self._notices.inform(
                    one.who,
                    _(
                        "Nothing goes to {address} any more, for what was sent there came "
                        "back: {why} "
                        "“confirm {address}” asks there anew.",
                        address=target,
                        why=why[:300],
                    ),
                )
        await self._store.addresses.bounce(target, why[:500])
        log.info("an address bounced", method=target.method, reason=why[:200])

    async def stop(self, target: Channel) -> None:
        """See `ports.Addresses.stop`. Whoever gave it may not have it asked again, until
        `allow`."""
        await self._store.addresses.stop(target)

    async def allow(self, target: Channel) -> None:
        """See `ports.Addresses.allow`."""
        await self._store.addresses.allow(target)

    async def is_stopped(self, target: Channel) -> bool:
        """Whether its owner wants nothing, however it is written."""
        return await self._store.addresses.is_stopped(target)

    # Asking and confirming

    async def is_proved(self, who: str, target: Channel) -> bool:
        """Whether an address is proved to be theirs. Their own JID is, by their writing from it,
        whether or not an operator asked there for their consent; but where it takes nothing, that
        must be seen to be over."""
        if who and target == self._notices.at(who):
            known = await self._store.addresses.get(who, target)
            return known is None or known.proof is not Proof.BOUNCED
        known = await self._store.addresses.get(who, target) if who else None
        return known is not None and known.proof is Proof.CONFIRMED

    async def ask(self, who: str, target: Channel, by: str = "") -> bool:
        """Ask an address's owner to confirm it, `by` being who wants that; False where that was
        asked today already.

        Raises Forbidden where the owner wants nothing from the bus, Conflict where someone has too
        many addresses, TooMany where too much is asked in all.
        """
        await self._may_give(who, target)
        known = await self._store.addresses.get(who, target)
        stands = (
            known is not None and known.proof is Proof.CONFIRMED
        )  # whoever types it takes nothing away
        asked = Address(who, target, Proof.CONFIRMED if stands else Proof.ASKED, self._clock())
        done = await self._store.addresses.request_confirmation(
            asked, by or who, self._limits(who, by)
        )
        if done is RequestOutcome.STOPPED:
            raise Forbidden(_("The owner of {address} wants nothing from here.", address=target))
        if done is RequestOutcome.SPENT:
            raise _spent()
        if done is RequestOutcome.ALREADY:
            if known and not by and known.asked > asked.asked - DAY:
                await self._request(
                    known, by
                )  # that is known, unless the disk failed behind the last one
            return False
        await self._request(asked, by)
        return True

    async def is_open(self, who: str, target: Channel) -> bool:
        """Whether a request that someone had sent there can still be answered."""
        known = await self._store.addresses.get(who, target)
        return known is not None and known.asked > 0 and self._is_good(known, LINK_LIFE)

    async def check_room(self) -> None:
        """Raise TooMany where nobody who gives only an address is asked any more today."""
        limits, now = self._limits("", ""), self._clock()
        known = await self._store.addresses.request_counts(
            Channel("none", "none"), "", limits.since, now
        )
        if known.person >= limits.person:
            raise _spent()

    def _limits(self, who: str, by: str) -> RequestLimits:
        since = self._clock() - DAY
        if not who:
            return RequestLimits(MOST_ASKED, MOST_ASKED_IN_ALL, MOST_ASKED_IN_ALL, since)
        return RequestLimits(
            MOST_ASKED, MOST_BY_DOMAIN if by else MOST_BY_ONE, MOST_BY_DOMAIN, since
        )

    async def _request(self, asked: Address, by: str) -> None:
        """Send it; where its origin is known, that was done."""
        told = _(
            "Please confirm {address}", address=asked.target
        )  # the letter says more, with a link or a code
        message = Message.new(asked.target, BUS, str(told), asked.asked, origin=asking(asked, by))
        await self._hub.accept(message, deliver=True, spread=False)

    async def _may_give(self, who: str, target: Channel) -> None:
        if not who:
            return
        given = [one for one in await self._store.addresses.find(who=who) if one.target != target]
        if len(given) >= MOST_GIVEN:
            told = _(
                "You have {most} addresses already: “address drop” lets one go.", most=MOST_GIVEN
            )
            raise Conflict(told)

    async def asked(self, token: str) -> Address | None:
        """The address that a link confirms; None where the link is none, is over, or was followed
        by another."""
        read = self.links.confirmed(token)
        known = await self._store.addresses.get(read[0], read[1]) if read else None
        if (
            not read
            or known is None
            or known.asked != read[2]
            or not self._is_good(known, LINK_LIFE)
        ):
            return None
        return known

    async def waiting(self, address: Address) -> Sequence[Subscription]:
        """The subscriptions that wait for an address to be confirmed."""
        found = await self._store.subscriptions.find(
            who=address.who, target=address.target, limit=1_000
        )
        return [one for one in found if one.standing in (Standing.ASKED, Standing.FAILED)]

    async def confirm(
        self, address: Address, numbers: Collection[int] | None = None
    ) -> Sequence[Subscription]:
        """Its owner says that it is theirs: subscriptions that wait begin, those of `numbers` where
        given; others end.

        Gives those that began. Who gave only an address must confirm each time: anyone may type it.
        """
        begun = await self._store.addresses.confirm(address, self._clock(), numbers)
        for call in self.begun:
            call(begun)
        return begun

    async def answer(self, who: str, code: str) -> tuple[Address, Sequence[Subscription]]:
        """Someone says a code that was sent to an address of theirs; raises NotFound, BadInput,
        TooMany."""
        now = self._clock()
        if not any(
            one.asked and self._is_good(one, CODE_LIFE)
            for one in await self._store.addresses.find(who=who)
        ):
            raise NotFound(_("No code is open: they last a day. “confirm +49…” sends a new one."))
        tried = await self._store.addresses.take_try(
            who, now - CODE_LIFE, now + CODE_LIFE, TRIES
        )  # before it is looked at
        right = next((one for one in tried if self._fits(one, code)), None)
        if right:
            return right, await self.confirm(right)
        if all(one.tries >= TRIES for one in tried):
            raise TooMany(_("That was wrong too often: this code is void."), retry_after=86400)
        raise BadInput(_("“{code}” is not the code that was sent.", code=code[:20]))

    def _is_good(self, address: Address, life: int) -> bool:
        """Whether what was sent still confirms; what was sent by a clock that was ahead does not
        for ever."""
        return abs(self._clock() - address.asked) <= life

    def _fits(self, address: Address, code: str) -> bool:
        return hmac.compare_digest(
            self.links.code(address).encode(), code.strip().encode("utf-8", "replace")
        )

    async def forget_unanswered(self, one: Subscription) -> bool:
        """Whether nobody confirmed what a subscription waits for while its link was good: then both
        are gone."""
        known = await self._store.addresses.get(one.who, one.target)
        if known and self._is_good(known, LINK_LIFE):
            return False
        if known and known.proof is Proof.ASKED:
            await self._store.addresses.drop(one.who, one.target)
        await self._store.subscriptions.remove([one.id])
        return True

    async def of(self, who: str) -> Sequence[Address]:
        """The addresses that someone gave."""
        return await self._store.addresses.find(who=who)

    async def drop(self, who: str, target: Channel) -> Sequence[Subscription]:
        """Forget an address of theirs; gives the subscriptions that ended with it. Raises
        NotFound."""
        if await self._store.addresses.get(who, target) is None:
            raise NotFound(_("You have no address {address}.", address=target))
        theirs = await self._store.subscriptions.find(who=who, target=target, limit=1_000)
        await self._store.subscriptions.remove([one.id for one in theirs])
        await self._store.addresses.drop(who, target)
        return theirs


def _spent() -> TooMany:
    return TooMany(_("Too many addresses were given today: try again tomorrow."), retry_after=86400)


def words_of(address: Address) -> Words:
    """An address in a line, for whose it is."""
    told = {
        Proof.ASKED: _("{address}: not confirmed yet", address=address.target),
        Proof.CONFIRMED: _("{address}: confirmed", address=address.target),
        Proof.BOUNCED: _(
            "{address}: takes nothing ({why})", address=address.target, why=address.why
        ),
        Proof.REFUSED: _("{address}: wants nothing", address=address.target),
    }
    return told[address.proof]
