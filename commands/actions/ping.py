"""`ping`: whether the bot is there."""

from commands.action import Action, Bus, Caller, Done, Reply
from commands.words import _
from component.roles import Role


async def _run(_caller: Caller, _form: None, _bus: Bus) -> Reply:
    return Done(_("pong"))


ACTION = Action("ping", _("Ping the bot"), Role.GUEST, _run, public=True)
