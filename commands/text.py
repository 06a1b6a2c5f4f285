"""The text surface: a line to the bot is a command, an answer in a conversation, or a message to
pass on.

    route add shoutbox:lobby muc:team@rooms.example.org both
    route-add source=shoutbox:lobby destination=muc:team@rooms.example.org both=yes

What is missing is asked for, one question at a time; `back` and `cancel` work there, and another
command ends it. A line that is nearly a command is held until its author says what it is; so is
the first line that would be posted. With `/` in front a line is a command in any case, with a
backslash a message.
"""

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import replace

import structlog

from commands import data_forms
from commands.action import Bus, Caller, Step, begin, check
from commands.command_names import CommandNames, escape_hint, is_slashed, start_of
from commands.conversation import Conversations, fault_line
from commands.talk import MAX_LINE, Talk, begin_talk, check_length, too_many
from commands.typed.held import (
    ANSWERS,
    BACK,
    CANCEL,
    NO,
    SEND,
    YES,
    HeldLine,
    HeldLines,
    answer_word,
)
from commands.typed.meaning import Kind, Meaning, Reading
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import BadInput, NotFound, ShoutbusError
from component.common.i18n import Words, _, joined, tell
from component.xmpp.handlers import PlainMessage, TypedLine

log = structlog.get_logger()

MAX_LATE_WORDS = 2
"""Words of a line that may be the answer to a question that is closed."""

