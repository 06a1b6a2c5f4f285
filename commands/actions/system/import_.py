"""`import` takes channels, routes and roles from TOML as `export` writes it, after a dry run.

The dry run shows line by line what would be added (+), changed (~) and, where asked for,
removed (-).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Taken
from commands.lookups import ask_sure, described, detailed, entry
from component.bus.model.message import Channel
from component.bus.model.records import Drop, Grant, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route, Stage
from component.common.errors import ConfigError
from component.common.form import Ask
from component.common.i18n import _, tell
from component.config import Import, parse_import

SHOWN = 60
"""Lines of a difference that are shown."""


@dataclass(frozen=True)
class Form:
    """What, and whether what it does not name goes."""

    toml: Annotated[
        tuple[str, ...], Ask(_("TOML"), _("in the format that “export” writes"), long=True)
    ]
    remove: Annotated[bool, Ask(_("Remove everything else"))] = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would change, and how that reads."""

    does: Put | Drop
    line: str


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show what would change, and ask."""
    present = () if form.remove else [spec.channel for spec in bus.hub.channels]
    part = parse("\n".join(form.toml), bus, present, caller)
    changes = [
        *channel_changes(part, bus, form.remove),
        *route_changes(part, bus, form.remove),
        *role_changes(part, bus, form.remove),
    ]
    changes.sort(key=lambda change: isinstance(change.does, Put))  # what goes makes room first
    lines = [change.line for change in changes]
    if not lines:
        return Done(_("Nothing would change."))

    async def take(caller: Caller, bus: Bus) -> Reply:
        audit = entry(caller, bus, "import", after="; ".join(lines))
        await bus.settings.change([change.does for change in changes], audit)
        return Done(_("Imported {count} changes.", count=len(changes)))

    shown = "\n".join([*missing_tokens(part, bus, caller), *lines[:SHOWN]])
    words = _("The import would make these changes:\n{lines}", lines=shown)
    if len(lines) > SHOWN:
        words = _(
            "The import would make these changes:\n{lines}\n… and {more} more",
            lines=shown,
            more=len(lines) - SHOWN,
        )
    return ask_sure(_("Import"), words, take)


def parse(text: str, bus: Bus, present: Collection[Channel], caller: Caller) -> Import:
    """What a text configures. Raises ConfigError with every fault, in the configuration's words."""
    part = parse_import(text, bus.methods, bus.bot.partition("@")[0], present)
    faults = []
    for grant in part.grants:
        if grant.jid in bus.settings.roles.admins:
            faults.append(
                _(
                    "[[role]] {jid} is an admin in the configuration file. Remove this entry.",
                    jid=grant.jid,
                )
            )
    own = f"@{bus.bot.partition('@')[2]}"
    for spec in part.channels:
        if spec.channel.address.endswith(own):
            faults.append(
                _(
                    "[[channel]] {channel} is used by Shoutbus itself. Choose another address.",
                    channel=spec.channel,
                )
            )
    if faults:
        raise ConfigError([tell(fault, caller.language) for fault in faults])
    return part


def missing_tokens(part: Import, bus: Bus, caller: Caller) -> Iterator[str]:
    """Tokens that are not here: without their secrets they cannot be imported."""
    names = [token.name for token in bus.settings.tokens.values()]
    for name in part.tokens:
        if name not in names:
            sentence = _(
                "(the token “{name}” is not created, because its secret is not exported; use "
                "“token create”)",
                name=name,
            )
            yield tell(sentence, caller.language)


def channel_changes(part: Import, bus: Bus, remove: bool) -> Iterator[Change]:
    """What would change among the channels."""
    present = {spec.channel: spec for spec in bus.hub.channels}
    for spec in part.channels:
        now = present.pop(spec.channel, None)
        if now is None:
            yield Change(Put(spec), f"+ {described(spec)}")
        elif now != spec:
            line = f"~ {described(now)} ⇒ {described(spec)}"
            yield Change(Put(replace(spec, version=now.version)), line)
    if remove:
        for spec in present.values():
            yield Change(Drop(spec), f"- {described(spec)}")


def route_changes(part: Import, bus: Bus, remove: bool) -> Iterator[Change]:
    """What would change among the routes."""
    present = by_ends(bus.hub.routes)
    for ends, route in by_ends(part.routes).items():
        now = present.pop(ends, None)
        if now is None:
            yield Change(Put(route), f"+ {detailed(route)}")
            continue
        wanted = replace(now, enabled=route.enabled, stages=kept_ids(now.stages, route.stages))
        if wanted != now:
            yield Change(Put(wanted), f"~ {detailed(now)} ⇒ {detailed(wanted)}")
    if remove:
        for route in present.values():
            yield Change(Drop(route), f"- {detailed(route)}")


def by_ends(routes: Iterable[Route]) -> dict[tuple[Channel, Channel], Route]:
    """Routes by their source and destination."""
    return {(route.source, route.destination): route for route in routes}


def kept_ids(present: Sequence[Stage], wanted: Sequence[Stage]) -> tuple[Stage, ...]:
    """The wanted stages with ids: that of the present one at the same place under the same name,
    else of one set the same anywhere, so that its state is kept; the others get new ids."""
    free = {stage.id: stage for stage in present}
    ids: dict[int, int] = {}
    for place, (stage, now) in enumerate(zip(wanted, present, strict=False)):
        if stage.name == now.name:
            ids[place] = now.id
            del free[now.id]
    fresh = count(max(stage.id for stage in present) + 1 if present else 1)
    stages = []
    for place, stage in enumerate(wanted):
        if place not in ids:
            ids[place] = take_alike(free, stage) or next(fresh)
        stages.append(replace(stage, id=ids[place]))
    return tuple(stages)


def take_alike(free: dict[int, Stage], wanted: Stage) -> int:
    """Take the id of a stage that is set the same; 0 where none is left."""
    for id, stage in free.items():
        if (stage.name, stage.settings) == (wanted.name, wanted.settings):
            del free[id]
            return id
    return 0


def role_changes(part: Import, bus: Bus, remove: bool) -> Iterator[Change]:
    """What would change among the roles."""
    present = dict(bus.settings.roles.given)
    for grant in part.grants:
        now = present.pop(grant.jid, None)
        if now is None:
            yield Change(Put(grant), f"+ {grant.jid}: {grant.role}")
        elif now.label != grant.role:
            yield Change(Put(grant), f"~ {grant.jid}: {now.label} ⇒ {grant.role}")
    if remove:
        for jid, role in present.items():
            yield Change(Drop(Grant(jid, role.label)), f"- {jid}: {role.label}")


async def takes(_caller: Caller, rest: str, _bus: Bus) -> Taken:
    """TOML below the first line, or a table of it."""
    if "\n" in rest or rest.startswith(("[", "remove", "sure")):
        return Taken(Fit.WELL)
    return Taken(Fit.NOT, _("The TOML stands below the first line. Write “import” alone first."))


ACTION = Action(
    "import", _("Import TOML"), Role.ADMIN, run, Form, more=True, group="system", takes=takes
)
