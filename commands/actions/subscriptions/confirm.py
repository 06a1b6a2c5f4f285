"""`confirm` confirms an address by the code that was sent there, or agrees to what an operator
asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Taken
from commands.actions.subscriptions._descriptions import asked_today, described
from commands.data_forms import as_words
from commands.grammar.subscription import tidy
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.bus.model.subscription import Address, Proof, Standing, Subscription
from component.common.errors import NotFound
from component.common.form import Ask
from component.common.i18n import Words, _, joined
from component.common.sanitize import caseless

_CODE = re.compile(r"(\d{3})[ -]?(\d{3})")


@dataclass(frozen=True)
class Form:
    """What."""

    what: Annotated[
        str, Ask(_("Code or address"), _("leave it empty to accept an operator's request"))
    ] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Confirm an address by a code, agree to a request, or ask for a new one."""
    written = form.what.strip()
    if not written:
        return await agree(caller, bus)
    match = _CODE.fullmatch(written)
    if match:
        address, begun = await bus.subscriptions.book.answer(caller.jid, f"{match[1]}{match[2]}")
        return confirmed_words(address.target, begun)
    return await send_request(caller, await address_of(bus, caller.jid, written), bus)


async def agree(caller: Caller, bus: Bus) -> Reply:
    """Agree to what was asked of the JID that they write from."""
    book, own = bus.subscriptions.book, bus.subscriptions.own(caller.jid)
    hints = []
    for address in await given_addresses(bus, caller.jid):
        if address.target == own:
            if await book.waiting(address):
                return confirmed_words(own, await book.confirm(address))
        elif address.proof is Proof.ASKED:
            hints.append(await how_to_confirm(address, bus))
    if hints:
        raise NotFound(joined(hints, "\n"))
    raise NotFound(_("You have nothing to confirm."))


async def how_to_confirm(address: Address, bus: Bus) -> Words:
    """How an address is confirmed that was not yet."""
    target = address.target
    if not await bus.subscriptions.book.is_open(address.who, target):
        return _("To send a confirmation request there, use “confirm {address}”.", address=target)
    if "@" in target.address:  # to a number goes a code
        return _(
            "Open the link in the email that was sent to {address}. To send a new link, use "
            "“confirm {address}”.",
            address=target,
        )
    return _(
        "Write “confirm” with the confirmation code that was sent to {address}.", address=target
    )


def confirmed_words(target: Channel, begun: Sequence[Subscription]) -> Done:
    """The answer for an address that is confirmed now."""
    return Done(
        joined([_("{address} is confirmed.", address=target), *map(described, begun)], "\n")
    )


async def send_request(caller: Caller, address: Address, bus: Bus) -> Reply:
    """Send a request to an address, where none is open."""
    if address.proof is Proof.CONFIRMED:
        return Done(_("{address} is already confirmed.", address=address.target))
    if await bus.subscriptions.book.ask(caller.jid, address.target):
        return Done(_("A confirmation request was sent to {address}.", address=address.target))
    if not await bus.subscriptions.book.is_open(caller.jid, address.target):
        return Done(asked_today(address.target), "warn")
    return Done(
        _(
            "A request was already sent to {address} today. Look there, or try again tomorrow.",
            address=address.target,
        ),
        "warn",
    )


async def given_addresses(bus: Bus, jid: str) -> Sequence[Address]:
    """Someone's addresses; also those that subscriptions wait for and where no request went yet."""
    known: dict[Channel, Address] = {}
    for waiting in await bus.subscriptions.of(jid):
        if waiting.standing is Standing.ASKED:
            known[waiting.target] = Address(jid, waiting.target)
    for address in await bus.subscriptions.book.of(jid):
        known[address.target] = address
    return list(known.values())


async def address_of(bus: Bus, jid: str, written: str) -> Address:
    """An address of someone's, as a channel or without its method. Raises NotFound."""
    text = tidy(written)
    for one in await given_addresses(bus, jid):
        if caseless(text) in (caseless(str(one.target)), caseless(one.target.address)):
            return one
    raise NotFound(
        _(
            "You do not have the address “{address}”. “address list” shows your addresses.",
            address=text[:60],
        )
    )


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """A code, or an address of the caller's."""
    if _CODE.fullmatch(rest):
        return Taken(Fit.WELL)
    try:
        await address_of(bus, caller.jid, rest)
    except NotFound as error:
        one_word = " " not in rest and not rest.isalpha()
        return Taken(Fit.PARTLY if one_word else Fit.NOT, as_words(error))
    return Taken(Fit.WELL)


ACTION = Action(
    "confirm",
    _("Confirm an address"),
    Role.MEMBER,
    run,
    Form,
    group="me",
    also=("bestätige", "bestätigen"),
    takes=takes,
    examples=(_("confirm 123456"), _("confirm mail:juliet@example.org")),
)
