"""`story-list` lists the newest stories of an archive with their numbers."""

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

    channel: Annotated[
        Channel, Ask(_("Story archive"), _("for example story:news"), choices=archives)
    ]
    count: Annotated[int, Ask(_("Stories"), _("1 to 200"))] = 20


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """List the newest stories of an archive. Raises BadInput."""
    find_channel(bus, form.channel)
    if not is_archive(form.channel, bus):
        raise BadInput(_("{channel} is not a story archive.", channel=form.channel))
    if not 1 <= form.count <= MOST:
        raise BadInput(_("The number of stories must be between 1 and {most}.", most=MOST))
    found = await bus.store.stories.find(form.channel, limit=form.count, hidden=True)
    link = f"{bus.web}/stories/{form.channel.address}"
    title = _(
        "{channel}, newest first (UTC), {link}: {count}",
        channel=form.channel,
        link=link,
        count=len(found),
    )
    return Lines(title, [line(one) for one in found])


ACTION = Action(
    "story-list", _("List stories"), Role.OPERATOR, run, Form, group="messages", also=("stories",)
)
