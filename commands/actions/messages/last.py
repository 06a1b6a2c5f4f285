"""`last` shows the newest messages of a channel."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import listed, readable
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

MOST = 50
_END = 2**62


@dataclass(frozen=True)
class Form:
    """Where, and how many."""

    channel: Annotated[Channel, Ask(_("Channel"), _("for example shoutbox:lobby"))]
    count: Annotated[int, Ask(_("Lines"), _("1 to 50"))] = 10


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show the newest messages of a channel."""
    readable(caller, bus, form.channel)
    if not 1 <= form.count <= MOST:
        raise BadInput(_("Lines must be between 1 and {most}.", most=MOST))
    found = await bus.store.deliveries.log(form.channel, before=_END, limit=form.count)
    title = _(
        "The last {count} messages in {channel} (UTC):", count=len(found), channel=form.channel
    )
    return Lines(title, [listed(one.message) for one in found])


ACTION = Action("last", _("Show recent messages"), Role.MEMBER, run, Form, group="messages")
