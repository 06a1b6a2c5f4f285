"""Commands as pages: the menu, and every action drawn from its own declaration, step by step.

Looking changes nothing: what a page is opened with is filled in, and where that answers a first
step which others follow, the page goes on to them. Whoever goes back with the browser goes on from
the step they see.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import web as http

from commands.action import Action, Done, Lines, Reply, Step, begin, check, go_on
from commands.data_forms import FAILED, as_words
from commands.menu import GROUPS, inside
from commands.sessions import Session, Sessions
from component.common.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    ShoutbusError,
    StoreError,
)
from component.common.form import NONE, Choice, Faults, Field, is_yes
from component.common.i18n import Words, _, tell
from web.auth import Values, Visit, for_people
from web.context import Site

log = structlog.get_logger()

_ENDED = _("This session has ended. Start again.")
_NONE = _("none")
_PAGES = {"matrix": "/matrix"}
"""Commands that have a page of their own."""
_GROUPS = {"routes": "/matrix", "subscriptions": "/subscriptions"}
"""Where commands of a kind are called from."""


def routes(site: Site) -> list[http.RouteDef]:
    """The menu and the commands."""
    pages = Pages(site.sessions)
    return [
        http.get("/commands", for_people(menu)),
        http.get("/commands/{name}", for_people(pages.open)),
        http.post("/commands/{name}", for_people(pages.submit)),
    ]


async def menu(_request: http.Request, visit: Visit) -> http.Response:
    """What one may call, by kind."""
    bus, role = visit.site.bus, visit.caller.role
    groups = [(title, inside(bus, node, role)) for node, title in GROUPS.items()]
    groups.append(
        (_("More"), [one for one in bus.actions.values() if not one.group and one.role <= role])
    )
    offered = [(title, actions) for title, actions in groups if actions]
    return visit.page("commands.html", groups=offered, pages=_PAGES)


class Pages:
    """The ways through commands that are open."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def open(self, request: http.Request, visit: Visit) -> http.Response:
        """A command's first step with what the address fills in, or a step that it has come to."""
        action = _action(request, visit)
        number = next(iter(visit.query.get("session", ())), "")
        if number:
            return _show(visit, self._find(number, action, visit))
        return await _kept(visit, action, self._begun(action, visit))

    async def _begun(self, action: Action, visit: Visit) -> http.Response:
        bus = visit.site.bus
        reply = await begin(action, visit.caller, bus)
        if not isinstance(reply, Step):
            return _answer(visit, action, reply)
        asked = reply.fields(bus)
        # A box is ticked by people alone: “without asking” must not come with a link
        known = {
            one.name: visit.query[one.name]
            for one in asked
            if one.kind != "boolean" and one.name in visit.query
        }
        session = self._sessions.open(visit.caller.jid, action.name, action)
        session.steps.append(replace(reply, values={**reply.values, **known}))
        answered = known and all(one.name in known for one in asked if one.required)
        if answered and action.more and not action.opening:
            return await self._advanced(session, action, known, visit)
        return _show(visit, session)

    async def submit(self, request: http.Request, visit: Visit) -> http.Response:
        """A step that was filled in, or left."""
        action = _action(request, visit)
        if visit.value("whole") != "yes":
            raise BadInput(_("The form cannot be read. Reload the page and try again."))
        session = self._find(visit.value("session"), action, visit)
        async with session.busy:  # of two submits at once, the second meets what the first left
            if session not in self._sessions:
                raise Conflict(_ENDED)
            return await _kept(visit, action, self._moved(session, action, visit))

    async def _moved(self, session: Session, action: Action, visit: Visit) -> http.Response:
        at = visit.value("at")
        if at.isascii() and at.isdigit() and 0 < int(at[:4]) < len(session.steps):
            del session.steps[int(at[:4]) :]
        match visit.value("do"):
            case "cancel":
                self._sessions.end(session)
                return _to(_back(action, session))
            case "back":
                if len(session.steps) > 1:
                    session.steps.pop()
                return _to(_place(session))
        return await self._advanced(
            session, action, _filled(session.steps[-1].fields(visit.site.bus), visit), visit
        )

    async def _advanced(
        self, session: Session, action: Action, values: Values, visit: Visit
    ) -> http.Response:
        """What follows from a filled step: the next one, the answer, or the same one with what is
        wrong."""
        step = session.steps[-1]
        try:
            reply = await go_on(
                action, step, {**step.values, **values}, visit.caller, visit.site.bus
            )
        except Forbidden:
            self._sessions.end(session)
            raise
        except Faults as faults:
            return _show(visit, session, values, faults.by_field, 400)
        except ShoutbusError as fault:
            status = fault.status if fault.status < 500 or isinstance(fault, StoreError) else 400
            return _show(visit, session, values, {"": as_words(fault)}, status)
        session.steps[-1] = replace(
            step, values={**step.values, **values}
        )  # for whoever comes back to it
        if isinstance(reply, Step):
            session.steps.append(reply)
            return _to(_place(session))
        self._sessions.end(session)
        return _answer(visit, action, reply, back=_back(action, session))

    def _find(self, number: str, action: Action, visit: Visit) -> Session:
        session = self._sessions.find(number, visit.caller.jid)
        if session is None or session.node != action.name:
            raise Conflict(_ENDED)
        return session


