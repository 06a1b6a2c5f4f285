"""The text surface: a line to the bot is a command, an answer in a conversation, or a message to
pass on.

    route add shoutbox:lobby muc:team@rooms.example.org both
    route-add source=shoutbox:lobby destination=muc:team@rooms.example.org both=yes

What is missing is asked for, one question at a time; `back` and `cancel` work there. A line that
begins with a command's name is that command, and where the rest does not fit it that is told and
nothing is passed on; one that asks nothing is a command by itself alone. With `/` in front a line
is a command in any case, with a backslash a message.
"""

import asyncio
import difflib
import re
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from commands import data_forms
from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step, begin, check, go_on
from commands.text_fields import in_order, needed, plain, prose_field, split, stands, values
from component.bus.model.roles import Role
from component.common.errors import (
    BadInput,
    ConfigError,
    Conflict,
    Forbidden,
    NotFound,
    Reused,
    ShoutbusError,
    TooMany,
    Unauthorized,
)
from component.common.form import Faults, Field
from component.common.i18n import Words, _, joined, tell
from component.xmpp.handlers import PlainMessage, TypedLine

log = structlog.get_logger()

LIFE = 900.0
"""Seconds a question stays open."""
MOST = 2_000
"""Conversations in all; the oldest go first."""
MAX_LINE = 10_000
MAX_LONG = 500_000
"""Characters of a value that may come in several messages."""
DONE = ("done", "fertig")
"""What ends such a value."""
ALIKE = {1: 0.75, 2: 0.85}
"""How like a command's name one or two words must be to be taken for a slip (difflib's ratio)."""
CANCEL = ("cancel", "abbrechen")
"""What ends a conversation."""
OPEN = ""
"""Stands for the question which fields shall be set, where else the name of the field that is asked
for stands."""
SHOWN = 24
"""Choices that a question lists."""


