"""Addresses and confirmation requests, on SQLite."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Proof, Standing, Subscription, mailbox
from component.bus.ports.addresses import (
    ConfirmationRequest,
    RequestCounts,
    RequestLimits,
    RequestOutcome,
)
from component.storage.sqlite.database import Connection, Database, Row, of_id
from component.storage.sqlite.subscription_rows import end, move, of_target
from component.storage.sqlite.subscriptions import name_of

_KEPT = 30 * 24 * 3600 * 1000
"""How long a confirmation request is kept, in ms."""


class SQLiteAddresses:
    """Addresses (`component.bus.ports.addresses.AddressStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, who: str, target: Channel) -> Address | None:
        """Return an address as a person gave it."""
        return await self._database.read_one("address", to_address, who=who, target=str(target))

    async def find(
        self, *, who: str | None = None, target: Channel | None = None
    ) -> Sequence[Address]:
        """Return the addresses that a person gave, everyone's records of one, or all."""
        place = name_of(target)
        if who is not None:
            return await self._database.read("addresses_of", to_address, who=who, target=place)
        if target:
            return await self._database.read("addresses_for", to_address, target=place)
        return await self._database.read("all_addresses", to_address)

    async def put(self, address: Address) -> None:
        """Add or replace an address."""
        async with self._database.transaction() as writer:
            await put_address(writer, address)

    async def drop(self, who: str, target: Channel) -> None:
        """Remove an address, and every fallback to it."""
        async with self._database.transaction() as writer:
            await writer.run("end_fallbacks", who=who, target=str(target))
            await writer.run("drop_address", who=who, target=str(target))

    async def request_confirmation(
        self, address: Address, by: str, message_id: str, limits: RequestLimits
    ) -> RequestOutcome:
        """Save an address that gets a confirmation request now, within the limits."""
        box = str(mailbox(address.target))
        async with self._database.transaction() as writer:
            if await writer.rows("stopped", mailbox=box):
                return RequestOutcome.STOPPED
            await writer.run("forget_requests", before=address.asked - _KEPT)
            period = {"since": limits.since, "upto": address.asked}
            asked = {"mailbox": box, "person": by, "domain": domain_of(by)}
            (row,) = await writer.rows("request_counts", **asked, **period)
            counts = to_counts(row)
            if counts.mailbox >= limits.mailbox:
                return RequestOutcome.ALREADY
            if counts.person >= limits.person or counts.domain >= limits.domain:
                return RequestOutcome.SPENT
            await writer.run(
                "add_request",
                message_id=of_id(message_id),
                mailbox=box,
                who=address.who,
                requested_by=by,
                at=address.asked,
            )
            await put_address(writer, address)
        return RequestOutcome.NOW

    async def request(self, message_id: str) -> ConfirmationRequest | None:
        """Return the confirmation request that a message is."""
        return await self._database.read_one("request", to_request, message_id=of_id(message_id))

    async def request_counts(
        self, target: Channel, by: str, since: int, upto: int
    ) -> RequestCounts:
        """Return how many confirmation requests there were in a period."""
        asked = {"mailbox": str(mailbox(target)), "person": by, "domain": domain_of(by)}
        period = {"since": since, "upto": upto}
        (counts,) = await self._database.read("request_counts", to_counts, **asked, **period)
        return counts

    async def take_try(self, who: str, since: int, upto: int, most: int) -> Sequence[Address]:
        """Count a try at each address that got a request in a period."""
        period = {"since": since, "upto": upto}
        async with self._database.transaction() as writer:
            rows = await writer.rows("take_try", who=who, most=most, **period)
        return [to_address(row) for row in rows]

    async def confirm(
        self, address: Address, now: int, numbers: Collection[int] | None
    ) -> Sequence[Subscription]:
        """Confirm an address; return the subscriptions that began."""
        begun: list[Subscription] = []
        others: list[int] = []
        place = {"who": address.who, "target": str(address.target)}
        async with self._database.transaction() as writer:
            known = await writer.rows("address", **place)
            if not known or known[0]["asked"] != address.asked:
                return []
            for subscription in await waiting(writer, address):
                if numbers is None or subscription.id in numbers:
                    (row,) = await writer.rows("last_seq", channel=str(subscription.channel))
                    begun.append(subscription.begun(now, row["seq"]))
                else:
                    others.append(subscription.id)
            confirmed = replace(address, proof=Proof.CONFIRMED, asked=0, tries=0, why="")
            await put_address(writer, confirmed)
            await end(writer, others)
            await move(writer, begun)
        return begun

    async def bounce(self, target: Channel, why: str) -> None:
        """Mark an address as bounced, and stop its subscriptions."""
        async with self._database.transaction() as writer:
            await writer.run("bounce_addresses", target=str(target), why=why)
            failed = [
                replace(subscription, standing=Standing.FAILED, due=0)
                for subscription in await of_target(writer, target)
                if subscription.standing is not Standing.ASKED
            ]
            await move(writer, failed)

    async def stop(self, target: Channel) -> None:
        """Stop everything to an address, as its owner wants."""
        async with self._database.transaction() as writer:
            await end(writer, {one.id for one in await of_target(writer, target)})
            await writer.run("drop_addresses_for", target=str(target))
            await put_address(writer, Address("", target, Proof.REFUSED))

    async def is_stopped(self, target: Channel) -> bool:
        """Return whether the owner of its mailbox wants nothing from the bus."""
        return bool(await self._database.read("stopped", bool, mailbox=str(mailbox(target))))

    async def allow(self, target: Channel) -> None:
        """Allow requests to a mailbox again."""
        async with self._database.transaction() as writer:
            await writer.run("allow", mailbox=str(mailbox(target)))


async def put_address(writer: Connection, address: Address) -> None:
    """Add or replace an address within a transaction."""
    await writer.run(
        "put_address",
        who=address.who,
        target=str(address.target),
        mailbox=str(mailbox(address.target)),
        proof=address.proof,
        asked=address.asked,
        tries=address.tries,
        why=address.why,
    )


async def waiting(writer: Connection, address: Address) -> Sequence[Subscription]:
    """Return a person's subscriptions that wait until an address is confirmed."""
    states = (Standing.ASKED, Standing.FAILED)
    return [
        subscription
        for subscription in await of_target(writer, address.target)
        if subscription.who == address.who and subscription.standing in states
    ]


def domain_of(who: str) -> str:
    """Give the domain of a bare JID with its @, as the index of requests holds it."""
    if "@" not in who:
        return who
    return f"@{who.rpartition('@')[2]}"


def to_address(row: Row) -> Address:
    """Read a row of `addresses`."""
    target = Channel.parse(row["target"])
    return Address(row["who"], target, Proof(row["proof"]), row["asked"], row["tries"], row["why"])


def to_request(row: Row) -> ConfirmationRequest:
    """Read a confirmation request."""
    return ConfirmationRequest(row["who"], row["requested_by"], row["at"])


def to_counts(row: Row) -> RequestCounts:
    """Read how many confirmation requests there were."""
    return RequestCounts(row["mailbox"], row["person"], row["domain"])
