"""The life of a delivery, as a table, and the pure decision what follows a failure. No I/O."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from component.bus.model.message import Channel, Message
from component.common.errors import DeliveryError, Moot, Refused, Unavailable
from component.common.i18n import Words, _

MAX_ATTEMPTS = 10
MAX_AGE = 7 * 24 * 3600 * 1000
"""Milliseconds after which an undelivered message becomes a dead letter."""


class State(StrEnum):
    """Where a delivery stands. RECEIVED is the channel the message came from."""

    RECEIVED = "received"
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    """A dead letter that an operator let go, or what waited when its message was deleted or nothing
    of it was left."""

    @property
    def words(self) -> Words:
        """The state in words."""
        return _WORDS[self]


_WORDS = {
    State.RECEIVED: _("received"),
    State.PENDING: _("pending"),
    State.DELIVERED: _("delivered"),
    State.DEAD: _("undeliverable"),
    State.DROPPED: _("dropped"),
}


NEXT: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset(),
    State.PENDING: frozenset({State.PENDING, State.DELIVERED, State.DEAD, State.DROPPED}),
    State.DELIVERED: frozenset(),
    State.DEAD: frozenset({State.PENDING, State.DROPPED}),
    State.DROPPED: frozenset({State.DELIVERED}),  # it was on the wire already
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one channel. `seq` orders all deliveries of the bus; `changed` is
    in ms since 1970."""

    seq: int
    message: Message
    channel: Channel
    state: State = State.PENDING
    attempts: int = 0
    error: str = ""
    changed: int = 0

    def _to(self, state: State, now: int, attempts: int, error: str) -> Self:
        if state not in NEXT[self.state]:
            raise ValueError(f"a delivery cannot change from {self.state} to {state}")
        return replace(self, state=state, changed=now, attempts=attempts, error=error)

    def confirmed(self, now: int) -> Self:
        """The destination has it."""
        return self._to(State.DELIVERED, now, self.attempts, "")

    def failed(self, error: DeliveryError, now: int) -> Self:
        """The state after `error`: another attempt, or a dead letter (refused, tried too often,
        too old). A moot delivery is dropped."""
        if isinstance(error, Moot):
            return self._to(State.DROPPED, now, self.attempts, str(error))
        attempts = self.attempts + (not isinstance(error, Unavailable))
        hopeless = (
            isinstance(error, Refused)
            or attempts >= MAX_ATTEMPTS
            or now - self.message.at > MAX_AGE
        )
        return self._to(State.DEAD if hopeless else State.PENDING, now, attempts, str(error))

    def retried(self, now: int) -> Self:
        """An operator wants a dead letter tried again, all tries ahead of it."""
        return self._to(State.PENDING, now, 0, "")

    def dropped(self, now: int) -> Self:
        """An operator lets a dead letter go; why it died stays."""
        return self._to(State.DROPPED, now, self.attempts, self.error)


def pause(failures: int, luck: float) -> float:
    """Seconds a queue waits after `failures` in a row: doubling from 1 to 60, spread by `luck` in
    0..1."""
    return min(60.0, 2.0 ** min(failures - 1, 6)) * (0.5 + luck / 2)
