"""`ping`: whether the bot is there."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def _run(_caller: Caller, _form: None, _bus: Bus) -> Reply:
    return Done(_("pong"))


ACTION = Action("ping", _("Ping the bot"), Role.GUEST, _run, public=True)
