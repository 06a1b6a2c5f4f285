"""Taking a deleted message back from the places that have it: best effort, at once, and told as it
went.

Knows methods by their protocol only.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from component.bus.model.delivery import Delivery, State
from component.bus.ports.method import Confirmation, Fate, Method, Retracts
from component.common.errors import DeliveryError
from component.common.i18n import Words, _

log = structlog.get_logger()

PATIENCE_S = 15.0
"""Seconds in all that places may take: a form in a client waits for the answer."""


@dataclass(frozen=True, slots=True)
class Retracted:
    """What became of a deleted message at a place, and why it stays where it does."""

    delivery: Delivery
    fate: Fate
    why: Words | str = ""


async def retract_everywhere(
    methods: Mapping[str, Method | None],
    hops: Iterable[Delivery],
    flights: Sequence[tuple[Delivery, Confirmation]],
) -> Sequence[Retracted]:
    """Ask each place outside the bus that has the message; of what is on the wire (`flights`),
    those that get it."""
    if flights:
        await asyncio.wait([flight for _, flight in flights], timeout=PATIENCE_S / 2)
    landed = [one for one, flight in flights if not _failed(flight)]
    there = [one for one in hops if one.state in (State.RECEIVED, State.DELIVERED)]
    known = {one.seq for one in there}
    places = [*there, *(one for one in landed if one.seq not in known)]
    outside = [(one, method) for one in places if (method := methods.get(one.channel.method))]
    return await asyncio.gather(*(_ask(method, one) for one, method in outside))


def _failed(flight: Confirmation) -> bool:
    return flight.done() and (flight.cancelled() or flight.exception() is not None)


async def _ask(method: Method, delivery: Delivery) -> Retracted:
    if not isinstance(method, Retracts):
        return Retracted(delivery, Fate.STAYS)
    try:
        async with asyncio.timeout(PATIENCE_S / 2):
            return Retracted(delivery, await method.retract(delivery))
    except TimeoutError:
        return Retracted(delivery, Fate.STAYS, _("no answer in time"))
    except DeliveryError as error:
        return Retracted(delivery, Fate.STAYS, error.sentence)
    except Exception:
        log.exception("retraction failed", channel=str(delivery.channel))
        return Retracted(delivery, Fate.STAYS, _("internal error; see the log of Shoutbus"))
