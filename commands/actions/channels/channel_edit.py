"""`channel-edit` changes a channel's title and its method's settings."""

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

    channel: Annotated[Channel, Ask(_("Channel"), _("the channel to edit"), choices=channels)]


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Ask for the settings of a channel, filled in with those that it has."""
    spec = find_channel(bus, form.channel)

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await edit_channel(spec, caller, filled, bus)

    present = {}
    for name, value in settings_of(spec):
        present[name] = written(tuple(value) if isinstance(value, list) else value)
    step = settings_form(bus.methods[spec.channel.method], address=False)
    return Step(_("Edit {channel}", channel=spec.channel), step, edit, values=present, open=True)


def settings_of(spec: ChannelSpec) -> list[tuple[str, Any]]:
    """A channel's title and its method's settings, by name."""
    return list({"title": spec.title, **spec.settings}.items())


async def edit_channel(seen: ChannelSpec, caller: Caller, filled: Any, bus: Bus) -> Reply:
    """Save the settings of a filled form. Raises Conflict where someone else changed the
    channel."""
    spec = find_channel(bus, seen.channel)
    meanwhile = differences(seen, spec)
    if meanwhile:
        raise Conflict(
            _(
                "Someone else changed {channel} in the meantime ({changes}). Nothing was saved; "
                "please review it and try again.",
                channel=spec.channel,
                changes=meanwhile,
            )
        )
    method = bus.methods[spec.channel.method]
    settings = dict(spec.settings)
    for known in fields(method.form):
        settings.pop(known.name, None)
    settings |= filled_settings(method, filled)
    new = replace(spec, title=filled.title, settings=settings)
    changes = differences(spec, new)
    if not changes:
        return Done(
            _(
                "Nothing to change: {channel} already has these settings.",
                channel=shown_channel(spec),
            )
        )
    audit = entry(caller, bus, "channel-edit", before=described(spec), after=described(new))
    await bus.settings.change([Put(new)], audit)
    return Done(_("Changed {channel}: {changes}.", channel=spec.channel, changes=changes))


def differences(before: ChannelSpec, after: ChannelSpec) -> str:
    """What differs between two states of a channel, in a line; "" where nothing does."""
    old = {"paused": not before.enabled, **dict(settings_of(before))}
    new = {"paused": not after.enabled, **dict(settings_of(after))}
    changes = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if (is_set(was), was or None) != (is_set(now), now or None):
            changes.append(f"{name} {shown_setting(was, now)} → {shown_setting(now, was)}")
    return ", ".join(changes)


def shown_setting(value: Any, other: Any) -> str:
    """A setting as people write it; `other` is its value in the other state."""
    if value is None and isinstance(other, bool):  # as it comes, which is not kept
        value = not other
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        value = " ".join(value)
    return f"“{value or ''}”"


ACTION = Action(
    "channel-edit", _("Edit a channel"), Role.OPERATOR, run, Form, more=True, group="channels"
)
