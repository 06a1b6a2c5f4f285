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
    destroy: Annotated[
        bool, Ask(_("Destroy the room"), _("closes the room for everyone, permanently"))
    ] = False


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Remove a room's channel, after asking. Raises Refused where the bot cannot destroy the
    room."""
    spec = find_channel(bus, Channel(METHOD, form.room))
    if not form.destroy:
        return await removal(
            "room-remove",
            spec,
            bus,
            finish,
            _("The bot leaves the room; the room continues to exist."),
        )
    state = bus.rooms.told(form.room)
    if not (state and state.owned):
        raise Refused(
            _(
                "The bot is not an owner of {room} and cannot destroy it. Remove it without "
                "destroying it.",
                room=form.room,
            )
        )

    async def then(caller: Caller, bus: Bus, told: Words) -> Reply:
        return await destroy(form.room, caller, bus, told)

    more = _("The room will be destroyed for everyone.")
    return await removal("room-remove", spec, bus, then, more, "room destroyed")


async def destroy(room: str, caller: Caller, bus: Bus, told: Words) -> Reply:
    """Destroy the room itself, once its channel is removed."""
    try:
        await bus.rooms.destroy(room, tell(_("Removed by a Shoutbus operator."), caller.language))
    except DeliveryError as error:
        return Done(
            _("{told} The room could not be destroyed: {why}", told=told, why=error.sentence),
            "warn",
        )
    return Done(_("{told} The room was destroyed.", told=told))


ACTION = Action(
    "room-remove", _("Remove a room"), Role.OPERATOR, run, Form, more=True, group="rooms"
)
