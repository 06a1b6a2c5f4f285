"""`room-create` adds a room and, if wanted, a shoutbox of the same name with routes both ways,
in one change."""

from dataclasses import dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.channels.channel_add import new_channel
from commands.actions.rooms.room_list import METHOD
from commands.lookups import arrow, described, entry
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.form import Ask, Jid
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """The room."""

    room: Annotated[
        str, Ask(_("Room"), _("a name, or a full address such as team@rooms.example.org"))
    ]
    title: Annotated[str, Ask(_("Title"), _("the name that people see"))] = ""
    subject: Annotated[str, Ask(_("Subject"), _("the subject shown in the room"))] = ""
    invite: Annotated[
        tuple[Jid, ...],
        Ask(_("Invite"), _("the people to invite when the room is created, one JID per line")),
    ] = ()
    shoutbox: Annotated[
        bool,
        Ask(_("Add a shoutbox"), _("with the same name, connected to the room in both directions")),
    ] = False


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Add a room, and a shoutbox with routes both ways where asked for."""
    room = new_room(form, bus)
    added = [room]
    routes: list[Route] = []
    if form.shoutbox:
        added += new_box(room, bus)
        routes = new_routes(room.channel, bus)
    told = "; ".join([*map(described, added), *map(arrow, routes)])
    audit = entry(caller, bus, "room-create", after=told)
    await bus.settings.change([*map(Put, added), *map(Put, routes)], audit)
    return Done(_("Added {what}. The bot is joining; “room list” shows the status.", what=told))


def new_room(form: Form, bus: Bus) -> ChannelSpec:
    """The room's channel."""
    address = form.room.removeprefix(f"{METHOD}:")
    if "@" not in address:
        address = f"{address}@{bus.rooms_domain}"
    settings: dict[str, Any] = {}
    if form.subject:
        settings["subject"] = form.subject
    if form.invite:
        settings["invite"] = list(form.invite)
    return ChannelSpec(new_channel(bus.methods[METHOD], address, bus), form.title, settings)


def new_box(room: ChannelSpec, bus: Bus) -> list[ChannelSpec]:
    """The shoutbox to add; none where it already exists."""
    box = box_of(room.channel)
    if box in [spec.channel for spec in bus.hub.channels]:
        return []
    return [ChannelSpec(new_channel(bus.methods[box.method], box.address, bus), room.title)]


def box_of(room: Channel) -> Channel:
    """The shoutbox that has a room's name."""
    return Channel("shoutbox", room.address.partition("@")[0])


def new_routes(room: Channel, bus: Bus) -> list[Route]:
    """The routes between a room and its shoutbox that do not exist yet."""
    box = box_of(room)
    present = {(route.source, route.destination) for route in bus.hub.routes}
    return [Route(*ends) for ends in ((box, room), (room, box)) if ends not in present]


ACTION = Action("room-create", _("Create a room"), Role.OPERATOR, run, Form, group="rooms")
