"""`channel-remove`: a channel, and with it the routes that start or end there; says so and asks."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.lookups import arrow, ask_sure, channels, described, entry, find_channel, titled
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

    channel: Annotated[Channel, Ask(_("Channel"), _("which to remove"), choices=channels)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    return await removal("channel-remove", find_channel(bus, form.channel), bus, _done)


async def _done(_caller: Caller, _bus: Bus, told: Words) -> Reply:
    return Done(told)


async def removal(
    command: str, spec: ChannelSpec, bus: Bus, then: Then, more: Words | str = "", after: str = ""
) -> Step:
    """The step that says what goes with a channel (and `more`), asks, and removes it; `after` is
    for the audit log."""
    routes, waiting = _with_it(spec, bus), await _waiting(spec, bus)

    async def remove(caller: Caller, bus: Bus) -> Reply:
        find_channel(bus, spec.channel)
        if _with_it(spec, bus) != routes:
            raise Conflict(
                _(
                    "The routes of {channel} changed meanwhile, so I left all as it was: "
                    "look at it again.",
                    channel=spec.channel,
                )
            )
        waiting = await _waiting(spec, bus)
        audit = entry(
            caller,
            bus,
            command,
            before="; ".join([described(spec), *map(arrow, routes)]),
            after=after,
        )
        await bus.settings.change([*map(Drop, routes), Drop(spec)], audit)
        told = _(
            "Removed {channel}; routes: {routes}, dead letters: {letters}.",
            channel=spec.channel,
            routes=len(routes),
            letters=waiting,
        )
        return await then(caller, bus, told)

    told = _goes(spec, routes, waiting)
    whole = _("{told} {more}", told=told, more=more) if more else told
    return ask_sure(_("Remove {channel}", channel=spec.channel), whole, remove)


def _goes(spec: ChannelSpec, routes: Sequence[Route], waiting: int) -> Words:
    """What goes with it, in sentences."""
    told = _("{channel} goes, and no route with it.", channel=titled(spec))
    if routes:
        named = ", ".join(f"{route.id}: {arrow(route)}" for route in routes[:SHOWN])
        told = _(
            "{channel} goes, and with it its routes, {count}: {routes}.",
            channel=titled(spec),
            count=len(routes),
            routes=named + (" …" if routes[SHOWN:] else ""),
        )
    if waiting:
        more = _("What waits becomes dead letters: {waiting}.", waiting=waiting)
        told = _("{told} {more}", told=told, more=more)
    return told


def _leaves(spec: ChannelSpec, bus: Bus) -> Callable[[Channel], bool]:
    """Whether a channel is configured no longer without `spec`: `method:*` may stand for many."""
    others = {one.channel for one in bus.hub.channels} - {spec.channel}
    return lambda channel: (
        channel == spec.channel or (channel.anyone == spec.channel and channel not in others)
    )


def _with_it(spec: ChannelSpec, bus: Bus) -> Sequence[Route]:
    leaves = _leaves(spec, bus)
    return [route for route in bus.hub.routes if leaves(route.source) or leaves(route.destination)]


async def _waiting(spec: ChannelSpec, bus: Bus) -> int:
    """Deliveries to what is configured no longer, and what its routes hold; a person's whom
    `chat:*` stands for go out all the same."""
    leaves = _leaves(spec, bus)
    others = {one.channel for one in bus.hub.channels} - {spec.channel}
    backlog = await bus.hub.store.deliveries.backlog()
    held = sum(bus.hub.routing.held_at(route) for route in _with_it(spec, bus))
    return held + sum(
        count
        for channel, count in backlog.items()
        if leaves(channel) and channel.anyone not in others
    )


ACTION = Action(
    "channel-remove", _("Remove a channel"), Role.OPERATOR, _run, Form, more=True, group="channels"
)
