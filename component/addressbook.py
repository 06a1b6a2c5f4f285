"""Whose addresses are whose: asked, confirmed by their owners, and let go where what is sent there comes back.

Until its owner confirmed an address, nothing but the request to do so goes there. The request is an ordinary message,
whose words (`component.letters`) hold the link or the code: those are signed, so that no secret is at rest.
"""

import hmac
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import structlog

from component.delivery import Delivery
from component.errors import BadInput, Conflict, Forbidden, NotFound, Refused, TooMany
from component.hub import Hub
from component.message import Channel, Message
from component.ports import Clock
from component.signed_links import Links
from component.store import Store
from component.subscription import ASKS, Address, Proof, Standing, Subscription, asking
from component.tidings import BUS, Tidings
from component.words import Words, _

log = structlog.get_logger()

DAY = 86_400_000
LINK_LIFE = 7 * DAY
"""Milliseconds that a link confirms."""
CODE_LIFE = DAY
"""Milliseconds that a code confirms."""
TRIES = 5
"""Wrong codes before a new one must be asked for."""
MOST_ASKED = 1
"""Requests that an address gets in a day, whoever asks."""
MOST_ASKED_IN_ALL = 500
"""Requests that all addresses get in a day."""
MOST_GIVEN = 10
"""Addresses that one person may have."""


