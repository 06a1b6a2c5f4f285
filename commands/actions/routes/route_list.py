"""`route-list` lists routes with their numbers, states and processors, page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply, Step
from commands.lookups import arrow, shown_block
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import Words, _

MOST = 200
"""Lines of an answer."""
SIZE = 30_000
"""Characters of an answer, about."""


@dataclass(frozen=True)
class Form:
    """Which of them."""

    which: Annotated[
        str, Ask(_("Selection"), _("part of an address or the name of a processor; empty for all"))
    ] = ""
    page: Annotated[int, Ask(_("Page"))] = 1


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """List routes by part of an address, page by page."""
    return list_page(form, bus)


def list_page(form: Form, bus: Bus) -> Reply:
    """One page of the routes that match. Raises BadInput."""
    asked = form.which.casefold()
    found = [route for route in bus.hub.routes if asked in arrow(route).casefold()]
    pages = paged(found)
    page = form.page or 1
    if not 1 <= page <= len(pages):
        raise BadInput(
            _("Page {page} does not exist. The last page is {pages}.", page=page, pages=len(pages))
        )
    lines: list[Words | str] = [*pages[page - 1]]
    if len(pages) == 1:
        return Lines(_("{count} routes:", count=len(found)), lines)
    return Lines(
        _("{count} routes, page {page} of {pages}:", count=len(found), page=page, pages=len(pages)),
        lines,
    )


def paged(routes: Iterable[Route]) -> list[list[Words | str]]:
    """The routes' lines, a list for each page; a route's own stay together."""
    pages: list[list[Words | str]] = [[]]
    for route in routes:
        lines = shown_block(route)
        size = sum(len(str(line)) for line in (*pages[-1], *lines))
        if pages[-1] and (len(pages[-1]) + len(lines) > MOST or size > SIZE):
            pages.append([])
        pages[-1] += lines
    return pages


def open_list(_caller: Caller, bus: Bus) -> Reply:
    """Few are shown at once."""
    if len(bus.hub.routes) <= MOST and len(paged(bus.hub.routes)) == 1:
        return list_page(Form(), bus)
    return Step(ACTION.title, Form, run)


ACTION = Action(
    "route-list",
    _("List routes"),
    Role.OPERATOR,
    run,
    Form,
    group="routes",
    also=("routes", "routen"),
    opening=open_list,
)
