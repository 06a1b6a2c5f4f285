"""`channel-pause` pauses a channel, or lets it run again."""

from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import OFF, ON, channels, described, entry, find_channel, shown_channel
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import Words, _


def on_or_off(_bus: Bus) -> list[Choice]:
    """The two states, as choices."""
    return [Choice("on", ON), Choice("off", OFF)]


@dataclass(frozen=True)
class Form:
    """Which channel, and whether it pauses."""

    channel: Annotated[Channel, Ask(_("Channel"), choices=channels)]
    paused: Annotated[str, Ask(_("Paused"), _("“off” resumes the channel"), choices=on_or_off)] = (
        "on"
    )


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Pause a channel, or let it run again."""
    spec = find_channel(bus, form.channel)
    new = replace(spec, enabled=form.paused == "off")
    if new.enabled == spec.enabled:
        return Done(
            _(
                "Nothing to change: {channel} already has these settings.",
                channel=shown_channel(spec),
            )
        )
    audit = entry(caller, bus, "channel-pause", before=described(spec), after=described(new))
    await bus.settings.change([Put(new)], audit)
    return Done(resumed_words(new, bus) if new.enabled else paused_words(new, bus))


def resumed_words(spec: ChannelSpec, bus: Bus) -> Words:
    """What follows from a channel that is on again."""
    if bus.methods[spec.channel.method].make is None:  # nothing waits for it
        return _("{channel} is no longer paused.", channel=spec.channel)
    return _(
        "{channel} is no longer paused. The messages that waited for it are sent now.",
        channel=spec.channel,
    )


def paused_words(spec: ChannelSpec, bus: Bus) -> Words:
    """What follows from a channel that is paused."""
    if not bus.methods[spec.channel.method].listens:
        return _(
            "{channel} is paused. It does not send messages until it is resumed.",
            channel=spec.channel,
        )
    if bus.methods[spec.channel.method].make is None:  # the commit is the delivery
        return _(
            "{channel} is paused. Messages from it are not forwarded; it still receives messages.",
            channel=spec.channel,
        )
    return _(
        "{channel} is paused. Messages from it are not forwarded, and messages to it wait.",
        channel=spec.channel,
    )


ACTION = Action("channel-pause", _("Pause a channel"), Role.OPERATOR, run, Form, group="channels")
