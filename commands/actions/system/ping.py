"""`ping` shows whether the bot answers."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(_caller: Caller, _form: None, _bus: Bus) -> Reply:
    """Answer."""
    return Done(_("pong"))


ACTION = Action("ping", _("Ping the bot"), Role.GUEST, run, group="system", public=True)
