"""`story-list`: the newest stories of an archive, with their numbers."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.actions.messages._archives import archives, is_archive, line
from commands.lookups import find_channel
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

MOST = 200


@dataclass(frozen=True)
class Form:
    """Of which archive, and how many."""

    channel: Annotated[Channel, Ask(_("Archive"), _("like story:news"), choices=archives)]
    count: Annotated[int, Ask(_("Stories"), _("1 to 200"))] = 20


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    find_channel(bus, form.channel)
    if not is_archive(form.channel, bus):
        raise BadInput(_("{channel} keeps no stories.", channel=form.channel))
    if not 1 <= form.count <= MOST:
        raise BadInput(_("Stories: 1 to {most}.", most=MOST))
    found = await bus.hub.store.stories.find(form.channel, limit=form.count, hidden=True)
    link = f"{bus.web}/stories/{form.channel.address}"
    title = _(
        "{channel}, newest first (UTC), {link}: {count}",
        channel=form.channel,
        link=link,
        count=len(found),
    )
    return Lines(title, [line(one) for one in found])


ACTION = Action("story-list", _("List stories"), Role.OPERATOR, _run, Form, group="messages")
