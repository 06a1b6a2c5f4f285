"""`message-delete`: take a message's words away from the bus; what has not arrived yet never does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.trace import find
from commands.shared import ask_sure, entry, said, when
from component.delivery import Delivery, State
from component.errors import Conflict
from component.form import Ask
from component.roles import Role
from component.words import _


@dataclass(frozen=True)
class Form:
    """Which message."""

    id: Annotated[str, Ask(_("Message"), _("its id, or the first 6 digits or more"))]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    message = (await find(caller, bus, form.id))[0].message
    if await bus.hub.store.deletion(message.id):
        raise Conflict(_("That message is deleted already."))

    async def delete(caller: Caller, bus: Bus) -> Reply:
        what = f"{message.id} {when(message.at)} {message.author.shown}"  # its words are to be gone
        await bus.hub.delete(message.id, entry(caller, bus, "message-delete", before=what))
        stays = _stays(bus, await bus.hub.store.trace(message.id))
        if stays:
            return Done(_("Deleted {id}. It stays where it was brought to or said: {places}.", id=message.id,
                          places=", ".join(stays)), "warn")  # fmt: skip
        return Done(_("Deleted {id}.", id=message.id))

    return ask_sure(_("Delete a message"), _("{message} – this can't be taken back.", message=said(message)), delete)


def _stays(bus: Bus, hops: Sequence[Delivery]) -> list[str]:
    """The places outside the bus that have it."""
    methods = ((one, bus.methods.get(one.channel.method)) for one in hops)
    there = [one for one, method in methods if one.state in (State.CAME, State.DONE) and not (method and method.open)]
    return [str(one.channel) for one in there]


ACTION = Action("message-delete", _("Delete a message"), Role.OPERATOR, _run, Form, more=True, group="messages")
