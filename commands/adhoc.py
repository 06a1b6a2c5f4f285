"""The ad-hoc surface (XEP-0050): what is offered where, and the way through a command's steps.

Every path answers: a fault within a command is a note, never an IQ error, but for what section 4.4
demands.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

import structlog

from commands import data_forms
from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step, begin, check, go_on
from commands.menu import GROUPS, Entry, entries, group_step, inside
from commands.sessions import Session, Sessions
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import Forbidden, ShoutbusError
from component.common.form import Faults
from component.common.i18n import Words, _, tell
from component.xmpp.handlers import IqFault
from component.xmpp.stanza import COMMANDS, DATA, bare, language_of

log = structlog.get_logger()

ACTIONS = frozenset({"execute", "next", "complete", "prev", "cancel"})


class AdHoc:
    """Serves commands on our JIDs. `tell` sends a chat message; `clock` gives monotonic seconds.

    `addressed` gives the channel that a bare JID of ours stands for: there, only what concerns a
    channel is offered.
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
        self._addressed = addressed
        self._sessions = Sessions(clock)

    def listed(self, to: str, asker: str, language: str) -> list[tuple[str, str]]:
        """(node, name) of the commands that `asker` may call at `to` (XEP-0050 section 2.2)."""
        caller = self._caller(asker, language)
        offered = (
            self._of_channels(caller)
            if self._addressed(bare(to))
            else entries(self._bus, caller.role)
        )
        return [
            (entry.node, data_forms.name(tell(entry.title, caller.language))) for entry in offered
        ]

    def named(self, node: str, asker: str, language: str) -> str | None:
        """What a command's node is called, where `asker` may call it."""
        caller = self._caller(asker, language)
        if node in GROUPS:
            return (
                data_forms.name(tell(GROUPS[node], caller.language))
                if self._inside(node, caller)
                else None
            )
        action = self._bus.actions.get(node)
        return (
            data_forms.name(tell(action.title, caller.language))
            if action and action.role <= caller.role
            else None
        )

    async def serve(self, stanza: Element) -> str:
        """Answer a command's IQ with the inside of its result; raises IqFault."""
        command = stanza.find(f"{{{COMMANDS}}}command")
        caller = self._caller(stanza.get("from", ""), language_of(stanza))
        if command is None:
            raise _fault("modify", "bad-request", "", _("There is no command in that."), caller)
        node, action, number = (
            command.get("node", ""),
            command.get("action") or "execute",
            command.get("sessionid"),
        )
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
            if session not in self._sessions:
                raise _expired(caller)
            data = command.find(f"{{{DATA}}}x")
            if action == "cancel" or (data is not None and data.get("type") == "cancel"):
                self._sessions.end(session)
                return data_forms.ended(session.node, session.id, "canceled")
            return await self._answered(
                session, caller, self._moved(session, action, data_forms.read(data), caller)
            )

    async def _answered(self, session: Session, caller: Caller, work: Awaitable[str]) -> str:
        """What `work` answers; whatever goes wrong in it ends the session with a note."""
        try:
            return await work
        except ShoutbusError as fault:
            return self._end(session, Done(data_forms.as_words(fault), "error"), caller)
        except Exception:
            log.exception(
                "a command failed", command=session.action.name if session.action else session.node
            )
            return self._end(session, Done(data_forms.FAILED, "error"), caller)

    def _caller(self, jid: str, language: str) -> Caller:
        owner = bare(jid)
        spoken = self._bus.settings.language(owner, language)
        return Caller(
            owner, owner.partition("@")[0], self._role_of(owner), language=spoken, way="form"
        )

    # What is offered

    def _inside(self, group: str, caller: Caller) -> list[Action]:
        return inside(self._bus, group, caller.role)

    def _of_channels(self, caller: Caller) -> list[Entry]:
        """What concerns one channel: it asks for a `channel` first."""
        mine = [one for one in self._bus.actions.values() if one.role <= caller.role]
        return [Entry(one.name, one.title) for one in mine if "channel" in _asked(one)]

    # Sessions

    def _find(self, number: str, node: str, caller: Caller) -> Session:
        """The session of a number; raises IqFault where it is another's, over, or another
        command's."""
        if not self._sessions.was_of(number, caller.jid):
            raise _fault(
                "modify",
                "bad-request",
                "bad-sessionid",
                _("That session is not yours: start again."),
                caller,
            )
        session = self._sessions.find(number, caller.jid)
        if session is None:
            raise _expired(caller)
        if node and node != session.node:
            told = _("That session is another command's: start again.")
            raise _fault("modify", "bad-request", "bad-sessionid", told, caller)
        return session

    def sweep(self) -> None:
        """Let go of the sessions whose time is over."""
        self._sessions.sweep()

    @property
    def count(self) -> int:
        """How many sessions are open."""
        return len(self._sessions)

    # Steps

    async def _start(self, node: str, here: Channel | None, caller: Caller) -> str:
        action = self._bus.actions.get(node)
        mine = self._inside(node, caller) if node in GROUPS else []
        if mine:
            session, first = (
                self._sessions.open(caller.jid, node, None, here),
                group_step(node, mine, caller.language),
            )
            return await self._answered(session, caller, self._again(session, first, caller))
        if action is None and node not in GROUPS:
            raise _fault(
                "cancel",
                "item-not-found",
                "",
                _("There is no command “{node}”.", node=node[:40]),
                caller,
            )
        if action is None:
            raise _fault("auth", "forbidden", "", _not_yours(caller), caller)
        try:
            check(action, caller, self._bus)
        except Forbidden as fault:
            raise IqFault("auth", "forbidden", tell(fault.sentence, caller.language)) from fault
        session = self._sessions.open(caller.jid, node, action, here)
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
        self,
        session: Session,
        action: str,
        values: Mapping[str, Sequence[str]] | None,
        caller: Caller,
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
        self,
        session: Session,
        action: Action,
        values: Mapping[str, Sequence[str]] | None,
        caller: Caller,
    ) -> str:
        step = session.steps[-1]
        asked = {one.name: one for one in step.fields(self._bus)}
        if values is None or ((values or step.values) and not values.keys() & asked.keys()):
            return self._show(
                session, caller
            )  # nothing of this step: a form cut off, or the last one sent twice
        # What a client leaves out stands as it was; but Pidgin leaves out a text that was emptied.
        picked = {
            name
            for name, one in asked.items()
            if one.kind == "boolean" or one.kind.startswith("list-")
        }
        filled = {name: old for name, old in step.values.items() if name in picked}
        filled |= {
            name: data_forms.meant(asked[name], one)
            for name, one in values.items()
            if name in asked
        }
        entered = {
            name: one.default if name in picked else () for name, one in asked.items()
        } | filled
        try:
            reply = await go_on(action, step, filled, caller, self._bus)
        except Forbidden:
            raise
        except Faults as faults:
            return self._show(session, caller, entered, faults.by_field)
        except ShoutbusError as fault:
            return self._show(session, caller, entered, {"": data_forms.as_words(fault)})
        session.steps[-1] = replace(step, values=entered)  # for whoever comes back to it
        return self._reply(session, reply, caller)

    async def _chosen(
        self, session: Session, values: Mapping[str, Sequence[str]], caller: Caller
    ) -> str:
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
        form = data_forms.form(
            step, asked, step.values if values is None else values, faults or {}, caller.language
        )
        return data_forms.executing(
            session.node, session.id, form, last=step.last, back=len(session.steps) > 1
        )

    def _end(self, session: Session, reply: Done | Lines, caller: Caller) -> str:
        self._sessions.end(session)
        if data_forms.is_long(reply, caller.language):
            for one in data_forms.parts(reply):
                self._tell(caller.jid, data_forms.text(one, caller.language))
            reply = Done(data_forms.SENT)
        return data_forms.completed(session.node, session.id, reply, caller.language)


def _asked(action: Action) -> set[str]:
    """What an action's first form asks for."""
    return {one.name for one in dataclasses.fields(action.form)} if action.form else set()


def _not_yours(caller: Caller) -> Words:
    return _("That is not for your role, {role}.", role=caller.role.words)


def _fault(kind: str, condition: str, own: str, told: Words, caller: Caller) -> IqFault:
    return IqFault(kind, condition, tell(told, caller.language), own)


def _expired(caller: Caller) -> IqFault:
    return _fault(
        "cancel",
        "not-allowed",
        "session-expired",
        _("That session has ended: start again."),
        caller,
    )