Answer = str | PlainMessage | None


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
        self._reading = Reading(bus, self._names)
        self._role_of = role_of
        self._clock = clock
        self._conversations = Conversations(bus, clock, send)
        self._held = HeldLines()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def answer(self, asked: TypedLine) -> Answer:
        """The reply to a line; PlainMessage or None where it is a message."""
        language = self._bus.settings.language(asked.jid, asked.language)
        caller = Caller(asked.jid, asked.nick, self._role_of(asked.jid), asked.in_room, language)
        turn = self._turns.setdefault(asked.jid, asyncio.Lock())
        try:
            async with turn:  # one line of a person after the other
                return await self.dispatch(asked, caller)
        except ShoutbusError as error:
            return fault_line(data_forms.as_words(error), caller)
        except Exception:
            log.exception("command failed")
            self._conversations.end(asked.jid)
            return fault_line(data_forms.FAILED, caller)

    def is_room_command(self, line: str) -> bool:
        """Whether a line is the name of a command that may be given in rooms, and no more."""
        command = self._names.find(line.strip())
        return command is not None and command.action.public and not command.rest

    def expects(self, jid: str, line: str) -> bool:
        """Whether a line begins with a command, or may answer what someone was asked."""
        if jid in self._conversations or answer_word(line) in ANSWERS:
            return True
        return self._names.find(line.strip().removeprefix("/")) is not None

    async def dispatch(self, asked: TypedLine, caller: Caller) -> Answer:
        """Take a line as the answer to what is open, or as the beginning of something."""
        if caller.in_room or not caller.jid:
            return await self.in_company(asked.text, caller)
        held = self._held.take(caller.jid, self._clock())
        if held:
            return await self.settle(held, asked, caller)
        talk = self._conversations.find(caller.jid)
        if talk:
            return await self.answer_question(talk, asked, caller)
        return await self.first(asked, caller)

    async def in_company(self, line: str, caller: Caller) -> Answer:
        """Answer a line where nothing is asked: in a room, or of someone who is not known."""
        start = line.lstrip()
        if start.startswith("\\"):
            return None
        if is_slashed(start):
            return await self.slashed(start[1:], caller)
        meaning = await self._reading.read(line, caller)
        if meaning.kind is Kind.MESSAGE:
            return None
        if meaning.kind is Kind.COMMAND:
            return await self.run(line, caller)
        return held_words(meaning, caller).told(caller.language)

    # A line that begins something

    async def first(self, asked: TypedLine, caller: Caller) -> Answer:
        """Answer a line while nothing is open."""
        line = asked.text
        start = line.lstrip()
        if start.startswith("\\") and await self.would_take(start[1:], caller):
            return self.post(PlainMessage(start[1:], asked.replies), asked, caller)
        if is_slashed(start):
            return await self.slashed(start[1:], caller)
        if answer_word(line) in ANSWERS:
            return tell(self.nothing_open(line), caller.language)
        meaning = await self._reading.read(line, caller)
        if meaning.kind is Kind.COMMAND:
            return await self.run(line, caller)
        if meaning.kind is Kind.HELD:
            return self.hold(meaning, asked, caller)
        late = self._conversations.late(caller.jid)
        if late and len(line.split()) <= MAX_LATE_WORDS:
            return self.hold(Meaning(Kind.HELD, why=late), asked, caller)
        return self.post(None, asked, caller)

    def nothing_open(self, line: str) -> Words:
        """What is said of an answer to nothing."""
        nothing = _("No question is open. Nothing was posted.")
        return joined([nothing, escape_hint(line)], " ")

    async def would_take(self, line: str, caller: Caller) -> bool:
        """Whether a line would not be passed on by itself."""
        if is_slashed(line) or answer_word(line) in ANSWERS:
            return True
        return (await self._reading.read(line, caller)).kind is not Kind.MESSAGE

    async def slashed(self, line: str, caller: Caller) -> str:
        """Run a command in any case: `line` is without the slash."""
        command = self._names.find(line)
        if command is None:
            name = line.split(maxsplit=1)[0][:60]
            missing = _(
                "The command “{name}” does not exist. “help” lists all commands.", name=name
            )
            raise NotFound(joined([missing, escape_hint(f"/{line}")], " "))
        if command.action.step is None and command.rest.strip(" ?"):
            raise BadInput(too_many(command.rest))
        return await self.run(line, caller)

    async def run(self, line: str, caller: Caller) -> str:
        """Run the command that a line begins with; where it fails, say what the line was read
        as."""
        command = self._names.find(line)
        if command is None:
            raise LookupError("the line is not a command")
        action, rest = command.action, command.rest
        try:
            check(action, caller, self._bus)
            if action.step is None:
                check_length(line, MAX_LINE)
                reply = await begin(action, caller, self._bus)
                if not isinstance(reply, Step):
                    return self._conversations.finish(reply, caller)
                talk = Talk(action, reply, self._clock())
            else:
                talk = begin_talk(action, action.step, rest, caller, self._bus, self._clock())
            return await self._conversations.advance(talk, caller)
        except BadInput as error:
            if caller.in_room or not rest.strip():
                raise
            taken = _("I read that as the command “{name}”.", name=" ".join(command.name))
            hint = joined([taken, escape_hint(line)], " ")
            return fault_line(joined([data_forms.as_words(error), hint], "\n"), caller)

    # A line that is held

    def hold(self, meaning: Meaning, asked: TypedLine, caller: Caller) -> str:
        """Hold a line, and ask what it is."""
        held = HeldLine(asked.text, meaning.meant, asked.replies, self._clock())
        self._held.hold(caller.jid, held)
        question = [held_words(meaning, caller), self.ways_on(meaning, caller)]
        return joined(question, " " if meaning.meant else "\n").told(caller.language)

    def ways_on(self, meaning: Meaning, caller: Caller) -> Words:
        """What can be answered about a line that is held."""
        ends = self.ends(caller)
        if not ends:
            return _("Reply “yes”, or write it again.") if meaning.meant else _("Write it again.")
        if not self.agreed(caller):
            where = ", ".join(ends)
            if meaning.meant:
                return _(
                    "Reply “yes”, or “send” to post the line as it is to {ends}, where everyone "
                    "can read it.",
                    ends=where,
                )
            return _(
                "Nothing was posted. Reply “send” to post the line as it is to {ends}, where "
                "everyone can read it.",
                ends=where,
            )
        if meaning.meant:
            return _("Reply “yes”, or “send” to post the line as it is.")
        return _("Nothing was posted. Reply “send” to post the line as it is.")

    async def settle(self, held: HeldLine, asked: TypedLine, caller: Caller) -> Answer:
        """Do with a held line what its author says; any other line is a new one."""
        word = answer_word(asked.text)
        if word in SEND or (word in YES and held.first):
            return await self.send(held, caller)
        if word in YES and held.meant:
            return await self.run(held.meant, caller)
        if word in YES:
            self._held.hold(caller.jid, held)
            return tell(_("I do not know which command you mean. Write it again."), caller.language)
        if word in NO or word in CANCEL or word in BACK:
            return tell(_("Nothing was posted."), caller.language)
        if not self.ends(caller):
            return await self.first(asked, caller)
        dropped = _("“{line}” was not posted.", line=start_of(held.line)).told(caller.language)
        reply = await self.first(asked, caller)
        if isinstance(reply, str):
            return f"{dropped}\n{reply}"
        if reply is None:
            return PlainMessage(asked.text, asked.replies, note=dropped)
        return replace(reply, note=dropped)

    # What is posted

    def ends(self, caller: Caller) -> tuple[str, ...]:
        """Where someone's messages go first."""
        return self._bus.hub.leads_to(Channel("chat", caller.jid))

    def agreed(self, caller: Caller) -> bool:
        """Whether someone knows that everyone reads what they write here, and wants that."""
        preference = self._bus.settings.preference(caller.jid)
        return preference.posts or preference.confirm == "never"

    def post(self, message: PlainMessage | None, asked: TypedLine, caller: Caller) -> Answer:
        """Pass a message on; the first one of a person only after a question."""
        ends = self.ends(caller)
        agreed = self.agreed(caller)
        if not ends or (agreed and not asked.automatic):
            return message
        body = message.body if message else asked.text
        held = HeldLine(body, "", asked.replies, self._clock(), first=True)
        self._held.hold(caller.jid, held)
        if agreed:
            return _(
                "Post “{line}” to {ends}? (yes/no) I ask because it looks like an automatic answer "
                "to my message.",
                line=start_of(body),
                ends=", ".join(ends),
            ).told(caller.language)
        return _(
            "Post “{line}” to {ends}, where everyone can read it? (yes/no) After a yes I post what "
            "you write here without asking. “help” lists what else I can do.",
            line=start_of(body),
            ends=", ".join(ends),
        ).told(caller.language)

    async def send(self, held: HeldLine, caller: Caller) -> Answer:
        """Pass a held line on, and remember that its author agreed to that."""
        first = bool(self.ends(caller)) and not self.agreed(caller)
        if first:
            await self._bus.settings.prefer(caller.jid, lambda chosen: replace(chosen, posts=True))
        return PlainMessage(held.line, held.replies, first=first)

    # An answer to a question

    async def answer_question(self, talk: Talk, asked: TypedLine, caller: Caller) -> str:
        """Take a line as the answer to the open question, unless it is a command."""
        line = asked.text
        start = line.lstrip()
        if is_slashed(start) and self._names.find(start[1:]):
            return await self.change_over(talk, start[1:], caller)
        if start.startswith("\\") and await self.would_take(start[1:], caller):
            return await self._conversations.answer(talk, start[1:], caller)
        if answer_word(line) in ANSWERS:
            return await self._conversations.answer(talk, answer_word(line), caller)
        if self._conversations.is_choice(talk, line):
            return await self._conversations.answer(talk, line, caller)
        meaning = await self._reading.read(line, caller)
        if meaning.kind is Kind.COMMAND:
            return await self.change_over(talk, line, caller)
        doubtful = meaning.slip or self._conversations.takes_prose(talk)
        if meaning.meant and doubtful and self._conversations.takes_text(talk):
            doubt = _(
                "Did you mean the command “{meant}”? To give the line as the answer, put a "
                "backslash in front: \\{line}",
                meant=start_of(meaning.meant),
                line=start_of(line),
            )
            return self._conversations.refuse(talk, BadInput(doubt), caller)
        reply = await self._conversations.answer(talk, line, caller)
        return self.with_hint(reply, line, caller)

    async def change_over(self, talk: Talk, line: str, caller: Caller) -> str:
        """End a question for another command, and say so."""
        closed = self._conversations.close(talk, caller)
        try:
            reply = await self.run(line, caller)
        except ShoutbusError as error:
            reply = fault_line(data_forms.as_words(error), caller)
        return f"{closed}\n{reply}"

    def with_hint(self, reply: str, line: str, caller: Caller) -> str:
        """A reply; to a line that was refused as an answer and looks like a command, with how to
        make it one."""
        error = tell(_("Error:"), caller.language)
        refused = caller.jid in self._conversations and reply.startswith(error)
        if not refused or len(line.split()) == 1 or self._names.find(line) is None:
            return reply
        hint = _(
            "I read that as your answer. To run it as a command, put a slash in front: /{line}",
            line=start_of(line),
        )
        return f"{reply}\n{hint.told(caller.language)}"


def held_words(meaning: Meaning, caller: Caller) -> Words:
    """Why a line is held: what it may be, or what is wrong with it."""
    meant = _("Did you mean “{meant}”?", meant=start_of(meaning.meant))
    if meaning.meant and not meaning.why:
        return meant
    why = joined([_("Error:"), meaning.why or _("That does not fit any command.")], " ")
    if meaning.meant:
        return joined([why, meant], "\n")
    return why
