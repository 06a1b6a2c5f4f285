"""`last` shows the newest messages of a channel."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Fit, Lines, Reply, Taken
from commands.lookups import listed, readable
from commands.named import count_name, long_names, readable_specs, taken_name, with_channel
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

    channel: Annotated[str, Ask(_("Channel"), _("for example lobby"), names=long_names)]
    count: Annotated[int, Ask(_("Lines"), _("1 to 50"))] = 10


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show the newest messages of a channel. Raises BadInput, NotFound."""
    if not 1 <= form.count <= MOST:
        raise BadInput(_("Lines must be between 1 and {most}.", most=MOST))

    async def show(channel: Channel) -> Reply:
        readable(caller, bus, channel)
        found = await bus.store.deliveries.log(channel, before=_END, limit=form.count)
        title = _(
            "The last {count} messages in {channel} (UTC):", count=len(found), channel=channel
        )
        return Lines(title, [listed(one.message) for one in found])

    specs = readable_specs(caller, bus)
    return await with_channel(form.channel, specs, bus, _TITLE, show)


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """A channel, and perhaps a number."""
    words, specs = rest.replace('"', "").split(), readable_specs(caller, bus)
    name = taken_name(words, specs, bus)
    behind = words[count_name(words, specs, bus) :]
    if name.fit is not Fit.WELL or not behind:
        return name
    if len(behind) == 1 and (behind[0].isdecimal() or "=" in behind[0]):
        return name
    return Taken(Fit.NOT, _("“{text}” is not a whole number.", text=behind[0][:40]))


_TITLE = _("Show recent messages")

ACTION = Action("last", _TITLE, Role.MEMBER, run, Form, group="messages", takes=takes)
