"""`room-create`: a room, and if wanted a shoutbox of the same name joined with it both ways, in one
change."""

from dataclasses import dataclass
from typing import Annotated

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
        str, Ask(_("Room"), _("a name, or a whole address like team@rooms.example.org"))
    ]
    title: Annotated[str, Ask(_("Title"), _("what people see"))] = ""
    subject: Annotated[str, Ask(_("Subject"), _("what stands over the room"))] = ""
    invite: Annotated[
        tuple[Jid, ...], Ask(_("Invite"), _("whom to ask in when the room is made, one JID a line"))
    ] = ()
    shoutbox: Annotated[bool, Ask(_("Shoutbox too"), _("of the same name, joined both ways"))] = (
        False
    )


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    room = _room(form, bus)
    added = [room, *_box(room, bus)] if form.shoutbox else [room]
    routes = _joined(room.channel, bus) if form.shoutbox else []
    told = "; ".join([*map(described, added), *map(arrow, routes)])
    await bus.settings.change(
        [*map(Put, added), *map(Put, routes)], entry(caller, bus, "room-create", after=told)
    )
    return Done(_("Added {what}. I am on my way in: “room-list” tells how I fare.", what=told))


def _room(form: Form, bus: Bus) -> ChannelSpec:
    written = form.room.removeprefix(f"{METHOD}:")
    address = written if "@" in written else f"{written}@{bus.rooms_domain}"
    settings = {"subject": form.subject, "invite": list(form.invite)}
    channel = new_channel(bus.methods[METHOD], address, bus)
    return ChannelSpec(
        channel, form.title, {key: value for key, value in settings.items() if value}
    )


def _box(room: ChannelSpec, bus: Bus) -> list[ChannelSpec]:
    """The shoutbox to add; none where it stands already."""
    box = _box_of(room.channel)
    if any(spec.channel == box for spec in bus.hub.channels):
        return []
    return [ChannelSpec(new_channel(bus.methods[box.method], box.address, bus), room.title)]


def _box_of(room: Channel) -> Channel:
    return Channel("shoutbox", room.address.partition("@")[0])


def _joined(room: Channel, bus: Bus) -> list[Route]:
    box = _box_of(room)
    standing = {(route.source, route.destination) for route in bus.hub.routes}
    return [Route(*ends) for ends in ((box, room), (room, box)) if ends not in standing]


ACTION = Action("room-create", _("Create a room"), Role.OPERATOR, _run, Form, group="rooms")
