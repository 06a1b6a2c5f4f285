"""How what follows a command's name fits the command, without running it."""

from collections.abc import Sequence

from commands import data_forms
from commands.action import Action, Bus, Caller, Fit, Step, Taken
from commands.talk import Talk, begin_talk, too_many
from component.common.errors import Ambiguous, BadInput
from component.common.form import Field
from component.common.i18n import Words, _


async def taken(action: Action, rest: str, caller: Caller, bus: Bus) -> Taken:
    """How a command takes what follows its name."""
    words = rest.strip(" ?")
    step = action.step
    if not words.strip():
        return Taken(Fit.TEXT)
    if step is None:
        return Taken(Fit.NOT, too_many(words))
    if names_field(words, step, bus):
        named = taken_by_form(action, step, rest, caller, bus)
        return Taken(max(named.fit, Fit.PARTLY), named.why)
    if action.takes:
        return await action.takes(caller, rest.strip(), bus)
    return taken_by_form(action, step, rest, caller, bus)


def names_field(words: str, step: Step, bus: Bus) -> bool:
    """Whether words begin with the name of a field and its value: nobody writes so to others."""
    return words.startswith(tuple(f"{asked.name}=" for asked in step.fields(bus)))


def taken_by_form(action: Action, step: Step, rest: str, caller: Caller, bus: Bus) -> Taken:
    """How a form takes them, field by field."""
    fields = step.fields(bus)
    talk = Talk(action, step, 0.0)
    fit, wrong = Fit.NOT, None
    try:
        talk = begin_talk(action, step, rest, caller, bus)
        talk.place_words(fields)
    except BadInput as error:
        wrong = data_forms.as_words(error)
    for asked in fields:
        given = talk.values.get(asked.name)
        if not given:
            continue
        why = fault_of(asked, given)
        if why:
            wrong = wrong or why
        else:
            fit = max(fit, fit_of(asked))
    if wrong is None:
        return Taken(max(fit, Fit.TEXT))
    if fit is Fit.WELL:
        return Taken(Fit.PARTLY, wrong)
    return Taken(Fit.NOT, wrong)


def fault_of(asked: Field, given: Sequence[str]) -> Words | None:
    """What is wrong with a field's value; a name that several have is asked about later."""
    fault: Words | str = ""
    if asked.type is str and asked.ask.choices and not asked.choices:
        fault = _("“{text}” is not one of the choices.", text=given[0][:60])
    else:
        try:
            asked.parse(given)
        except Ambiguous:
            return None
        except BadInput as error:
            fault = error.sentence
    if not fault:
        return None
    return _("{label}: {fault}", label=asked.ask.label, fault=fault)


def fit_of(asked: Field) -> Fit:
    """How well a value fits that is right: any text is a text."""
    if asked.type is str and not asked.choices:
        return Fit.TEXT
    return Fit.WELL
