"""SMS to numbers whose owners confirmed them, within a budget."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Kind, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, MethodSpec, Ports, Trouble
from component.bus.ports.rendering import AsIs, AsShortText, Rendered
from component.common.errors import DeliveryError, Refused, StoreError, Unavailable, Unconfirmed
from component.common.i18n import _
from component.methods.sms import gsm, providers
from component.methods.sms.budget import Budget, Sms
from component.methods.sms.inbound import Inbound
from component.methods.sms.setup import NUMBER, SmsSetup

log = structlog.get_logger()

NAME = "sms"


class Texts:
    """Sends by the configured provider; what comes back through a gateway is `Inbound`'s."""

    def __init__(self, ports: Ports, setup: SmsSetup, provider: providers.Provider) -> None:
        self._ports = ports
        self._setup = setup
        self._provider = provider
        self.form = AsShortText(self.fits)
        self._budget = Budget(setup, Channel(NAME, "budget"), ports.memory, ports.tell, ports.clock)
        if setup.gateway:
            inbound = Inbound(ports.addresses, ports.accept, ports.clock, NAME)
            ports.gateways[setup.gateway.domain] = inbound.hear

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing has to be prepared for a number."""

    async def ready(self, channel: Channel) -> None:
        """Return once the provider can be asked."""
        await self._provider.ready()

    async def send(self, rendered: Rendered[str]) -> Confirmation:
        """Send a text. It is sent, and so confirmed, on return. Raises DeliveryError."""
        try:
            await self._send(rendered.delivery, rendered.content)
        except StoreError as error:
            raise Unavailable(error.sentence) from error
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        confirmation.set_result(None)
        return confirmation

    def troubles(self) -> Sequence[Trouble]:
        """That the day's budget is spent, once a message was refused for it."""
        if not self._budget.spent:
            return ()
        why = _("The daily budget of {most} SMS is used up.", most=self._setup.budget)
        return (Trouble(Channel(NAME, "*"), why, 0),)

    async def landed(self, channel: Channel) -> frozenset[str]:
        """The ids of messages that were sent to a number before a crash could record it."""
        try:
            return await self._budget.sent(channel.address)
        except StoreError as error:
            raise Unavailable(error.sentence) from error

    async def close(self) -> None:
        """End the provider's connections."""
        await self._provider.close()

    def fits(self, text: str) -> bool:
        """Whether a text takes no more parts than one message may."""
        return gsm.count(self._written(text)).parts <= self._setup.parts

    def _written(self, text: str) -> str:
        return gsm.cheap(text, plain=self._setup.plain)

    async def _send(self, delivery: Delivery, content: str) -> None:
        number = delivery.channel.address
        if not self._setup.admits(number):
            raise Refused(_("The country code of {number} is not allowed in [sms].", number=number))
        await self._ports.addresses.check(delivery)
        text = gsm.cut(self._written(content), self._setup.parts)
        if not text.strip():
            raise Refused(_("The message is empty. Write some text."))
        size = gsm.count(text)
        is_request = delivery.message.kind is Kind.CONFIRMATION
        sms = Sms(delivery.message.id, number, size.parts, is_request)
        await self._budget.reserve(sms)
        await self._put(sms, text)
        log.info(
            "sms sent",
            message=sms.message,
            channel=str(delivery.channel),
            parts=sms.parts,
            alphabet=size.alphabet,
        )

    async def _put(self, sms: Sms, text: str) -> None:
        """Send what is reserved, and account for it."""
        try:
            await self._provider.send(sms.number, text, sms.message)
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
        with contextlib.suppress(StoreError):  # it is sent: an error here would send it again
            await self._budget.arrived(sms)


class SmsUnset:
    """SMS where no provider is configured: refuses each delivery."""

    form = AsIs()

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing has to be prepared."""

    async def ready(self, channel: Channel) -> None:
        """Return at once."""

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        """Raise Refused with what to configure."""
        raise Refused(_("SMS is not set up. Add [sms] to the configuration."))

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Nothing was ever sent."""
        return frozenset()


def make(ports: Ports) -> Texts | SmsUnset:
    """The method as `[sms]` configures it."""
    setup: SmsSetup | None = ports.setup.get(NAME)
    if setup is None:
        return SmsUnset()
    return Texts(ports, setup, providers.for_setup(setup, ports.direct))


METHOD = MethodSpec(
    NAME,
    make,
    example="sms:+4915112345678",
    address=NUMBER,
    person=True,
    setup=SmsSetup,
    knock=providers.probe,
)
