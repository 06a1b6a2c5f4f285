"""`whoami` shows the caller's address and role as the bot knows them."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(caller: Caller, _form: None, bus: Bus) -> Reply:
    """Show the caller's address and role."""
    if caller.in_room:  # the real JID is not for the whole room
        return Done(
            _(
                "Here you are {name}, with the role {role}.",
                name=caller.name,
                role=caller.role.words,
            )
        )
    if not caller.jid:
        return Done(
            _(
                "You are {name}. In a room, the bot cannot see more; write to {bot}.",
                name=caller.name,
                bot=bus.bot,
            )
        )
    return Done(_("You are {jid}, with the role {role}.", jid=caller.jid, role=caller.role.words))


ACTION = Action("whoami", _("Show who I am"), Role.GUEST, run, group="me", public=True)
