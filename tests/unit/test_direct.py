"""What is made of a direct message's way: proved, bounced, or lost with the stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from xml.etree.ElementTree import Element, fromstring

import pytest

from component.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.ports import Confirmation
from component.xmpp.direct import DirectMessages
from component.xmpp.link import IqError
from component.xmpp.stanza import Fault
from tests.unit.fakes import said

NUMBER = "+4915112345678@sms.example.org"
ID = "ab" * 16


class FakeLink:
    """A stream: `sent` are the stanzas on it; a ping waits until it is answered."""

    def __init__(self) -> None:
        self.sent: list[Element] = []
        self.down: list[Callable[[], None]] = []
        self.pings: list[asyncio.Future[None]] = []
        self.cut = False

    async def wait(self) -> None:
        """There is a session."""

    def send(self, xml: str) -> None:
        if self.cut:
            raise Unavailable("The XMPP server is not connected.")
        self.sent.append(fromstring(f'<stream xmlns="jabber:component:accept">{xml}</stream>')[0])

    async def ping(self, _to: str, _sender: str) -> None:
        self.pings.append(asyncio.get_running_loop().create_future())
        await self.pings[-1]


@pytest.fixture
async def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
async def direct(link: FakeLink) -> AsyncIterator[DirectMessages]:
    one = DirectMessages(link, "bot@bus.example.org/bus", lambda _message: "https://x", lambda _jid: "en")  # type: ignore[arg-type]
    yield one
    await one.close()


async def _written(direct: DirectMessages, link: FakeLink) -> Confirmation:
    confirmation = await direct.write(NUMBER, ID, '5 < 6 & "7"')
    await asyncio.sleep(0)
    assert len(link.pings) == 1
    return confirmation


async def test_plain_words_of_the_bots(direct: DirectMessages, link: FakeLink) -> None:
    confirmation = await _written(direct, link)
    (stanza,) = link.sent
    assert (stanza.get("to"), stanza.get("id"), stanza.get("type")) == (NUMBER, ID, "chat")
    assert stanza.findtext("{jabber:component:accept}body") == '5 < 6 & "7"'
    assert not confirmation.done()
    link.pings[0].set_result(None)
    await confirmation


async def test_an_error_to_the_ping_is_an_answer(direct: DirectMessages, link: FakeLink) -> None:
    confirmation = await _written(direct, link)
    link.pings[0].set_exception(IqError(Fault("service-unavailable")))
    await confirmation


@pytest.mark.parametrize(
    ("condition", "kind"),
    [("item-not-found", Refused), ("resource-constraint", Unavailable), ("remote-server-timeout", Unavailable)],
)
async def test_a_bounce(direct: DirectMessages, link: FakeLink, condition: str, kind: type[DeliveryError]) -> None:
    confirmation = await _written(direct, link)
    direct.bounced(
        fromstring(
            f'<message xmlns="jabber:component:accept" type="error" from="{NUMBER}" id="{ID}"><error type="cancel">'
            f'<{condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>'
        )
    )
    with pytest.raises(DeliveryError) as told:
        await confirmation
    assert type(told.value) is kind


async def test_a_gateway_out_of_reach_has_not_got_it(direct: DirectMessages, link: FakeLink) -> None:
    confirmation = await _written(direct, link)
    link.pings[0].set_exception(IqError(Fault("remote-server-not-found")))
    with pytest.raises(Unavailable):
        await confirmation


async def test_silence_leaves_doubt(direct: DirectMessages, link: FakeLink) -> None:
    confirmation = await _written(direct, link)
    link.pings[0].set_exception(Unavailable("did not answer"))
    with pytest.raises(Unconfirmed, match="did not answer"):
        await confirmation


async def test_a_lost_stream_leaves_doubt_where_it_costs(direct: DirectMessages, link: FakeLink) -> None:
    written = await _written(direct, link)
    told = await direct.tell("juliet@example.org", said("hello"))
    for call in link.down:
        call()
    with pytest.raises(Unconfirmed):
        await written
    with pytest.raises(Unavailable):
        await told


async def test_without_a_stream_nothing_was_sent(direct: DirectMessages, link: FakeLink) -> None:
    link.cut = True
    with pytest.raises(Unavailable):
        await direct.write(NUMBER, ID, "hello")
