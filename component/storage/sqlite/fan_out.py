"""Fan-outs to subscribers, on SQLite."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from component.bus.model.delivery import Delivery
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.fan_out import FanOutPage
from component.storage.sqlite.database import LAST, Connection, Database, Row
from component.storage.sqlite.subscription_rows import by_id, move

_CLEARED = 100
"""Finished fan-outs that are forgotten when a new one begins."""


class SQLiteFanOut:
    """How far fan-outs have come (`component.bus.ports.fan_out.FanOutStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def progress(self, seq: int) -> int:
        """Return up to which subscription a delivery to subscribers has come."""
        return await self._database.read_one("fan_out_progress", to_upto, seq=min(seq, LAST)) or 0

    async def notified_upto(self, numbers: Collection[int]) -> Mapping[int, int]:
        """Return for each subscription the seq up to which fan-outs have passed it."""
        ids = json.dumps(list(numbers))
        return dict(await self._database.read("notified_upto", to_passed, ids=ids))

    async def notified(self, numbers: Collection[int]) -> Mapping[int, frozenset[int]]:
        """Return the seqs behind its cursor that each subscription was told at once."""
        seqs: defaultdict[int, set[int]] = defaultdict(set)
        ids = json.dumps(list(numbers))
        for number, seq in await self._database.read("notified", to_notified, ids=ids):
            seqs[number].add(seq)
        return {number: frozenset(some) for number, some in seqs.items()}

    async def forget_notified(self, notified: Collection[tuple[int, int]]) -> None:
        """Remove what was not delivered at once after all."""
        async with self._database.transaction() as writer:
            await writer.put("forget_notified_pairs", list(notified))


async def save_page(writer: Connection, page: FanOutPage) -> Sequence[Delivery]:
    """Save one step of a fan-out; return the new deliveries."""
    seq = page.delivery.seq
    if not await writer.rows("fan_out_progress", seq=seq):
        await writer.run("clear_fan_out_progress", count=_CLEARED)
    await writer.run("put_fan_out_progress", seq=seq, upto=page.upto)
    await writer.put("add_notified", list(page.notified))
    if page.held:
        await hold(writer, page.held)
    return await deliver(writer, page)


async def deliver(writer: Connection, page: FanOutPage) -> Sequence[Delivery]:
    """Add a delivery to each target that the message was not brought to yet."""
    targets = {str(target): target for target in page.targets}
    if not targets:
        return []
    names = json.dumps(list(targets))
    rows = await writer.rows("add_fan_out_deliveries", seq=page.delivery.seq, targets=names)
    message = page.delivery.message
    return [
        Delivery(row["seq"], message, targets[row["channel"]], changed=message.at) for row in rows
    ]


async def hold(writer: Connection, held: Sequence[Subscription]) -> None:
    """Save subscriptions in their new state, but for those that their owner stopped since they were
    read. A cursor that moved on meanwhile stays: nothing is sent twice."""
    known = await by_id(writer, [subscription.id for subscription in held])
    for subscription in held:
        current = known.get(subscription.id)
        if current and current.standing is Standing.ON:
            known[subscription.id] = replace(
                current,
                standing=subscription.standing,
                due=subscription.due,
                cursor=max(current.cursor, subscription.cursor),
            )
    await move(writer, known.values())


def to_upto(row: Row) -> int:
    """Read how far a fan-out has come."""
    return int(row["upto"])


def to_passed(row: Row) -> tuple[int, int]:
    """Read up to which seq fan-outs have passed a subscription."""
    return row["id"], row["seq"]


def to_notified(row: Row) -> tuple[int, int]:
    """Read a subscription and a seq that it was told at once."""
    return row["subscription"], row["seq"]
