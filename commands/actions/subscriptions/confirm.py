"""`confirm`: an address is the caller's: by the code that was sent there; by nothing more for what
an operator asked them; with the address itself a new link or code is sent there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import asked_today, described
from commands.grammar.subscription import tidy
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.bus.model.subscription import Address, Proof, Standing, Subscription
from component.common.errors import NotFound
from component.common.form import Ask
from component.common.i18n import Words, _, joined

_CODE = re.compile(r"(\d{3})[ -]?(\d{3})")


@dataclass(frozen=True)
class Form:
    """What."""

    what: Annotated[
        str, Ask(_("Code or address"), _("empty: I agree to what an operator asked me"))
    ] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    written = form.what.strip()
    if not written:
        return await _agree(caller, bus)
    if found := _CODE.fullmatch(written):
        address, begun = await bus.subscriptions.book.answer(caller.jid, f"{found[1]}{found[2]}")
        return _confirmed(address.target, begun)
    return await _ask(caller, await address_of(bus, caller.jid, written), bus)


async def _agree(caller: Caller, bus: Bus) -> Reply:
    """To what was asked of their own JID, which they write from."""
    book, own = bus.subscriptions.book, bus.subscriptions.own(caller.jid)
    known = await _given(bus, caller.jid)
    mine = next((one for one in known if one.target == own), None)
    if mine and await book.waiting(mine):
        return _confirmed(own, await book.confirm(mine))
    told = [await _how(one, bus) for one in known if one.proof is Proof.ASKED and one.target != own]
    raise NotFound(joined(told, "\n") if told else _("Nothing waits to be confirmed by you."))


async def _how(address: Address, bus: Bus) -> Words:
    """How an address is confirmed that was not yet."""
    target = address.target
    if not await bus.subscriptions.book.is_open(address.who, target):
        return _("“confirm {address}” sends a request there.", address=target)
    if "@" in target.address:  # to a number goes a code
        return _(
            "Open the link in the mail that I sent to {address}; “confirm {address}” sends "
            "it anew.",
            address=target,
        )
    return _("Write “confirm” with the code that I sent to {address}.", address=target)


def _confirmed(target: Channel, begun: Sequence[Subscription]) -> Done:
    return Done(
        joined([_("{address} is confirmed.", address=target), *map(described, begun)], "\n")
    )


async def _ask(caller: Caller, address: Address, bus: Bus) -> Reply:
    if address.proof is Proof.CONFIRMED:
        return Done(_("{address} is confirmed already.", address=address.target))
    if await bus.subscriptions.book.ask(caller.jid, address.target):
        return Done(_("I sent to {address} how to confirm it.", address=address.target))
    if not await bus.subscriptions.book.is_open(caller.jid, address.target):
        return Done(asked_today(address.target), "warn")
    return Done(
        _(
            "{address} was asked today already: look there, or try again tomorrow.",
            address=address.target,
        ),
        "warn",
    )


async def _given(bus: Bus, jid: str) -> Sequence[Address]:
    """Someone's addresses; also those that subscriptions wait for and where no request went yet."""
    known = {one.target: one for one in await bus.subscriptions.book.of(jid)}
    waiting = [
        one.target for one in await bus.subscriptions.of(jid) if one.standing is Standing.ASKED
    ]
    return [*({target: Address(jid, target) for target in waiting} | known).values()]


async def address_of(bus: Bus, jid: str, written: str) -> Address:
    """An address of someone's, as a channel or without its method. Raises NotFound."""
    text = tidy(written)
    for one in await _given(bus, jid):
        if text.casefold() in (str(one.target).casefold(), one.target.address.casefold()):
            return one
    raise NotFound(
        _("You gave me no address “{address}”: “address list” shows yours.", address=text[:60])
    )


ACTION = Action(
    "confirm",
    _("Confirm an address"),
    Role.MEMBER,
    _run,
    Form,
    group="subscriptions",
    also=("bestätige", "bestätigen"),
    examples=(_("confirm 123456"), _("confirm mail:juliet@example.org")),
)
