"""`unsubscribe` ends a subscription by its number or its channel, or all of them."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import (
    NONE_YET,
    choose,
    end,
    end_which,
    takes_some,
)
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _

_TITLE = _("End a subscription")


@dataclass(frozen=True)
class Form:
    """Which."""

    which: Annotated[str, Ask(_("Selection"), _("its number, a channel, or all"))] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """End the subscriptions that are named, or ask which."""
    if not form.which:
        return await open_form(caller, bus)
    return await end_which(_TITLE, caller, form.which, bus)


async def open_form(caller: Caller, bus: Bus) -> Reply:
    """Ask which subscriptions end."""
    mine = await bus.subscriptions.of(caller.jid)
    if not mine:
        return Done(NONE_YET)
    return choose(_TITLE, mine, end)


ACTION = Action(
    "unsubscribe",
    _TITLE,
    Role.MEMBER,
    run,
    Form,
    group="subscriptions",
    opening=open_form,
    also=("abbestelle", "abbestellen"),
    takes=takes_some,
    examples=(_("unsubscribe lobby"), _("unsubscribe all")),
)
