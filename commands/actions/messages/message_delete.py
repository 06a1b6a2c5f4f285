"""`message-delete` deletes a message's text on the bus and asks the places that have it to
retract it."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Lines, Reply
from commands.actions.messages.trace import ID_OR_START, find
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

    id: Annotated[str, Ask(_("Message"), ID_OR_START)]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Delete a message everywhere, after asking."""
    message = (await find(caller, bus, form.id))[0].message
    if await bus.store.messages.deletion(message.id):
        raise Conflict(_("This message is already deleted."))

    async def delete(caller: Caller, bus: Bus) -> Reply:
        what = f"{message.id} {when(message.at)} {message.author.shown}"  # its words are to be gone
        places = await bus.hub.delete(message.id, entry(caller, bus, "message-delete", before=what))
        if not places:
            return Done(_("Deleted {id}.", id=message.id))
        lines = {(str(one.delivery.channel), one.fate, str(one.why)): one for one in places}
        return Lines(
            _("Deleted {id}. In other places:", id=message.id),
            [place_words(one) for one in lines.values()],
        )

    return ask_sure(
        _("Delete a message"),
        _("{message} – this cannot be undone.", message=said(message)),
        delete,
    )


def place_words(taken: Retracted) -> Words:
    """What became of a message at one place."""
    place = str(taken.delivery.channel)
    match taken.fate:
        case Fate.GONE:
            return _("{place}: deleted there as well.", place=place)
        case Fate.ASKED:
            return _("{place}: clients were asked to hide it; not all of them can.", place=place)
        case Fate.STAYS if taken.why:
            return _("{place}: not deleted there: {why}", place=place, why=taken.why)
        case Fate.STAYS:
            return _("{place}: not deleted there.", place=place)


ACTION = Action(
    "message-delete", _("Delete a message"), Role.OPERATOR, run, Form, more=True, group="messages"
)
