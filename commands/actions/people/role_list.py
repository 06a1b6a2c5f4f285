"""`role-list`: who holds which role, the configuration's admins first."""

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import Words, _


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    roles = bus.settings.roles
    lines: list[Words | str] = [
        _("{jid}: {role} (by the configuration)", jid=jid, role=Role.ADMIN.words)
        for jid in roles.admins
    ]
    given = [(jid, role) for jid, role in sorted(roles.given.items()) if jid not in roles.admins]
    lines += [_("{jid}: {role}", jid=jid, role=role.words) for jid, role in given]
    return Lines(
        _("{count} roles; everyone else with a visible JID is a member:", count=len(lines)), lines
    )


ACTION = Action("role-list", _("List roles"), Role.OPERATOR, _run, group="roles")
