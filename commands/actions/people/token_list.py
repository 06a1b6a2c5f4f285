"""`token-list`: every token of the API by name, and whom it acts for; never its secret."""

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    tokens = sorted(bus.settings.tokens.values(), key=lambda token: token.name)
    lines = [_("{name}: acts for {jid}", name=token.name, jid=token.jid) for token in tokens]
    return Lines(_("{count} tokens:", count=len(lines)), lines)


ACTION = Action("token-list", _("List tokens"), Role.ADMIN, _run, group="tokens")
