"""How addresses are kept, asked and confirmed; what is written is within a transaction of the
caller."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Proof, Standing, Subscription, mailbox
from component.bus.ports.store import Asked, Asks, Limits
from component.storage.sqlite.rows import Row, found
from component.storage.sqlite.subscribing import to_subscription

_KEPT = 30 * 24 * 3600 * 1000
"""How long it is known that an address was asked, in ms."""
_ALL = 2**31


def to_address(row: Row) -> Address:
    """Of a row of `addresses`."""
    target = Channel.parse(row["target"])
    return Address(row["who"], target, Proof(row["proof"]), row["asked"], row["tries"], row["why"])


async def put(queries: Any, connection: Any, address: Address) -> None:
    """See `store.AddressStore.put_address`."""
    row = {
        **asdict(address),
        "target": str(address.target),
        "mailbox": str(mailbox(address.target)),
    }
    await queries.put_address(connection, **row)


async def ask(queries: Any, connection: Any, address: Address, by: str, limits: Limits) -> Asked:
    """See `store.AddressStore.ask`."""
    if await found(connection, queries.stopped, mailbox=str(mailbox(address.target))):
        return Asked.STOPPED
    await queries.forget_asks(connection, before=address.asked - _KEPT)
    known = await asks(queries, connection, address.target, by, limits.since, address.asked)
    if known.mailbox >= limits.mailbox:
        return Asked.ALREADY
    if known.person >= limits.person or known.domain >= limits.domain:
        return Asked.SPENT
    await queries.add_ask(connection, target=str(mailbox(address.target)), who=by, at=address.asked)
    await put(queries, connection, address)
    return Asked.NOW


async def asks(
    queries: Any, connection: Any, target: Channel, by: str, since: int, upto: int
) -> Asks:
    """See `store.AddressStore.asks`."""
    ends = {"since": since, "upto": upto}
    (row,) = await found(
        connection, queries.asks, target=str(mailbox(target)), who=by, domain=_domain(by), **ends
    )
    return Asks(row["mailbox"], row["person"], row["domain"])


def _domain(who: str) -> str:
    """As the index has it."""
    return f"@{who.rpartition('@')[2]}" if "@" in who else who


async def confirm(
    queries: Any, connection: Any, address: Address, now: int, numbers: Collection[int] | None
) -> Sequence[Subscription]:
    """See `store.AddressStore.confirm`."""
    known = await found(connection, queries.address, who=address.who, target=str(address.target))
    if not known or known[0]["asked"] != address.asked:
        return []
    theirs = await _theirs(queries, connection, address.target)
    waiting = [
        one
        for one in theirs
        if one.who == address.who and one.standing in (Standing.ASKED, Standing.FAILED)
    ]
    begun: list[Subscription] = []
    for one in waiting:
        if numbers is None or one.id in numbers:
            (row,) = await found(connection, queries.last_seq, channel=str(one.channel))
            begun.append(one.begun(now, row["seq"]))
    await put(
        queries, connection, replace(address, proof=Proof.CONFIRMED, asked=0, tries=0, why="")
    )
    await _end(queries, connection, {one.id for one in waiting} - {one.id for one in begun})
    await _move(queries, connection, begun)
    return begun


async def bounce(queries: Any, connection: Any, target: Channel, why: str) -> None:
    """See `store.AddressStore.bounce`."""
    await queries.bounce_addresses(connection, target=str(target), why=why)
    theirs = await _theirs(queries, connection, target)
    failed = [
        replace(one, standing=Standing.FAILED, due=0)
        for one in theirs
        if one.standing is not Standing.ASKED
    ]
    await _move(queries, connection, failed)


async def stop(queries: Any, connection: Any, target: Channel) -> None:
    """See `store.AddressStore.stop`."""
    await _end(queries, connection, {one.id for one in await _theirs(queries, connection, target)})
    await queries.drop_addresses_for(connection, target=str(target))
    await put(queries, connection, Address("", target, Proof.REFUSED))


async def _theirs(queries: Any, connection: Any, target: Channel) -> Sequence[Subscription]:
    there = {"target": str(target), "channel": None, "after": 0, "count": _ALL}
    return [
        to_subscription(row) for row in await found(connection, queries.subscriptions_for, **there)
    ]


async def _end(queries: Any, connection: Any, numbers: Collection[int]) -> None:
    ids = json.dumps(list(numbers))
    await queries.end_subscriptions(connection, ids=ids)
    await queries.forget_told(connection, ids=ids)


async def _move(queries: Any, connection: Any, now: Sequence[Subscription]) -> None:
    rows = [(one.id, one.standing, one.due, one.cursor, int(one.live), one.urgent) for one in now]
    if rows:
        await queries.move_subscriptions(connection, rows=json.dumps(rows))
