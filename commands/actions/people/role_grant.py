"""`role-grant` gives someone a role, unless the configuration makes them an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import entry
from component.bus.model.records import Grant, Put
from component.bus.model.roles import Role
from component.common.errors import Conflict, Forbidden
from component.common.form import Ask, Choice, Jid
from component.common.i18n import _


def role_choices(_bus: Bus) -> Sequence[Choice]:
    """The roles that can be given."""
    return [Choice(role.label, role.words) for role in (Role.MEMBER, Role.OPERATOR, Role.ADMIN)]


@dataclass(frozen=True)
class Form:
    """Whom, and what."""

    jid: Annotated[Jid, Ask(_("JID"), _("for example juliet@example.org"))]
    role: Annotated[str, Ask(_("Role"), choices=role_choices)]


def not_of_the_configuration(bus: Bus, jid: str) -> None:
    """Raise Forbidden where the configuration itself makes someone an admin."""
    if jid in bus.settings.roles.admins:
        raise Forbidden(
            _(
                "{jid} is an admin in the configuration file. You can change this only there.",
                jid=jid,
            )
        )


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Give someone a role. Raises Forbidden, Conflict."""
    not_of_the_configuration(bus, form.jid)
    before = bus.settings.roles.given.get(form.jid)
    role = Role[form.role.upper()]
    if before is role:
        raise Conflict(_("{jid} already has the role {role}.", jid=form.jid, role=role.words))
    line = entry(
        caller,
        bus,
        "role-grant",
        f"{form.jid}: {before.label}" if before else "",
        f"{form.jid}: {form.role}",
    )
    await bus.settings.change([Put(Grant(form.jid, form.role))], line)
    return Done(_("{jid} now has the role {role}.", jid=form.jid, role=role.words))


ACTION = Action("role-grant", _("Grant a role"), Role.ADMIN, run, Form, group="people")