def _action(request: http.Request, visit: Visit) -> Action:
    name = request.match_info["name"]
    action = visit.site.bus.actions.get(name)
    if action is None:
        raise NotFound(_("The command “{node}” does not exist.", node=name[:40]))
    check(
        action, visit.caller, visit.site.bus
    )  # a step that is open shows choices: not to who may not go on with it
    return action


async def _kept(visit: Visit, action: Action, work: Awaitable[http.Response]) -> http.Response:
    """What `work` answers; a fault of ours in it is told as on the other surfaces."""
    try:
        return await work
    except ShoutbusError:
        raise
    except Exception:
        log.exception("command failed", command=action.name)
        return _answer(visit, action, Done(FAILED, "error"), 500)


# What was filled in, and what is shown


def _filled(asked: Sequence[Field], visit: Visit) -> Values:
    """A box that is not ticked is not sent."""
    found: dict[str, Sequence[str]] = {}
    for one in asked:
        given = tuple(visit.form.get(one.name, ()))
        if one.kind == "boolean":
            given = given or ("0",)
        elif one.kind == "text-multi":
            given = tuple(line for text in given for line in text.splitlines())
        found[one.name] = given
    return found


def _show(
    visit: Visit,
    session: Session,
    entered: Values | None = None,
    faults: Mapping[str, Words | str] | None = None,
    status: int = 200,
) -> http.Response:
    """The step that it has come to."""
    step = session.steps[-1]
    asked = step.fields(visit.site.bus)
    told = dict.fromkeys(["", *(one.name for one in asked)], "") | dict(faults or {})
    return visit.page(
        "command.html",
        status,
        name=session.node,
        session=session.id,
        step=step,
        at=len(session.steps),
        asked=asked,
        values=step.values if entered is None else {**step.values, **entered},
        faults=told,
        options=_options(visit.language),
        is_yes=is_yes,
        is_number=_is_number,
    )


def _options(language: str) -> Callable[[Field], Sequence[Choice]]:
    """Gives a list's choices; where nothing need be chosen, that is one too."""

    def options(asked: Field) -> Sequence[Choice]:
        needs_none = not (asked.required or asked.default)
        return (
            [Choice(NONE, tell(_NONE, language)), *asked.choices] if needs_none else asked.choices
        )

    return options


def _is_number(asked: Field) -> bool:
    return asked.type is int


def _answer(
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
        first, *more = [*reply.ahead, reply]  # a page holds what takes several messages
        lines = [*first.lines, *(line for part in more for line in (part.title, *part.lines))]
        shown["title"] = tell(first.title, visit.language).removesuffix(":")
        shown["lines"] = [tell(line, visit.language) for line in lines]
    elif isinstance(reply, Done):
        shown["note"], shown["kind"] = tell(reply.words, visit.language), reply.kind
    return visit.page("answer.html", status, name=action.name, back=back or _back(action), **shown)


def _back(action: Action, session: Session | None = None) -> str:
    """Where one came from, most likely."""
    which = (
        next(iter(session.steps[0].values.get("route", ())), "")
        if session and session.steps
        else ""
    )
    if action.name == "route-edit" and which.isascii() and which.isdigit():
        return f"/routes/{which}"
    return _GROUPS.get(action.group, "/commands")


def _place(session: Session) -> str:
    return f"/commands/{session.node}?session={session.id}"


def _to(location: str) -> http.Response:
    return http.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
