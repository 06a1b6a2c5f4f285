"""The route matrix at `/matrix`: a click makes or removes a route, and everyone who looks at the
page sees it at once.

Without the script, each click posts a form and shows the page again.
"""

import json
from collections.abc import AsyncIterator

from aiohttp import web as http

from commands.actions.routes import matrix
from commands.actions.routes._held import first_held
from commands.lookups import find_route, told
from component.bus.model.message import Channel
from component.bus.model.route import Route
from component.common.errors import BadInput, ShoutbusError
from component.common.i18n import _, tell
from web.admin.grid import Cell, View, Window, window
from web.admin.watch import Watchers
from web.auth import Visit, for_operators, is_operator
from web.rendering import json_response, redirect

MAX_WITHOUT_SEARCH = 12
"""Channels that need no search form."""
MAX_NUMBER_DIGITS = 18


def routes(watchers: Watchers) -> list[http.RouteDef]:
    """The page, its clicks, its live stream, and the page of one route."""

    async def stream(request: http.Request, visit: Visit) -> http.StreamResponse:
        return await watchers.serve(request, visit.session.jid, events(request, visit))

    return [
        http.get("/matrix", for_operators(show)),
        http.post("/matrix", for_operators(click)),
        http.get("/routes/{number}", for_operators(route_page)),
        http.get("/matrix/stream", for_operators(stream), allow_head=False),
    ]


async def show(_request: http.Request, visit: Visit) -> http.Response:
    """The part of the matrix that is asked for."""
    return matrix_page(visit, window(visit.site.bus, View.parse(visit.query)))


def matrix_page(visit: Visit, seen: Window, status: int = 200, fault: str = "") -> http.Response:
    """The page of a window."""
    channels = max(seen.sources.all, seen.destinations.all)
    many = channels > MAX_WITHOUT_SEARCH or bool(seen.asked.query())
    return visit.page("matrix.html", status, window=seen, fault=fault, many=many)


async def click(_request: http.Request, visit: Visit) -> http.Response:
    """A cell was clicked: the page again, the page that asks first, or, for the script, the cell's
    new state."""
    asked = View.parse(visit.query)
    dot = None
    try:
        dot = dot_of(visit)
        reply = await matrix.click(visit.caller, dot, visit.site.bus)
    except ShoutbusError as fault:
        seen = window(visit.site.bus, asked)
        explained = visit.explain(fault)
        if visit.wants_json:
            cells = clicked_cells(visit, seen, dot)
            return json_response(fault.status, detail=explained, cells=cells)
        return matrix_page(visit, seen, fault.status, explained)
    if isinstance(reply, Route):
        return continue_at(visit, f"/commands/route-remove?route={reply.id}")
    if visit.wants_json:
        return json_response(cells=clicked_cells(visit, window(visit.site.bus, asked), dot))
    place = "-".join(visit.value("dot").split()[:2])
    return continue_at(visit, f"/matrix?{asked.query()}#c{place}")


def clicked_cells(visit: Visit, seen: Window, dot: matrix.Dot | None) -> list[dict[str, str]]:
    """The clicked cell as it is now, if it is on the page."""
    cell = None
    if dot:
        cell = seen.find(dot.source, dot.destination)
    return [cell_data(visit, cell)] if cell else []


def continue_at(visit: Visit, location: str) -> http.Response:
    """Load another page."""
    if visit.wants_json:
        return json_response(go=location)
    return redirect(location)


def dot_of(visit: Visit) -> matrix.Dot:
    """The clicked place and the route that was seen there; raises BadInput. The page sends its rows
    and columns with the click, as others may have changed them."""
    numbers = visit.value("dot").split()
    if len(numbers) not in (2, 4) or not all(map(is_number, numbers)):
        raise BadInput(_("The click cannot be read. Reload the page and try again."))
    row, column, *seen = numbers
    source = Channel.parse(visit.value(f"s{row}"))
    destination = Channel.parse(visit.value(f"d{column}"))
    return matrix.Dot(source, destination, *map(int, seen))


def is_number(text: str) -> bool:
    """Whether a text is a whole number that the store can hold."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_DIGITS


async def route_page(request: http.Request, visit: Visit) -> http.Response:
    """A route with its processors in order, and links to change it."""
    bus = visit.site.bus
    route = find_route(bus, request.match_info["number"])
    return visit.page(
        "route.html",
        route=route,
        lines=list(map(told, route.stages)),
        waiting=bus.hub.routing.held_at(route),
        first=[held for _number, held in await first_held(visit.caller, bus, route)],
    )


# Live


async def events(request: http.Request, visit: Visit) -> AsyncIterator[str]:
    """What others changed, each time it is asked: the changed cells, or the whole grid if its rows
    or columns changed; "" if nothing did."""
    before = window(visit.site.bus, View.parse(visit.query))
    known = request.headers.get("Last-Event-ID") or visit.asked("state")
    yield "" if known == before.state else grid_event(visit, before)
    while is_operator(request, use=False):
        now = window(visit.site.bus, before.asked)
        cells = now.changed(before)
        before = now
        if cells is None:
            yield grid_event(visit, now)
        elif cells:
            yield event(now, cells=[cell_data(visit, cell) for cell in cells])
        else:
            yield ""
    yield "event: gone\ndata:\n\n"


def cell_data(visit: Visit, cell: Cell) -> dict[str, str]:
    """A cell for the script."""
    return {
        "id": cell.id,
        "html": visit.render("grid.html", "cell", cell),
        "said": tell(cell.label, visit.language),
    }


def grid_event(visit: Visit, seen: Window) -> str:
    """An event with the whole grid."""
    return event(seen, grid=visit.render("grid.html", "grid", seen, visit.session.token))


def event(seen: Window, **data: object) -> str:
    """A server-sent event, whose id is the state that it leads to."""
    return f"id: {seen.state}\ndata: {json.dumps(data)}\n\n"
