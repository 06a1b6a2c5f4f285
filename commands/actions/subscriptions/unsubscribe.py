"""`unsubscribe`: a subscription ends: by its number or its channel, or all of them."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import NONE_YET, choose, end, end_which
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _

_TITLE = _("End a subscription")


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
    return choose(_TITLE, mine, end) if mine else Done(NONE_YET)


ACTION = Action(
    "unsubscribe",
    _TITLE,
    Role.MEMBER,
    _run,
    Form,
    group="subscriptions",
    opening=_opening,
    also=("abbestelle", "abbestellen"),
    examples=(_("unsubscribe lobby"), _("unsubscribe all")),
)
