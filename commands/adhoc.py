"""The ad-hoc surface (XEP-0050): sessions, and who may go on with which.

A session belongs to the bare JID that began it, ends by time, and each person has a few at most. Every path
answers: a fault within a command is a note, never an IQ error, but for what section 4.4 demands.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import structlog

from commands import draw
from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step, begin, check, go_on
from commands.form import Faults
from commands.menu import GROUPS, entries, group_step
from commands.words import best, tell
from component.errors import ShoutbusError
from component.roles import Role
from component.xmpp.desk import IqFault
from component.xmpp.stanza import COMMANDS, DATA, bare, language_of

log = structlog.get_logger()

LIFE = 900.0
"""Seconds a session lives after its last step."""
PER_PERSON = 8
MOST = 5_000
"""Sessions in all; the oldest go first."""
LONG = 20
"""Lines of a list that a form may have; a longer one is sent as a message."""


@dataclass(slots=True)
class Session:
    """One person's way through one command: the steps so far, the last one shown; `seen` in the clock's seconds."""

    id: str
    owner: str
    node: str
    seen: float
    action: Action | None = None
    steps: list[Step] = field(default_factory=list)


class AdHoc:
    """Serves commands on our JIDs. `tell` sends a chat message; `clock` gives monotonic seconds."""

    def __init__(
        self, bus: Bus, role_of: Callable[[str], Role], tell: Callable[[str, str], None], clock: Callable[[], float]
    ) -> None:
        self._bus = bus
        self._role_of = role_of
        self._tell = tell
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def listed(self, asker: str, language: str) -> list[tuple[str, str]]:
        """(node, name) of the commands that `asker` may call (XEP-0050 section 2.2)."""
        caller = self._caller(asker, language)
        return [
            (entry.node, draw.plain(tell(entry.title, caller.language))) for entry in entries(self._bus, caller.role)
        ]

    async def serve(self, stanza: Element) -> str:
        """Answer a command's IQ with the inside of its result; raises IqFault."""
        command = stanza.find(f"{{{COMMANDS}}}command")
        if command is None:
            raise IqFault("modify", "bad-request", "There is no command in that.")
        caller = self._caller(stanza.get("from", ""), language_of(stanza))
        node, action = command.get("node", ""), command.get("action") or "execute"
        if action not in ("execute", "next", "complete", "prev", "cancel"):
            raise IqFault("modify", "bad-request", f"“{action[:20]}” is no action.", "malformed-action")
        if not command.get("sessionid"):
            return await self._start(node, caller)
        session = self._find(command.get("sessionid", ""), node, caller)
        if action == "cancel":
            del self._sessions[session.id]
            return draw.ended(session.node, session.id, "canceled")
        if action == "prev":
            return self._back(session, caller)
        return await self._on(session, draw.read(command.find(f"{{{DATA}}}x")), caller)

    def _caller(self, jid: str, language: str) -> Caller:
        owner = bare(jid)
        return Caller(owner, owner.partition("@")[0], self._role_of(owner), language=best(language), way="form")

    # Sessions

    def _find(self, number: str, node: str, caller: Caller) -> Session:
        self._sweep()
        session = self._sessions.get(number)
        if session is None:
            raise IqFault("cancel", "not-allowed", "That session has ended: start again.", "session-expired")
        if session.owner != caller.jid or (node and node != session.node):
            raise IqFault("modify", "bad-request", "That session is not yours.", "bad-sessionid")
        session.seen = self._clock()
        self._sessions.move_to_end(number)
        return session

    def _open(self, node: str, caller: Caller, action: Action | None) -> Session:
        self._sweep()
        mine = [one.id for one in self._sessions.values() if one.owner == caller.jid]
        for number in mine[: max(0, len(mine) - PER_PERSON + 1)]:
            del self._sessions[number]
        session = Session(secrets.token_urlsafe(16), caller.jid, node, self._clock(), action)
        self._sessions[session.id] = session
        return session

    def _sweep(self) -> None:
        old = self._clock() - LIFE
        while self._sessions:
            number, session = next(iter(self._sessions.items()))
            if session.seen > old and len(self._sessions) < MOST:
                return
            del self._sessions[number]

    def __len__(self) -> int:
        return len(self._sessions)

    # Steps

    async def _start(self, node: str, caller: Caller) -> str:
        action = self._bus.actions.get(node)
        if node in GROUPS:
            mine = [one for one in self._bus.actions.values() if one.group == node and one.role <= caller.role]
            if mine:
                session = self._open(node, caller, None)
                return self._show(session, group_step(node, mine, caller.language), caller)
        if action is None or action.role > caller.role:
            raise IqFault("cancel", "item-not-found", "There is no such command for you.")
        return await self._begin(self._open(node, caller, action), action, caller)

    async def _begin(self, session: Session, action: Action, caller: Caller) -> str:
        try:
            return self._reply(session, await begin(action, caller, self._bus), caller)
        except ShoutbusError as fault:
            return self._end(session, Done(draw.as_words(fault), "error"), caller)

    async def _on(self, session: Session, values: Mapping[str, Sequence[str]] | None, caller: Caller) -> str:
        step = session.steps[-1]
        if values is None:
            return self._show(session, step, caller, again=True)
        if session.action is None:
            return await self._chosen(session, values, caller)
        kept = {name: list(values.get(name, old)) for name, old in {**step.values, **values}.items()}
        try:
            return self._reply(session, await go_on(session.action, step, values, caller, self._bus), caller)
        except Faults as faults:
            return self._show(session, step, caller, values=kept, faults=faults.by_field, again=True)
        except ShoutbusError as fault:
            return self._show(session, step, caller, values=kept, faults={"": str(fault)}, again=True)
        except Exception:
            log.exception("a command failed", command=session.action.name)
            return self._end(session, Done(draw.FAILED, "error"), caller)

    async def _chosen(self, session: Session, values: Mapping[str, Sequence[str]], caller: Caller) -> str:
        """A group's first step: which of its commands."""
        name = next(iter(values.get("command", ())), "")
        action = self._bus.actions.get(name) or next(
            (one for one in self._bus.actions.values() if tell(one.title, caller.language) == name), None
        )
        if action is None or action.group != session.node:
            return self._show(session, session.steps[-1], caller, again=True)
        session.action = action
        return await self._begin(session, action, caller)

    def _back(self, session: Session, caller: Caller) -> str:
        if len(session.steps) > 1:
            session.steps.pop()
        if len(session.steps) == 1 and session.node in GROUPS:
            session.action = None
        return self._show(session, session.steps[-1], caller, again=True)

    def _reply(self, session: Session, reply: Reply, caller: Caller) -> str:
        if isinstance(reply, Step):
            return self._show(session, reply, caller)
        return self._end(session, reply, caller)

    def _show(
        self,
        session: Session,
        step: Step,
        caller: Caller,
        *,
        values: Mapping[str, Sequence[str]] | None = None,
        faults: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> str:
        if session.action:
            check(session.action, caller, self._bus)
        if not again:
            session.steps.append(step)
        form = draw.form(step, step.fields(self._bus), values or step.values, faults or {}, caller.language)
        return draw.executing(session.node, session.id, form, last=step.last, back=len(session.steps) > 1)

    def _end(self, session: Session, reply: Done | Lines, caller: Caller) -> str:
        self._sessions.pop(session.id, None)
        if isinstance(reply, Lines) and len(reply.lines) > LONG:
            self._tell(caller.jid, draw.text(reply, caller.language))
            reply = Done(draw.SENT)
        return draw.completed(session.node, session.id, reply, caller.language)
