"""One open transaction, on SQLite (`component.bus.ports.transaction`).

A group of messages costs one statement of each kind, however large it is: rows go in as JSON.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held
from component.bus.ports.digests import DigestTurn
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.transaction import Known, Original, Plan, Released, Write
from component.storage.sqlite.database import Connection, MessageIds, Row, to_id
from component.storage.sqlite.digests import save_turns
from component.storage.sqlite.edits import find_original, save_revision
from component.storage.sqlite.fan_out import save_page
from component.storage.sqlite.rows import (
    of_entries,
    of_held,
    of_message,
    of_origin,
    of_rejection,
    to_message,
)


class SQLiteTransaction:
    """Runs its statements on a `writer` that is in a transaction."""

    def __init__(self, writer: Connection) -> None:
        self._writer = writer
        self._bodies: dict[str, str] = {}  # by message id, as the message came

    # Messages

    async def add(self, messages: Sequence[Message]) -> Sequence[Known | None]:
        """Add messages; return None for each new one. Of two with one id, the first is new."""
        if not messages:
            return ()
        added = await self.insert(messages)
        results: list[Known | None] = [None] * len(messages)
        places: list[int] = []
        for place, message in enumerate(messages):
            if message.id in added:
                added.remove(message.id)
            else:
                places.append(place)
        known = await self.find_known([messages[place] for place in places])
        for place, earlier in zip(places, known, strict=True):
            results[place] = earlier
        return results

    async def insert(self, messages: Sequence[Message]) -> set[str]:
        """Insert the messages that are new, and return their ids."""
        ids = MessageIds()
        values = json.dumps([of_message(message, ids) for message in messages])
        rows = await self._writer.rows("add_messages", rows=values, ids=ids.blob)
        added = {to_id(row["id"]) for row in rows}
        for message in messages:
            if message.id in added:
                self._bodies.setdefault(message.id, message.body)
        return added

    async def find_known(self, messages: Sequence[Message]) -> Sequence[Known]:
        """Return the messages that have the ids or origins of these, in their order."""
        if not messages:
            return ()
        ids = MessageIds()
        values = json.dumps([(ids.place(one.id), of_origin(one)) for one in messages])
        rows = await self._writer.rows("known_messages", rows=values, ids=ids.blob)
        by_place = {row["place"]: to_known(row) for row in rows}
        return [by_place[place] for place in range(len(messages))]

    async def original(self, message_id: str) -> Original | None:
        """Return a message, or the one that it corrects."""
        return await find_original(self._writer, message_id)

    # Plans

    async def put(self, plans: Sequence[Plan]) -> Sequence[tuple[Delivery, ...]]:
        """Save what follows from messages: one statement of each kind for all plans, but some for
        each revision."""
        await self.put_revisions(plans)
        await self.put_digests(plans)
        await self.load_bodies(plans)
        deliveries = await self.put_deliveries(plans)
        ids = MessageIds()
        held: list[object] = []
        rejections: list[object] = []
        for plan in plans:
            for one in plan.holds:
                held.append(of_held(one, self._bodies[one.message.id], ids))
            for stop in plan.stops:
                rejections.append(of_rejection(stop, ids))
        await self._writer.put("add_held", held, ids)
        await self._writer.put("add_rejections", rejections, ids)
        await self.put_entries(plans)
        return deliveries

    async def put_revisions(self, plans: Sequence[Plan]) -> None:
        """Change earlier messages, and add those that take some of them back."""
        for plan in plans:
            if plan.revision:
                await save_revision(self._writer, plan.revision)
                self._bodies.pop(plan.revision.original.message.id, None)
            if plan.extra:
                await self.insert(plan.extra)

    async def put_digests(self, plans: Sequence[Plan]) -> None:
        """Add the messages that aggregators made, and what is in each."""
        made = [digest for plan in plans for digest in plan.digests]
        if made:
            await self.insert(made)
            ids = MessageIds()
            parts = [
                (ids.place(digest), ids.place(message))
                for plan in plans
                for digest, message in plan.parts
            ]
            await self._writer.put("add_aggregate_parts", parts, ids)

    async def load_bodies(self, plans: Sequence[Plan]) -> None:
        """Learn the bodies that messages came with, of those that were not added here."""
        wanted: set[str] = set()
        for plan in plans:
            wanted.update(message.id for message, _channel, _state, _error in plan.deliveries)
            wanted.update(held.message.id for held in plan.holds)
        missing = sorted(wanted - self._bodies.keys())
        if missing:
            for row in await self.rows_of("bodies", missing):
                self._bodies[to_id(row["id"])] = row["body"]

    async def put_deliveries(self, plans: Sequence[Plan]) -> Sequence[tuple[Delivery, ...]]:
        """Add the deliveries of all plans; their seqs rise in the order of the plans."""
        ids = MessageIds()
        values = []
        for plan in plans:
            for message, channel, state, error in plan.deliveries:
                changed = self.changed_body(message)
                values.append(
                    (ids.place(message.id), str(channel), state, message.at, error, changed)
                )
        seqs: list[int] = []
        if values:
            rows = await self._writer.rows("add_deliveries", rows=json.dumps(values), ids=ids.blob)
            seqs = sorted(row["seq"] for row in rows)
        numbers = iter(seqs)
        return [to_deliveries(plan, numbers) for plan in plans]

    def changed_body(self, message: Message) -> str | None:
        """Return the body of a message that arrives with another than it came with."""
        if message.body == self._bodies[message.id]:
            return None
        return message.body

    async def put_entries(self, plans: Sequence[Plan]) -> None:
        """Save what processors keep; the last entry of a key counts."""
        latest = {(entry.place, entry.key): entry for plan in plans for entry in plan.notes}
        put, gone = of_entries(latest.values())
        await self._writer.put("drop_processor_state", gone)
        await self._writer.put("put_processor_state", put)

    # Held messages

    async def take_held(self, held: Sequence[Held]) -> Released:
        """Remove held messages; return those that were there, and where they have been since."""
        ids = json.dumps([one.id for one in held])
        words = {row["number"]: row for row in await self._writer.rows("held_words", ids=ids)}
        await self._writer.rows("drop_held", ids=ids)
        left: list[Held] = []
        for one in held:
            row = words.get(one.id)
            if row:
                now = replace(one.message, body=row["body"], edited=row["edited"])
                left.append(replace(one, message=now))
        if not left:
            return Released((), frozenset())
        been = await self.been_with_parts(list({one.message.id: None for one in left}))
        moved = tuple(replace(one, been=one.been | been[one.message.id]) for one in left)
        return Released(moved, frozenset[Channel]().union(*been.values()))

    async def been_with_parts(self, ids: Sequence[str]) -> defaultdict[str, set[Channel]]:
        """Return where each message has been or waits to go. A digest need not go where all its
        parts have been."""
        been = await self.been(ids)
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for row in await self.rows_of("aggregate_parts", ids):
            parts[to_id(row["aggregate_id"])].append(to_id(row["message_id"]))
        if parts:
            inside = await self.been([part for several in parts.values() for part in several])
            for digest, several in parts.items():
                been[digest] |= set.intersection(*(inside[part] for part in several))
        return been

    async def been(self, ids: Sequence[str]) -> defaultdict[str, set[Channel]]:
        """Return where each message has been, or waits to go."""
        been: defaultdict[str, set[Channel]] = defaultdict(set)
        for row in await self.rows_of("been", ids):
            been[to_id(row["id"])].add(Channel.parse(row["channel"]))
        return been

    async def rows_of(self, query: str, message_ids: Sequence[str]) -> Sequence[Row]:
        """Return the rows of a query about some messages."""
        ids = MessageIds()
        places = json.dumps([ids.place(one) for one in message_ids])
        return await self._writer.rows(query, places=places, ids=ids.blob)

    # What is saved beside

    async def settle(self, outcomes: Sequence[Delivery]) -> None:
        """Save what became of deliveries."""
        rows = [(one.seq, one.state, one.attempts, one.error, one.changed) for one in outcomes]
        await self._writer.put("set_outcomes", rows)

    async def save_positions(self, positions: Sequence[ArchivePosition]) -> None:
        """Save how far archives were read."""
        rows = [(str(one.channel), one.stanza_id, one.at) for one in positions]
        await self._writer.put("set_archive_positions", rows)

    async def write(self, writes: Sequence[Write]) -> Sequence[Delivery]:
        """Save what services keep: the turns of digests all together, then each fan-out page."""
        turns: list[DigestTurn] = []
        pages: list[FanOutPage] = []
        for one in writes:
            match one:
                case DigestTurn():
                    turns.append(one)
                case FanOutPage():
                    pages.append(one)
                case _:
                    raise TypeError(f"the store does not know how to save {type(one).__name__}")
        await save_turns(self._writer, turns)
        begun: list[Delivery] = []
        for page in pages:
            begun += await save_page(self._writer, page)
        return begun


def to_known(row: Row) -> Known:
    """Read a message that was accepted before."""
    return Known(to_message(row), bool(row["deleted"]))


def to_deliveries(plan: Plan, seqs: Iterator[int]) -> tuple[Delivery, ...]:
    """Return the deliveries of a plan, each with the next of the `seqs`."""
    deliveries = []
    for message, channel, state, error in plan.deliveries:
        seq = next(seqs)
        deliveries.append(Delivery(seq, message, channel, state, error=error, changed=message.at))
    return tuple(deliveries)
