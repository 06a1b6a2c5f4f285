"""`room-list`: every room: whether the bot is in, what it may not do there, how many people are."""

from collections.abc import Sequence

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.common.form import Choice
from component.common.i18n import Words, _

METHOD = "muc"
"""The commands on rooms are about XEP-0045, whatever other places there are."""


def rooms(bus: Bus) -> Sequence[Choice]:
    """Every room of the bus, by its address."""
    return [Choice(spec.channel.address, str(spec.channel)) for spec in specs(bus)]


def specs(bus: Bus) -> Sequence[ChannelSpec]:
    """The channels that are rooms."""
    return [
        one
        for one in bus.hub.channels
        if one.channel.method == METHOD and one.channel.address != "*"
    ]


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    found = specs(bus)
    return Lines(_("{count} rooms:", count=len(found)), [_line(spec, bus) for spec in found])


def _line(spec: ChannelSpec, bus: Bus) -> Words:
    jid, state = spec.channel.address, bus.rooms.told(spec.channel.address)
    paused = _(" (paused)") if not spec.enabled else ""
    if state is None or not state.inside:
        why = (state and state.trouble) or _("on the way in")
        return _("{room}{paused}: out: {why}", room=jid, paused=paused, why=why)
    return _(
        "{room}{paused}: in, people: {count}. {rights}",
        room=jid,
        paused=paused,
        count=state.people,
        rights=state.limits or _("I am an owner."),
    )


ACTION = Action("room-list", _("List rooms"), Role.OPERATOR, _run, group="rooms")
