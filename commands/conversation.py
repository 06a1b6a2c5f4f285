"""Conversations: what a line leaves out is asked for, one question at a time, until the command can
run."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from commands import data_forms
from commands.action import Bus, Caller, Done, Lines, Reply, Step, go_on
from commands.talk import MAX_LONG, Talk
from commands.text_fields import present_value, split, values
from commands.typed.held import BACK, CANCEL
from component.common.errors import (
    Ambiguous,
    BadInput,
    ConfigError,
    Conflict,
    Forbidden,
    Reused,
    ShoutbusError,
    TooMany,
    Unauthorized,
)
from component.common.form import Faults, Field
from component.common.i18n import Words, _, tell

LIFE = 300.0
"""Seconds a question stays open."""
LATE = 3_600.0
"""Seconds in which a line may still be the answer to a question that is closed."""
MAX_WRONG = 2
"""Answers in a row that make no sense and close a question."""
MAX_OPEN = 2_000
"""Conversations in all; the oldest end first."""
MAX_CHOICES_SHOWN = 24
"""Choices that a question lists."""
DONE = ("done", "fertig")
"""Ends a value that comes in several messages."""
OPEN = ""
"""Names the question which fields shall be set, in place of the name of a field."""

_ENDING = (Conflict, Forbidden, Reused, TooMany, Unauthorized)
"""Faults that another answer would not mend."""
_WAY_OUT = _("(“back” goes back one step, “cancel” cancels without changing anything)")


def fault_line(sentence: Words | str, caller: Caller) -> str:
    """What is wrong, as the answer to a line."""
    return f"{tell(_('Error:'), caller.language)} {tell(sentence, caller.language)}"


class Conversations:
    """The open conversations, one for each person. `clock` gives monotonic seconds.

    `send` sends a chat message: of an answer that takes several, all but the last; without it they
    are one.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Callable[[], float],
        send: Callable[[str, str], None] | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._send = send
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._late: OrderedDict[str, Talk] = OrderedDict()

    def __contains__(self, jid: str) -> bool:
        return jid in self._talks

    def find(self, jid: str) -> Talk | None:
        """Someone's conversation, where its time is not over."""
        talk = self._talks.get(jid)
        if talk and self._clock() - talk.at > LIFE:
            del self._talks[jid]
            self._late[jid] = talk
            if len(self._late) > MAX_OPEN:
                self._late.popitem(last=False)
            return None
        return talk

    def late(self, jid: str) -> Words | None:
        """That someone's question was closed a while ago; said once."""
        talk = self._late.pop(jid, None)
        if talk is None or self._clock() - talk.at > LATE:
            return None
        return self.closed_words(talk)

    def end(self, jid: str) -> None:
        """End someone's conversation, if there is one."""
        self._talks.pop(jid, None)

    def close(self, talk: Talk, caller: Caller) -> str:
        """End a conversation without an answer. Returns the sentence that says so."""
        self.end(caller.jid)
        return tell(self.closed_words(talk), caller.language)

    def closed_words(self, talk: Talk) -> Words:
        """The sentence for a question that is closed."""
        label = talk.action.title
        for asked in talk.step.fields(self._bus):
            if asked.name == talk.asked[-1]:
                label = asked.ask.label
        return _("The question “{question}?” is closed. Nothing was changed.", question=label)

    # Answers to a question

    async def answer(self, talk: Talk, line: str, caller: Caller) -> str:
        """Take a line as the answer to the open question. Returns the next question, or the
        command's reply."""
        word = line.strip().casefold()
        talk.at = self._clock()
        if word in CANCEL:
            self.end(caller.jid)
            return tell(_("Nothing was changed."), caller.language)
        if word in BACK:
            talk.go_back(OPEN)
            return await self.advance(talk, caller)
        if talk.asked[-1] == OPEN:
            return await self.take_words(talk, line, caller)
        return await self.take_value(talk, line, caller)

    def is_choice(self, talk: Talk, line: str) -> bool:
        """Whether a line is one of the choices of the open question."""
        if talk.asked[-1] == OPEN:
            return False
        asked = self.asked_field(talk)
        if not asked.choices and asked.kind != "boolean":
            return False
        try:
            asked.parse(values(asked, picked(talk, line)))
        except BadInput:
            return False
        return True

    def takes_text(self, talk: Talk) -> bool:
        """Whether the open question takes any line as it is."""
        if talk.asked[-1] == OPEN:
            return False
        asked = self.asked_field(talk)
        if asked.ask.prose:
            return True
        return asked.type is str and not asked.choices and not asked.is_multiple

    def takes_prose(self, talk: Talk) -> bool:
        """Whether the open question takes a text that others may read."""
        return talk.asked[-1] != OPEN and self.asked_field(talk).ask.prose

    async def take_words(self, talk: Talk, line: str, caller: Caller) -> str:
        """Take an answer that may give several fields, as a line does."""
        try:
            talk.given = split(line, caller)
        except BadInput as error:
            return self.ask_again(talk, error, caller)
        return await self.advance(talk, caller)

    async def take_value(self, talk: Talk, line: str, caller: Caller) -> str:
        """Take the value of the field that was asked for."""
        asked = self.asked_field(talk)
        written = values(asked, picked(talk, line))
        more = asked.ask.long and line.strip().casefold() not in DONE
        if asked.ask.long:
            written = [*talk.values.get(asked.name, ()), *(written if more else ())]
        try:
            asked.parse(written)
        except Ambiguous as several:
            talk.options = several.choices
            return self.question(asked, talk, caller)
        except BadInput as error:
            return self.refuse(talk, error, caller)
        if sum(map(len, written)) > MAX_LONG:
            raise BadInput(_("The text is too long for a command."))
        talk.values[asked.name] = written
        talk.options = ()
        talk.wrong = 0
        if more:
            so_far = _("{count} lines so far. Write more, or “done”.", count=len(written))
            return tell(so_far, caller.language)
        return await self.advance(talk, caller)

    def refuse(self, talk: Talk, error: BadInput, caller: Caller) -> str:
        """Say what is wrong with an answer and ask again; of several in a row, close the
        question."""
        fault = fault_line(data_forms.as_words(error), caller)
        talk.at = self._clock()
        talk.wrong += 1
        if talk.wrong >= MAX_WRONG:
            return f"{fault}\n{self.close(talk, caller)}"
        return f"{fault}\n{self.question(self.asked_field(talk), talk, caller)}"

    def asked_field(self, talk: Talk) -> Field:
        """The field that was asked for last."""
        fields = {asked.name: asked for asked in talk.step.fields(self._bus)}
        return fields[talk.asked[-1]]

    # To the next question, or to the end

    async def advance(self, talk: Talk, caller: Caller) -> str:
        """Run the command as far as what was given goes: to the next question, or to the end.

        A fault ends no conversation, lest the next answer be taken for a message: the question is
        asked again.
        """
        try:
            reply = await self.run_steps(talk, caller)
        except (BadInput, ConfigError) as error:
            if caller.jid not in self._talks:
                raise
            return self.ask_again(talk, error, caller)
        talk.wrong = 0
        return reply

    async def run_steps(self, talk: Talk, caller: Caller) -> str:
        """Fill one step after the other. Raises BadInput and ShoutbusError for what is wrong in
        one."""
        while True:
            fields = talk.step.fields(self._bus)
            talk.place_words(fields)
            talk.take_lines_below(fields)
            question = self.ask_which(talk, fields, caller)
            if question:
                return question
            self.check_given(talk, fields, caller)
            question = self.next_question(talk, fields, caller)
            if question:
                return question
            reply = await self.fill(talk, fields, caller)
            if not isinstance(reply, Step):
                return self.finish(reply, caller)
            talk.go_to(reply)

    def ask_which(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> str:
        """The question which of several is meant by a name; "" where each means one. Raises
        Ambiguous in a room, where nothing is asked."""
        for asked in fields:
            given = talk.values.get(asked.name)
            if not given or asked.is_multiple:
                continue
            try:
                asked.parse(given)
            except Ambiguous as several:
                if caller.in_room:
                    raise
                talk.forget([asked.name])
                talk.options = several.choices
                return self.ask(talk, asked, caller)
            except BadInput:
                continue
        return ""

    def next_question(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> str:
        """The question for what is missing in a step; "" where nothing is. Raises BadInput in a
        room, where nothing is asked."""
        missing = talk.missing(fields)
        if missing and caller.in_room:
            raise BadInput(_("{label} is missing.", label=missing.ask.label))
        if missing:
            return self.ask(talk, missing, caller)
        if talk.step.open and not (talk.values or talk.asked or caller.in_room):
            return self.ask_open(talk, caller)
        return ""

    async def fill(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> Reply:
        """What follows from the step; of what is wrong in it, what was given is forgotten."""
        filled = {**talk.step.values, **talk.values}
        try:
            return await go_on(talk.action, talk.step, filled, caller, self._bus)
        except Faults as faults:
            talk.forget(faults.by_field)
            raise BadInput(self.fault_lines(fields, faults.by_field, caller)) from faults
        except ShoutbusError as error:
            confirmed = [asked.kind for asked in fields] == ["boolean"]
            if confirmed or ends_conversation(error):
                self.end(caller.jid)
            asked_for = set(talk.asked)
            if asked_for == {OPEN}:
                talk.forget(list(talk.values))
            elif len(asked_for) == 1:
                talk.forget(asked_for)
            raise

    def check_given(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> None:
        """Raise BadInput for what was given in the line and is wrong: at once, not behind questions
        for the rest."""
        wrong: dict[str, Words | str] = {}
        for asked in fields:
            given = talk.values.get(asked.name)
            if not given:
                continue
            try:
                asked.parse(given)
            except BadInput as error:
                wrong[asked.name] = error.sentence
        if wrong:
            talk.forget(wrong)
            raise BadInput(self.fault_lines(fields, wrong, caller))

    def fault_lines(
        self, fields: Sequence[Field], faults: Mapping[str, Words | str], caller: Caller
    ) -> str:
        """What is wrong, by field; outside a conversation with what there is to choose."""
        lines = []
        for asked in fields:
            if asked.name not in faults:
                continue
            label = tell(asked.ask.label, caller.language)
            line = f"{label}: {tell(faults[asked.name], caller.language)}"
            few = 0 < len(asked.choices) <= MAX_CHOICES_SHOWN
            if few and caller.jid not in self._talks:
                line += f" ({', '.join(choice.value for choice in asked.choices)})"
            lines.append(line)
        return "\n".join(lines)

    def finish(self, reply: Done | Lines, caller: Caller) -> str:
        """End the conversation with the command's reply; of several messages, send all but the
        last."""
        self.end(caller.jid)
        texts = [data_forms.text(part, caller.language) for part in data_forms.parts(reply)]
        if self._send is None:
            return "\n".join(texts)
        for text in texts[:-1]:
            self._send(caller.jid, text)
        return texts[-1]

    # Questions

    def ask_again(self, talk: Talk, error: BadInput | ConfigError, caller: Caller) -> str:
        """What is wrong, and the question to which it was the answer; of several in a row, close
        it."""
        talk.given = []
        fault = fault_line(data_forms.as_words(error), caller)
        talk.wrong += 1
        if talk.wrong >= MAX_WRONG:
            return f"{fault}\n{self.close(talk, caller)}"
        missing = talk.missing(talk.step.fields(self._bus))
        if missing:
            return f"{fault}\n{self.ask(talk, missing, caller)}"
        return f"{fault}\n{self.ask_open(talk, caller)}"

    def ask(self, talk: Talk, missing: Field, caller: Caller) -> str:
        """Open the question for a field."""
        return self.open_question(talk, missing.name, caller) + self.question(missing, talk, caller)

    def ask_open(self, talk: Talk, caller: Caller) -> str:
        """Open the question which fields shall be set."""
        head = self.open_question(talk, OPEN, caller)
        present = {**talk.step.values, **talk.values}
        settings = " ".join(present_value(asked, present) for asked in talk.step.fields(self._bus))
        question = _(
            "Which setting do you want to change? Write its name and value: {settings}",
            settings=settings,
        )
        return f"{head}{tell(question, caller.language)}\n{tell(_WAY_OUT, caller.language)}"

    def open_question(self, talk: Talk, name: str, caller: Caller) -> str:
        """Remember that a question is open. Returns what is said above the first one of a step."""
        head = ""
        if talk.step.help and not talk.asked:
            head = f"{tell(talk.step.help, caller.language)}\n"
        if talk.asked[-1:] != [name]:
            talk.asked.append(name)
        self._talks[caller.jid] = talk
        self._talks.move_to_end(caller.jid)
        if len(self._talks) > MAX_OPEN:
            self._talks.popitem(last=False)
        return head

    def question(self, asked: Field, talk: Talk, caller: Caller) -> str:
        """The question for a field, with its help and its choices; of a name that several have,
        which of these."""
        lines = [f"{tell(asked.ask.label, caller.language)}?"]
        if talk.options:
            which = _("Several have that name. Write one of these, or its number:")
            lines.append(tell(which, caller.language))
            lines += [f"{number} {name}" for number, name in enumerate(talk.options, 1)]
            lines.append(tell(_WAY_OUT, caller.language))
            return "\n".join(lines)
        if asked.ask.help:
            lines.append(tell(asked.ask.help, caller.language))
        if asked.choices:
            shown = ", ".join(choice.value for choice in asked.choices[:MAX_CHOICES_SHOWN])
            if asked.choices[MAX_CHOICES_SHOWN:]:
                shown += " …"
            lines.append(shown)
        if asked.ask.long:
            lines.append(tell(_("Write one message or several, then “done”."), caller.language))
        lines.append(tell(_WAY_OUT, caller.language))
        return "\n".join(lines)


def ends_conversation(error: ShoutbusError) -> bool:
    """Whether another answer would not mend a fault."""
    return isinstance(error, _ENDING) or not isinstance(error, BadInput | ConfigError)


def picked(talk: Talk, line: str) -> str:
    """An answer; where a name that several have was asked about, the one with that number."""
    number = line.strip()
    if talk.options and number.isascii() and number.isdigit() and number != "0":
        return talk.options[min(int(number[:4]), len(talk.options)) - 1]
    return line
