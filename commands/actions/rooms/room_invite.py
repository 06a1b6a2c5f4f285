"""`room-invite` invites someone into a room now."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.rooms.room_list import rooms
from commands.lookups import entry
from component.bus.model.roles import Role
from component.common.form import Ask, Jid
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Whom, and into which room."""

    room: Annotated[str, Ask(_("Room"), choices=rooms)]
    jid: Annotated[Jid, Ask(_("Person"), _("a JID, for example juliet@example.org"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Invite someone into a room."""
    await bus.rooms.invite(form.room, form.jid)
    # It changes nothing of the bus's own, but in a members-only room it makes a member.
    await bus.settings.change(
        [], entry(caller, bus, "room-invite", after=f"{form.room}: {form.jid}")
    )
    return Done(_("Invited {jid} to {room}.", jid=form.jid, room=form.room))


ACTION = Action("room-invite", _("Invite someone"), Role.OPERATOR, run, Form, group="rooms")
