"""The ad-hoc surface (XEP-0050): sessions, and who may go on with which.

A session belongs to the bare JID that began it, ends by time, and each person has a few at most. Every path
answers: a fault within a command is a note, never an IQ error, but for what section 4.4 demands.
"""

import asyncio
import dataclasses
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

import structlog

from commands import draw
from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step, begin, check, go_on
from commands.menu import GROUPS, Entry, entries, group_step, inside
from component.errors import Forbidden, ShoutbusError
from component.form import Faults
from component.message import Channel
from component.roles import Role
from component.words import Words, _, best, tell
from component.xmpp.desk import IqFault
from component.xmpp.stanza import COMMANDS, DATA, bare, language_of

log = structlog.get_logger()

LIFE = 900.0
"""Seconds a session lives after its last step."""
PER_PERSON = 8
MOST = 5_000
"""Sessions in all; the oldest go first."""
ACTIONS = frozenset({"execute", "next", "complete", "prev", "cancel"})


@dataclass(slots=True)
class Session:
    """One person's way through one command: the steps so far, the last one shown; `seen` in the clock's seconds.

    `here` is the channel at whose JID it was begun. `busy` lets one submit at a time through.
    """

    id: str
    owner: str
    node: str
    seen: float
    action: Action | None = None
    here: Channel | None = None
    steps: list[Step] = field(default_factory=list)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class AdHoc:
    """Serves commands on our JIDs. `tell` sends a chat message; `clock` gives monotonic seconds.

    `addressed` gives the channel that a bare JID of ours stands for: there, only what concerns a channel is offered.
    """

    def __init__(
        self,
        bus: Bus,
        role_of: Callable[[str], Role],
        tell: Callable[[str, str], None],
        clock: Callable[[], float],
        addressed: Callable[[str], Channel | None] = lambda _jid: None,
    ) -> None:
        self._bus = bus
        self._role_of = role_of
        self._tell = tell
        self._clock = clock
        self._addressed = addressed
        self._key = secrets.token_bytes(16)
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def listed(self, to: str, asker: str, language: str) -> list[tuple[str, str]]:
        """(node, name) of the commands that `asker` may call at `to` (XEP-0050 section 2.2)."""
        caller = self._caller(asker, language)
        offered = self._of_channels(caller) if self._addressed(bare(to)) else entries(self._bus, caller.role)
        return [(entry.node, draw.name(tell(entry.title, caller.language))) for entry in offered]

    def named(self, node: str, asker: str, language: str) -> str | None:
        """What a command's node is called, where `asker` may call it."""
        caller = self._caller(asker, language)
        if node in GROUPS:
            return draw.name(tell(GROUPS[node], caller.language)) if self._inside(node, caller) else None
        action = self._bus.actions.get(node)
        return draw.name(tell(action.title, caller.language)) if action and action.role <= caller.role else None

    async def serve(self, stanza: Element) -> str:
        """Answer a command's IQ with the inside of its result; raises IqFault."""
        command = stanza.find(f"{{{COMMANDS}}}command")
        caller = self._caller(stanza.get("from", ""), language_of(stanza))
        if command is None:
            raise _fault("modify", "bad-request", "", _("There is no command in that."), caller)
        node, action, number = command.get("node", ""), command.get("action") or "execute", command.get("sessionid")
        if action not in ACTIONS:
            told = _("“{what}” is no action.", what=action[:20])
            raise _fault("modify", "bad-request", "malformed-action", told, caller)
        if not number:
            if action in ("prev", "cancel"):
                told = _("There is nothing to go back in or to cancel: start first.")
                raise _fault("modify", "bad-request", "bad-action", told, caller)
            return await self._start(node, self._addressed(bare(stanza.get("to", ""))), caller)
        session = self._find(number, node, caller)
        async with session.busy:  # of two submits at once, the second meets what the first left
            if self._sessions.get(number) is not session:
                raise _expired(caller)
            data = command.find(f"{{{DATA}}}x")
            if action == "cancel" or (data is not None and data.get("type") == "cancel"):
                del self._sessions[session.id]
                return draw.ended(session.node, session.id, "canceled")
            return await self._answered(session, caller, self._moved(session, action, draw.read(data), caller))

    async def _answered(self, session: Session, caller: Caller, work: Awaitable[str]) -> str:
        """What `work` answers; whatever goes wrong in it ends the session with a note."""
        try:
            return await work
        except ShoutbusError as fault:
            return self._end(session, Done(draw.as_words(fault), "error"), caller)
        except Exception:
            log.exception("a command failed", command=session.action.name if session.action else session.node)
            return self._end(session, Done(draw.FAILED, "error"), caller)

    def _caller(self, jid: str, language: str) -> Caller:
        owner = bare(jid)
        spoken = self._bus.settings.preference(owner).language or best(language)
        return Caller(owner, owner.partition("@")[0], self._role_of(owner), language=spoken, way="form")

    # What is offered

    def _inside(self, group: str, caller: Caller) -> list[Action]:
        return inside(self._bus, group, caller.role)

    def _of_channels(self, caller: Caller) -> list[Entry]:
        """What concerns one channel: it asks for a `channel` first."""
        mine = [one for one in self._bus.actions.values() if one.role <= caller.role]
        return [Entry(one.name, one.title) for one in mine if "channel" in _asked(one)]

    # Sessions

    def _sign(self, start: str, owner: str) -> str:
        return hashlib.blake2b(f"{start} {owner}".encode(), key=self._key, digest_size=12).hexdigest()

    def _find(self, number: str, node: str, caller: Caller) -> Session:
        """The session; its number shows whether it ever was this person's, so that none need be kept to know."""
        self.sweep()
        start, _dot, sign = number.partition(".")
        if not secrets.compare_digest(sign.encode(), self._sign(start, caller.jid).encode()):
            raise _fault("modify", "bad-request", "bad-sessionid", _("That session is not yours: start again."), caller)
        session = self._sessions.get(number)
        if session is None:
            raise _expired(caller)
        if node and node != session.node:
            told = _("That session is another command's: start again.")
            raise _fault("modify", "bad-request", "bad-sessionid", told, caller)
        session.seen = self._clock()
        self._sessions.move_to_end(number)
        return session

    def _open(self, node: str, caller: Caller, action: Action | None, here: Channel | None) -> Session:
        self.sweep()
        mine = [one.id for one in self._sessions.values() if one.owner == caller.jid]
        for number in mine[: max(0, len(mine) - PER_PERSON + 1)]:
            del self._sessions[number]
        if len(self._sessions) >= MOST:
            self._sessions.popitem(last=False)
        start = secrets.token_hex(8)
        session = Session(f"{start}.{self._sign(start, caller.jid)}", caller.jid, node, self._clock(), action, here)
        self._sessions[session.id] = session
        return session

    def sweep(self) -> None:
        """Let go of the sessions whose time is over."""
        old = self._clock() - LIFE
        while self._sessions:
            number, session = next(iter(self._sessions.items()))
            if session.seen > old:
                return
            del self._sessions[number]
        self._sessions.clear()  # an emptied table keeps its size otherwise

    @property
    def count(self) -> int:
        """How many sessions are open."""
        return len(self._sessions)

    # Steps

    async def _start(self, node: str, here: Channel | None, caller: Caller) -> str:
        action = self._bus.actions.get(node)
        mine = self._inside(node, caller) if node in GROUPS else []
        if mine:
            session, first = self._open(node, caller, None, here), group_step(node, mine, caller.language)
            return await self._answered(session, caller, self._again(session, first, caller))
        if action is None and node not in GROUPS:
            raise _fault("cancel", "item-not-found", "", _("There is no command “{node}”.", node=node[:40]), caller)
        if action is None:
            raise _fault("auth", "forbidden", "", _not_yours(caller), caller)
        try:
            check(action, caller, self._bus)
        except Forbidden as fault:
            raise IqFault("auth", "forbidden", str(fault)) from fault
        session = self._open(node, caller, action, here)
        return await self._answered(session, caller, self._begun(session, action, caller))

    async def _begun(self, session: Session, action: Action, caller: Caller) -> str:
        if session.here is None or action.step is None or "channel" not in _asked(action):
            return self._reply(session, await begin(action, caller, self._bus), caller)
        check(action, caller, self._bus)
        known = {"channel": (str(session.here),)}
        step = replace(action.step, values=known)
        if _asked(action) == {"channel"}:  # which one is said by the address
            return self._reply(session, await go_on(action, step, known, caller, self._bus), caller)
        return self._reply(session, step, caller)

    async def _moved(
        self, session: Session, action: str, values: Mapping[str, Sequence[str]] | None, caller: Caller
    ) -> str:
        if session.action:
            check(session.action, caller, self._bus)
        if action == "prev":
            return self._back(session, caller)
        if session.action is None:
            return await self._chosen(session, values or {}, caller)
        return await self._on(session, session.action, values, caller)

    async def _again(self, session: Session, step: Step, caller: Caller) -> str:
        session.steps = [step]
        return self._show(session, caller)

    async def _on(
        self, session: Session, action: Action, values: Mapping[str, Sequence[str]] | None, caller: Caller
    ) -> str:
        step = session.steps[-1]
        asked = {one.name: one for one in step.fields(self._bus)}
        if values is None or ((values or step.values) and not values.keys() & asked.keys()):
            return self._show(session, caller)  # nothing of this step: a form cut off, or the last one sent twice
        # What a client leaves out stands as it was; but Pidgin leaves out a text that was emptied.
        picked = {name for name, one in asked.items() if one.kind == "boolean" or one.kind.startswith("list-")}
        filled = {name: old for name, old in step.values.items() if name in picked}
        filled |= {name: draw.meant(asked[name], one) for name, one in values.items() if name in asked}
        entered = {name: one.default if name in picked else () for name, one in asked.items()} | filled
        try:
            reply = await go_on(action, step, filled, caller, self._bus)
        except Forbidden:
            raise
        except Faults as faults:
            return self._show(session, caller, entered, faults.by_field)
        except ShoutbusError as fault:
            return self._show(session, caller, entered, {"": draw.as_words(fault)})
        session.steps[-1] = replace(step, values=entered)  # for whoever comes back to it
        return self._reply(session, reply, caller)

    async def _chosen(self, session: Session, values: Mapping[str, Sequence[str]], caller: Caller) -> str:
        """A group's first step: which of its commands, by name or by title."""
        mine = self._inside(session.node, caller)
        if not mine:
            raise Forbidden(_not_yours(caller))
        wanted = next(iter(values.get("command", ())), "")
        for action in mine:
            if wanted in (action.name, tell(action.title, caller.language)):
                session.action = action
                return await self._begun(session, action, caller)
        return await self._again(session, group_step(session.node, mine, caller.language), caller)

    def _back(self, session: Session, caller: Caller) -> str:
        if len(session.steps) > 1:
            session.steps.pop()
        if len(session.steps) == 1 and session.node in GROUPS:
            session.action = None
        return self._show(session, caller)

    def _reply(self, session: Session, reply: Reply, caller: Caller) -> str:
        if not isinstance(reply, Step):
            return self._end(session, reply, caller)
        session.steps.append(reply)
        return self._show(session, caller)

    def _show(
        self,
        session: Session,
        caller: Caller,
        values: Mapping[str, Sequence[str]] | None = None,
        faults: Mapping[str, Words | str] | None = None,
    ) -> str:
        """The step that it has come to."""
        step = session.steps[-1]
        asked = step.fields(self._bus)
        form = draw.form(step, asked, step.values if values is None else values, faults or {}, caller.language)
        return draw.executing(session.node, session.id, form, last=step.last, back=len(session.steps) > 1)

    def _end(self, session: Session, reply: Done | Lines, caller: Caller) -> str:
        self._sessions.pop(session.id, None)
        if draw.is_long(reply, caller.language):
            self._tell(caller.jid, draw.text(reply, caller.language))
            reply = Done(draw.SENT)
        return draw.completed(session.node, session.id, reply, caller.language)


def _asked(action: Action) -> set[str]:
    """What an action's first form asks for."""
    return {one.name for one in dataclasses.fields(action.form)} if action.form else set()


def _not_yours(caller: Caller) -> Words:
    return _("That is not for your role, {role}.", role=caller.role.label)


def _fault(kind: str, condition: str, own: str, told: Words, caller: Caller) -> IqFault:
    return IqFault(kind, condition, tell(told, caller.language), own)


def _expired(caller: Caller) -> IqFault:
    return _fault("cancel", "not-allowed", "session-expired", _("That session has ended: start again."), caller)
