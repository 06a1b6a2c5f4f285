"""Addresses of people outside the server, and requests to confirm them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Subscription


class RequestOutcome(StrEnum):
    """What came of a wish to send a confirmation request."""

    NOW = "now"
    """It is to be sent."""
    ALREADY = "already"
    """The mailbox got as many as it may."""
    SPENT = "spent"
    """The person who wants it, or others of their domain, sent as many as they may."""
    STOPPED = "stopped"
    """The owner of the mailbox wants nothing from the bus."""


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """How many confirmation requests a mailbox got, a person caused, and all of their domain
    caused."""

    mailbox: int
    person: int
    domain: int


@dataclass(frozen=True, slots=True)
class RequestLimits(RequestCounts):
    """How many those may be since `since` (ms since 1970). All who gave nothing but an address are
    one person."""

    since: int


@dataclass(frozen=True, slots=True)
class ConfirmationRequest:
    """A request to confirm an address: who gave it (a bare JID, "" for who gave nothing else), by
    whom the request is wanted, and when it was made, in ms since 1970."""

    who: str
    requested_by: str
    at: int


class AddressStore(Protocol):
    """Addresses. Each method raises StoreError. Changes are on disk on return, all or nothing."""

    async def get(self, who: str, target: Channel) -> Address | None:
        """Return an address as a person gave it; None where they did not."""

    async def find(
        self, *, who: str | None = None, target: Channel | None = None
    ) -> Sequence[Address]:
        """Return the addresses that a person gave, everyone's records of one, or all."""

    async def put(self, address: Address) -> None:
        """Add or replace an address."""

    async def drop(self, who: str, target: Channel) -> None:
        """Remove an address, and every fallback to it of that person's subscriptions."""

    async def request_confirmation(
        self, address: Address, by: str, message_id: str, limits: RequestLimits
    ) -> RequestOutcome:
        """Save an address that gets a confirmation request now (`asked`), the message `message_id`,
        wanted `by` a bare JID; save nothing where a limit is reached. Requests later than `asked`
        do not count: they were made by a clock that was wrong."""

    async def request(self, message_id: str) -> ConfirmationRequest | None:
        """Return the confirmation request that a message is; None for another message, and after a
        month."""

    async def request_counts(
        self, target: Channel, by: str, since: int, upto: int
    ) -> RequestCounts:
        """Return how many requests there were from `since` to `upto` (ms since 1970). Requests are
        kept for a month."""

    async def take_try(self, who: str, since: int, upto: int, most: int) -> Sequence[Address]:
        """Count a try at each address of a person that got a request from `since` to `upto` (ms
        since 1970) and has had less than `most`. Returns these addresses."""

    async def confirm(
        self, address: Address, now: int, numbers: Collection[int] | None
    ) -> Sequence[Subscription]:
        """Confirm an address: subscriptions that wait for it begin, those of `numbers` where given,
        and the others end. Returns those that began.

        Nothing happens where the address got another request since, or was removed.
        """

    async def bounce(self, target: Channel, why: str) -> None:
        """Mark an address as bounced, and stop its subscriptions."""

    async def stop(self, target: Channel) -> None:
        """Stop everything to an address, as its owner wants: its subscriptions end, and nobody has
        it any more."""

    async def is_stopped(self, target: Channel) -> bool:
        """Return whether the owner of its mailbox wants nothing from the bus."""

    async def allow(self, target: Channel) -> None:
        """Allow requests to a mailbox again, as its owner wants."""
