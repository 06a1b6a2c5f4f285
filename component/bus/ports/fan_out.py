"""The fan-out of a message to the subscribers of its channel."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Subscription
from component.bus.ports.transaction import Write


@dataclass(frozen=True, slots=True)
class FanOutPage(Write):
    """One step of a fan-out: `delivery`, which is one to all subscribers of a channel, has now been
    brought to subscriptions up to the number `upto` (0: that is not kept).

    Each of `targets` gets the message as a separate delivery. `notified` are pairs (subscription,
    seq of the delivery to its channel) that were told at once what their digest would tell.
    `held` are subscriptions in their new state.
    """

    delivery: Delivery
    upto: int
    targets: Sequence[Channel] = ()
    notified: Sequence[tuple[int, int]] = ()
    held: Sequence[Subscription] = ()


class FanOutStore(Protocol):
    """How far each fan-out has come. Each method raises StoreError."""

    async def progress(self, seq: int) -> int:
        """Return up to which subscription a delivery to subscribers has come; 0 at its start."""

    async def notified_upto(self, numbers: Collection[int]) -> Mapping[int, int]:
        """Return for each subscription the seq of its channel up to which fan-outs have passed it.

        A fan-out that is under way and has not passed it yet counts as not there.
        """

    async def notified(self, numbers: Collection[int]) -> Mapping[int, frozenset[int]]:
        """Return the seqs behind its cursor that each subscription was told at once."""

    async def forget_notified(self, notified: Collection[tuple[int, int]]) -> None:
        """Remove pairs (subscription, seq) that were not delivered at once after all."""
