"""`channel-list` lists every channel with its title, its settings and whether it is paused."""

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import shown_channel
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """List all channels."""
    lines = [shown_channel(spec) for spec in bus.hub.channels]
    return Lines(_("{count} channels:", count=len(lines)), lines)


ACTION = Action(
    "channel-list",
    _("List channels"),
    Role.OPERATOR,
    run,
    group="channels",
    also=("channels", "kanäle"),
)
