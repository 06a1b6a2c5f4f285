"""The part of the store that holds addresses; see `addressing`."""

import json
from collections.abc import Collection, Sequence

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Subscription, mailbox
from component.bus.ports.store import Asked, Asks, Limits
from component.storage.sqlite import addressing
from component.storage.sqlite.addressing import to_address
from component.storage.sqlite.connections import Connections, transaction, wrapped
from component.storage.sqlite.rows import found


class Addresses(Connections):
    """See `store.AddressStore`."""

    @wrapped
    async def address(self, who: str, target: Channel) -> Address | None:
        """See `store.AddressStore.address`."""
        rows = await self._rows(self._queries.address, who=who, target=str(target))
        return to_address(rows[0]) if rows else None

    @wrapped
    async def addresses(
        self, *, who: str | None = None, target: Channel | None = None
    ) -> Sequence[Address]:
        """See `store.AddressStore.addresses`."""
        there = str(target) if target else None
        if who is not None:
            rows = await self._rows(self._queries.addresses_of, who=who, target=there)
        elif target:
            rows = await self._rows(self._queries.addresses_for, target=there)
        else:
            rows = await self._rows(self._queries.all_addresses)
        return [to_address(row) for row in rows]

    @wrapped
    async def put_address(self, address: Address) -> None:
        """See `store.AddressStore.put_address`."""
        async with self._turn, transaction(self._writer):
            await addressing.put(self._queries, self._writer, address)

    @wrapped
    async def drop_address(self, who: str, target: Channel) -> None:
        """See `store.AddressStore.drop_address`."""
        async with self._turn, transaction(self._writer):
            await self._queries.end_fallbacks(self._writer, who=who, target=str(target))
            await self._queries.drop_address(self._writer, who=who, target=str(target))

    @wrapped
    async def ask(self, address: Address, by: str, limits: Limits) -> Asked:
        """See `store.AddressStore.ask`."""
        async with self._turn, transaction(self._writer):
            return await addressing.ask(self._queries, self._writer, address, by, limits)

    @wrapped
    async def asks(self, target: Channel, by: str, since: int, upto: int) -> Asks:
        """See `store.AddressStore.asks`."""
        return await addressing.asks(self._queries, self._reader, target, by, since, upto)

    @wrapped
    async def take_try(self, who: str, since: int, upto: int, most: int) -> Sequence[Address]:
        """See `store.AddressStore.take_try`."""
        async with self._turn, transaction(self._writer):
            within = {"since": since, "upto": upto, "most": most}
            return [
                to_address(row)
                for row in await found(self._writer, self._queries.take_try, who=who, **within)
            ]

    @wrapped
    async def confirm(
        self, address: Address, now: int, numbers: Collection[int] | None
    ) -> Sequence[Subscription]:
        """See `store.AddressStore.confirm`."""
        async with self._turn, transaction(self._writer):
            return await addressing.confirm(self._queries, self._writer, address, now, numbers)

    @wrapped
    async def bounce(self, target: Channel, why: str) -> None:
        """See `store.AddressStore.bounce`."""
        async with self._turn, transaction(self._writer):
            await addressing.bounce(self._queries, self._writer, target, why)

    @wrapped
    async def stop(self, target: Channel) -> None:
        """See `store.AddressStore.stop`."""
        async with self._turn, transaction(self._writer):
            await addressing.stop(self._queries, self._writer, target)

    @wrapped
    async def is_stopped(self, target: Channel) -> bool:
        """See `store.AddressStore.is_stopped`."""
        return bool(await self._rows(self._queries.stopped, mailbox=str(mailbox(target))))

    @wrapped
    async def allow(self, target: Channel) -> None:
        """See `store.AddressStore.allow`."""
        async with self._turn, transaction(self._writer):
            await self._queries.allow(self._writer, mailbox=str(mailbox(target)))

    @wrapped
    async def came(self, message_id: str, channels: Collection[Channel]) -> frozenset[Channel]:
        """See `store.AddressStore.came`."""
        names = json.dumps([str(one) for one in channels])
        rows = await self._rows(self._queries.came, id=message_id, channels=names)
        return frozenset(Channel.parse(row["channel"]) for row in rows)
