"""`message-delete`: take a message's words away from the bus; what has not arrived yet never does,
and the places that have it are asked to take it back."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Lines, Reply
from commands.actions.messages.trace import find
from commands.lookups import ask_sure, entry, said, when
from component.bus.engine.retraction import Retracted
from component.bus.model.roles import Role
from component.bus.ports.method import Fate
from component.common.errors import Conflict
from component.common.form import Ask
from component.common.i18n import Words, _


@dataclass(frozen=True)
class Form:
    """Which message."""

    id: Annotated[str, Ask(_("Message"), _("its id, or the first 6 digits or more"))]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    message = (await find(caller, bus, form.id))[0].message
    if await bus.hub.store.messages.deletion(message.id):
        raise Conflict(_("That message is deleted already."))

    async def delete(caller: Caller, bus: Bus) -> Reply:
        what = f"{message.id} {when(message.at)} {message.author.shown}"  # its words are to be gone
        places = await bus.hub.delete(message.id, entry(caller, bus, "message-delete", before=what))
        if not places:
            return Done(_("Deleted {id}.", id=message.id))
        return Lines(_("Deleted {id}. Elsewhere:", id=message.id), [_line(one) for one in places])

    return ask_sure(
        _("Delete a message"),
        _("{message} – this can't be taken back.", message=said(message)),
        delete,
    )


def _line(taken: Retracted) -> Words:
    place = str(taken.delivery.channel)
    match taken.fate:
        case Fate.GONE:
            return _("{place}: gone there too.", place=place)
        case Fate.ASKED:
            return _("{place}: I asked the clients there to hide it; not all can.", place=place)
        case Fate.STAYS if taken.why:
            return _("{place}: it stays there: {why}", place=place, why=taken.why)
        case Fate.STAYS:
            return _("{place}: it stays there.", place=place)


ACTION = Action(
    "message-delete", _("Delete a message"), Role.OPERATOR, _run, Form, more=True, group="messages"
)
