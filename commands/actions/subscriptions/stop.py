"""`stop`: what a message is answered with by who wants no more: their one subscription ends, of
several it is asked which; or those that are named. “stop it please” is a message."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import (
    NONE_YET,
    choose,
    end,
    end_which,
    names_some,
)
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _

_TITLE = _("End subscriptions")


@dataclass(frozen=True)
class Form:
    """Which."""

    which: Annotated[str, Ask(_("Which"), _("its number, a channel, or: all"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    return (
        await end_which(_TITLE, caller, form.which, bus)
        if form.which
        else await _opening(caller, bus)
    )


async def _opening(caller: Caller, bus: Bus) -> Reply:
    mine = await bus.subscriptions.of(caller.jid)
    if not mine:
        return Done(NONE_YET)
    return await end(caller, mine, bus) if len(mine) == 1 else choose(_TITLE, mine, end)


ACTION = Action(
    "stop",
    _TITLE,
    Role.MEMBER,
    _run,
    Form,
    group="subscriptions",
    opening=_opening,
    also=("stopp",),
    takes=names_some,
    examples=(_("stop"), _("stop lobby"), _("stop all")),
)
