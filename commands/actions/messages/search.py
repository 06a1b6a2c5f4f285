"""`search` finds messages of a channel by words of their text or by part of an author's name."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import listed, readable
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Where, and what."""

    channel: Annotated[Channel, Ask(_("Channel"), _("for example shoutbox:lobby"))]
    words: Annotated[str, Ask(_("Text"), _("text in the message, or part of a name"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Search the messages of a channel."""
    readable(caller, bus, form.channel)
    found = await bus.store.messages.search(form.channel, form.words)
    title = _(
        "“{words}” in {channel}, newest first (UTC): {count}",
        words=form.words[:60],
        channel=form.channel,
        count=len(found),
    )
    return Lines(title, [listed(one.message) for one in found])


ACTION = Action("search", _("Search a channel"), Role.MEMBER, run, Form, group="messages")