@dataclass(slots=True)
class Talk:
    """A conversation about one command: where it stands, what was given and is not used yet, what
    is asked now.

    `below` are lines under the first one; they belong to the last field where that is prose.
    """

    action: Action
    step: Step
    at: float
    given: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    values: dict[str, Sequence[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    past: list[tuple[Step, dict[str, Sequence[str]], list[str]]] = field(default_factory=list)


class Text:
    """Answers lines; `role_of` gives a bare JID's role, `clock` monotonic seconds.

    `tell` sends a chat message: of an answer that takes several, all but the last; without it they
    are one.
    """

    def __init__(
        self,
        bus: Bus,
        role_of: Callable[[str], Role],
        clock: Callable[[], float],
        tell: Callable[[str, str], None] | None = None,
    ) -> None:
        self._bus = bus
        self._names = {word: one for one in bus.actions.values() for word in one.also} | dict(
            bus.actions
        )
        self._role_of = role_of
        self._clock = clock
        self._tell = tell
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def answer(self, asked: TypedLine) -> str | PlainMessage | None:
        """The reply to a line, or None where it is a message; see `Answer`."""
        language = self._bus.settings.language(asked.jid, asked.language)
        caller = Caller(asked.jid, asked.nick, self._role_of(asked.jid), asked.in_room, language)
        try:
            async with self._turns.setdefault(
                asked.jid, asyncio.Lock()
            ):  # one line of a person after the other
                talk = None if asked.in_room else self._talk(asked.jid)
                if (
                    talk
                    and _SLASHED.match(start := asked.text.lstrip())
                    and self._named(start[1:])[0]
                ):
                    del self._talks[asked.jid]  # another command, and they know it
                    talk = None
                if talk is None:
                    return await self._first(asked.text, caller)
                return self._hinted(await self._go_on(talk, asked.text, caller), asked.text, caller)
        except ShoutbusError as error:
            return self._fault(tell(data_forms.as_words(error), caller.language), caller)
        except Exception:
            log.exception("a command failed", line=asked.text[:80])
            self._talks.pop(asked.jid, None)
            return self._fault(tell(data_forms.FAILED, caller.language), caller)

    def _hinted(self, reply: str, line: str, caller: Caller) -> str:
        """What was refused as an answer and looks like a command: how to make it one."""
        refused = caller.jid in self._talks and reply.startswith(tell(_("Error:"), caller.language))
        if not refused or len(line.split()) == 1 or self._named(line)[0] is None:
            return reply
        hint = _(
            "I took that for the answer. If it is a command, write it with a slash in front: "
            "/{line}",
            line=_shown(line),
        )
        return f"{reply}\n{hint.told(caller.language)}"

    @staticmethod
    def _fault(sentence: str, caller: Caller) -> str:
        return f"{tell(_('Error:'), caller.language)} {sentence}"

    def _talk(self, jid: str) -> Talk | None:
        talk = self._talks.get(jid)
        if talk and self._clock() - talk.at > LIFE:
            del self._talks[jid]
            return None
        return talk

    # A line that begins something

    async def _first(self, line: str, caller: Caller) -> str | PlainMessage | None:
        """A line while no question stands open."""
        start = line.lstrip()
        if start.startswith("\\") and self._would_take(start[1:], caller):
            return PlainMessage(start[1:])
        if _SLASHED.match(start):
            return await self._slashed(start[1:], caller)
        if await self._only_begins(line, caller):
            return None
        try:
            return await self._begin(line, caller)
        except BadInput as error:
            action, rest = self._named(line)
            if caller.in_room or action is None or not rest:
                raise
            taken = _("I took that for the command “{name}”.", name=action.name.replace("-", " "))
            told = joined([data_forms.as_words(error), joined([taken, _escape(line)], " ")], "\n")
            return self._fault(told.told(caller.language), caller)

    async def _only_begins(self, line: str, caller: Caller) -> bool:
        """Whether a line begins like a command that takes none like it."""
        action, rest = self._named(line)
        if action is None or action.takes is None or not rest.strip(" ?"):
            return False
        if action.step and any(
            rest.startswith(f"{one.name}=") for one in action.step.fields(self._bus)
        ):
            return False  # nobody writes so to others
        return caller.role < action.role or not await action.takes(caller, rest, self._bus)

    def _would_take(self, line: str, caller: Caller) -> bool:
        """Whether a line would not be passed on by itself."""
        return bool(_SLASHED.match(line) or self._named(line)[0] or self._meant(line, caller))

    async def _slashed(self, line: str, caller: Caller) -> str | None:
        """A command in any case: `line` is what stands behind the slash."""
        action, rest = self._named(line)
        if action is None:
            told = _(
                "There is no command “{name}”: “help” lists all.",
                name=line.split(maxsplit=1)[0][:60],
            )
            raise NotFound(joined([told, _escape(f"/{line}")], " "))
        if action.step is None and rest.strip(" ?"):
            raise BadInput(
                _("“{word}” is more than that takes.", word=rest.split(maxsplit=1)[0][:60])
            )
        return await self._begin(line, caller)

    async def _begin(self, line: str, caller: Caller) -> str | None:
        action, rest = self._named(line)
        if action is None:
            return self._meant(line, caller)
        step = action.step
        lines = self._long(step) if step else None
        prose = bool(step and prose_field(step.fields(self._bus)))
        if len(line) > (MAX_LONG if (lines or prose) and "\n" in line[:MAX_LINE] else MAX_LINE):
            raise BadInput(tell(_("That line is too long for a command."), caller.language))
        if step is None:
            if rest.strip(" ?"):
                return None  # it only begins like a command
            reply = await begin(action, caller, self._bus)
            if isinstance(reply, Step):
                return await self._advance(Talk(action, reply, self._clock()), caller)
            return self._told(reply, caller)
        check(action, caller, self._bus)
        talk = Talk(action, step, self._clock())
        if lines and "\n" in line:  # what stands below the first line is that field, as it is
            line, _newline, below = line.partition("\n")
            rest, talk.values[lines.name] = self._named(line)[1], below.splitlines()
        elif (
            prose and "\n" in line and line.partition("\n")[0].count('"') % 2 == 0
        ):  # no quotation goes on below
            line, _newline, below = line.partition("\n")
            rest, talk.below = self._named(line)[1], below.splitlines()
        self._give(talk, rest, caller)
        return await self._advance(talk, caller)

    def _give(self, talk: Talk, rest: str, caller: Caller) -> None:
        """What a line says behind the command: its words, or all of it where a field takes that."""
        raw = next((one for one in talk.step.fields(self._bus) if one.ask.raw), None)
        if raw is None:
            talk.given = split(rest, caller)
        elif rest.strip():
            talk.values[raw.name] = [rest]

    def _long(self, step: Step) -> Field | None:
        """The field that takes what stands below the first line."""
        return next(
            (
                one
                for one in step.fields(self._bus)
                if one.kind == "text-multi" and one.type is str and not one.ask.prose
            ),
            None,
        )

    def _named(self, line: str) -> tuple[Action | None, str]:
        """The command that a line begins with, written with dashes or spaces, and what follows its
        name."""
        words = line.split(maxsplit=3)
        for count in (3, 2, 1):
            name = "-".join(words[:count]).casefold()
            action = self._names.get(name.removesuffix("?") if count == len(words) else name)
            if action and count <= len(words):
                return action, line.split(maxsplit=count)[count] if len(
                    line.split(maxsplit=count)
                ) > count else ""
        return None, ""

    def _meant(self, line: str, caller: Caller) -> str | None:
        """A close match for a mistyped command: told instead of passing the line on, so only where
        it looks so."""
        words = line.casefold().split(maxsplit=2)
        if (
            len(words) == 1 and words[0] in CANCEL and not caller.in_room
        ):  # of a conversation that has ended
            told = _("Nothing is open that could be cancelled. That was not passed on.")
            return joined([told, _escape(line)], " ").told(caller.language)
        names = [name for name, action in self._bus.actions.items() if action.role <= caller.role]
        for count in (2, 1):
            written = "-".join(words[:count])
            near = difflib.get_close_matches(written, names, 1, ALIKE[count])
            alone = count == len(words) == 1
            if (
                len(words) >= count
                and near
                and len(line) < MAX_LINE
                and (alone or ("-" in near[0] and "-" in written))
            ):
                told = _(
                    "Did you mean “{name}”? That was not passed on.", name=near[0].replace("-", " ")
                )
                return joined([told, _escape(line)], " ").told(caller.language)
        return None

    # A conversation

    async def _go_on(self, talk: Talk, line: str, caller: Caller) -> str:
        word = line.strip().casefold()
        talk.at = self._clock()
        if word in CANCEL:
            self._talks.pop(caller.jid, None)
            return tell(_("Left as it was."), caller.language)
        if word in ("back", "zurück"):
            return await self._back(talk, caller)
        name = talk.asked[-1]
        if name == OPEN:
            return await self._opened(talk, line, caller)
        asked = next(one for one in talk.step.fields(self._bus) if one.name == name)
        written = values(asked, line)
        if asked.ask.long:
            written = [*talk.values.get(name, ()), *(() if word in DONE else written)]
        try:
            asked.parse(written)
        except BadInput as error:
            told = self._fault(tell(data_forms.as_words(error), caller.language), caller)
            return f"{told}\n{self._question(asked, caller)}"
        if sum(map(len, written)) > MAX_LONG:
            raise BadInput(tell(_("That is too long for a command."), caller.language))
        talk.values[name] = written
        if asked.ask.long and word not in DONE:
            more = _("{count} lines so far. Write more, or “done”.", count=len(written))
            return tell(more, caller.language)
        return await self._advance(talk, caller)

    async def _opened(self, talk: Talk, line: str, caller: Caller) -> str:
        """An answer that may give several fields, as a line does."""
        try:
            talk.given = split(line, caller)
        except BadInput as error:
            return self._again(talk, error, caller)
        return await self._advance(talk, caller)

    async def _back(self, talk: Talk, caller: Caller) -> str:
        """The question before this one, of the step before where need be; the first one again where
        none is."""
        while len(talk.asked) < 2 and any(asked for _step, _values, asked in talk.past):
            talk.step, talk.values, talk.asked = talk.past.pop()
            talk.asked.append(OPEN)  # the question that stood open was the next step's
        for name in talk.asked[-2:]:
            talk.values.pop(name, None)
        talk.asked = talk.asked[:-2]
        return await self._advance(talk, caller)

    async def _advance(self, talk: Talk, caller: Caller) -> str:
        """As far as what was given goes: to the next question, or to the end.

        What is wrong ends no conversation, lest the next answer be taken for a message: it is asked
        again.
        """
        try:
            return await self._along(talk, caller)
        except (BadInput, ConfigError) as error:
            if caller.jid not in self._talks:
                raise
            return self._again(talk, error, caller)

    def _again(self, talk: Talk, error: BadInput | ConfigError, caller: Caller) -> str:
        """What is wrong, and the question to which it was the answer."""
        talk.given = []
        told = self._fault(tell(data_forms.as_words(error), caller.language), caller)
        missing = _missing(talk, talk.step.fields(self._bus))
        asked = self._ask(talk, missing, caller) if missing else self._ask_open(talk, caller)
        return f"{told}\n{asked}"

    async def _along(self, talk: Talk, caller: Caller) -> str:
        while True:
            fields = talk.step.fields(self._bus)
            self._place(talk, fields, caller)
            if talk.below and (prose := prose_field(fields)):
                talk.values[prose.name] = [*talk.values.get(prose.name, ()), *talk.below]
                talk.below = []
            self._check(talk, fields, caller)
            missing = _missing(talk, fields)
            if missing and caller.in_room:
                raise BadInput(
                    tell(_("{label} is missing.", label=missing.ask.label), caller.language)
                )
            if missing:
                return self._ask(talk, missing, caller)
            if talk.step.open and not (talk.values or talk.asked or caller.in_room):
                return self._ask_open(talk, caller)
            reply = await self._filled(talk, fields, caller)
            if not isinstance(reply, Step):
                return self._told(reply, caller)
            talk.past.append((talk.step, talk.values, talk.asked))
            talk.step, talk.values, talk.asked = reply, {}, []

    async def _filled(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> Reply:
        """What follows from the step; of what is wrong in it, what was given is forgotten."""
        try:
            return await go_on(
                talk.action, talk.step, {**talk.step.values, **talk.values}, caller, self._bus
            )
        except Faults as faults:
            _forget(talk, faults.by_field)
            raise BadInput(self._faulty(fields, faults.by_field, caller)) from faults
        except ShoutbusError as error:
            confirmed = [one.kind for one in fields] == [
                "boolean"
            ]  # what another answer would not mend
            if (
                confirmed
                or not isinstance(error, BadInput | ConfigError)
                or isinstance(error, _ENDING)
            ):
                self._talks.pop(caller.jid, None)
            if len(set(talk.asked)) == 1:
                _forget(talk, list(talk.values) if talk.asked[0] == OPEN else talk.asked)
            raise

    def _check(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> None:
        """What was given in the line and is wrong is told at once, not behind questions for the
        rest."""
        wrong: dict[str, Words | str] = {}
        for one in fields:
            try:
                if given := talk.values.get(one.name):
                    one.parse(given)
            except BadInput as error:
                wrong[one.name] = error.sentence
        if wrong:
            _forget(talk, wrong)
            raise BadInput(self._faulty(fields, wrong, caller))

    def _faulty(
        self, fields: Sequence[Field], faults: Mapping[str, Words | str], caller: Caller
    ) -> str:
        """What is wrong, by field; in a conversation its question tells what there is to choose."""
        lines = []
        for one in (one for one in fields if one.name in faults):
            choices = ", ".join(choice.value for choice in one.choices)
            shown = (
                f" ({choices})"
                if 0 < len(one.choices) <= SHOWN and caller.jid not in self._talks
                else ""
            )
            lines.append(
                f"{tell(one.ask.label, caller.language)}: "
                f"{tell(faults[one.name], caller.language)}{shown}"
            )
        return "\n".join(lines)

    def _place(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> None:
        """Give the words of the line to the fields: by name, by the name of a yes-or-no alone, else
        in order."""
        names = {one.name: one for one in fields}
        rest: list[str] = []
        later: list[str] = []
        for word in talk.given:
            name, equals, value = word.partition("=")
            if (
                equals
                and name.isidentifier()
                and name not in names
                and not plain(name, names, talk.step)
            ):
                later.append(word)
            elif equals and name in names:
                talk.values[name] = values(names[name], value)
            elif word in names and names[word].kind == "boolean":
                talk.values[word] = ["1"]
            else:
                rest.append(word)
        for one in fields:
            if rest and in_order(one, fields) and one.name not in talk.values:
                count = 2 if any(" ".join(rest[:2]) in choice.also for choice in one.choices) else 1
                talk.values[one.name] = values(one, " ".join(rest[:count]))
                del rest[:count]
        if rest and talk.step.last and fields:
            self._last(talk, fields, rest, caller)
            rest = []
        talk.given = rest + later

    @staticmethod
    def _last(talk: Talk, fields: Sequence[Field], rest: Sequence[str], caller: Caller) -> None:
        """Words that are left over belong to the last field where that is free text, else they are
        too many."""
        last = next((one for one in reversed(fields) if in_order(one, fields)), None)
        if last is None or not (
            last.ask.prose or (last.kind == "text-single" and last.type is str)
        ):
            raise BadInput(
                tell(_("“{word}” is more than that takes.", word=rest[0][:60]), caller.language)
            )
        talk.values[last.name] = [" ".join([*talk.values.get(last.name, ()), *rest])]

    def _ask(self, talk: Talk, missing: Field, caller: Caller) -> str:
        return self._standing(talk, missing.name, caller) + self._question(missing, caller)

    def _ask_open(self, talk: Talk, caller: Caller) -> str:
        """Ask which fields shall be set."""
        told = self._standing(talk, OPEN, caller)
        values = {**talk.step.values, **talk.values}
        settings = " ".join(stands(one, values) for one in talk.step.fields(self._bus))
        question = _("What shall be set? Write it by name: {settings}", settings=settings)
        return f"{told}{tell(question, caller.language)}\n{tell(_WAY_OUT, caller.language)}"

    def _standing(self, talk: Talk, name: str, caller: Caller) -> str:
        """From now on that question stands open; gives what is told over the first one of a
        step."""
        told = (
            f"{tell(talk.step.help, caller.language)}\n"
            if talk.step.help and not talk.asked
            else ""
        )
        if talk.asked[-1:] != [name]:
            talk.asked.append(name)
        self._talks[caller.jid] = talk
        self._talks.move_to_end(caller.jid)
        if len(self._talks) > MOST:
            self._talks.popitem(last=False)
        return told

    def _question(self, asked: Field, caller: Caller) -> str:
        lines = [f"{tell(asked.ask.label, caller.language)}?"]
        if asked.ask.help:
            lines.append(tell(asked.ask.help, caller.language))
        if asked.choices:
            lines.append(
                ", ".join(one.value for one in asked.choices[:SHOWN])
                + (" …" if asked.choices[SHOWN:] else "")
            )
        if asked.ask.long:
            lines.append(tell(_("In one message or several; “done” ends it."), caller.language))
        lines.append(tell(_WAY_OUT, caller.language))
        return "\n".join(lines)

    def _told(self, reply: Done | Lines, caller: Caller) -> str:
        self._talks.pop(caller.jid, None)
        told = [data_forms.text(one, caller.language) for one in data_forms.parts(reply)]
        while self._tell and told[1:]:
            self._tell(caller.jid, told.pop(0))
        return "\n".join(told)


_ENDING = (Conflict, Forbidden, Reused, TooMany, Unauthorized)
"""Faults that another answer would not mend."""

_WAY_OUT = _("(“back” goes back, “cancel” leaves all as it was)")

_SLASHED = re.compile(r"/(?!me\b)[a-z][a-z-]*(?:\s|\?|$)", re.IGNORECASE)
"""A slash and a word. `/me` is a way to speak (XEP-0245), and a path has more slashes."""


def _escape(line: str) -> Words:
    """How to send a line that was taken for a command."""
    return _("If it is a message, send it with a backslash in front: \\{line}", line=_shown(line))


def _shown(line: str) -> str:
    """How a line begins."""
    start = line.strip().partition("\n")[0]
    return start if len(start) <= 40 else f"{start[:40]}…"


def _missing(talk: Talk, fields: Sequence[Field]) -> Field | None:
    """The field that is asked for next."""
    known = {**talk.step.values, **talk.values}
    return next(
        (
            one
            for one in fields
            if not known.get(one.name)
            and (needed(one, fields) or (one.ask.wanted and not talk.given))
        ),
        None,
    )


def _forget(talk: Talk, names: Iterable[str]) -> None:
    """What was given for these won't do."""
    for name in names:
        talk.values.pop(name, None)
