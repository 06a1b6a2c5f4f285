"""The text surface: a line to the bot is a command, an answer in a conversation, or a message to pass on.

    route add shoutbox:lobby muc:team@rooms.example.org both
    route-add source=shoutbox:lobby destination=muc:team@rooms.example.org both=yes

What is missing is asked for, one question at a time; `back` and `cancel` work there. A line that only begins
like a command, and gives one that asks nothing more than it takes, is a message.
"""

import asyncio
import difflib
import shlex
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from commands import draw
from commands.action import Action, Bus, Caller, Reply, Step, begin, go_on
from component.errors import BadInput, ShoutbusError
from component.form import Faults, Field
from component.roles import Role
from component.words import Words, _, best, tell
from component.xmpp.bot import Asked

log = structlog.get_logger()

LIFE = 900.0
"""Seconds a question stays open."""
MOST = 2_000
"""Conversations in all; the oldest go first."""
MAX_LINE = 10_000
ALIKE = {1: 0.75, 2: 0.85}
"""How like a command's name one or two words must be to be taken for a slip (difflib's ratio)."""
SHOWN = 12
"""Choices that a question lists."""


@dataclass(slots=True)
class Talk:
    """A conversation about one command: where it stands, what was given and is not used yet, what is asked now."""

    action: Action
    step: Step
    at: float
    given: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    values: dict[str, Sequence[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    past: list[tuple[Step, dict[str, Sequence[str]], list[str]]] = field(default_factory=list)


class Text:
    """Answers lines; `role_of` gives a bare JID's role, `clock` monotonic seconds."""

    def __init__(self, bus: Bus, role_of: Callable[[str], Role], clock: Callable[[], float]) -> None:
        self._bus = bus
        self._role_of = role_of
        self._clock = clock
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def answer(self, asked: Asked) -> str | None:
        """The reply to a line, or None where it is a message."""
        caller = Caller(asked.jid, asked.nick, self._role_of(asked.jid), asked.in_room, self._language(asked))
        try:
            async with self._turns.setdefault(asked.jid, asyncio.Lock()):  # one line of a person after the other
                talk = None if asked.in_room else self._talk(asked.jid)
                return await (self._go_on(talk, asked.text, caller) if talk else self._begin(asked.text, caller))
        except ShoutbusError as error:
            return self._fault(tell(draw.as_words(error), caller.language), caller)
        except Exception:
            log.exception("a command failed", line=asked.text[:80])
            self._talks.pop(asked.jid, None)
            return self._fault(tell(draw.FAILED, caller.language), caller)

    def _language(self, asked: Asked) -> str:
        """What the person chose; a room is answered as it asks."""
        chosen = "" if asked.in_room else self._bus.settings.preference(asked.jid).language
        return chosen or best(asked.language)

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

    async def _begin(self, line: str, caller: Caller) -> str | None:
        action, rest = self._named(line)
        if action is None:
            return self._meant(line, caller)
        if len(line) > MAX_LINE:
            raise BadInput(tell(_("That line is too long for a command."), caller.language))
        step = action.step
        if step is None:
            if rest.strip(" ?"):
                return None  # it only begins like a command
            reply = await begin(action, caller, self._bus)
            return self._told(reply, caller)
        await begin(action, caller, self._bus)
        talk = Talk(action, step, self._clock())
        lines = next((one for one in step.fields(self._bus) if one.kind == "text-multi" and one.type is str), None)
        if lines and "\n" in line:  # what stands below the first line is that field, as it is
            line, _newline, below = line.partition("\n")
            rest, talk.values[lines.name] = self._named(line)[1], below.splitlines()
        talk.given = _split(rest, caller)
        return await self._advance(talk, caller)

    def _named(self, line: str) -> tuple[Action | None, str]:
        """The command that a line begins with, written with dashes or spaces, and what follows its name."""
        words = line.split(maxsplit=3)
        for count in (3, 2, 1):
            name = "-".join(words[:count]).casefold()
            action = self._bus.actions.get(name.removesuffix("?") if count == len(words) else name)
            if action and count <= len(words):
                return action, line.split(maxsplit=count)[count] if len(line.split(maxsplit=count)) > count else ""
        return None, ""

    def _meant(self, line: str, caller: Caller) -> str | None:
        """A close match for a mistyped command: told instead of passing the line on, so only where it looks so."""
        words = line.casefold().split(maxsplit=2)
        names = [name for name, action in self._bus.actions.items() if action.role <= caller.role]
        for count in (2, 1):
            written = "-".join(words[:count])
            near = difflib.get_close_matches(written, names, 1, ALIKE[count])
            alone = count == len(words) == 1
            if len(words) >= count and near and len(line) < MAX_LINE and (alone or ("-" in near[0] and "-" in written)):
                told = _("Did you mean “{name}”? That was not passed on.", name=near[0].replace("-", " "))
                return tell(told, caller.language)
        return None

    # A conversation

    async def _go_on(self, talk: Talk, line: str, caller: Caller) -> str:
        word = line.strip().casefold()
        talk.at = self._clock()
        if word in ("cancel", "abbrechen"):
            self._talks.pop(caller.jid, None)
            return tell(_("Left as it was."), caller.language)
        if word in ("back", "zurück"):
            return await self._back(talk, caller)
        name = talk.asked[-1]
        asked = next(one for one in talk.step.fields(self._bus) if one.name == name)
        written = _written(asked, line)
        try:
            asked.parse(written)
        except BadInput as error:
            told = self._fault(tell(draw.as_words(error), caller.language), caller)
            return f"{told}\n{self._question(asked, caller)}"
        talk.values[name] = written
        return await self._advance(talk, caller)

    async def _back(self, talk: Talk, caller: Caller) -> str:
        """The question before this one, of the step before where need be; the first one again where none is."""
        while len(talk.asked) < 2 and any(asked for _step, _values, asked in talk.past):
            talk.step, talk.values, talk.asked = talk.past.pop()
            talk.asked.append("")  # the question that stood open was the next step's
        for name in talk.asked[-2:]:
            talk.values.pop(name, None)
        talk.asked = talk.asked[:-2]
        return await self._advance(talk, caller)

    async def _advance(self, talk: Talk, caller: Caller) -> str:
        """As far as what was given goes: to the next question, or to the end."""
        while True:
            fields = talk.step.fields(self._bus)
            self._place(talk, fields, caller)
            known = {**talk.step.values, **talk.values}
            missing = next((one for one in fields if _needed(one, fields) and not known.get(one.name)), None)
            if missing and caller.in_room:
                raise BadInput(tell(_("{label} is missing.", label=missing.ask.label), caller.language))
            if missing:
                return self._ask(talk, missing, caller)
            try:
                reply = await go_on(talk.action, talk.step, known, caller, self._bus)
            except Faults as faults:
                self._talks.pop(caller.jid, None)
                labels = {one.name: tell(one.ask.label, caller.language) for one in fields}
                told = [f"{labels[name]}: {tell(why, caller.language)}" for name, why in faults.by_field.items()]
                raise BadInput("\n".join(told)) from faults
            except ShoutbusError:
                self._talks.pop(caller.jid, None)
                raise
            if not isinstance(reply, Step):
                return self._told(reply, caller)
            talk.past.append((talk.step, talk.values, talk.asked))
            talk.step, talk.values, talk.asked = reply, {}, []

    def _place(self, talk: Talk, fields: Sequence[Field], caller: Caller) -> None:
        """Give the words of the line to the fields: by name, by the name of a yes-or-no alone, else in order."""
        names = {one.name: one for one in fields}
        rest: list[str] = []
        later: list[str] = []
        for word in talk.given:
            name, equals, value = word.partition("=")
            if equals and name.isidentifier() and name not in names and not talk.step.last:
                later.append(word)
            elif equals and name in names:
                talk.values[name] = _written(names[name], value)
            elif word in names and names[word].kind == "boolean":
                talk.values[word] = ["1"]
            else:
                rest.append(word)
        for one in fields:
            if rest and (one.kind != "boolean" or len(fields) == 1) and one.name not in talk.values:
                count = 2 if any(" ".join(rest[:2]) == choice.also for choice in one.choices) else 1
                talk.values[one.name] = _written(one, " ".join(rest[:count]))
                del rest[:count]
        if rest and talk.step.last and fields:
            self._last(talk, fields, rest, caller)
            rest = []
        talk.given = rest + later

    @staticmethod
    def _last(talk: Talk, fields: Sequence[Field], rest: Sequence[str], caller: Caller) -> None:
        """Words that are left over belong to the last field where that is free text, else they are too many."""
        last = next((one for one in reversed(fields) if one.kind != "boolean"), None)
        if last is None or last.kind != "text-single" or last.type is not str:
            raise BadInput(tell(_("“{word}” is more than that takes.", word=rest[0][:60]), caller.language))
        talk.values[last.name] = [" ".join([*talk.values.get(last.name, ()), *rest])]

    def _ask(self, talk: Talk, missing: Field, caller: Caller) -> str:
        talk.asked.append(missing.name)
        self._talks[caller.jid] = talk
        self._talks.move_to_end(caller.jid)
        if len(self._talks) > MOST:
            self._talks.popitem(last=False)
        told = f"{tell(talk.step.help, caller.language)}\n" if talk.step.help else ""
        return told + self._question(missing, caller)

    def _question(self, asked: Field, caller: Caller) -> str:
        lines = [f"{tell(asked.ask.label, caller.language)}?"]
        if asked.ask.help:
            lines.append(tell(asked.ask.help, caller.language))
        if asked.choices:
            lines.append(
                ", ".join(one.value for one in asked.choices[:SHOWN]) + (" …" if asked.choices[SHOWN:] else "")
            )
        lines.append(tell(_("(“back” goes back, “cancel” leaves all as it was)"), caller.language))
        return "\n".join(lines)

    def _told(self, reply: Reply, caller: Caller) -> str:
        self._talks.pop(caller.jid, None)
        assert not isinstance(reply, Step)  # noqa: S101 — a step is gone on with
        return draw.text(reply, caller.language)


def _split(line: str, caller: Caller) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes = True, "", '"'
    try:
        return list(lexer)
    except ValueError as error:
        told: Words = _('A quotation mark does not close: write "so".')
        raise BadInput(tell(told, caller.language)) from error


def _needed(one: Field, fields: Sequence[Field]) -> bool:
    """Whether a field is asked for; a lone yes or no is what its step is about."""
    return one.required or (one.kind == "boolean" and len(fields) == 1)


def _written(asked: Field, line: str) -> list[str]:
    if asked.kind == "text-multi" and asked.type is str:
        return line.splitlines()
    return _several(line) if asked.kind in ("list-multi", "text-multi") else [line.strip()]


def _several(line: str) -> list[str]:
    return [one.strip() for one in line.replace("\n", ",").split(",") if one.strip()]