class AddressBook:
    """See the module, and `ports.Addresses`. `begun` is called with the subscriptions that a confirmation began."""

    def __init__(self, hub: Hub, tidings: Tidings, links: Links, clock: Clock) -> None:
        self.links = links
        self.begun: list[Callable[[Sequence[Subscription]], None]] = []
        self._hub = hub
        self._tidings = tidings
        self._clock = clock

    @property
    def _store(self) -> Store:
        return self._hub.store

    # What methods ask

    async def check(self, delivery: Delivery) -> None:
        """See `ports.Addresses.check`."""
        known = await self._store.addresses(target=delivery.channel)
        if any(one.proof is Proof.CONFIRMED for one in known):
            return
        if delivery.message.origin.startswith(ASKS) and any(one.proof is Proof.ASKED for one in known):
            return
        bounced = next((one for one in known if one.proof is Proof.BOUNCED), None)
        if bounced:
            raise Refused(_("{address} takes nothing any more: {why}", address=delivery.channel, why=bounced.why))
        raise Refused(_("The owner of {address} has not confirmed it.", address=delivery.channel))

    async def owner(self, target: Channel) -> str:
        """See `ports.Addresses.owner`."""
        known = await self._store.addresses(target=target)
        return next((one.who for one in known if one.who and one.proof is Proof.CONFIRMED), "")

    async def bounced(self, target: Channel, why: str) -> None:
        """See `ports.Addresses.bounced`."""
        for one in await self._store.addresses(target=target):
            if one.proof is Proof.BOUNCED:
                continue
            await self._store.put_address(replace(one, proof=Proof.BOUNCED, asked=0, why=why[:500]))
            if one.who and one.target != self._tidings.at(one.who):
                await self._tidings.inform(
                    one.who,
                    _("Nothing goes to {address} any more, for what was sent there came back: {why} "
                      "“confirm {address}” asks there anew.", address=target, why=why[:300]),
                )  # fmt: skip
        theirs = await self._store.subscriptions(target=target, limit=10_000)
        failed = [replace(one, standing=Standing.FAILED, due=0) for one in theirs if one.standing is not Standing.ASKED]
        await self._store.change_subscriptions(failed)
        log.info("an address bounced", method=target.method, reason=why[:200])

    async def stop(self, target: Channel) -> None:
        """See `ports.Addresses.stop`. Whoever gave it may not have it asked again, until `allow`."""
        theirs = await self._store.subscriptions(target=target, limit=10_000)
        await self._store.unsubscribe([one.id for one in theirs])
        for one in await self._store.addresses(target=target):
            await self._store.drop_address(one.who, target)
        await self._store.put_address(Address("", target, Proof.REFUSED))

    async def allow(self, target: Channel) -> None:
        """Its owner lets it be asked again."""
        if (await self._store.address("", target) or Address("", target)).proof is Proof.REFUSED:
            await self._store.drop_address("", target)

    async def is_stopped(self, target: Channel) -> bool:
        """Whether its owner wants nothing."""
        known = await self._store.address("", target)
        return known is not None and known.proof is Proof.REFUSED

    # Asking and confirming

    async def is_proved(self, who: str, target: Channel) -> bool:
        """Whether an address is proved to be theirs. Their own JID is, by their writing from it, whether or not an
        operator asked there for their consent; but where it takes nothing, that must be seen to be over."""
        if who and target == self._tidings.at(who):
            known = await self._store.address(who, target)
            return known is None or known.proof is not Proof.BOUNCED
        known = await self._store.address(who, target) if who else None
        return known is not None and known.proof is Proof.CONFIRMED

    async def ask(self, who: str, target: Channel, by: str = "") -> bool:
        """Ask an address's owner to confirm it, `by` being who wants that; False where that was asked today already.

        Raises Forbidden where the owner wants nothing from the bus, Conflict where someone has too many addresses,
        TooMany where too much is asked in all.
        """
        if await self.is_stopped(target):
            raise Forbidden(_("The owner of {address} wants nothing from here.", address=target))
        await self._may_give(who, target)
        known = await self._store.address(who, target)
        stands = known is not None and known.proof is Proof.CONFIRMED  # whoever types it takes nothing away
        asked = Address(who, target, Proof.CONFIRMED if stands else Proof.ASKED, self._clock())
        since = asked.asked - DAY
        if not await self._store.ask(asked, since, MOST_ASKED, MOST_ASKED_IN_ALL):
            if not await self._store.ask(asked, since, MOST_ASKED, 2**31):
                return False
            await (self._store.put_address(known) if known else self._store.drop_address(who, target))
            raise TooMany(_("Too many addresses were given today: try again tomorrow."), retry_after=86400)
        told = _("Please confirm {address}", address=target)  # the letter says more, with a link or a code
        message = Message.new(target, BUS, str(told), asked.asked, origin=asking(asked, by))
        await self._hub.accept(message, deliver=True, spread=False)
        return True

    async def _may_give(self, who: str, target: Channel) -> None:
        if not who:
            return
        given = [one for one in await self._store.addresses(who=who) if one.target != target]
        if len(given) >= MOST_GIVEN:
            told = _("You have {most} addresses already: “address drop” lets one go.", most=MOST_GIVEN)
            raise Conflict(told)

    async def asked(self, token: str) -> Address | None:
        """The address that a link confirms; None where the link is none, is over, or was followed by another."""
        read = self.links.confirmed(token)
        known = await self._store.address(read[0], read[1]) if read else None
        if not read or known is None or known.asked != read[2] or self._clock() - known.asked > LINK_LIFE:
            return None
        return known

    async def waiting(self, address: Address) -> Sequence[Subscription]:
        """The subscriptions that wait for an address to be confirmed."""
        found = await self._store.subscriptions(who=address.who, target=address.target, limit=1_000)
        return [one for one in found if one.standing in (Standing.ASKED, Standing.FAILED)]

    async def confirm(self, address: Address, numbers: Collection[int] | None = None) -> Sequence[Subscription]:
        """Its owner says that it is theirs: subscriptions that wait begin, those of `numbers` where given; others end.

        Gives those that began. Who gave only an address must confirm each time: anyone may type it.
        """
        waiting = await self.waiting(address)
        wanted = [one for one in waiting if numbers is None or one.id in numbers]
        now = self._clock()
        begun = [one.begun(now, await self._store.last_seq(one.channel)) for one in wanted]
        await self._store.put_address(replace(address, proof=Proof.CONFIRMED, asked=0, tries=0, why=""))
        await self._store.unsubscribe([one.id for one in waiting if one not in wanted])
        await self._store.change_subscriptions(begun)
        for call in self.begun:
            call(begun)
        return begun

    async def answer(self, who: str, code: str) -> tuple[Address, Sequence[Subscription]]:
        """Someone says a code that was sent to an address of theirs; raises NotFound, BadInput, TooMany."""
        now = self._clock()
        open_ = [one for one in await self._store.addresses(who=who) if one.asked and now - one.asked <= CODE_LIFE]
        if not open_:
            raise NotFound(_("No code is open: they last a day. “confirm +49…” sends a new one."))
        right = next((one for one in open_ if one.tries < TRIES and self._fits(one, code)), None)
        if right:
            return right, await self.confirm(right)
        for one in open_:
            await self._store.put_address(replace(one, tries=one.tries + 1))
        if all(one.tries + 1 >= TRIES for one in open_):
            raise TooMany(_("That was wrong too often: this code is void."), retry_after=86400)
        raise BadInput(_("“{code}” is not the code that was sent.", code=code[:20]))

    def _fits(self, address: Address, code: str) -> bool:
        return hmac.compare_digest(self.links.code(address).encode(), code.strip().encode("utf-8", "replace"))

    async def forget_unanswered(self, one: Subscription) -> bool:
        """Whether nobody confirmed what a subscription waits for while its link was good: then both are gone."""
        known = await self._store.address(one.who, one.target)
        if known and self._clock() - known.asked <= LINK_LIFE:
            return False
        if known and known.proof is Proof.ASKED:
            await self._store.drop_address(one.who, one.target)
        await self._store.unsubscribe([one.id])
        return True

    async def of(self, who: str) -> Sequence[Address]:
        """The addresses that someone gave."""
        return await self._store.addresses(who=who)

    async def drop(self, who: str, target: Channel) -> Sequence[Subscription]:
        """Forget an address of theirs; gives the subscriptions that ended with it. Raises NotFound."""
        if await self._store.address(who, target) is None:
            raise NotFound(_("You have no address {address}.", address=target))
        theirs = await self._store.subscriptions(who=who, target=target, limit=1_000)
        await self._store.unsubscribe([one.id for one in theirs])
        await self._store.drop_address(who, target)
        return theirs


def words_of(address: Address) -> Words:
    """An address in a line, for whose it is."""
    told = {
        Proof.ASKED: _("{address}: not confirmed yet", address=address.target),
        Proof.CONFIRMED: _("{address}: confirmed", address=address.target),
        Proof.BOUNCED: _("{address}: takes nothing ({why})", address=address.target, why=address.why),
        Proof.REFUSED: _("{address}: wants nothing", address=address.target),
    }
    return told[address.proof]
