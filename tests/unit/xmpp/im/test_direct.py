"""What is made of a direct message's way: proved, bounced, or lost with the stream."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import fromstring

import pytest

from component.bus.model.flow_control import WINDOW
from component.bus.ports.method import Confirmation
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.direct import DirectMessages
from component.xmpp.im.proofs import GROUP
from component.xmpp.limits import Limits
from component.xmpp.stanza import Fault
from component.xmpp.stream.session import IqError
from tests.support.fakes import said, until
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

NUMBER = "+4915112345678@sms.example.org"
ID = "ab" * 16


class Wire(FakeSession):
    """A session that is there: a ping waits until it is answered; nothing is sent once it is
    cut."""

    def __init__(self) -> None:
        super().__init__()
        self.pings: list[asyncio.Future[None]] = []
        self.cut = False

    def send_text(self, xml: str) -> None:
        if self.cut:
            raise Unavailable("The connection to the XMPP server is down.")
        self.sent.append(fromstring(f'<stream xmlns="jabber:component:accept">{xml}</stream>')[0])

    async def ping(self, to: str, sender: str, timeout_s: float = 0) -> None:
        self.pings.append(asyncio.get_running_loop().create_future())
        await self.pings[-1]


BOT = "bot@bus.example.org/bus"


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def direct(wire: Wire) -> AsyncIterator[DirectMessages]:
    one = DirectMessages(wire, BOT, FakeHandlers(), AutomaticAnswers(lambda: 0.0), Limits())
    yield one
    await one.close()


async def _written(direct: DirectMessages, wire: Wire) -> Confirmation:
    confirmation = await direct.write(NUMBER, ID, '5 < 6 & "7"')
    await asyncio.sleep(0)
    assert len(wire.pings) == 1
    return confirmation


async def test_plain_words_of_the_bots(direct: DirectMessages, wire: Wire) -> None:
    confirmation = await _written(direct, wire)
    (stanza,) = wire.sent
    assert (stanza.get("to"), stanza.get("id"), stanza.get("type")) == (NUMBER, ID, "chat")
    assert stanza.findtext("{jabber:component:accept}body") == '5 < 6 & "7"'
    assert not confirmation.done()
    wire.pings[0].set_result(None)
    await confirmation


async def test_an_error_to_the_ping_is_an_answer(direct: DirectMessages, wire: Wire) -> None:
    confirmation = await _written(direct, wire)
    wire.pings[0].set_exception(IqError(Fault("service-unavailable")))
    await confirmation


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("item-not-found", Refused),
        ("resource-constraint", Unavailable),
        ("remote-server-timeout", Unavailable),
    ],
)
async def test_a_bounce(
    direct: DirectMessages, wire: Wire, condition: str, kind: type[DeliveryError]
) -> None:
    confirmation = await _written(direct, wire)
    direct.bounced(
        fromstring(
            f'<message xmlns="jabber:component:accept" type="error" from="{NUMBER}" '
            f'id="{ID}"><error type="cancel">'
            f'<{condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>'
        )
    )
    with pytest.raises(DeliveryError) as told:
        await confirmation
    assert type(told.value) is kind


async def test_a_gateway_out_of_reach_has_not_got_it(direct: DirectMessages, wire: Wire) -> None:
    confirmation = await _written(direct, wire)
    wire.pings[0].set_exception(IqError(Fault("remote-server-not-found")))
    with pytest.raises(Unavailable):
        await confirmation


async def test_silence_leaves_doubt(direct: DirectMessages, wire: Wire) -> None:
    confirmation = await _written(direct, wire)
    wire.pings[0].set_exception(Unavailable("did not answer"))
    with pytest.raises(Unconfirmed, match="did not answer"):
        await confirmation


async def test_a_lost_stream_leaves_doubt_where_it_costs(
    direct: DirectMessages, wire: Wire
) -> None:
    written = await _written(direct, wire)
    told = await direct.tell("juliet@example.org", said("hello"))
    for call in wire.down:
        call()
    with pytest.raises(Unconfirmed):
        await written
    with pytest.raises(Unavailable):
        await told


async def test_without_a_stream_nothing_was_sent(direct: DirectMessages, wire: Wire) -> None:
    wire.cut = True
    with pytest.raises(Unavailable):
        await direct.write(NUMBER, ID, "hello")


async def _tell(direct: DirectMessages, count: int) -> list[Confirmation]:
    message = said("hello")
    return [await direct.tell(f"p{number}@example.org", message) for number in range(count)]


async def test_behind_each_group_goes_a_ping_of_its_own(direct: DirectMessages, wire: Wire) -> None:
    told = await _tell(direct, 2 * GROUP)
    assert len(wire.pings) == 2
    wire.pings[0].set_result(None)
    await asyncio.wait_for(asyncio.gather(*told[:GROUP]), 1)
    assert not any(one.done() for one in told[GROUP:])
    wire.pings[1].set_result(None)
    await asyncio.wait_for(asyncio.gather(*told[GROUP:]), 1)


async def test_what_makes_no_group_waits_for_the_ping_on_its_way(
    direct: DirectMessages, wire: Wire
) -> None:
    first = await _written(direct, wire)
    second = await direct.write(NUMBER, "cd" * 16, "more")
    await asyncio.sleep(0)
    assert len(wire.pings) == 1
    wire.pings[0].set_result(None)
    await first
    await asyncio.sleep(0)
    assert len(wire.pings) == 2
    assert not second.done()
    wire.pings[1].set_result(None)
    await second


async def test_each_is_told_in_their_language_though_words_are_kept(wire: Wire) -> None:
    languages = {"juliet@example.org": "en", "tilo@example.org": "de"}
    handlers = FakeHandlers()
    handlers.languages = languages
    direct = DirectMessages(wire, BOT, handlers, AutomaticAnswers(lambda: 0.0), Limits())
    long, other, again = said("x" * 200_000), said("short"), said("x" * 200_000)
    for message in (long, other, again):
        for jid in languages:
            await direct.tell(jid, message)
    bodies = [one.findtext("{jabber:component:accept}body") or "" for one in wire.sent]
    assert [body.rpartition("… ")[2] for body in bodies[:2]] == [
        "the full text is at https://x",
        "der ganze Text steht unter https://x",
    ]
    assert bodies[2] == bodies[3] == other.line
    assert bodies[4:] == bodies[:2]
    await direct.close()


async def test_who_is_told_already_is_not_told_again_before_that_failed(
    direct: DirectMessages, wire: Wire
) -> None:
    """A caller that gave up waiting for the proof sends it as another delivery."""
    message = said("hello")
    first = await direct.tell("juliet@example.org", message)
    second = await direct.tell("juliet@example.org", message)
    second.cancel()  # its lane ended
    third = await direct.tell("juliet@example.org", message)
    assert len(wire.sent) == 1
    await asyncio.sleep(0)
    wire.pings[0].set_exception(Unavailable("did not answer"))
    for one in (first, third):
        with pytest.raises(Unavailable):
            await one
    again = await direct.tell("juliet@example.org", message)
    await asyncio.sleep(0)
    wire.pings[1].set_result(None)
    await again
    assert len(wire.sent) == 2


async def test_a_bounce_of_what_was_sent_again_is_heard(direct: DirectMessages, wire: Wire) -> None:
    """The first one's end does not let the second be forgotten."""
    message = said("hello")
    first = await direct.tell("juliet@example.org", message)
    for call in wire.down:
        call()
    second = await direct.tell("juliet@example.org", message)
    with pytest.raises(Unavailable):
        await first
    await asyncio.sleep(0)  # all that the first one's end does is done
    direct.bounced(
        fromstring(
            '<message xmlns="jabber:component:accept" type="error" '
            f'from="juliet@example.org" id="{message.id}">'
            '<error type="cancel"><item-not-found '
            'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>'
        )
    )
    with pytest.raises(Refused):
        await second


