"""`address-drop`: an address of the caller's is forgotten, and what was told there ends."""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import brief
from commands.actions.subscriptions.confirm import address_of
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import _

_TITLE = _("Drop an address")


@dataclass(frozen=True)
class Form:
    """Which."""

    address: Annotated[str, Ask(_("Address"), _("“address list” shows yours"))]


async def _run(caller: Caller, form: Any, bus: Bus) -> Reply:
    address = await address_of(bus, caller.jid, form.address)
    over = await bus.subscriptions.book.drop(caller.jid, address.target)
    if over:
        ends = ", ".join(map(brief, over))
        return Done(
            _(
                "{address} is forgotten; with it ended: {subscriptions}",
                address=address.target,
                subscriptions=ends,
            )
        )
    return Done(_("{address} is forgotten.", address=address.target))


async def _opening(caller: Caller, bus: Bus) -> Reply:
    known = [
        Choice(str(one.target), str(one.target))
        for one in await bus.subscriptions.book.of(caller.jid)
    ]
    if not known:
        return Done(_("You gave me no address."))

    def choices(_bus: Any) -> Sequence[Choice]:
        return known

    asked = Annotated[str, Ask(_("Address"), choices=choices)]
    return Step(_TITLE, make_dataclass("Form", [("address", asked)], frozen=True), _run)


ACTION = Action(
    "address-drop", _TITLE, Role.MEMBER, _run, Form, group="subscriptions", opening=_opening
)
