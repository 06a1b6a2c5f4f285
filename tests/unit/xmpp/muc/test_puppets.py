"""Puppets: who comes in, who leaves when, and for whom the bot speaks instead."""

import asyncio
from xml.etree.ElementTree import fromstring

import pytest

from component.bus.model.message import Author, AuthorKind
from component.common.errors import Refused, Unavailable
from component.xmpp.limits import Limits
from component.xmpp.muc.puppets import Puppet, Puppets
from tests.unit.xmpp.fakes import FakeSession

ROOM = "lobby@rooms.example.org"
ZOE = Author("Zoe", "guest:zoe", AuthorKind.GUEST)
MOST = 3
IDLE = 600.0


class Stage:
    """Puppets with a clock that is moved and a room that answers as told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.session = FakeSession()
        self.puppets = Puppets(
            self.session, lambda: self.now, Limits(puppets=MOST, puppet_idle_s=IDLE)
        )

    def answer(self, inside: str, kind: str = "") -> None:
        """The room answers the last join."""
        join = self.session.sent[-1]
        self.puppets.heard(
            fromstring(
                f'<presence xmlns="jabber:component:accept" from="{join.get("to")}" '
                f'to="{join.get("from")}" '
                f'type="{kind}">{inside}</presence>'.replace(' type=""', "")
            )
        )

    def welcome(self) -> None:
        self.answer('<x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/></x>')

    def refuse(self, condition: str) -> None:
        self.answer(
            f'<error type="auth"><{condition} '
            'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>',
            "error",
        )

    async def enter(self, author: Author = ZOE) -> Puppet | None:
        """The join is sent, and welcomed."""
        entering = asyncio.create_task(self.puppets.enter(ROOM, author))
        await asyncio.sleep(0)
        if not entering.done():
            self.welcome()
        return await entering


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_comes_in_under_its_name_with_the_mark(stage: Stage) -> None:
    puppet = await stage.enter()
    assert puppet
    assert puppet.nick == "Zoe (web)"
    assert stage.session.kinds == [(f"{ROOM}/Zoe (web)", "")]


async def test_second_words_need_no_second_join(stage: Stage) -> None:
    first = await stage.enter()
    assert await stage.enter() is first
    assert len(stage.session.sent) == 1


async def test_leaves_after_ten_idle_minutes_and_not_before(stage: Stage) -> None:
    await stage.enter()
    stage.now = IDLE - 1
    await stage.enter()
    stage.now = 2 * IDLE - 2
    stage.puppets.sweep()
    assert stage.puppets.names(ROOM) == ["Zoe (web)"]
    stage.now = 2 * IDLE - 1
    stage.puppets.sweep()
    assert stage.puppets.names(ROOM) == []
    assert stage.session.kinds[-1] == (f"{ROOM}/Zoe (web)", "unavailable")


async def test_the_bot_speaks_for_those_past_the_limit(stage: Stage) -> None:
    for number in range(MOST):
        assert await stage.enter(Author(f"Guest {number}", f"guest:{number}", AuthorKind.GUEST))
    assert await stage.enter() is None
    stage.now = IDLE
    stage.puppets.sweep()
    assert await stage.enter()


async def test_a_new_name_leaves_and_comes_in_again(stage: Stage) -> None:
    await stage.enter()
    await stage.enter(Author("Zoë", "guest:zoe", AuthorKind.GUEST))
    to = [f"{ROOM}/Zoe (web)", f"{ROOM}/Zoe (web)", f"{ROOM}/Zoë (web)"]
    assert stage.session.kinds == list(zip(to, ["", "unavailable", ""], strict=True))
    assert stage.puppets.names(ROOM) == ["Zoë (web)"]


@pytest.mark.parametrize(
    "condition", ["conflict", "not-acceptable", "jid-malformed", "service-unavailable"]
)
async def test_the_bot_speaks_for_who_is_kept_out(stage: Stage, condition: str) -> None:
    entering = asyncio.create_task(stage.puppets.enter(ROOM, ZOE))
    await asyncio.sleep(0)
    stage.refuse(condition)
    assert await entering is None
    assert stage.puppets.names(ROOM) == []


async def test_the_banned_are_refused(stage: Stage) -> None:
    entering = asyncio.create_task(stage.puppets.enter(ROOM, ZOE))
    await asyncio.sleep(0)
    stage.refuse("forbidden")
    with pytest.raises(Refused, match="banned"):
        await entering


async def test_a_kicked_one_comes_in_again_with_the_next_words(stage: Stage) -> None:
    await stage.enter()
    stage.answer(
        '<x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/></x>', "unavailable"
    )
    assert stage.puppets.names(ROOM) == []
    assert await stage.enter()


async def test_a_stream_that_ends_takes_all_with_it(stage: Stage) -> None:
    await stage.enter()
    entering = asyncio.create_task(
        stage.puppets.enter(ROOM, Author("Ann", "guest:ann", AuthorKind.GUEST))
    )
    await asyncio.sleep(0)
    for gone in stage.session.down:
        gone()
    with pytest.raises(Unavailable):
        await entering
    assert stage.puppets.names(ROOM) == []


async def test_one_left_behind_by_a_crash_leaves(stage: Stage) -> None:
    stage.puppets.heard(
        fromstring(
            f'<presence xmlns="jabber:component:accept" from="{ROOM}/Juliet" '
            'to="guest-0123@bus.example.org/web"/>'
        )
    )
    assert stage.session.kinds == [(f"{ROOM}/Juliet", "unavailable")]
