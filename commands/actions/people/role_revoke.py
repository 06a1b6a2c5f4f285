"""`role-revoke` takes a granted role from someone, who is a member then."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.people.role_grant import not_of_the_configuration
from commands.lookups import entry
from component.bus.model.records import Drop, Grant
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask, Jid
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """From whom."""

    jid: Annotated[Jid, Ask(_("JID"), _("one of those that “role list” shows"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Take a role from someone. Raises Forbidden, NotFound."""
    not_of_the_configuration(bus, form.jid)
    role = bus.settings.roles.given.get(form.jid)
    if role is None:
        raise NotFound(
            _("{jid} does not have an assigned role. “role list” shows the roles.", jid=form.jid)
        )
    line = entry(caller, bus, "role-revoke", before=f"{form.jid}: {role.label}")
    await bus.settings.change([Drop(Grant(form.jid, role.label))], line)
    return Done(_("{jid} no longer has the role {role}.", jid=form.jid, role=role.words))


ACTION = Action("role-revoke", _("Revoke a role"), Role.ADMIN, run, Form, group="people")
