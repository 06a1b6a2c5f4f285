"""`whoami`: whom the bot takes the caller for."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
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
                "You are {name}; through a room I can't tell more. Write to {bot}.",
                name=caller.name,
                bot=bus.bot,
            )
        )
    return Done(_("You are {jid}, with the role {role}.", jid=caller.jid, role=caller.role.words))


ACTION = Action("whoami", _("Show who I am"), Role.GUEST, _run, public=True)
