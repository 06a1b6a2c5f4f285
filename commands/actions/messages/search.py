"""`search` finds messages of a channel by words of their text or by part of an author's name."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply, Taken
from commands.lookups import listed, readable
from commands.named import long_names, readable_specs, taken_name, with_channel
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Where, and what."""

    channel: Annotated[str, Ask(_("Channel"), _("for example lobby"), names=long_names)]
    words: Annotated[str, Ask(_("Text"), _("text in the message, or part of a name"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Search the messages of a channel. Raises NotFound."""

    async def show(channel: Channel) -> Reply:
        readable(caller, bus, channel)
        found = await bus.store.messages.search(channel, form.words)
        title = _(
            "“{words}” in {channel}, newest first (UTC): {count}",
            words=form.words[:60],
            channel=channel,
            count=len(found),
        )
        return Lines(title, [listed(one.message) for one in found])

    specs = readable_specs(caller, bus)
    return await with_channel(form.channel, specs, bus, _TITLE, show)


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """A channel, and any words."""
    words = rest.replace('"', "").split()
    return taken_name(words, readable_specs(caller, bus), bus)


_TITLE = _("Search a channel")

ACTION = Action("search", _TITLE, Role.MEMBER, run, Form, group="messages", takes=takes)
