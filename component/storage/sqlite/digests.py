"""Digests of subscriptions, on SQLite."""

from collections.abc import Sequence
from dataclasses import replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.digests import DigestPart, DigestTurn
from component.storage.sqlite.database import LAST, Connection, Database, MessageIds, Row, of_id
from component.storage.sqlite.held import to_due
from component.storage.sqlite.rows import to_delivery
from component.storage.sqlite.subscription_rows import by_id, move, to_subscription


class SQLiteDigests:
    """When digests are due and what they tell (`component.bus.ports.digests.DigestStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: int, limit: int) -> Sequence[Subscription]:
        """Return the subscriptions that are due, those of one target side by side."""
        page = {"now": now, "count": limit}
        return await self._database.read("due_subscriptions", to_subscription, **page)

    async def due_count(self, now: int) -> int:
        """Return how many subscriptions are due."""
        (count,) = await self._database.read("due_count", to_count, now=now)
        return count

    async def due_after(self, due: int, after: int, limit: int) -> Sequence[Subscription]:
        """Return a page of the subscriptions that are due later than `due`."""
        page = {"due": due, "after": after, "count": limit}
        return await self._database.read("far_subscriptions", to_subscription, **page)

    async def next_due(self) -> int | None:
        """Return when the next is due; None where no subscription is."""
        return await self._database.read_one("next_subscription", to_due)

    async def take_turns(self, turns: Sequence[DigestTurn]) -> None:
        """Save turns that have no digest."""
        async with self._database.transaction() as writer:
            await save_turns(writer, turns)

    async def parts_of(self, digest: str) -> Sequence[DigestPart]:
        """Return what a digest tells, by subscription."""
        return await self._database.read("digest_parts", to_part, id=of_id(digest))

    async def between(
        self, channel: Channel, after: int, upto: int, limit: int
    ) -> Sequence[Delivery]:
        """Return what a digest may tell of a channel, oldest first."""
        ends = {"after": min(after, LAST), "upto": min(upto, LAST)}
        page = {"channel": str(channel), "count": limit}
        return await self._database.read("between", to_delivery, **ends, **page)

    async def count_between(self, channel: Channel, after: int, upto: int) -> int:
        """Return how many deliveries a digest may tell."""
        ends = {"after": min(after, LAST), "upto": min(upto, LAST)}
        place = str(channel)
        (count,) = await self._database.read("counted", to_count, channel=place, **ends)
        return count


async def save_turns(writer: Connection, turns: Sequence[DigestTurn]) -> None:
    """Save the turn of each subscription that is as it `was`; all else of it stays as it is by
    now."""
    if not turns:
        return
    known = await by_id(writer, [turn.was.id for turn in turns])
    taken: list[DigestTurn] = []
    for turn in turns:
        current = known.get(turn.was.id)
        if current and progress(current) == progress(turn.was):
            due = turn.now.due or await due_again(writer, turn)
            known[current.id] = replace(
                current, standing=turn.now.standing, due=due, cursor=turn.now.cursor
            )
            taken.append(turn)
    moved = {turn.was.id for turn in taken}
    await move(writer, [known[number] for number in moved])
    # What its digest leaves out has to be known until that is sent: until the next turn.
    told = [(turn.was.id, turn.was.cursor) for turn in taken]
    await writer.put("forget_notified_upto", told)
    ids = MessageIds()
    parts = [
        (ids.place(turn.digest), turn.was.id, turn.was.cursor, turn.now.cursor)
        for turn in taken
        if turn.digest
    ]
    await writer.put("add_digest_parts", parts, ids)


async def due_again(writer: Connection, turn: DigestTurn) -> int:
    """Return when a subscription is due again that waits for nothing else: 0, unless something came
    behind its new cursor.

    Nothing is lost between a digest and immediate delivery. A message's delivery to the
    channel is committed with the one to its subscribers, whose fan-out reads the subscription later
    still. Where it reads it before this transaction, and so leaves the message to the digest, that
    delivery is there by now: up to the cursor, or seen here. Where it reads it after, it finds it
    free, or due still.
    """
    if not turn.again:
        return 0
    (row,) = await writer.rows("last_seq", channel=str(turn.was.channel))
    if row["seq"] > turn.now.cursor:
        return turn.again
    return 0


def progress(subscription: Subscription) -> tuple[Standing, int, int]:
    """What of a subscription a turn moves on."""
    return subscription.standing, subscription.due, subscription.cursor


def to_count(row: Row) -> int:
    """Read how many of something there are."""
    return int(row["depth"])


def to_part(row: Row) -> DigestPart:
    """Read a row of `digest_parts`."""
    return DigestPart(row["subscription"], row["after"], row["upto"])
