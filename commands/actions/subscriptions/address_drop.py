"""`address-drop` forgets one of the caller's addresses and ends its subscriptions."""

from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import brief
from commands.actions.subscriptions.confirm import address_of
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import _

_TITLE = _("Remove an address")


@dataclass(frozen=True)
class Form:
    """Which."""

    address: Annotated[str, Ask(_("Address"), _("“address list” shows your addresses"))]


async def run(caller: Caller, form: Any, bus: Bus) -> Reply:
    """Forget an address, and end its subscriptions. Raises NotFound."""
    address = await address_of(bus, caller.jid, form.address)
    over = await bus.subscriptions.book.drop(caller.jid, address.target)
    if over:
        ends = ", ".join(map(brief, over))
        return Done(
            _(
                "Removed {address}. These subscriptions ended: {subscriptions}",
                address=address.target,
                subscriptions=ends,
            )
        )
    return Done(_("Removed {address}.", address=address.target))


async def open_form(caller: Caller, bus: Bus) -> Reply:
    """Offer the caller's own addresses."""
    choices = []
    for known in await bus.subscriptions.book.of(caller.jid):
        choices.append(Choice(str(known.target), str(known.target)))
    if not choices:
        return Done(_("You do not have any addresses."))
    asked = Annotated[str, Ask(_("Address"), choices=lambda _bus: choices)]
    return Step(_TITLE, make_dataclass("Form", [("address", asked)], frozen=True), run)


ACTION = Action("address-drop", _TITLE, Role.MEMBER, run, Form, group="me", opening=open_form)
