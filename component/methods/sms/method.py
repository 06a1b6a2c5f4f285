"""SMS: to numbers whose owners confirmed them, within a budget; and what they answer through a
gateway."""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence

import structlog

from component.bus.model.delivery import Delivery
from component.bus.model.message import MAX_NAME, Author, Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.model.subscription import ASKS
from component.bus.ports.method import Confirmation, MethodSpec, Ports, Trouble
from component.common.errors import (
    BadInput,
    DeliveryError,
    Muted,
    Refused,
    StoreError,
    TooMany,
    Unavailable,
    Unconfirmed,
)
from component.common.i18n import _
from component.common.rate import Rate
from component.methods.sms import gsm
from component.methods.sms.budget import Budget, Sms
from component.methods.sms.providers import Way, knock, way_of
from component.methods.sms.setup import NUMBER, SmsSetup

log = structlog.get_logger()

STOPS = frozenset({"stop", "stopp", "stopall", "unsubscribe", "abbestellen"})
"""What ends all to a number; the first three are what telephone companies tell people to write."""
STARTS = frozenset({"start", "unstop"})
"""What ends that; they tell this too."""
_DAY = 86_400_000


class Texts:
    """Sends by a way that is set up, and hears what comes back by it."""

    def __init__(self, ports: Ports, setup: SmsSetup, way: Way) -> None:
        self._ports = ports
        self._setup = setup
        self._way = way
        self._budget = Budget(
            setup, Channel(METHOD.name, "budget"), ports.memory, ports.tell, ports.clock
        )
        self._in_turn = asyncio.Lock()
        self._strangers = Rate(lambda: ports.clock() / 1000, 1, 1 / 60)
        if setup.gateway:
            ports.gateways[setup.gateway.domain] = self.heard

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Method.configure`; there is nothing to do before a number is written to."""

    async def ready(self, channel: Channel) -> None:
        """See `ports.Method.ready`."""
        await self._way.ready()

    async def send(self, delivery: Delivery) -> Confirmation:
        """See `ports.Method.send`; it is sent, and confirmed, on return."""
        try:
            await self._send(delivery)
        except StoreError as error:
            raise Unavailable(error.sentence) from error
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        confirmation.set_result(None)
        return confirmation

    def troubles(self) -> Sequence[Trouble]:
        """See `ports.Troubled`."""
        if not self._budget.spent:
            return ()
        why = _("The daily budget of {most} SMS is used up.", most=self._setup.budget)
        return (Trouble(Channel(METHOD.name, "*"), why, 0),)

    async def landed(self, channel: Channel) -> frozenset[str]:
        """See `ports.Method.landed`: what was sent before a crash could tell so."""
        try:
            return await self._budget.sent(channel.address)
        except StoreError as error:
            raise Unavailable(error.sentence) from error

    async def _send(self, delivery: Delivery) -> None:
        number = delivery.channel.address
        if not self._setup.admits(number):
            raise Refused(_("The country code of {number} is not allowed in [sms].", number=number))
        await self._ports.addresses.check(delivery)
        text = await self._text(delivery)
        size = gsm.count(text)
        sms = Sms(delivery.message.id, number, size.parts, delivery.message.origin.startswith(ASKS))
        await self._budget.reserve(sms)
        await self._put(sms, text)
        log.info(
            "sms sent",
            message=sms.message,
            channel=str(delivery.channel),
            parts=sms.parts,
            alphabet=size.alphabet,
        )

    async def _text(self, delivery: Delivery) -> str:
        setup = self._setup

        def written(text: str) -> str:
            return gsm.cheap(text, plain=setup.plain)

        def fits(text: str) -> bool:
            return gsm.count(written(text)).parts <= setup.parts

        text = gsm.cut(written(await self._ports.letters.short(delivery, fits)), setup.parts)
        if not text.strip():
            raise Refused(_("The message is empty. Write some text."))
        return text

    async def _put(self, sms: Sms, text: str) -> None:
        """Send what is reserved, and account for it."""
        try:
            await self._way.put(sms.number, text, sms.message)
        except Unconfirmed as doubt:
            if await self._budget.doubted(sms):
                raise
            raise Refused(
                _(
                    "Delivery could not be confirmed, so the message is not sent again: {why}",
                    why=doubt.sentence,
                )
            ) from doubt
        except DeliveryError:
            await self._budget.returned(sms)
            raise
        with contextlib.suppress(
            StoreError
        ):  # it is sent all the same: saying that it was not would send it again
            await self._budget.arrived(sms)

    async def heard(self, number: str, words: str, id: str) -> None:
        """What came from a number of the gateway's: see `ports.HeardThere`. Raises StoreError.

        Nothing is ever answered: that would cost, and strangers could spend it.
        """
        async with self._in_turn:
            await self._heard(number, words, id)

    async def _heard(self, number: str, words: str, id: str) -> None:
        target = Channel(METHOD.name, number) if NUMBER.fullmatch(number) else None
        owner = await self._ports.addresses.owner(target) if target else ""
        if target and await self._ruled(target, "".join(words.split()).strip(".!").casefold()):
            return
        if not target or not owner:
            with contextlib.suppress(TooMany):
                self._strangers.spend("")
                log.info(
                    "sms from unknown number ignored",
                    number=number,
                )
            return
        try:
            await self._ports.accept.accept(self._message(target, owner, words, id))
        except (Muted, BadInput) as error:
            log.info("incoming sms ignored", channel=str(target), reason=str(error))

    async def _ruled(self, target: Channel, word: str) -> bool:
        """Whether it says that the number wants no more SMS: whoever was asked may say so. That it
        may be asked again is a word like any other where it was not stopped."""
        if word in STOPS and await self._ports.addresses.knows(target):
            log.info("number blocked", channel=str(target))
            await self._ports.addresses.stop(target)
            return True
        if word in STARTS:
            await self._ports.addresses.allow(target)
        return False

    def _message(self, target: Channel, owner: str, words: str, id: str) -> Message:
        """A message of a number's owner. A gateway that comes back may use its ids anew, so they
        are not all."""
        now = self._ports.clock()
        mark = hashlib.blake2b(
            f"{id}\0{words}".encode(errors="replace"), digest_size=16
        ).hexdigest()
        origin = f"{target}@{now // _DAY}:{mark}" if id else ""
        return Message.new(target, _named(owner), words, now, origin=origin)


def _named(owner: str) -> Author:
    try:
        return Author.named(owner.partition("@")[0][:MAX_NAME], owner)
    except BadInput:
        return Author(owner, owner)


class Unset:
    """SMS where no way out is configured."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Method.configure`."""

    async def ready(self, channel: Channel) -> None:
        """See `ports.Method.ready`."""

    async def send(self, delivery: Delivery) -> Confirmation:
        """Say so."""
        raise Refused(_("SMS is not set up. Add [sms] to the configuration."))

    async def landed(self, channel: Channel) -> frozenset[str]:
        """See `ports.Method.landed`."""
        return frozenset()


def _make(ports: Ports) -> Texts | Unset:
    setup: SmsSetup | None = ports.setup.get(METHOD.name)
    return Texts(ports, setup, way_of(setup, ports.direct)) if setup else Unset()


METHOD = MethodSpec(
    "sms",
    _make,
    example="sms:+4915112345678",
    address=NUMBER,
    person=True,
    setup=SmsSetup,
    knock=knock,
)
