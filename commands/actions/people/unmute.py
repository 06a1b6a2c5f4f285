"""`unmute`: what someone says goes on again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.people.mute import short, told
from commands.lookups import entry
from component.bus.model.records import Drop
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask, Choice
from component.common.i18n import _


def _muted(bus: Bus) -> Sequence[Choice]:
    """Everyone who is muted now, by key, or by a name that is only one's."""
    now = [one for one in bus.hub.mutes if one.holds(bus.clock())]
    names = Counter(one.name for one in now)
    return [
        Choice(short(one), told(one), (one.name,) if names[one.name] == 1 else ()) for one in now
    ]


@dataclass(frozen=True)
class Form:
    """Who."""

    who: Annotated[str, Ask(_("Who"), _("who is muted"), choices=_muted)]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    mute = next((one for one in bus.hub.mutes if short(one) == form.who), None)
    if mute is None:
        raise NotFound(_("{who} is not muted (any more).", who=form.who[:60]))
    await bus.settings.change([Drop(mute)], entry(caller, bus, "unmute", before=told(mute)))
    return Done(_("{who} is not muted any more.", who=mute.name))


ACTION = Action("unmute", _("Unmute someone"), Role.OPERATOR, _run, Form, group="messages")
