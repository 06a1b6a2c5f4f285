"""`import`: take channels, routes and roles from TOML as `export` writes it.

A dry run first: it shows line by line what would be added (+), changed (~) and, where asked for,
removed (-).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import ask_sure, described, detailed, entry
from component.bus.model.message import Channel
from component.bus.model.records import Drop, Grant, Put
from component.bus.model.roles import Role
from component.bus.model.route import Stage
from component.common.errors import ConfigError
from component.common.form import Ask
from component.common.i18n import _, tell
from component.config.config import Part, parse_part

SHOWN = 60
"""Lines of a difference that are shown."""


@dataclass(frozen=True)
class Form:
    """What, and whether what it does not name goes."""

    toml: Annotated[tuple[str, ...], Ask(_("TOML"), _("as “export” writes it"), long=True)]
    remove: Annotated[bool, Ask(_("Remove the rest"))] = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would change, and how that reads."""

    does: Put | Drop
    line: str


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    standing = () if form.remove else [spec.channel for spec in bus.hub.channels]
    part = _parse("\n".join(form.toml), bus, standing, caller)
    changes = [
        *_channels(part, bus, form.remove),
        *_routes(part, bus, form.remove),
        *_roles(part, bus, form.remove),
    ]
    changes.sort(key=lambda one: isinstance(one.does, Put))  # what goes makes room first
    lines = [one.line for one in changes]
    if not lines:
        return Done(_("Nothing would change."))

    async def take(caller: Caller, bus: Bus) -> Reply:
        await bus.settings.change(
            [one.does for one in changes], entry(caller, bus, "import", after="; ".join(lines))
        )
        return Done(_("Imported: {count} changes.", count=len(changes)))

    shown = "\n".join([*_strangers(part, bus, caller), *lines[:SHOWN]])
    told = _("This would change:\n{lines}", lines=shown)
    if len(lines) > SHOWN:
        told = _(
            "This would change:\n{lines}\n… and {more} more", lines=shown, more=len(lines) - SHOWN
        )
    return ask_sure(_("Import"), told, take)


def _parse(text: str, bus: Bus, standing: Collection[Channel], caller: Caller) -> Part:
    """Every fault at once, in the configuration's words."""
    part = parse_part(text, bus.methods, bus.bot.partition("@")[0], standing)
    faults = [
        tell(
            _("[[role]] {jid} is an admin by the configuration: leave it out.", jid=grant.jid),
            caller.language,
        )
        for grant in part.grants
        if grant.jid in bus.settings.roles.admins
    ]
    own = f"@{bus.bot.partition('@')[2]}"
    faults += [
        tell(
            _(
                "[[channel]] {channel} is an address of the bus itself: choose another.",
                channel=spec.channel,
            ),
            caller.language,
        )
        for spec in part.channels
        if spec.channel.address.endswith(own)
    ]
    if faults:
        raise ConfigError(faults)
    return part


def _strangers(part: Part, bus: Bus, caller: Caller) -> Iterator[str]:
    """Tokens that are not here: without their secrets they can't be taken over."""
    names = {token.name for token in bus.settings.tokens.values()}
    for name in part.tokens:
        if name not in names:
            told = _(
                "(token “{name}” is not made: its secret is nowhere; “token create” makes one)",
                name=name,
            )
            yield tell(told, caller.language)


def _channels(part: Part, bus: Bus, remove: bool) -> Iterator[Change]:
    standing = {spec.channel: spec for spec in bus.hub.channels}
    for spec in part.channels:
        now = standing.pop(spec.channel, None)
        if now is None:
            yield Change(Put(spec), f"+ {described(spec)}")
        elif now != spec:
            yield Change(
                Put(replace(spec, version=now.version)), f"~ {described(now)} ⇒ {described(spec)}"
            )
    if remove:
        yield from (Change(Drop(spec), f"- {described(spec)}") for spec in standing.values())


def _routes(part: Part, bus: Bus, remove: bool) -> Iterator[Change]:
    standing = {(route.source, route.destination): route for route in bus.hub.routes}
    for route in {(route.source, route.destination): route for route in part.routes}.values():
        now = standing.pop((route.source, route.destination), None)
        if now is None:
            yield Change(Put(route), f"+ {detailed(route)}")
            continue
        wanted = replace(now, enabled=route.enabled, stages=_kept(now.stages, route.stages))
        if wanted != now:
            yield Change(Put(wanted), f"~ {detailed(now)} ⇒ {detailed(wanted)}")
    if remove:
        yield from (Change(Drop(route), f"- {detailed(route)}") for route in standing.values())


def _kept(standing: Sequence[Stage], wanted: Sequence[Stage]) -> tuple[Stage, ...]:
    """The wanted stages with the ids of those that stand at the same place under the same name, or
    else anywhere set the same, so that what they noted stays; the others get new ones."""
    free = {stage.id: stage for stage in standing}
    ids: dict[int, int] = {}
    for place, (one, other) in enumerate(zip(wanted, standing, strict=False)):
        if one.name == other.name:
            ids[place] = other.id
            del free[other.id]
    fresh = count(max((stage.id for stage in standing), default=0) + 1)
    for place, one in enumerate(wanted):
        if place not in ids:
            alike = [
                id
                for id, stage in free.items()
                if (stage.name, stage.settings) == (one.name, one.settings)
            ]
            ids[place] = alike[0] if alike else next(fresh)
            free.pop(ids[place], None)
    return tuple(replace(one, id=ids[place]) for place, one in enumerate(wanted))


def _roles(part: Part, bus: Bus, remove: bool) -> Iterator[Change]:
    standing = dict(bus.settings.roles.given)
    for grant in part.grants:
        now = standing.pop(grant.jid, None)
        if now is None:
            yield Change(Put(grant), f"+ {grant.jid}: {grant.role}")
        elif now.label != grant.role:
            yield Change(Put(grant), f"~ {grant.jid}: {now.label} ⇒ {grant.role}")
    if remove:
        yield from (
            Change(Drop(Grant(jid, role.label)), f"- {jid}: {role.label}")
            for jid, role in standing.items()
        )


ACTION = Action("import", _("Import TOML"), Role.ADMIN, _run, Form, more=True, group="about")
