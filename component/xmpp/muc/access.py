"""Who may come into a room and so read what is said there, as the room itself says it (XEP-0045
sections 6.4, 9, 10).

Affiliations are believed from the room's answers and presence alone.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from component.common.errors import Unavailable
from component.common.i18n import _
from component.xmpp.muc.room import Occupant, Room
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import DISCO_INFO, MUC_ADMIN, bare, domain, element

KEPT = 60.0
"""Seconds that what a room said is believed, where nothing is seen to change."""
REMEMBERED = 10_000
"""People seen put out, of rooms whose lists the bot may not see."""

Lost = Callable[[str, str], None]
"""Told of a room and the bare JID of someone who may not read there any more."""

_LEADS = ("owner", "admin")
_PUT_OUT = frozenset({"301", "321", "322"})
"""Banned; no member any more; no member of a room that became members-only (section 15.6)."""
_HIDDEN = ("forbidden", "not-allowed")


@dataclass(frozen=True, slots=True)
class EntryRules:
    """How a room lets people in. `affiliations` are those the bot knows, by bare JID or domain;
    `shown` tells whether the room shows it the lists."""

    members_only: bool
    password: bool
    affiliations: Mapping[str, str]
    shown: bool

    def admits(self, jid: str) -> bool:
        """Whether a bare JID may come in."""
        whole_domain = self.affiliations.get(domain(jid))
        affiliation = self.affiliations.get(jid) or (
            "outcast" if whole_domain == "outcast" else "none"
        )
        if affiliation in _LEADS:
            return True
        if affiliation == "outcast" or self.password:
            return False
        return affiliation == "member" or not self.members_only


class Access:
    """Asks rooms, as `bot` (a full JID)."""

    def __init__(self, link: Session, bot: str) -> None:
        self._link = link
        self._bot = bot
        self.lost: list[Lost] = []
        self._doors: dict[str, tuple[float, EntryRules]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changes = 0
        self._put_out: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def admits(self, room: Room, jid: str) -> bool:
        """See `ports.RoomDesk.admits`."""
        if room.state != "in":
            raise Unavailable(_("The bot is not in {room}.", room=room.jid))
        async with self._asking[room.jid]:
            door = await self._door(room)
        jid = bare(jid)
        return door.admits(jid) and (door.shown or (room.jid, jid) not in self._put_out)

    async def _door(self, room: Room) -> EntryRules:
        now = asyncio.get_running_loop().time()
        at, door = self._doors.get(room.jid, (0.0, None))
        if door and now - at < KEPT:
            return door
        seen = self._changes
        try:
            door = await self._ask(room)
        except IqError as error:
            raise Unavailable(
                _("{room} reports: {why}.", room=room.jid, why=error.fault)
            ) from error
        if seen == self._changes:  # else this may be from before
            self._doors[room.jid] = now, door
        return door

    async def _ask(self, room: Room) -> EntryRules:
        info = await self._link.iq(
            "get", room.jid, self._bot, element("query", {"xmlns": DISCO_INFO})
        )
        features = {one.get("var") for one in info.iter(f"{{{DISCO_INFO}}}feature")}
        members_only = "muc_membersonly" in features
        found = {
            one.jid: one.affiliation
            for one in room.occupants.values()
            if one.affiliation in _LEADS and one.jid
        }
        shown = room.affiliation in _LEADS
        if shown:
            found = {}
            for affiliation in ("outcast", "member", "admin", "owner"):
                listed = await self._listed(room, affiliation)
                found |= dict.fromkeys(listed or (), affiliation)
                shown = shown and (
                    listed is not None or affiliation == "owner"
                )  # whom admins are not shown
        return EntryRules(members_only, "muc_passwordprotected" in features, found, shown)

    async def _listed(self, room: Room, affiliation: str) -> frozenset[str] | None:
        """Who has an affiliation; None where the room does not let the bot see it."""
        query = element(
            "query", {"xmlns": MUC_ADMIN}, element("item", {"affiliation": affiliation})
        )
        try:
            answer = await self._link.iq("get", room.jid, self._bot, query)
        except IqError as error:
            if error.fault.condition in _HIDDEN:
                return None
            raise
        items = answer.iter(f"{{{MUC_ADMIN}}}item")
        return frozenset(
            bare(one.get("jid", "")) for one in items if one.get("affiliation") == affiliation
        )

    def seen(self, room: Room, nick: str, now: Occupant) -> None:
        """The room shows an occupant, who may have another affiliation than before; before `room`
        knows it."""
        before = room.occupants.get(nick)
        if before and before.affiliation != now.affiliation:
            self._forget(room)
        self._put_out.pop((room.jid, now.jid), None)

    def gone(self, room: Room, nick: str, now: Occupant, codes: frozenset[str]) -> None:
        """The room shows that an occupant left; before `room` knows it."""
        if now.affiliation not in ("outcast", "none") or not codes & _PUT_OUT:
            return
        self._forget(room)
        before = room.occupants.get(nick)
        jid = now.jid or (before.jid if before else "")
        if not jid:
            return
        self._put_out[room.jid, jid] = None
        if len(self._put_out) > REMEMBERED:
            self._put_out.popitem(last=False)
        for call in self.lost:
            call(room.jid, jid)

    def _forget(self, room: Room) -> None:
        self._changes += 1
        self._doors.pop(room.jid, None)
