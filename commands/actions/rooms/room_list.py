"""`room-list` lists the rooms: whether the bot is in, what it may not do there, how many people
are in."""

from collections.abc import Sequence

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.named import choices_of
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.common.form import Choice
from component.common.i18n import Words, _

METHOD = "muc"
"""The commands on rooms are about XEP-0045, whatever other places there are."""


def rooms(bus: Bus) -> Sequence[Choice]:
    """Every room of the bus, by its address and its other names."""
    choices = []
    for choice, spec in zip(choices_of(specs(bus)), specs(bus), strict=True):
        choices.append(Choice(spec.channel.address, choice.label, (choice.value, *choice.also)))
    return choices


def specs(bus: Bus) -> Sequence[ChannelSpec]:
    """The channels that are rooms."""
    rooms = []
    for spec in bus.hub.channels:
        if spec.channel.method == METHOD and spec.channel.address != "*":
            rooms.append(spec)
    return rooms


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """List all rooms."""
    lines = [room_line(spec, bus) for spec in specs(bus)]
    return Lines(_("{count} rooms:", count=len(lines)), lines)


def room_line(spec: ChannelSpec, bus: Bus) -> Words:
    """A room in a line: whether the bot is in, why not, and what it may not do."""
    jid, state = spec.channel.address, bus.rooms.told(spec.channel.address)
    paused: Words | str = ""
    if not spec.enabled:
        paused = _(" (paused)")
    if state is None or not state.inside:
        why = (state and state.trouble) or _("joining")
        return _("{room}{paused}: not joined: {why}", room=jid, paused=paused, why=why)
    return _(
        "{room}{paused}: joined, people: {count}. {rights}",
        room=jid,
        paused=paused,
        count=state.people,
        rights=state.limits or _("The bot is an owner."),
    )


ACTION = Action(
    "room-list", _("List rooms"), Role.OPERATOR, run, group="rooms", also=("rooms", "räume")
)
