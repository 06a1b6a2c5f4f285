"""Commands as pages: the menu, and every action drawn from its declaration, step by step.

Opening a page changes nothing: values from its address are filled in, and if they answer a first
step that others follow, the page continues with those. Someone who goes back with the browser
continues from the step they see.
"""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import web as http

from commands.action import Action, Done, Lines, Reply, Step, begin, check, go_on
from commands.data_forms import FAILED, as_words
from commands.menu import GROUPS, inside
from commands.sessions import Session as Run
from commands.sessions import Sessions as Runs
from component.common.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    ShoutbusError,
    StoreError,
)
from component.common.form import Faults, Field
from component.common.i18n import Words, _, tell
from web.admin.steps import show_step, typed_values
from web.auth import Visit, for_people
from web.context import Site
from web.csrf import UNREADABLE, FormValues, first
from web.rendering import redirect

log = structlog.get_logger()

ENDED = _("This session has ended. Start again.")
OWN_PAGES = {"matrix": "/matrix"}
"""Commands that have a page to themselves."""
GROUP_PAGES = {"routes": "/matrix", "subscriptions": "/subscriptions"}
"""The pages from which the commands of a group are opened."""


def routes(site: Site) -> list[http.RouteDef]:
    """The menu and the commands."""
    pages = CommandPages(site.sessions)
    return [
        http.get("/commands", for_people(menu)),
        http.get("/commands/{name}", for_people(pages.open)),
        http.post("/commands/{name}", for_people(pages.submit)),
    ]


async def menu(_request: http.Request, visit: Visit) -> http.Response:
    """The commands that the caller may use, by group."""
    bus, role = visit.site.bus, visit.caller.role
    groups: list[tuple[Words, list[Action]]] = []
    for node, title in GROUPS.items():
        groups.append((title, list(inside(bus, node, role))))
    others = [action for action in bus.actions.values() if not action.group and action.role <= role]
    groups.append((_("More"), others))
    offered = [(title, actions) for title, actions in groups if actions]
    return visit.page("commands.html", groups=offered, pages=OWN_PAGES)


class CommandPages:
    """The commands that are being filled in."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def open(self, request: http.Request, visit: Visit) -> http.Response:
        """A command's first step with the values of the address, or the step it has reached."""
        action = action_of(request, visit)
        number = visit.asked("session")
        if number:
            return show_step(visit, self.find(number, action, visit))
        return await answered(visit, action, self.start(action, visit))

    async def start(self, action: Action, visit: Visit) -> http.Response:
        """Start a command."""
        reply = await begin(action, visit.caller, visit.site.bus)
        if not isinstance(reply, Step):
            return result_page(visit, action, reply)
        fields = reply.fields(visit.site.bus)
        known = values_of_address(fields, visit.query)
        run = self._runs.open(visit.caller.jid, action.name, action)
        run.steps.append(replace(reply, values={**reply.values, **known}))
        complete = all(field.name in known for field in fields if field.required)
        if known and complete and action.more and not action.opening:
            return await self.advance(run, action, known, visit)
        return show_step(visit, run)

    async def submit(self, request: http.Request, visit: Visit) -> http.Response:
        """A step was filled in, or left."""
        action = action_of(request, visit)
        if visit.value("whole") != "yes":
            raise BadInput(UNREADABLE)
        run = self.find(visit.value("session"), action, visit)
        async with run.busy:  # if two submits arrive at once, the second sees what the first left
            if run not in self._runs:
                raise Conflict(ENDED)
            return await answered(visit, action, self.move(run, action, visit))

    async def move(self, run: Run, action: Action, visit: Visit) -> http.Response:
        """Move on, back, or away from the step that the caller saw."""
        seen = visit.value("at")
        if seen.isascii() and seen.isdigit() and 0 < int(seen[:4]) < len(run.steps):
            del run.steps[int(seen[:4]) :]
        match visit.value("do"):
            case "cancel":
                self._runs.end(run)
                return redirect(page_before(action, run))
            case "back":
                if len(run.steps) > 1:
                    run.steps.pop()
                return redirect(path_of(run))
        values = typed_values(run.steps[-1].fields(visit.site.bus), visit.form)
        return await self.advance(run, action, values, visit)

    async def advance(
        self, run: Run, action: Action, values: FormValues, visit: Visit
    ) -> http.Response:
        """What follows a filled step: the next one, the result, or the same one with its faults."""
        step = run.steps[-1]
        filled = {**step.values, **values}
        try:
            reply = await go_on(action, step, filled, visit.caller, visit.site.bus)
        except Forbidden:
            self._runs.end(run)
            raise
        except Faults as faults:
            return show_step(visit, run, values, faults.by_field, 400)
        except ShoutbusError as fault:
            return show_step(visit, run, values, {"": as_words(fault)}, status_of(fault))
        run.steps[-1] = replace(step, values=filled)  # for a caller who comes back to it
        if isinstance(reply, Step):
            run.steps.append(reply)
            return redirect(path_of(run))
        self._runs.end(run)
        return result_page(visit, action, reply, back=page_before(action, run))

    def find(self, number: str, action: Action, visit: Visit) -> Run:
        """The caller's own run of a command; raises Conflict if it has ended."""
        run = self._runs.find(number, visit.caller.jid)
        if run is None or run.node != action.name:
            raise Conflict(ENDED)
        return run


