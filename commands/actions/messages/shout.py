"""`shout`: say something in a channel, as oneself; what it leads to is told as everywhere."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import readable
from component.bus.model.message import WEB_MARK, Author, Channel, Message
from component.bus.model.roles import Role
from component.common.errors import Forbidden
from component.common.form import Ask
from component.common.i18n import _, joined
from component.common.sanitize import one_line, skeleton


@dataclass(frozen=True)
class Form:
    """Where, and what."""

    channel: Annotated[Channel, Ask(_("Channel"), _("where to, like shoutbox:lobby"))]
    words: Annotated[tuple[str, ...], Ask(_("Words"), prose=True)]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    if not (caller.role >= Role.OPERATOR and bus.hub.find(form.channel)):
        readable(caller, bus, form.channel)
    bus.methods[form.channel.method].check(form.channel)
    message = Message.new(form.channel, _author(caller), "\n".join(form.words), bus.clock())
    receipt = await bus.hub.accept(message, deliver=True)
    if refusals := bus.hub.refusals(receipt):
        return Done(
            joined(
                [
                    _("Said in {channel}.", channel=form.channel),
                    *(one.sentence for one in refusals),
                ],
                " ",
            ),
            "warn",
        )
    return Done(
        _(
            "Said in {channel}; “trace {id}” tells how it goes.",
            channel=form.channel,
            id=message.id[:8],
        )
    )


def _author(caller: Caller) -> Author:
    """By the name before the @. Only web users go by the mark; whoever has it in there is shown by
    all of their JID."""
    if not caller.jid:
        raise Forbidden(_("Through a room I can't tell who you are: write to me in private."))
    name = one_line(caller.name)
    return Author(
        caller.jid if not name or skeleton(WEB_MARK) in skeleton(name) else name[:200], caller.jid
    )


ACTION = Action("shout", _("Say something"), Role.MEMBER, _run, Form, group="messages")
