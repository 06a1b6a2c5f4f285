"""`role-list` lists who has which role, the configuration's admins first."""

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import _


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """List all roles."""
    roles = bus.settings.roles
    lines = []
    for jid in roles.admins:
        lines.append(
            _("{jid}: {role} (from the configuration file)", jid=jid, role=Role.ADMIN.words)
        )
    for jid, role in sorted(roles.given.items()):
        if jid not in roles.admins:
            lines.append(_("{jid}: {role}", jid=jid, role=role.words))
    return Lines(
        _("{count} roles. Everyone else with a visible JID is a member:", count=len(lines)), lines
    )


ACTION = Action(
    "role-list", _("List roles"), Role.OPERATOR, run, group="people", also=("roles", "rollen")
)