def action_of(request: http.Request, visit: Visit) -> Action:
    """The command of a path, which the caller may use; raises NotFound, Forbidden.

    It is checked before an open step is shown as well, since a step shows choices.
    """
    name = request.match_info["name"]
    action = visit.site.bus.actions.get(name)
    if action is None:
        raise NotFound(_("The command “{node}” does not exist.", node=name[:40]))
    check(action, visit.caller, visit.site.bus)
    return action


def values_of_address(fields: tuple[Field, ...], query: FormValues) -> FormValues:
    """The values that a page is opened with. A link ticks no box: “without asking” is for people
    alone to tick."""
    known = {}
    for field in fields:
        if field.kind != "boolean" and field.name in query:
            known[field.name] = query[field.name]
    return known


def status_of(fault: ShoutbusError) -> int:
    """The status of a step with a fault; a destination's trouble is not the server's."""
    if fault.status < 500 or isinstance(fault, StoreError):
        return fault.status
    return 400


async def answered(visit: Visit, action: Action, work: Awaitable[http.Response]) -> http.Response:
    """The response that `work` gives; a bug in it is answered as on the other surfaces."""
    try:
        return await work
    except ShoutbusError:
        raise
    except Exception:
        log.exception("command failed", command=action.name)
        return result_page(visit, action, Done(FAILED, "error"), 500)


def result_page(
    visit: Visit, action: Action, reply: Reply, status: int = 200, back: str = ""
) -> http.Response:
    """The end of a command."""
    shown: dict[str, Any] = {
        "title": tell(action.title, visit.language),
        "lines": None,
        "note": "",
        "kind": "info",
    }
    if isinstance(reply, Lines):
        # A page holds what takes several messages elsewhere.
        begins, *more = [*reply.ahead, reply]
        lines = list(begins.lines)
        for part in more:
            lines += [part.title, *part.lines]
        shown["title"] = tell(begins.title, visit.language).removesuffix(":")
        shown["lines"] = [tell(line, visit.language) for line in lines]
    elif isinstance(reply, Done):
        shown["note"], shown["kind"] = tell(reply.words, visit.language), reply.kind
    place = back or GROUP_PAGES.get(action.group, "/commands")
    return visit.page("answer.html", status, name=action.name, back=place, **shown)


def page_before(action: Action, run: Run) -> str:
    """The page from which a command was most likely opened."""
    if action.name == "route-edit" and run.steps:
        route = first(run.steps[0].values, "route")
        if route.isascii() and route.isdigit():
            return f"/routes/{route}"
    return GROUP_PAGES.get(action.group, "/commands")


def path_of(run: Run) -> str:
    """The page of the step that a run has reached."""
    return f"/commands/{run.node}?session={run.id}"
