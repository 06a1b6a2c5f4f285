"""What several commands need: choices from live data, things in words, and the line of the audit log."""

from collections.abc import Sequence

from commands.action import Bus, Caller
from commands.form import Choice
from component.errors import NotFound
from component.message import Channel
from component.ports import Audit, ChannelSpec
from component.route import Route


def channels(bus: Bus) -> Sequence[Choice]:
    """Every configured channel."""
    return [Choice(str(spec.channel), _titled(spec)) for spec in bus.hub.channels]


def places(bus: Bus) -> Sequence[Choice]:
    """Every configured channel with one address: where a route may end."""
    return [one for one in channels(bus) if not one.value.endswith(":*")]


def routes(bus: Bus) -> Sequence[Choice]:
    """Every route, by its number."""
    return [Choice(str(route.id), f"{route.id}: {arrow(route)}") for route in bus.hub.routes]


def _titled(spec: ChannelSpec) -> str:
    return f"{spec.channel} ({spec.title})" if spec.title else str(spec.channel)


def arrow(route: Route) -> str:
    """A route in a line."""
    return f"{route.source} → {route.destination}" + ("" if route.enabled else " (off)")


def described(spec: ChannelSpec) -> str:
    """A channel and its settings in a line."""
    more = [f"{key}={value}" for key, value in sorted({"title": spec.title, **spec.settings}.items()) if value]
    return " ".join([str(spec.channel), *more]) + ("" if spec.enabled else " (paused)")


def find_channel(bus: Bus, channel: Channel) -> ChannelSpec:
    """The configured channel itself; raises NotFound where it is gone."""
    spec = next((one for one in bus.hub.channels if one.channel == channel), None)
    if spec is None:
        raise NotFound(f"There is no channel {channel} (any more).")
    return spec


def find_route(bus: Bus, number: str) -> Route:
    """A route by its number; raises NotFound where it is gone."""
    route = next((one for one in bus.hub.routes if str(one.id) == number.removeprefix("#")), None)
    if route is None:
        raise NotFound(f"There is no route {number[:40]} (any more): “route list” shows them.")
    return route


def routes_of(bus: Bus, channel: Channel) -> Sequence[Route]:
    """Every route that starts or ends at a channel."""
    return [one for one in bus.hub.routes if channel in (one.source, one.destination)]


def entry(caller: Caller, bus: Bus, what: str, before: str = "", after: str = "") -> Audit:
    """The line of the audit log for a change."""
    return Audit(bus.clock(), caller.jid, caller.way, what, before, after)
