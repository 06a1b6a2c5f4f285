"""`route-list`: the routes with their numbers, and whether they are on; of many, those that are asked for."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply, Step
from commands.shared import arrow
from component.errors import BadInput
from component.form import Ask
from component.roles import Role
from component.words import Words, _

MOST = 200
"""Lines of an answer."""


@dataclass(frozen=True)
class Form:
    """Which of them."""

    which: Annotated[str, Ask(_("Which"), _("part of a channel's address; empty for all"))] = ""
    page: Annotated[int, Ask(_("Page"))] = 1


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    return _listed(form, bus)


def _listed(form: Form, bus: Bus) -> Reply:
    asked = form.which.casefold()
    found = [f"{route.id}: {arrow(route)}" for route in bus.hub.routes if asked in arrow(route).casefold()]
    pages = max(1, -(-len(found) // MOST))
    page = form.page or 1
    if not 1 <= page <= pages:
        raise BadInput(_("There is no page {page}: the last one is {pages}.", page=page, pages=pages))
    lines: list[Words | str] = list(found[(page - 1) * MOST : page * MOST])
    if pages == 1:
        return Lines(_("{count} routes:", count=len(lines)), lines)
    return Lines(_("{count} routes, page {page} of {pages}:", count=len(found), page=page, pages=pages), lines)


def _opening(_caller: Caller, bus: Bus) -> Reply:
    """Few are shown at once."""
    if len(bus.hub.routes) <= MOST:
        return _listed(Form(), bus)
    return Step(ACTION.title, Form, _run)


ACTION = Action("route-list", _("List routes"), Role.OPERATOR, _run, Form, group="routes", opening=_opening)
