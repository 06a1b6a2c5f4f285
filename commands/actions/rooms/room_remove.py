"""`room-remove` removes a room and its routes; the bot leaves, or destroys the room where it is
an owner."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.channels.channel_remove import finish, removal
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


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Remove a room's channel, after asking. Raises Refused where the bot cannot destroy the
    room."""
    spec = find_channel(bus, Channel(METHOD, form.room))
    if not form.destroy:
        return await removal("room-remove", spec, bus, finish, _("I leave the room; it stays."))
    state = bus.rooms.told(form.room)
    if not (state and state.owned):
        raise Refused(
            _("I am not an owner of {room}, so I can't destroy it: remove it only.", room=form.room)
        )

    async def then(caller: Caller, bus: Bus, told: Words) -> Reply:
        return await destroy(form.room, caller, bus, told)

    more = _("The room is destroyed for everyone.")
    return await removal("room-remove", spec, bus, then, more, "to be destroyed")


async def destroy(room: str, caller: Caller, bus: Bus, told: Words) -> Reply:
    """Destroy the room itself, once its channel is removed."""
    try:
        await bus.rooms.destroy(
            room, tell(_("Removed by an operator of Shoutbus."), caller.language)
        )
    except DeliveryError as error:
        return Done(_("{told} But the room stays: {why}", told=told, why=error.sentence), "warn")
    return Done(_("{told} The room is destroyed.", told=told))


ACTION = Action(
    "room-remove", _("Remove a room"), Role.OPERATOR, run, Form, more=True, group="rooms"
)
