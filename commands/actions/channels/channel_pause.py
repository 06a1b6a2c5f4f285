"""`channel-pause`: stop what passes through a channel, or let it pass again."""

from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import OFF, ON, channels, described, entry, find_channel, shown_channel
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import Words, _


def _on_or_off(_bus: Bus) -> list[Choice]:
    return [Choice("on", ON), Choice("off", OFF)]


@dataclass(frozen=True)
class Form:
    """Which channel, and whether it pauses."""

    channel: Annotated[Channel, Ask(_("Channel"), choices=channels)]
    paused: Annotated[str, Ask(_("Paused"), _("off lets it pass again"), choices=_on_or_off)] = "on"


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    spec = find_channel(bus, form.channel)
    new = replace(spec, enabled=form.paused == "off")
    if new.enabled == spec.enabled:
        return Done(_("Nothing to change: {channel} stands so.", channel=shown_channel(spec)))
    audit = entry(caller, bus, "channel-pause", before=described(spec), after=described(new))
    await bus.settings.change([Put(new)], audit)
    return Done(_passes(new, bus) if new.enabled else _stops(new, bus))


def _passes(spec: ChannelSpec, bus: Bus) -> Words:
    if bus.methods[spec.channel.method].make is None:  # nothing waits for it
        return _("{channel} is on again.", channel=spec.channel)
    return _("{channel} is on again: what waited for it goes out now.", channel=spec.channel)


def _stops(spec: ChannelSpec, bus: Bus) -> Words:
    if not bus.methods[spec.channel.method].listens:
        return _("{channel} is paused: it says nothing until it is on again.", channel=spec.channel)
    if bus.methods[spec.channel.method].make is None:  # the commit is the delivery
        return _(
            "{channel} is paused: nothing from it goes on. What goes to it, it takes all the same.",
            channel=spec.channel,
        )
    return _(
        "{channel} is paused: nothing from it goes on, and what goes to it waits.",
        channel=spec.channel,
    )


ACTION = Action("channel-pause", _("Pause a channel"), Role.OPERATOR, _run, Form, group="channels")
