"""Which servers are other buses: asked again after a while, and never taken for a stranger's where
they cannot be asked."""

import asyncio
from collections.abc import Callable

import pytest

from component.common.errors import Unavailable
from component.common.i18n import _
from component.xmpp.elements import element, query
from component.xmpp.peers import Peer, Peers
from component.xmpp.stanza import DISCO_INFO, SAID, Fault
from component.xmpp.stream.session import IqError
from tests.unit.xmpp.fakes import FakeSession

BUS = query(DISCO_INFO, element(DISCO_INFO, "feature", var=SAID))
SERVER = query(DISCO_INFO, element(DISCO_INFO, "feature", var="urn:xmpp:ping"))


class AnsweringSession(FakeSession):
    """Answers each question with `answer`."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Callable[[], object] = lambda: BUS
        self.asked = 0

    async def iq(self, *_arguments: object, **_named: object):  # type: ignore[no-untyped-def]
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answer()
        if isinstance(answer, Exception):
            raise answer
        return answer


class World:
    def __init__(self) -> None:
        self.session = AnsweringSession()
        self.now = 0.0
        self.peers = Peers(self.session, "bot@bus.x/bus", lambda: self.now)


@pytest.fixture
async def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("answer", "peer"),
    [
        (BUS, Peer.BUS),
        (SERVER, Peer.OTHER),
        (IqError(Fault("service-unavailable", "")), Peer.OTHER),
        (IqError(Fault("remote-server-timeout", "")), Peer.UNKNOWN),
        (IqError(Fault("internal-server-error", "")), Peer.UNKNOWN),
        (Unavailable(_("Please try again.")), Peer.UNKNOWN),
    ],
)
async def test_what_a_server_is(world: World, answer: object, peer: Peer) -> None:
    world.session.answer = lambda: answer
    assert await world.peers.find("other.example") is peer
    assert await world.peers.is_bus("other.example") is (peer is Peer.BUS)
    assert world.session.asked == 1


async def test_an_error_is_not_remembered_for_ever(world: World) -> None:
    world.session.answer = lambda: IqError(Fault("service-unavailable", ""))
    assert not await world.peers.is_bus("other.example")
    world.session.answer = lambda: BUS
    assert not await world.peers.is_bus("other.example")
    world.now = 601.0
    assert await world.peers.is_bus("other.example")


async def test_a_bus_that_cannot_be_asked_for_a_moment_is_asked_soon_again(world: World) -> None:
    world.session.answer = lambda: IqError(Fault("remote-server-not-found", ""))
    assert await world.peers.find("other.example") is Peer.UNKNOWN
    world.session.answer, world.now = (lambda: BUS), 61.0
    assert await world.peers.find("other.example") is Peer.BUS
