"""Who may read a room, by what the room itself says, and who may not any longer."""

import asyncio
from collections import Counter
from xml.etree.ElementTree import Element, fromstring

import pytest

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.common.errors import Unavailable
from component.xmpp.limits import Limits
from component.xmpp.muc.access import Access, EntryRules
from component.xmpp.muc.room import Occupant, Room
from component.xmpp.stanza import Fault
from component.xmpp.stream.session import IqError
from tests.unit.xmpp.fakes import FakeSession

JID = "lobby@rooms.example.org"
JULIET, ROMEO, MALLORY = "juliet@x", "romeo@x", "mallory@evil.example"
NONE = Occupant(MALLORY, "none", "none")


class FakeRoomSession(FakeSession):
    """A room that answers what it is asked: `features`, and `lists` where it shows them."""

    def __init__(self) -> None:
        super().__init__()
        self.features = ["muc_open", "muc_unsecured"]
        self.lists: dict[str, list[str]] = {
            "owner": ["bot@bus.example.org"],
            "admin": [],
            "member": [],
            "outcast": [],
        }
        self.hidden: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()

    async def iq(
        self, kind: str, to: str, sender: str, inside: Element, timeout_s: float = 0
    ) -> Element:
        assert (kind, to) == ("get", JID)
        item = inside.find("{http://jabber.org/protocol/muc#admin}item")
        if item is None:
            self.asked["info"] += 1
            told = "".join(f'<feature var="{one}"/>' for one in self.features)
            found = fromstring(
                f'<iq><query xmlns="http://jabber.org/protocol/disco#info">{told}</query></iq>'
            )
            await self.gate.wait()
            return found
        name = item.get("affiliation", "")
        self.asked[name] += 1
        if name in self.hidden:
            raise IqError(Fault(self.hidden[name]))
        told = "".join(f'<item affiliation="{name}" jid="{jid}"/>' for jid in self.lists[name])
        return fromstring(
            f'<iq><query xmlns="http://jabber.org/protocol/muc#admin">{told}</query></iq>'
        )


class Stage:
    def __init__(self, affiliation: str = "owner", limits: Limits | None = None) -> None:
        self.session = FakeRoomSession()
        self.access = Access(self.session, "bot@bus.example.org/bus", limits or Limits())
        self.room = Room(
            JID, ChannelSpec(Channel("muc", JID)), "shoutbus", "in", affiliation=affiliation
        )
        self.lost: list[tuple[str, str]] = []
        self.access.lost.append(lambda room, jid: self.lost.append((room, jid)))

    async def admits(self, jid: str) -> bool:
        return await self.access.admits(self.room, jid)

    def close(self, *features: str) -> None:
        self.session.features = list(features)


@pytest.fixture
async def stage() -> Stage:
    return Stage()


@pytest.fixture
async def guest() -> Stage:
    """The bot is no admin there."""
    return Stage("none")


async def test_an_open_room_lets_all_in_but_the_banned(stage: Stage) -> None:
    stage.session.lists["outcast"] = [MALLORY]
    assert await stage.admits(JULIET)
    assert not await stage.admits(MALLORY)
    assert not await stage.admits("Mallory@Evil.Example/pda")


async def test_a_banned_domain(stage: Stage) -> None:
    stage.session.lists |= {
        "outcast": ["evil.example"],
        "member": ["nurse@evil.example", "x"],
        "admin": ["other.example"],
    }
    assert not await stage.admits(MALLORY)
    assert await stage.admits("nurse@evil.example")
    stage = Stage()
    stage.session.lists |= {"member": ["evil.example"]}
    stage.close("muc_membersonly")
    assert not await stage.admits(MALLORY)


async def test_a_members_only_room_lets_members_in(stage: Stage) -> None:
    stage.close("muc_membersonly", "muc_unsecured")
    stage.session.lists |= {"member": [f"{JULIET}/pda"], "admin": [ROMEO], "owner": ["lady@x"]}
    for jid in (JULIET, ROMEO, "lady@x"):
        assert await stage.admits(jid)
    assert not await stage.admits(MALLORY)
    assert not await stage.admits("")


async def test_a_password_keeps_all_out_but_those_who_lead(stage: Stage) -> None:
    stage.close("muc_open", "muc_passwordprotected")
    stage.session.lists |= {"member": [JULIET], "admin": [ROMEO], "owner": ["lady@x"]}
    assert not await stage.admits(JULIET)
    assert await stage.admits(ROMEO)
    assert await stage.admits("lady@x")


async def test_a_room_whose_lists_are_hidden(guest: Stage) -> None:
    assert await guest.admits(JULIET)
    assert set(guest.session.asked) == {"info"}
    guest = Stage("member")
    guest.close("muc_membersonly")
    guest.room.occupants |= {
        "J": Occupant(JULIET, "member", "participant"),
        "R": Occupant(ROMEO, "admin", "moderator"),
        "?": Occupant("", "owner", "moderator"),
    }
    assert not await guest.admits(JULIET)
    assert await guest.admits(ROMEO)
    assert not await guest.admits("")