async def test_a_server_that_is_silent_is_known_until_it_answers_in_time(
    wire: Wire,
) -> None:
    direct = DirectMessages(
        wire, BOT, FakeHandlers(), AutomaticAnswers(lambda: 0.0), Limits(silence_s=0.05)
    )
    way = direct.way("juliet@example.org")
    first = await direct.tell("juliet@example.org", said("one"))
    assert not way.silent
    await until(lambda: way.silent, "it is silent")
    wire.pings[0].set_result(None)
    await first
    assert direct.way("nurse@example.org").silent, "an answer that was late changes nothing"
    assert not direct.way("romeo@example.com").silent
    second = await direct.tell("juliet@example.org", said("two"))
    await asyncio.sleep(0)
    wire.pings[1].set_result(None)
    await second
    assert not direct.way("nurse@example.org").silent
    await direct.close()


async def test_a_server_out_of_reach_is_silent_until_the_stream_is_a_new_one(
    direct: DirectMessages, wire: Wire
) -> None:
    told = await direct.tell("juliet@example.org", said("one"))
    await asyncio.sleep(0)
    wire.pings[0].set_exception(IqError(Fault("remote-server-not-found")))
    with pytest.raises(Unavailable):
        await told
    assert direct.way("juliet@example.org").silent
    for call in wire.down:
        call()
    assert not direct.way("juliet@example.org").silent


async def test_a_window_for_each_server(direct: DirectMessages, wire: Wire) -> None:
    for number in range(WINDOW):
        await direct.tell(f"p{number}@example.org", said("hello"))
    assert direct.way("juliet@example.org").full
    assert not direct.way("juliet@example.com").full
    room = asyncio.create_task(direct.way("juliet@example.org").room())
    await asyncio.sleep(0)
    assert not room.done()
    wire.pings[0].set_result(None)
    await room
