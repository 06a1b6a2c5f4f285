"""Who is there: asked once, probed after each connect, believed by the sender alone."""

from xml.etree.ElementTree import fromstring

import pytest

from component.xmpp.im.presence import Presence
from component.xmpp.limits import Limits
from tests.unit.xmpp.fakes import FakeSession

BOT = "bot@bus.example.org"
JULIET = "juliet@example.org"


class Stage:
    """Presences on a stream that is a list, and up."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.session = FakeSession()
        self.online = Presence(self.session, BOT, limits or Limits())

    def hear(self, sender: str, kind: str = "", inside: str = "") -> None:
        typed = f' type="{kind}"' if kind else ""
        self.online.heard(
            fromstring(
                f'<presence xmlns="jabber:component:accept" from="{sender}" '
                f'to="{BOT}"{typed}>{inside}</presence>'
            )
        )


@pytest.fixture
async def stage() -> Stage:
    one = Stage()
    await one.session.rise()
    one.online.watch(JULIET)
    return one


async def test_who_is_watched_is_asked_once(stage: Stage) -> None:
    stage.online.watch(JULIET.upper())
    assert stage.session.kinds == [(JULIET, "subscribe")]
    assert {one.get("from") for one in stage.session.sent} == {BOT}


async def test_it_is_known_who_has_yet_to_answer(stage: Stage) -> None:
    assert stage.online.asks(JULIET)
    assert not stage.online.asks("nobody@example.org")
    stage.hear(JULIET, "subscribed")
    assert not stage.online.asks(JULIET)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([], ["subscribe"]),  # a probe would end a request that is open
        (["subscribed"], ["probe"]),
        (["unsubscribed"], []),
        (["subscribed", "unsubscribed"], []),
        (["unsubscribed", "subscribed"], ["probe"]),
    ],
)
async def test_what_a_new_stream_begins_with(
    stage: Stage, answers: list[str], sent: list[str]
) -> None:
    for answer in answers:
        stage.hear(JULIET, answer)
    stage.hear(f"{JULIET}/a")
    stage.session.fall()
    assert not stage.online.is_online(JULIET)
    stage.session.sent.clear()
    await stage.session.rise()
    assert [kind for _, kind in stage.session.kinds] == sent


async def test_who_is_watched_before_there_is_a_stream_is_asked_when_it_comes() -> None:
    stage = Stage()
    stage.online.watch(JULIET)
    assert stage.session.sent == []
    await stage.session.rise()
    assert stage.session.kinds == [(JULIET, "subscribe")]


async def test_who_agrees_is_probed(stage: Stage) -> None:
    stage.session.sent.clear()
    stage.hear(JULIET, "subscribed")
    assert stage.session.kinds == [(JULIET, "probe")]
    assert not stage.online.is_online(JULIET)


@pytest.mark.parametrize(
    ("inside", "there"),
    [
        ("", True),
        ("<show>chat</show>", True),
        ("<show/>", True),
        ("<show>away</show>", False),
        ("<show>xa</show>", False),
        ("<show>dnd</show>", False),
        ("<show>nonsense</show>", False),
        ("<priority>5</priority>", True),
        ("<priority>-1</priority>", False),
        ("<status>away</status>", True),
    ],
)
async def test_what_counts_as_there(stage: Stage, inside: str, there: bool) -> None:
    stage.hear(f"{JULIET}/a", inside=inside)
    assert stage.online.is_online(JULIET) is there
    assert stage.online.is_online("Juliet@Example.org/b") is there


async def test_one_client_of_several_is_enough(stage: Stage) -> None:
    stage.hear(f"{JULIET}/a")
    stage.hear(f"{JULIET}/b", inside="<show>away</show>")
    assert stage.online.is_online(JULIET)
    stage.hear(f"{JULIET}/a", "unavailable")
    assert not stage.online.is_online(JULIET)
    stage.hear(f"{JULIET}/b")
    assert stage.online.is_online(JULIET)
    stage.hear(f"{JULIET}/b", inside="<show>dnd</show>")
    assert not stage.online.is_online(JULIET)


@pytest.mark.parametrize(
    ("sender", "kind"), [(JULIET, "unavailable"), (JULIET, "unsubscribed"), (JULIET, "error")]
)
async def test_what_ends_it_for_all_their_clients(stage: Stage, sender: str, kind: str) -> None:
    stage.hear(f"{JULIET}/a")
    stage.hear(f"{JULIET}/b")
    stage.hear(sender, kind)
    assert not stage.online.is_online(JULIET)


@pytest.mark.parametrize(
    "kind", ["subscribe", "subscribed", "unsubscribed", "unsubscribe", "probe", "nonsense"]
)
async def test_what_says_nothing_of_who_is_there(stage: Stage, kind: str) -> None:
    stage.hear(f"{JULIET}/a", kind)
    assert not stage.online.is_online(JULIET)


async def test_nobody_speaks_for_another(stage: Stage) -> None:
    stage.hear(f"{JULIET}/a")
    forged = (
        f'<x xmlns="http://jabber.org/protocol/muc#user"><item jid="{JULIET}/b" '
        'affiliation="owner"/></x>'
    )
    for sender in (
        "mallory@example.org/a",
        "juliet@evil.example/a",
        f"room@rooms.example.org/{JULIET}",
        "",
    ):
        stage.hear(sender, "unavailable", forged)
        stage.hear(sender, "unsubscribed")
        stage.hear(sender)
        assert not stage.online.is_online(sender)
    assert stage.online.is_online(JULIET)
    assert stage.online.clients(JULIET) == 1


async def test_an_occupant_is_no_person(stage: Stage) -> None:
    room = "room@rooms.example.org"
    stage.online.watch(room)
    stage.hear(
        f"{room}/Juliet",
        inside='<x xmlns="http://jabber.org/protocol/muc#user"><item role="visitor"/></x>',
    )
    assert not stage.online.is_online(room)


async def test_what_is_remembered_is_bounded() -> None:
    stage = Stage(Limits(watched=2, clients=3))
    await stage.session.rise()
    stage.online.watch(JULIET)
    for number in range(9):
        stage.hear(f"{JULIET}/{number}")
    assert stage.online.clients(JULIET) == 3
    stage.online.watch("second@example.org")
    stage.online.watch("third@example.org")
    stage.hear("third@example.org/a")
    assert not stage.online.is_online("third@example.org")
    assert ("third@example.org", "subscribe") not in stage.session.kinds
