"""Mail to people who gave and confirmed their address. It comes in one way only: as a report of
what came back."""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence

from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, MethodSpec, Ports, Trouble
from component.bus.ports.rendering import AsIs, AsLetter, Letter, Rendered
from component.common.errors import Refused, StoreError, Unavailable
from component.common.i18n import Words, _
from component.methods.mail.bounces import Bounces
from component.methods.mail.compose import compose
from component.methods.mail.envelope import ADDRESS, Verp, tidy
from component.methods.mail.mailer import Mailer
from component.methods.mail.probe import probe
from component.methods.mail.refusals import Meaning
from component.methods.mail.replies import NoMailbox, NotWanted
from component.methods.mail.reports import RecipientStatus
from component.methods.mail.reputation import ALL, Reputation
from component.methods.mail.setup import MailSetup


class Mail:
    """Hands each delivery to the mail server as one mail; confirmed by the server's 250."""

    form = AsLetter()

    def __init__(self, ports: Ports, setup: MailSetup) -> None:
        self._ports = ports
        self._setup = setup
        self._verp: Verp | None = None
        self.bounces: Bounces | None = None
        if setup.bounce_domain:
            self._verp = Verp(ports.secret, str(setup.bounce_domain))
            self.bounces = Bounces(setup.bounce_listen, self._verp, self._returned, ports.clock)
        self._reputation = Reputation(ports.memory, ports.tell, ports.clock)
        self._mailer = Mailer(setup, lambda: self._envelope(Channel("mail", setup.sender.address)))

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing has to be prepared for an address."""

    async def start(self) -> None:
        """Listen for mail that comes back; raises ConfigError."""
        if self.bounces:
            await self.bounces.start()

    async def ready(self, channel: Channel) -> None:
        """Return once the mail server can be used: everyone is reached through it."""
        await self._mailer.ready()

    async def send(self, rendered: Rendered[Letter]) -> Confirmation:
        """Hand a mail to the server. The server has it, and so it is confirmed, on return. An
        address that the server says does not exist is given up; any other refusal keeps it. Raises
        DeliveryError."""
        delivery = rendered.delivery
        target = delivery.channel
        try:
            await self._ports.addresses.check(delivery)
            envelope = self._envelope(target)
            mail = compose(rendered.content, delivery, self._setup.sender, envelope)
            await self._mailer.deliver(mail)
        except NoMailbox as error:
            await self._note(self._ports.addresses.bounced(target, str(error)))
            raise
        except NotWanted as error:
            await self._note(self._reputation.refused(str(error)))
            raise
        except StoreError as error:
            raise Unavailable(error.sentence) from error
        with contextlib.suppress(StoreError):  # it is sent: an error here would send it again
            await self._reputation.accepted()
        done: Confirmation = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def _note(self, noting: Awaitable[None]) -> None:
        """Put on disk what a refusal means."""
        try:
            await noting
        except StoreError as error:  # the server will say so again
            raise Unavailable(error.sentence) from error

    async def _returned(self, target: Channel, status: RecipientStatus) -> None:
        """A mail came back; raises StoreError."""
        if status.meaning is Meaning.GONE:
            await self._ports.addresses.bounced(target, status.why)
        elif status.meaning is Meaning.ABOUT_US:
            await self._reputation.refused(status.why)

    def _envelope(self, target: Channel) -> str:
        if self._verp:
            return self._verp.sender(target, self._ports.clock())
        return self._setup.sender.address

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Nothing is known: nobody but its owner sees a mailbox."""
        return frozenset()

    def troubles(self) -> Sequence[Trouble]:
        """That the mail server can't be used, or that other servers refuse what it sends."""
        why: Words | str = self._mailer.trouble
        if not why and self._reputation.trouble:
            why = _("other mail servers refuse messages: {why}", why=self._reputation.trouble)
        if not why:
            return []
        return [Trouble(ALL, why, 0)]

    async def close(self) -> None:
        """End all connections, and stop listening."""
        if self.bounces:
            await self.bounces.close()
        await self._mailer.close()


class MailUnset:
    """Mail where no server is configured: refuses each delivery."""

    form = AsIs()

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing has to be prepared."""

    async def ready(self, channel: Channel) -> None:
        """Return at once."""

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        """Raise Refused with what to configure."""
        raise Refused(_("email is not set up; an operator must add [mail] to the configuration"))

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Nothing was ever sent."""
        return frozenset()


def make(ports: Ports) -> Mail | MailUnset:
    """The method as `[mail]` configures it."""
    setup = ports.setup.get("mail")
    if setup is None:
        return MailUnset()
    return Mail(ports, setup)


METHOD = MethodSpec(
    "mail",
    make,
    example="mail:juliet@example.org",
    address=ADDRESS,
    tidy=tidy,
    person=True,
    setup=MailSetup,
    knock=probe,
)
