"""`channel-remove` removes a channel and the routes that start or end there, after asking."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.lookups import arrow, ask_sure, channels, described, entry, find_channel
from commands.named import titled
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Drop
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import Conflict
from component.common.form import Ask
from component.common.i18n import Words, _

SHOWN = 10
"""Routes that are named."""

Then = Callable[[Caller, Bus, Words], Awaitable[Reply]]
"""What follows a removal: gets the sentence that tells of it."""


@dataclass(frozen=True)
class Form:
    """Which channel."""

    channel: Annotated[Channel, Ask(_("Channel"), _("the channel to remove"), choices=channels)]


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show what goes with a channel, and ask."""
    return await removal("channel-remove", find_channel(bus, form.channel), bus, finish)


async def finish(_caller: Caller, _bus: Bus, told: Words) -> Reply:
    """End the command with the sentence about the removal."""
    return Done(told)


async def removal(
    command: str, spec: ChannelSpec, bus: Bus, then: Then, more: Words | str = "", after: str = ""
) -> Step:
    """The step that says what goes with a channel (and `more`), asks, and removes it; `after` is
    for the audit log."""
    routes, waiting = routes_with(spec, bus), await count_waiting(spec, bus)

    async def remove(caller: Caller, bus: Bus) -> Reply:
        find_channel(bus, spec.channel)
        if routes_with(spec, bus) != routes:
            raise Conflict(
                _(
                    "The routes of {channel} changed in the meantime. Nothing was saved; please "
                    "review them and try again.",
                    channel=spec.channel,
                )
            )
        waiting = await count_waiting(spec, bus)
        audit = entry(
            caller,
            bus,
            command,
            before="; ".join([described(spec), *map(arrow, routes)]),
            after=after,
        )
        await bus.settings.change([*map(Drop, routes), Drop(spec)], audit)
        told = _(
            "Removed {channel}. Routes removed: {routes}; new dead letters: {letters}.",
            channel=spec.channel,
            routes=len(routes),
            letters=waiting,
        )
        return await then(caller, bus, told)

    told = loss_words(spec, routes, waiting)
    whole = _("{told} {more}", told=told, more=more) if more else told
    return ask_sure(_("Remove {channel}", channel=spec.channel), whole, remove)


def loss_words(spec: ChannelSpec, routes: Sequence[Route], waiting: int) -> Words:
    """What goes with a channel, in sentences."""
    words = _("{channel} will be removed. It has no routes.", channel=titled(spec))
    if routes:
        named = ", ".join(f"{route.id}: {arrow(route)}" for route in routes[:SHOWN])
        if routes[SHOWN:]:
            named += " …"
        words = _(
            "{channel} will be removed, and its routes as well ({count}): {routes}.",
            channel=titled(spec),
            count=len(routes),
            routes=named,
        )
    if waiting:
        more = _("Messages that become dead letters: {waiting}.", waiting=waiting)
        words = _("{told} {more}", told=words, more=more)
    return words


class Leaving:
    """What a channel takes with it when it is removed: `method:*` may cover many channels."""

    def __init__(self, spec: ChannelSpec, bus: Bus) -> None:
        self.channel = spec.channel
        self.others = {other.channel for other in bus.hub.channels} - {spec.channel}

    def __contains__(self, channel: Channel) -> bool:
        """Whether a channel is configured no longer then."""
        if channel == self.channel:
            return True
        return channel.anyone == self.channel and channel not in self.others


def routes_with(spec: ChannelSpec, bus: Bus) -> Sequence[Route]:
    """The routes that start or end at what is configured no longer."""
    leaving = Leaving(spec, bus)
    return [
        route for route in bus.hub.routes if route.source in leaving or route.destination in leaving
    ]


async def count_waiting(spec: ChannelSpec, bus: Bus) -> int:
    """Deliveries to what is configured no longer, and what its routes hold; those to a person whom
    `chat:*` covers are still sent."""
    leaving = Leaving(spec, bus)
    count = 0
    for route in routes_with(spec, bus):
        count += bus.hub.routing.held_at(route)
    backlog = await bus.store.deliveries.backlog()
    for channel, waiting in backlog.items():
        if channel in leaving and channel.anyone not in leaving.others:
            count += waiting
    return count


ACTION = Action(
    "channel-remove", _("Remove a channel"), Role.OPERATOR, run, Form, more=True, group="channels"
)