async def test_an_admin_is_not_shown_the_owners() -> None:
    stage = Stage("admin")
    stage.session.hidden = {"owner": "forbidden"}
    stage.session.lists["outcast"] = [MALLORY]
    assert await stage.admits(JULIET)
    assert not await stage.admits(MALLORY)


async def test_what_an_admin_should_be_shown_and_is_not(stage: Stage) -> None:
    stage.session.hidden = {"member": "not-allowed"}
    stage.close("muc_membersonly")
    assert not await stage.admits(JULIET)
    stage = Stage()
    stage.session.hidden = {"outcast": "internal-server-error"}
    with pytest.raises(Unavailable, match="internal-server-error"):
        await stage.admits(JULIET)


async def test_a_room_that_the_bot_is_not_in(stage: Stage) -> None:
    stage.room.state = "joining"
    with pytest.raises(Unavailable):
        await stage.admits(JULIET)
    assert not stage.session.asked


async def test_the_room_is_asked_once_a_minute(stage: Stage) -> None:
    assert await asyncio.gather(*(stage.admits(JULIET) for _ in range(20))) == [True] * 20
    assert set(stage.session.asked.values()) == {1}
    stage.session.lists["outcast"] = [JULIET]
    assert await stage.admits(JULIET)
    stage = Stage(limits=Limits(rules_s=0.0))
    assert await stage.admits(JULIET)
    stage.session.lists["outcast"] = [JULIET]
    assert not await stage.admits(JULIET)


async def test_what_is_seen_to_change_is_asked_anew(stage: Stage) -> None:
    stage.room.occupants["M"] = Occupant(MALLORY, "member", "participant")
    assert await stage.admits(MALLORY)
    stage.session.lists["outcast"] = [MALLORY]
    stage.access.gone(stage.room, "M", Occupant(MALLORY, "outcast", "none"), frozenset({"301"}))
    assert not await stage.admits(MALLORY)
    stage.session.lists["outcast"] = []
    stage.access.seen(stage.room, "M", Occupant(MALLORY, "none", "participant"))
    assert await stage.admits(MALLORY)


async def test_an_answer_from_before_a_change_is_not_kept(stage: Stage) -> None:
    stage.session.gate.clear()
    asking = asyncio.create_task(stage.admits(MALLORY))
    await asyncio.sleep(0)
    assert stage.session.asked["info"] == 1
    stage.access.gone(stage.room, "M", Occupant(MALLORY, "outcast", "none"), frozenset({"301"}))
    stage.session.gate.set()
    await asking
    await stage.admits(MALLORY)
    assert stage.session.asked["info"] == 2


@pytest.mark.parametrize(
    ("now", "codes", "lost"),
    [
        (Occupant(MALLORY, "outcast", "none"), {"301"}, True),
        (NONE, {"321"}, True),
        (NONE, {"322"}, True),
        (Occupant("", "outcast", "none"), {"301"}, True),  # hidden now, and known from before
        (NONE, {"307"}, False),
        (NONE, set(), False),
        (Occupant(MALLORY, "member", "none"), {"301"}, False),
        (Occupant(MALLORY, "member", "none"), set(), False),
    ],
)
async def test_who_may_not_read_any_more_is_told(
    guest: Stage, now: Occupant, codes: set[str], lost: bool
) -> None:
    guest.room.occupants["M"] = Occupant(MALLORY, "member", "participant")
    guest.access.gone(guest.room, "M", now, frozenset(codes))
    assert guest.lost == ([(JID, MALLORY)] if lost else [])
    assert await guest.admits(MALLORY) is not lost  # though the room shows the bot no lists
    guest.access.seen(guest.room, "M", Occupant(MALLORY, "none", "participant"))
    assert await guest.admits(MALLORY)


async def test_who_nobody_knows_is_lost_to_nobody(guest: Stage) -> None:
    guest.access.gone(guest.room, "?", Occupant("", "outcast", "none"), frozenset({"301"}))
    assert guest.lost == []


async def test_those_put_out_are_bounded() -> None:
    guest = Stage("none", Limits(expelled=3))
    for number in range(10):
        jid = f"{number}@evil.example"
        guest.access.gone(guest.room, "M", Occupant(jid, "outcast", "none"), frozenset({"301"}))
    assert [jid for _, jid in guest.access.expelled] == [
        f"{number}@evil.example" for number in (7, 8, 9)
    ]


def test_the_door() -> None:
    assert not EntryRules(members_only=True, password=False, affiliations={}, shown=False).admits(
        JULIET
    )
    assert EntryRules(members_only=False, password=False, affiliations={}, shown=False).admits(
        JULIET
    )
