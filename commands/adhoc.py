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
from commands.menu import GROUPS, MenuEntry, entries, group_step, inside
from commands.sessions import Session, Sessions
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import Forbidden, ShoutbusError
from component.common.form import Faults, Field
from component.common.i18n import Words, _, tell
from component.xmpp.handlers import IqFault
from component.xmpp.stanza import COMMANDS, DATA, bare, language_of

log = structlog.get_logger()

ACTIONS = frozenset({"execute", "next", "complete", "prev", "cancel"})


class AdHoc:
    """Serves commands on our JIDs. `tell` sends a chat message; `clock` gives monotonic seconds.

    `addressed` gives the channel of a bare JID of ours: there, only what concerns a
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
        self._sessions = Sessions(clock, lambda jid: role_of(jid) >= Role.OPERATOR)

    def listed(self, to: str, asker: str, language: str) -> list[tuple[str, str]]:
        """(node, name) of the commands that `asker` may call at `to` (XEP-0050 section 2.2)."""
        caller = self.caller_of(asker, language)
        if self._addressed(bare(to)):
            offered = self.about_channels(caller)
        else:
            offered = entries(self._bus, caller.role)
        return [(entry.node, name_of(entry.title, caller)) for entry in offered]

    def named(self, node: str, asker: str, language: str) -> str | None:
        """What a command's node is called, where `asker` may call it."""
        caller = self.caller_of(asker, language)
        if self.members_of(node, caller):
            return name_of(GROUPS[node], caller)
        action = self._bus.actions.get(node)
        if node not in GROUPS and action and action.role <= caller.role:
            return name_of(action.title, caller)
        return None

    async def serve(self, stanza: Element) -> Element:
        """Answer a command's IQ with the inside of its result; raises IqFault."""
        command = stanza.find(f"{{{COMMANDS}}}command")
        caller = self.caller_of(stanza.get("from", ""), language_of(stanza))
        if command is None:
            raise iq_fault(
                "modify", "bad-request", "", _("The request does not contain a command."), caller
            )
        node = command.get("node", "")
        action = command.get("action") or "execute"
        number = command.get("sessionid")
        if action not in ACTIONS:
            unknown = _("“{what}” is not a valid action.", what=action[:20])
            raise iq_fault("modify", "bad-request", "malformed-action", unknown, caller)
        if number:
            session = self.find_session(number, node, caller)
            return await self.submit(session, action, command.find(f"{{{DATA}}}x"), caller)
        if action in ("prev", "cancel"):
            nothing = _("No session is open. Start the command first.")
            raise iq_fault("modify", "bad-request", "bad-action", nothing, caller)
        return await self.start(node, self._addressed(bare(stanza.get("to", ""))), caller)

    async def submit(
        self, session: Session, action: str, data: Element | None, caller: Caller
    ) -> Element:
        """Answer what was sent in a session; raises IqFault where it has ended."""
        async with session.busy:  # of two submits at once, the second meets what the first left
            if session not in self._sessions:
                raise expired(caller)
            if action == "cancel" or (data is not None and data.get("type") == "cancel"):
                self._sessions.end(session)
                return data_forms.ended(session.node, session.id, "canceled")
            work = self.move(session, action, data_forms.read(data), caller)
            return await self.answered(session, caller, work)

    async def answered(self, session: Session, caller: Caller, work: Awaitable[Element]) -> Element:
        """What `work` answers; any fault in it ends the session with a note."""
        try:
            return await work
        except ShoutbusError as fault:
            return self.end(session, Done(data_forms.as_words(fault), "error"), caller)
        except Exception:
            name = session.action.name if session.action else session.node
            log.exception("command failed", command=name)
            return self.end(session, Done(data_forms.FAILED, "error"), caller)

    def caller_of(self, jid: str, language: str) -> Caller:
        """Who calls from a JID, in the language of a stanza."""
        owner = bare(jid)
        spoken = self._bus.settings.language(owner, language)
        name = owner.partition("@")[0]
        return Caller(owner, name, self._role_of(owner), language=spoken, way="form")

    # What is offered

    def members_of(self, group: str, caller: Caller) -> list[Action]:
        """The commands of a group that the caller may call; none where it is not a group."""
        if group not in GROUPS:
            return []
        return inside(self._bus, group, caller.role)

    def about_channels(self, caller: Caller) -> list[MenuEntry]:
        """What concerns one channel: it asks for a `channel` first."""
        offered = []
        for action in self._bus.actions.values():
            if action.role <= caller.role and "channel" in asked_by(action):
                offered.append(MenuEntry(action.name, action.title))
        return offered

    # Sessions

    def find_session(self, number: str, node: str, caller: Caller) -> Session:
        """The session of a number; raises IqFault where it is another person's, over, or another
        command's."""
        if not self._sessions.was_of(number, caller.jid):
            foreign = _("This session belongs to someone else. Start again.")
            raise iq_fault("modify", "bad-request", "bad-sessionid", foreign, caller)
        session = self._sessions.find(number, caller.jid)
        if session is None:
            raise expired(caller)
        if node and node != session.node:
            other = _("This session belongs to another command. Start again.")
            raise iq_fault("modify", "bad-request", "bad-sessionid", other, caller)
        return session

    def sweep(self) -> None:
        """Let go of the sessions whose time is over."""
        self._sessions.sweep()

    @property
    def count(self) -> int:
        """How many sessions are open."""
        return len(self._sessions)

    # Steps

    async def start(self, node: str, here: Channel | None, caller: Caller) -> Element:
        """Open a session for a command, or for a group of them. Raises IqFault."""
        mine = self.members_of(node, caller)
        if mine:
            session = self._sessions.open(caller.jid, node, None, here)
            first = group_step(node, mine, caller.language)
            return await self.answered(session, caller, self.restart(session, first, caller))
        action = self._bus.actions.get(node)
        if action is None and node in GROUPS:
            raise iq_fault("auth", "forbidden", "", not_yours(caller), caller)
        if action is None:
            missing = _("The command “{node}” does not exist.", node=node[:40])
            raise iq_fault("cancel", "item-not-found", "", missing, caller)
        try:
            check(action, caller, self._bus)
        except Forbidden as fault:
            raise IqFault("auth", "forbidden", tell(fault.sentence, caller.language)) from fault
        session = self._sessions.open(caller.jid, node, action, here)
        return await self.answered(session, caller, self.begin_in(session, action, caller))

    async def begin_in(self, session: Session, action: Action, caller: Caller) -> Element:
        """Begin a command; at a channel's own JID with that channel filled in."""
        if session.here is None or action.step is None or "channel" not in asked_by(action):
            return self.reply(session, await begin(action, caller, self._bus), caller)
        check(action, caller, self._bus)
        known = {"channel": (str(session.here),)}
        step = replace(action.step, values=known)
        if asked_by(action) == {"channel"}:  # which one is said by the address
            return self.reply(session, await go_on(action, step, known, caller, self._bus), caller)
        return self.reply(session, step, caller)

    async def move(
        self,
        session: Session,
        action: str,
        values: Mapping[str, Sequence[str]] | None,
        caller: Caller,
    ) -> Element:
        """Go back, choose a group's command, or submit a step."""
        if session.action:
            check(session.action, caller, self._bus)
        if action == "prev":
            return self.back(session, caller)
        if session.action is None:
            return await self.choose(session, values or {}, caller)
        return await self.submit_step(session, session.action, values, caller)

    async def restart(self, session: Session, step: Step, caller: Caller) -> Element:
        """Show a step as the session's first one."""
        session.steps = [step]
        return self.show(session, caller)

    async def submit_step(
        self,
        session: Session,
        action: Action,
        values: Mapping[str, Sequence[str]] | None,
        caller: Caller,
    ) -> Element:
        """Run the step that is shown with what was filled in; what is wrong is shown in it."""
        step = session.steps[-1]
        asked = {field.name: field for field in step.fields(self._bus)}
        if values is None or ((values or step.values) and not values.keys() & asked.keys()):
            # nothing of this step: a form cut off, or the last one sent twice
            return self.show(session, caller)
        filled, entered = merge_values(step, asked, values)
        try:
            reply = await go_on(action, step, filled, caller, self._bus)
        except Forbidden:
            raise
        except Faults as faults:
            return self.show(session, caller, entered, faults.by_field)
        except ShoutbusError as fault:
            return self.show(session, caller, entered, {"": data_forms.as_words(fault)})
        session.steps[-1] = replace(step, values=entered)  # for anyone who comes back to it
        return self.reply(session, reply, caller)

    async def choose(
        self, session: Session, values: Mapping[str, Sequence[str]], caller: Caller
    ) -> Element:
        """Begin a group's command, by name or by title."""
        mine = self.members_of(session.node, caller)
        if not mine:
            raise Forbidden(not_yours(caller))
        wanted = next(iter(values.get("command", ())), "")
        for action in mine:
            if wanted in (action.name, tell(action.title, caller.language)):
                session.action = action
                return await self.begin_in(session, action, caller)
        return await self.restart(session, group_step(session.node, mine, caller.language), caller)

    def back(self, session: Session, caller: Caller) -> Element:
        """Show the step before."""
        if len(session.steps) > 1:
            session.steps.pop()
        if len(session.steps) == 1 and session.node in GROUPS:
            session.action = None
        return self.show(session, caller)

    def reply(self, session: Session, reply: Reply, caller: Caller) -> Element:
        """Show what follows: the next step, or the end."""
        if not isinstance(reply, Step):
            return self.end(session, reply, caller)
        session.steps.append(reply)
        return self.show(session, caller)

    def show(
        self,
        session: Session,
        caller: Caller,
        values: Mapping[str, Sequence[str]] | None = None,
        faults: Mapping[str, Words | str] | None = None,
    ) -> Element:
        """Draw the session's last step."""
        step = session.steps[-1]
        if values is None:
            values = step.values
        asked = step.fields(self._bus)
        form = data_forms.form(step, asked, values, faults or {}, caller.language)
        back = len(session.steps) > 1
        return data_forms.executing(session.node, session.id, form, last=step.last, back=back)

    def end(self, session: Session, reply: Done | Lines, caller: Caller) -> Element:
        """End a session with the command's answer; a long one is sent as messages."""
        self._sessions.end(session)
        if data_forms.is_long(reply, caller.language):
            for part in data_forms.parts(reply):
                self._tell(caller.jid, data_forms.text(part, caller.language))
            reply = Done(data_forms.SENT)
        return data_forms.completed(session.node, session.id, reply, caller.language)


