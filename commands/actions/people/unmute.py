"""`unmute` lets someone's messages through again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Taken
from commands.actions.people.mute import short, told
from commands.data_forms import as_words
from commands.lookups import entry
from component.bus.model.records import Drop
from component.bus.model.roles import Role
from component.common.errors import BadInput, NotFound
from component.common.form import Ask, Choice
from component.common.form.choices import choose
from component.common.i18n import _
from component.common.jids import is_bare_jid


def muted_choices(bus: Bus) -> Sequence[Choice]:
    """Everyone who is muted now, by key, or by a name that only one of them has."""
    muted = [mute for mute in bus.hub.mutes if mute.holds(bus.clock())]
    names = Counter(mute.name for mute in muted)
    choices = []
    for mute in muted:
        also = (mute.name,) if names[mute.name] == 1 else ()
        choices.append(Choice(short(mute), told(mute), also))
    return choices


@dataclass(frozen=True)
class Form:
    """Who."""

    who: Annotated[str, Ask(_("Person"), _("the muted person"), choices=muted_choices)]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Unmute someone. Raises NotFound."""
    for mute in bus.hub.mutes:
        if short(mute) == form.who:
            await bus.settings.change([Drop(mute)], entry(caller, bus, "unmute", before=told(mute)))
            return Done(_("{who} is no longer muted.", who=mute.name))
    raise NotFound(_("{who} is not muted.", who=form.who[:60]))


async def takes(_caller: Caller, rest: str, bus: Bus) -> Taken:
    """Who is muted; anyone's JID is meant for this command."""
    if is_bare_jid(rest):
        return Taken(Fit.WELL)
    try:
        choose(rest.strip('"'), muted_choices(bus))
    except BadInput as error:
        return Taken(Fit.NOT, as_words(error))
    return Taken(Fit.WELL)


ACTION = Action(
    "unmute", _("Unmute someone"), Role.OPERATOR, run, Form, group="people", takes=takes
)
