"""`version` shows which program and version the bot is."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """Show the version."""
    return Done(_("Shoutbus {version}", version=bus.version))


ACTION = Action("version", _("Show the version"), Role.GUEST, run, group="system", public=True)
