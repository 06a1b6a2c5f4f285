"""`audit`: who changed what: the newest lines of the log, with what stood before and after."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import brief, when
from component.bus.model.records import Audit
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

MOST = 200


@dataclass(frozen=True)
class Form:
    """How many lines."""

    count: Annotated[int, Ask(_("Lines"), _("the newest ones, 1 to 200"))] = 20


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    if not 1 <= form.count <= MOST:
        raise BadInput(_("Lines: 1 to {most}.", most=MOST))
    lines = [_shown(one) for _number, one in await bus.hub.store.audit.newest(limit=form.count)]
    return Lines(_("{count} changes, newest first (UTC):", count=len(lines)), lines)


def _shown(one: Audit) -> str:
    change = " → ".join(brief(part) for part in (one.before or "∅", one.after or "∅"))
    return f"{when(one.at)} {one.who} ({one.way}) {one.what}: {change}"


ACTION = Action("audit", _("Who changed what"), Role.OPERATOR, _run, Form, group="about")
