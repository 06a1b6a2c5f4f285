"""`audit` shows the newest lines of the audit log, with the values before and after."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import brief, when
from component.bus.model.records import Audit
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

MAX_LINES = 200


@dataclass(frozen=True)
class Form:
    """How many lines."""

    count: Annotated[int, Ask(_("Lines"), _("how many of the most recent ones, 1 to 200"))] = 20


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show the newest lines of the audit log. Raises BadInput."""
    if not 1 <= form.count <= MAX_LINES:
        raise BadInput(_("Lines must be between 1 and {most}.", most=MAX_LINES))
    changes = await bus.store.audit.newest(limit=form.count)
    lines = [audit_line(change) for _number, change in changes]
    return Lines(_("{count} changes, newest first (UTC):", count=len(lines)), lines)


def audit_line(one: Audit) -> str:
    """A change in a line."""
    before, after = brief(one.before or "∅"), brief(one.after or "∅")
    return f"{when(one.at)} {one.who} ({one.interface}) {one.what}: {before} → {after}"


ACTION = Action("audit", _("Show the audit log"), Role.OPERATOR, run, Form, group="people")
