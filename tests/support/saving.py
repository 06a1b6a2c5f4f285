"""Units of work as the engine runs them, for tests of stores and of what reads them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from component.bus.engine.commits import Offer, accept_all
from component.bus.engine.releases import release_all
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.planner import Held
from component.bus.ports.accepted import Receipt
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.transaction import Plan


@dataclass(frozen=True, slots=True)
class Release:
    """Held messages, alone or as one batch, and what is planned of those that are still held."""

    held: tuple[Held, ...]
    plan: Callable[[tuple[Held, ...], frozenset[Channel]], Plan]


async def committed(
    store: Any,
    offers: Sequence[Offer] = (),
    outcomes: Sequence[Delivery] = (),
    positions: Sequence[ArchivePosition] = (),
) -> Sequence[Receipt]:
    """Commit all of it in one transaction."""
    async with store.transaction() as tx:
        receipts, _begun = await accept_all(tx, offers)
        await tx.settle(outcomes)
        await tx.save_positions(positions)
    return receipts


async def released(store: Any, releases: Iterable[Release]) -> Sequence[Delivery]:
    """Release held messages in one transaction; gives the new deliveries."""
    deliveries: list[Delivery] = []
    async with store.transaction() as tx:
        for release in releases:
            deliveries += await release_all(tx, [release.held], release.plan)
    return deliveries


async def paged(store: Any, page: FanOutPage) -> Sequence[Delivery]:
    """Commit one step of a fan-out; gives the new deliveries."""
    async with store.transaction() as tx:
        deliveries: Sequence[Delivery] = await tx.write([page])
    return deliveries
