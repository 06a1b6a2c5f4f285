"""One step of a command as a form: what it shows, and the values that come back."""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web as http

from commands.sessions import Session as Run
from component.common.form import NONE, Choice, Field, is_yes
from component.common.i18n import Words, _, tell
from web.auth import Visit
from web.csrf import FormValues

NO_CHOICE = _("none")


def typed_values(fields: Sequence[Field], form: FormValues) -> FormValues:
    """What was filled in. Browsers do not send a box that is not ticked."""
    typed: dict[str, Sequence[str]] = {}
    for field in fields:
        given: Sequence[str] = form.get(field.name, ())
        if field.kind == "boolean":
            given = given or ("0",)
        elif field.kind == "text-multi":
            given = lines_of(given)
        typed[field.name] = tuple(given)
    return typed


def lines_of(texts: Sequence[str]) -> Sequence[str]:
    """The lines of several texts."""
    lines: list[str] = []
    for text in texts:
        lines += text.splitlines()
    return lines


def show_step(
    visit: Visit,
    run: Run,
    entered: FormValues | None = None,
    faults: Mapping[str, Words | str] | None = None,
    status: int = 200,
) -> http.Response:
    """The step that a command has reached, with what was entered and its faults by field; the key
    "" is for faults of the whole step."""
    step = run.steps[-1]
    fields = step.fields(visit.site.bus)
    names = ["", *(field.name for field in fields)]
    return visit.page(
        "command.html",
        status,
        name=run.node,
        run=run.id,
        step=step,
        at=len(run.steps),
        asked=fields,
        values={**step.values, **(entered or {})},
        faults={**dict.fromkeys(names, ""), **(faults or {})},
        options=options_in(visit.language),
        is_yes=is_yes,
        is_number=is_number,
    )


def options_in(language: str) -> Callable[[Field], Sequence[Choice]]:
    """Gives the choices of a list. If none of them has to be chosen, “none” is the first."""

    def options(field: Field) -> Sequence[Choice]:
        if field.required or field.default:
            return field.choices
        return [Choice(NONE, tell(NO_CHOICE, language)), *field.choices]

    return options


def is_number(field: Field) -> bool:
    """Whether a field takes a whole number."""
    return field.type is int
