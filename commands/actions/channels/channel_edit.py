"""`channel-edit`: a channel's title and its method's settings, filled in with what stands."""

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.channels.channel_add import filled_settings, settings_form
from commands.lookups import channels, described, entry, find_channel, is_set, shown_channel
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.common.errors import Conflict
from component.common.form import Ask, written
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Which channel."""

    channel: Annotated[Channel, Ask(_("Channel"), _("which to edit"), choices=channels)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    spec = find_channel(bus, form.channel)

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await _edit(spec, caller, filled, bus)

    standing = {
        name: written(tuple(value) if isinstance(value, list) else value)
        for name, value in _told(spec)
    }
    step = settings_form(bus.methods[spec.channel.method], address=False)
    return Step(_("Edit {channel}", channel=spec.channel), step, edit, values=standing, open=True)


def _told(spec: ChannelSpec) -> list[tuple[str, Any]]:
    return list({"title": spec.title, **spec.settings}.items())


async def _edit(seen: ChannelSpec, caller: Caller, filled: Any, bus: Bus) -> Reply:
    spec = find_channel(bus, seen.channel)
    if meanwhile := differences(seen, spec):
        raise Conflict(
            _(
                "{channel} was changed meanwhile ({changes}), so I left it so: look at it again.",
                channel=spec.channel,
                changes=meanwhile,
            )
        )
    method = bus.methods[spec.channel.method]
    known = {one.name for one in fields(method.form)}
    others = {key: value for key, value in spec.settings.items() if key not in known}
    new = replace(spec, title=filled.title, settings=others | filled_settings(method, filled))
    changes = differences(spec, new)
    if not changes:
        return Done(_("Nothing to change: {channel} stands so.", channel=shown_channel(spec)))
    audit = entry(caller, bus, "channel-edit", before=described(spec), after=described(new))
    await bus.settings.change([Put(new)], audit)
    return Done(_("Changed {channel}: {changes}.", channel=spec.channel, changes=changes))


def differences(before: ChannelSpec, after: ChannelSpec) -> str:
    """What differs between two states of a channel, in a line; "" where nothing does."""
    old, new = ({"paused": not spec.enabled, **dict(_told(spec))} for spec in (before, after))
    return ", ".join(
        f"{name} {_shown(old.get(name), new.get(name))} → {_shown(new.get(name), old.get(name))}"
        for name in sorted({*old, *new})
        if (is_set(old.get(name)), old.get(name) or None)
        != (is_set(new.get(name)), new.get(name) or None)
    )


def _shown(value: Any, other: Any) -> str:
    if value is None and isinstance(other, bool):  # as it comes, which is not kept
        value = not other
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"“{' '.join(value) if isinstance(value, list) else value or ''}”"


ACTION = Action(
    "channel-edit", _("Edit a channel"), Role.OPERATOR, _run, Form, more=True, group="channels"
)
