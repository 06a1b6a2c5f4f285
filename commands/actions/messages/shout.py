"""`shout` posts a message in a channel under the caller's own name."""

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

    channel: Annotated[Channel, Ask(_("Channel"), _("the destination, for example shoutbox:lobby"))]
    words: Annotated[tuple[str, ...], Ask(_("Text"), prose=True)]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Post a message in a channel."""
    if not (caller.role >= Role.OPERATOR and bus.hub.find(form.channel)):
        readable(caller, bus, form.channel)
    bus.methods[form.channel.method].check(form.channel)
    message = Message.new(form.channel, author_of(caller), "\n".join(form.words), bus.clock())
    receipt = await bus.hub.accept(message, deliver=True)
    refusals = bus.hub.refusals(receipt)
    if refusals:
        posted = _("Posted to {channel}.", channel=form.channel)
        return Done(joined([posted, *(refusal.sentence for refusal in refusals)], " "), "warn")
    return Done(
        _(
            "Posted to {channel}. “trace {id}” shows the delivery status.",
            channel=form.channel,
            id=message.short_id,
        )
    )


def author_of(caller: Caller) -> Author:
    """The author: the name before the @. A name with the mark of web users is replaced by the
    JID."""
    if not caller.jid:
        raise Forbidden(
            _("In a room, the bot cannot see who you are. Write to it in a private chat.")
        )
    name = one_line(caller.name)
    if not name or skeleton(WEB_MARK) in skeleton(name):
        return Author(caller.jid, caller.jid)
    return Author(name[:200], caller.jid)


ACTION = Action("shout", _("Post a message"), Role.MEMBER, run, Form, group="messages")
