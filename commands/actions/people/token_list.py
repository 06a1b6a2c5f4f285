"""`token-list` lists the tokens of the API by name, and whom each acts for."""

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """List all tokens without their secrets."""
    tokens = sorted(bus.settings.tokens.values(), key=lambda token: token.name)
    lines = [_("{name}: acts for {jid}", name=token.name, jid=token.jid) for token in tokens]
    return Lines(_("{count} tokens:", count=len(lines)), lines)


ACTION = Action("token-list", _("List tokens"), Role.ADMIN, run, group="people", also=("tokens",))
