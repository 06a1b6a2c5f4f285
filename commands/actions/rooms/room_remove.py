"""`room-remove`: a room, and with it its routes; the bot leaves, and where it is an owner may end
the room for good."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.channels.channel_remove import removal
from commands.actions.rooms.room_list import METHOD, rooms
from commands.lookups import find_channel
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import DeliveryError, Refused
from component.common.form import Ask
from component.common.i18n import Words, _, tell


@dataclass(frozen=True)
class Form:
    """Which room, and whether it ends for everyone."""

    room: Annotated[str, Ask(_("Room"), choices=rooms)]
    destroy: Annotated[bool, Ask(_("Destroy it"), _("ends the room for everyone, for good"))] = (
        False
    )


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    spec = find_channel(bus, Channel(METHOD, form.room))
    state = bus.rooms.told(form.room)
    if form.destroy and not (state and state.owned):
        raise Refused(
            _("I am not an owner of {room}, so I can't destroy it: remove it only.", room=form.room)
        )

    async def then(caller: Caller, bus: Bus, told: Words) -> Reply:
        return await _destroyed(form.room, caller, bus, told) if form.destroy else Done(told)

    more = (
        _("The room is destroyed for everyone.")
        if form.destroy
        else _("I leave the room; it stays.")
    )
    return await removal(
        "room-remove", spec, bus, then, more, "to be destroyed" if form.destroy else ""
    )


async def _destroyed(room: str, caller: Caller, bus: Bus, told: Words) -> Reply:
    try:
        await bus.rooms.destroy(
            room, tell(_("Removed by an operator of Shoutbus."), caller.language)
        )
    except DeliveryError as error:
        return Done(_("{told} But the room stays: {why}", told=told, why=error.sentence), "warn")
    return Done(_("{told} The room is destroyed.", told=told))


ACTION = Action(
    "room-remove", _("Remove a room"), Role.OPERATOR, _run, Form, more=True, group="rooms"
)
