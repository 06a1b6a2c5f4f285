"""`version`: which program and version the bot is."""

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    return Done(_("Shoutbus {version}", version=bus.version))


ACTION = Action("version", _("Show the version"), Role.GUEST, _run, public=True)
