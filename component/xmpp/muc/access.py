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
from component.xmpp.elements import element, query
from component.xmpp.limits import Limits
from component.xmpp.muc.room import Occupant, Room
from component.xmpp.stanza import DISCO_INFO, MUC_ADMIN, bare, domain, features
from component.xmpp.stream.session import IqError, Session

Lost = Callable[[str, str], None]
"""Called with a room and the bare JID of someone who may not read there any more."""

_LEADS = ("owner", "admin")
_PUT_OUT = frozenset({"301", "321", "322"})
"""Banned; not a member any more; not a member of a room that became members-only (section 15.6)."""
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
        affiliation = self.affiliation(jid)
        if affiliation in _LEADS:
            return True
        if affiliation == "outcast" or self.password:
            return False
        return affiliation == "member" or not self.members_only

    def affiliation(self, jid: str) -> str:
        """What the room says of a bare JID. Only a ban of its whole domain counts for it too."""
        own = self.affiliations.get(jid)
        if own:
            return own
        if self.affiliations.get(domain(jid)) == "outcast":
            return "outcast"
        return "none"


class Access:
    """Asks rooms who may come in, as `bot` (a full JID)."""

    def __init__(self, session: Session, bot: str, limits: Limits) -> None:
        self._session = session
        self._bot = bot
        self._limits = limits
        self.lost: list[Lost] = []
        """Called with each who may not read in a room any more, as the room shows it while they are
        inside."""
        self._rules: dict[str, tuple[float, EntryRules]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changes = 0
        self._expelled: OrderedDict[tuple[str, str], None] = OrderedDict()

    @property
    def expelled(self) -> tuple[tuple[str, str], ...]:
        """(room, bare JID) of those seen put out, oldest first."""
        return tuple(self._expelled)

    async def admits(self, room: Room, jid: str) -> bool:
        """Whether a JID may come into a room; raises Unavailable."""
        if room.state != "in":
            raise Unavailable(_("The bot is not in {room}.", room=room.jid))
        async with self._asking[room.jid]:
            rules = await self.rules(room)
        jid = bare(jid)
        return rules.admits(jid) and (rules.shown or (room.jid, jid) not in self._expelled)

    async def rules(self, room: Room) -> EntryRules:
        """A room's entry rules, asked for where they are not known or too old."""
        now = asyncio.get_running_loop().time()
        at, rules = self._rules.get(room.jid, (0.0, None))
        if rules and now - at < self._limits.rules_s:
            return rules
        changes = self._changes
        try:
            rules = await self.ask(room)
        except IqError as error:
            raise Unavailable(
                _("{room} reports: {why}.", room=room.jid, why=error.fault)
            ) from error
        if changes == self._changes:  # else this may be from before
            self._rules[room.jid] = now, rules
        return rules

    async def ask(self, room: Room) -> EntryRules:
        """Ask a room for its entry rules; raises IqError, Unavailable."""
        info = await self._session.iq("get", room.jid, self._bot, query(DISCO_INFO))
        offered = features(info)
        affiliations: dict[str, str] = {}
        shown = room.affiliation in _LEADS
        if shown:
            for affiliation in ("outcast", "member", "admin", "owner"):
                listed = await self.listed(room, affiliation)
                if listed is None and affiliation != "owner":  # whom admins are not shown
                    shown = False
                affiliations |= dict.fromkeys(listed or (), affiliation)
        else:
            for occupant in room.occupants.values():
                if occupant.affiliation in _LEADS and occupant.jid:
                    affiliations[occupant.jid] = occupant.affiliation
        members_only, password = "muc_membersonly" in offered, "muc_passwordprotected" in offered
        return EntryRules(members_only, password, affiliations, shown)

    async def listed(self, room: Room, affiliation: str) -> frozenset[str] | None:
        """Who has an affiliation; None where the room does not let the bot see it."""
        asked = query(MUC_ADMIN, element(MUC_ADMIN, "item", affiliation=affiliation))
        try:
            answer = await self._session.iq("get", room.jid, self._bot, asked)
        except IqError as error:
            if error.fault.condition in _HIDDEN:
                return None
            raise
        jids = set()
        for item in answer.iter(f"{{{MUC_ADMIN}}}item"):
            if item.get("affiliation") == affiliation:
                jids.add(bare(item.get("jid", "")))
        return frozenset(jids)

    def seen(self, room: Room, nick: str, now: Occupant) -> None:
        """The room shows an occupant, who may have another affiliation than before; to be called
        before `room` knows it."""
        before = room.occupants.get(nick)
        if before and before.affiliation != now.affiliation:
            self.forget(room)
        self._expelled.pop((room.jid, now.jid), None)

    def gone(self, room: Room, nick: str, now: Occupant, codes: frozenset[str]) -> None:
        """The room shows that an occupant left; to be called before `room` knows it."""
        if now.affiliation not in ("outcast", "none") or not codes & _PUT_OUT:
            return
        self.forget(room)
        jid = now.jid or room.jid_of(nick)
        if not jid:
            return
        self._expelled[room.jid, jid] = None
        if len(self._expelled) > self._limits.expelled:
            self._expelled.popitem(last=False)
        for call in self.lost:
            call(room.jid, jid)

    def forget(self, room: Room) -> None:
        """A room's rules changed."""
        self._changes += 1
        self._rules.pop(room.jid, None)