def asked_by(action: Action) -> set[str]:
    """What an action's first form asks for."""
    if action.form is None:
        return set()
    return {field.name for field in dataclasses.fields(action.form)}


def name_of(title: Words, caller: Caller) -> str:
    """A command's name in a menu."""
    return data_forms.name(tell(title, caller.language))


def merge_values(
    step: Step, asked: Mapping[str, Field], values: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Sequence[str]], dict[str, Sequence[str]]]:
    """What a step is run with, and what its form shows when it comes back.

    What a client leaves out is as it was; but Pidgin leaves out a text that was emptied.
    """
    filled: dict[str, Sequence[str]] = {}
    entered: dict[str, Sequence[str]] = {}
    for name, field in asked.items():
        picked = field.kind == "boolean" or field.kind.startswith("list-")
        if name in values:
            filled[name] = data_forms.meant(field, values[name])
        elif picked and name in step.values:
            filled[name] = step.values[name]
        entered[name] = filled.get(name, field.default if picked else ())
    return filled, entered


def not_yours(caller: Caller) -> Words:
    """The sentence for a command of another role."""
    return _("Your role, {role}, does not allow this.", role=caller.role.words)


def iq_fault(kind: str, condition: str, own: str, told: Words, caller: Caller) -> IqFault:
    """An IQ error with a sentence in the caller's language."""
    return IqFault(kind, condition, tell(told, caller.language), own)


def expired(caller: Caller) -> IqFault:
    """The IQ error for a session that has ended."""
    return iq_fault(
        "cancel",
        "not-allowed",
        "session-expired",
        _("This session has ended. Start again."),
        caller,
    )
