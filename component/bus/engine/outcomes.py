"""Outcomes of deliveries that are not on disk yet."""

from collections.abc import Collection, Iterable, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel


class Outcomes:
    """The last outcome of each delivery until it is saved, by seq; and those that the disk
    refused."""

    def __init__(self) -> None:
        self._latest: dict[int, Delivery] = {}
        self._refused: set[int] = set()

    def add(self, outcome: Delivery) -> None:
        """Take on an outcome, in place of an earlier one of the same delivery."""
        self._latest[outcome.seq] = outcome

    def current(self, delivery: Delivery) -> Delivery:
        """A delivery in its present state."""
        return self._latest.get(delivery.seq, delivery)

    def of(self, seqs: Collection[int]) -> Sequence[Delivery]:
        """The outcomes of these that are not saved, by seq."""
        return [self._latest[seq] for seq in sorted(self._latest.keys() & set(seqs))]

    def saved(self, outcomes: Iterable[Delivery]) -> None:
        """These are on disk. Where a delivery has a newer outcome, that is still to be saved."""
        for outcome in outcomes:
            self._refused.discard(outcome.seq)
            if self._latest[outcome.seq] is outcome:
                del self._latest[outcome.seq]

    def refuse(self, outcomes: Iterable[Delivery]) -> bool:
        """The disk refused these. Tells whether any are to be tried again."""
        self._refused.update(outcome.seq for outcome in outcomes)
        return bool(self._refused)

    def refused(self) -> Sequence[Delivery]:
        """The outcomes that the disk refused."""
        return [self._latest[seq] for seq in self._refused]

    def refused_channels(self, without: Collection[int]) -> set[Channel]:
        """The channels of refused outcomes, but for those `without`."""
        return {self._latest[seq].channel for seq in self._refused.difference(without)}
