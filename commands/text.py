"""The text surface: a line to the bot is a command, an answer in a conversation, or a message to
pass on.

    route add shoutbox:lobby muc:team@rooms.example.org both
    route-add source=shoutbox:lobby destination=muc:team@rooms.example.org both=yes

What is missing is asked for, one question at a time; `back` and `cancel` work there. A line that
begins with a command's name is that command: where the rest does not fit it, the answer says so and
nothing is passed on. A command that asks nothing has to be the whole line. With `/` in front a line
is a command in any case, with a backslash a message.
"""

import asyncio
import weakref
from collections.abc import Callable, Sequence

import structlog

from commands import data_forms
from commands.action import Action, Bus, Caller, Step, begin, check
from commands.command_names import MAX_LINE, CommandNames, escape_hint, is_slashed, start_of
from commands.conversation import CANCEL, MAX_LONG, Conversations, fault_line
from commands.talk import Talk
from commands.text_fields import prose_field, split
from component.bus.model.roles import Role
from component.common.errors import BadInput, NotFound, ShoutbusError
from component.common.form import Field
from component.common.i18n import Words, _, joined, tell
from component.xmpp.handlers import PlainMessage, TypedLine

log = structlog.get_logger()


class Text:
    """Answers lines; `role_of` gives a bare JID's role, `clock` monotonic seconds.

    `send` sends a chat message: of an answer that takes several, all but the last; without it they
    are one.
    """

    def __init__(
        self,
        bus: Bus,
        role_of: Callable[[str], Role],
        clock: Callable[[], float],
        send: Callable[[str, str], None] | None = None,
    ) -> None:
        self._bus = bus
        self._names = CommandNames(bus.actions)
        self._role_of = role_of
        self._clock = clock
        self._conversations = Conversations(bus, clock, send)
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def answer(self, asked: TypedLine) -> str | PlainMessage | None:
        """The reply to a line, or None where it is a message; see `Answer`."""
        language = self._bus.settings.language(asked.jid, asked.language)
        caller = Caller(asked.jid, asked.nick, self._role_of(asked.jid), asked.in_room, language)
        turn = self._turns.setdefault(asked.jid, asyncio.Lock())
        try:
            async with turn:  # one line of a person after the other
                return await self.dispatch(asked.text, caller)
        except ShoutbusError as error:
            return fault_line(data_forms.as_words(error), caller)
        except Exception:
            log.exception("command failed")
            self._conversations.end(asked.jid)
            return fault_line(data_forms.FAILED, caller)

    def is_room_command(self, line: str) -> bool:
        """Whether a line is the name of a command that may be given in rooms, and no more."""
        action, rest = self._names.split(line.strip())
        return action is not None and action.public and not rest

    async def dispatch(self, line: str, caller: Caller) -> str | PlainMessage | None:
        """Take a line as the answer to an open question, or as the beginning of something."""
        talk = None
        if not caller.in_room:
            talk = self._conversations.find(caller.jid)
        start = line.lstrip()
        if talk and is_slashed(start) and self._names.split(start[1:])[0]:
            self._conversations.end(caller.jid)  # another command, and they know it
            talk = None
        if talk is None:
            return await self.first(line, caller)
        reply = await self._conversations.answer(talk, line, caller)
        return self.with_hint(reply, line, caller)

    def with_hint(self, reply: str, line: str, caller: Caller) -> str:
        """A reply; to a line that was refused as an answer and looks like a command, with how to
        make it one."""
        error = tell(_("Error:"), caller.language)
        refused = caller.jid in self._conversations and reply.startswith(error)
        if not refused or len(line.split()) == 1 or self._names.split(line)[0] is None:
            return reply
        hint = _(
            "I read that as your answer. To run it as a command, put a slash in front: /{line}",
            line=start_of(line),
        )
        return f"{reply}\n{hint.told(caller.language)}"

    # A line that begins something

    async def first(self, line: str, caller: Caller) -> str | PlainMessage | None:
        """Answer a line while no question is open."""
        start = line.lstrip()
        if start.startswith("\\") and self.would_take(start[1:], caller):
            return PlainMessage(start[1:])
        if is_slashed(start):
            return await self.slashed(start[1:], caller)
        if await self.only_begins(line, caller):
            return None
        try:
            return await self.begin(line, caller)
        except BadInput as error:
            action, rest = self._names.split(line)
            if caller.in_room or action is None or not rest:
                raise
            name = action.name.replace("-", " ")
            taken = _("I read that as the command “{name}”.", name=name)
            hint = joined([taken, escape_hint(line)], " ")
            return fault_line(joined([data_forms.as_words(error), hint], "\n"), caller)

    async def only_begins(self, line: str, caller: Caller) -> bool:
        """Whether a line begins like a command that takes none like it."""
        action, rest = self._names.split(line)
        if action is None or action.takes is None or not rest.strip(" ?"):
            return False
        if action.step and self.names_field(rest, action.step):
            return False  # nobody writes so to others
        return caller.role < action.role or not await action.takes(caller, rest, self._bus)

    def names_field(self, rest: str, step: Step) -> bool:
        """Whether words begin with the name of a field and its value."""
        return rest.startswith(tuple(f"{asked.name}=" for asked in step.fields(self._bus)))

    def would_take(self, line: str, caller: Caller) -> bool:
        """Whether a line would not be passed on by itself."""
        return is_slashed(line) or bool(self._names.split(line)[0] or self.hint(line, caller))

    async def slashed(self, line: str, caller: Caller) -> str | None:
        """Run a command in any case: `line` is without the slash."""
        action, rest = self._names.split(line)
        if action is None:
            name = line.split(maxsplit=1)[0][:60]
            missing = _(
                "The command “{name}” does not exist. “help” lists all commands.", name=name
            )
            raise NotFound(joined([missing, escape_hint(f"/{line}")], " "))
        if action.step is None and rest.strip(" ?"):
            word = rest.split(maxsplit=1)[0][:60]
            raise BadInput(
                _(
                    "“{word}” is one argument too many. “help” shows what the command accepts.",
                    word=word,
                )
            )
        return await self.begin(line, caller)

    async def begin(self, line: str, caller: Caller) -> str | None:
        """Run the command that a line names; None where it names none, and the line is a
        message."""
        action, rest = self._names.split(line)
        if action is None:
            return self.hint(line, caller)
        if action.step is None:
            check_length(line, MAX_LINE)
            if rest.strip(" ?"):
                return None  # it only begins like a command
            reply = await begin(action, caller, self._bus)
            if isinstance(reply, Step):
                talk = Talk(action, reply, self._clock())
                return await self._conversations.advance(talk, caller)
            return self._conversations.finish(reply, caller)
        talk = self.new_talk(action, action.step, line, caller)
        return await self._conversations.advance(talk, caller)

    def new_talk(self, action: Action, step: Step, line: str, caller: Caller) -> Talk:
        """A conversation that begins with what a line gives. Raises BadInput, Forbidden."""
        fields = step.fields(self._bus)
        long = long_field(fields)
        prose = prose_field(fields)
        several = bool(long or prose) and "\n" in line[:MAX_LINE]
        check_length(line, MAX_LONG if several else MAX_LINE)
        check(action, caller, self._bus)
        talk = Talk(action, step, self._clock())
        first, newline, below = line.partition("\n")
        if long and newline:  # what stands below the first line is that field, as it is
            line = first
            talk.values[long.name] = below.splitlines()
        elif prose and newline and first.count('"') % 2 == 0:  # no quotation continues below
            line = first
            talk.below = below.splitlines()
        rest = self._names.split(line)[1]
        raw = [asked for asked in fields if asked.ask.raw]
        if not raw:
            talk.given = split(rest, caller)
        elif rest.strip():
            talk.values[raw[0].name] = [rest]
        return talk

    def hint(self, line: str, caller: Caller) -> str | None:
        """What is said of a line that looks like a mistyped command, in place of passing it on."""
        if not caller.in_room and line.strip().casefold() in CANCEL:
            nothing = _("There is nothing to cancel. Your message was not forwarded.")
            return not_passed_on(nothing, line, caller)
        near = self._names.slip(line, caller.role)
        if not near:
            return None
        name = near.replace("-", " ")
        guess = _("Did you mean “{name}”? Your message was not forwarded.", name=name)
        return not_passed_on(guess, line, caller)


def not_passed_on(why: Words, line: str, caller: Caller) -> str:
    """Why a line was not passed on, and how it is sent."""
    return joined([why, escape_hint(line)], " ").told(caller.language)


def check_length(line: str, most: int) -> None:
    """Raise BadInput where a line is longer than a command may be."""
    if len(line) > most:
        raise BadInput(_("The line is too long for a command."))


def long_field(fields: Sequence[Field]) -> Field | None:
    """The field that takes what stands below the first line."""
    for asked in fields:
        if asked.kind == "text-multi" and asked.type is str and not asked.ask.prose:
            return asked
    return None
