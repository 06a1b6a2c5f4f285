"""`shout` posts a message in a channel under the caller's own name."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply, Taken
from commands.lookups import readable
from commands.named import long_names, taken_name, with_channel, writable_specs
from component.bus.model.message import WEB_MARK, Author, Channel, Message
from component.bus.model.roles import Role
from component.common.errors import Forbidden
from component.common.form import Ask
from component.common.i18n import _, joined
from component.common.sanitize import one_line, skeleton


@dataclass(frozen=True)
class Form:
    """Where, and what."""

    channel: Annotated[
        str, Ask(_("Channel"), _("the destination, for example lobby"), names=long_names)
    ]
    words: Annotated[tuple[str, ...], Ask(_("Text"), prose=True)]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Post a message in a channel. Raises BadInput, NotFound."""

    async def post(channel: Channel) -> Reply:
        return await post_in(channel, "\n".join(form.words), caller, bus)

    specs = writable_specs(caller, bus)
    return await with_channel(form.channel, specs, bus, _TITLE, post)


async def post_in(channel: Channel, text: str, caller: Caller, bus: Bus) -> Reply:
    """Post a text in a channel."""
    if not (caller.role >= Role.OPERATOR and bus.hub.find(channel)):
        readable(caller, bus, channel)
    bus.methods[channel.method].check(channel)
    message = Message.new(channel, author_of(caller), text, bus.clock())
    receipt = await bus.hub.accept(message, deliver=True)
    refusals = bus.hub.refusals(receipt)
    if refusals:
        posted = _("Posted to {channel}.", channel=channel)
        return Done(joined([posted, *(refusal.sentence for refusal in refusals)], " "), "warn")
    return Done(
        _(
            "Posted to {channel}. “trace {id}” shows the delivery status.",
            channel=channel,
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


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """A channel, and any words."""
    words = rest.replace('"', "").split()
    return taken_name(words, writable_specs(caller, bus), bus)


_TITLE = _("Post a message")

ACTION = Action("shout", _TITLE, Role.MEMBER, run, Form, group="messages", takes=takes)
