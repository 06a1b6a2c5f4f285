"""The store on SQLite; see `connections`."""

import dataclasses
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from component.bus.model.delivery import Delivery
from component.bus.model.ledger import Note, Place
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.records import (
    Audit,
    ChannelSpec,
    Drop,
    Grant,
    Mute,
    Preference,
    Put,
    Token,
)
from component.bus.model.reminder import Reminder
from component.bus.model.route import Route
from component.bus.model.story import Story
from component.bus.ports.store import Mark, Offer, Receipt, Release
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite import accepting, changing, reminding, telling
from component.storage.sqlite.addresses import Addresses
from component.storage.sqlite.connections import LAST, transaction, wrapped
from component.storage.sqlite.rows import (
    found,
    of_stages,
    to_delivery,
    to_held,
    to_message,
    to_note,
    to_route,
    to_stop,
)
from component.storage.sqlite.subscriptions import Subscriptions
from component.storage.sqlite.telling import to_story


class SQLite(Subscriptions, Addresses):
    """See `store.Store`. Open it with `open`."""

    # Messages

    @wrapped
    async def save(
        self, offers: Sequence[Offer], outcomes: Sequence[Delivery], marks: Sequence[Mark]
    ) -> Sequence[Receipt]:
        """See `store.Store.save`."""
        self._still_there()
        async with self._turn, transaction(self._writer):
            receipts = await accepting.accept(self._queries, self._writer, offers) if offers else ()
            if outcomes:
                ends = [
                    (one.seq, one.state, one.attempts, one.error, one.changed) for one in outcomes
                ]
                await self._queries.set_outcomes(self._writer, rows=json.dumps(ends))
            if marks:
                places = [(str(mark.channel), mark.stanza_id, mark.at) for mark in marks]
                await self._queries.set_marks(self._writer, rows=json.dumps(places))
        return receipts

    @wrapped
    async def release(self, releases: Sequence[Release]) -> Sequence[Delivery]:
        """See `store.Store.release`."""
        self._still_there()
        async with self._turn, transaction(self._writer):
            return [
                delivery
                for one in releases
                for delivery in await accepting.release(self._queries, self._writer, one)
            ]

    @wrapped
    async def brought(self, origin: str) -> tuple[Message | None, frozenset[Channel]]:
        """See `store.Store.brought`."""
        rows = await self._rows(self._queries.brought, origin=origin)
        return (to_message(rows[0]) if rows else None), frozenset(
            Channel.parse(row["destination"]) for row in rows
        )

    # What is held

    @wrapped
    async def due(self, now: int, limit: int) -> Sequence[Held]:
        """See `store.Store.due`."""
        ready = [to_held(row) for row in await self._rows(self._queries.due, now=now, count=limit)]
        batches = list(dict.fromkeys(one.batch for one in ready if one.batch))
        rows = await self._rows(self._queries.batches, ids=json.dumps(batches)) if batches else ()
        whole = [to_held(row) for row in rows]
        order = {one.batch: (one.due, one.id) for one in reversed(ready) if one.batch}
        alone = [one for one in ready if not one.batch]
        return sorted(
            [*alone, *whole], key=lambda one: (*order.get(one.batch, (one.due, one.id)), one.id)
        )

    @wrapped
    async def next_due(self) -> int | None:
        """See `store.Store.next_due`."""
        rows = await self._rows(self._queries.next_due)
        return rows[0]["due"] if rows else None

    @wrapped
    async def held_counts(self) -> Mapping[Place, int]:
        """See `store.Store.held_counts`."""
        rows = await self._rows(self._queries.held_counts)
        return {(row["route"], row["stage"]): row["depth"] for row in rows}

    @wrapped
    async def held_first(self, limit: int, route: int | None = None) -> Sequence[Held]:
        """See `store.Store.held_first`."""
        return [
            to_held(row)
            for row in await self._rows(self._queries.held_first, count=limit, route=route)
        ]

    @wrapped
    async def held(self, message_id: str) -> Sequence[Held]:
        """See `store.Store.held`."""
        return [to_held(row) for row in await self._rows(self._queries.held, id=message_id)]

    @wrapped
    async def stops(self, message_id: str) -> Sequence[Stopped]:
        """See `store.Store.stops`."""
        return [to_stop(row) for row in await self._rows(self._queries.stops, id=message_id)]

    @wrapped
    async def notes(self) -> Sequence[Note]:
        """See `store.Store.notes`."""
        return [to_note(row) for row in await self._rows(self._queries.notes)]

    @wrapped
    async def pending(self, channel: Channel, after: int, limit: int) -> Sequence[Delivery]:
        """See `store.Store.pending`."""
        rows = await self._rows(self._queries.pending, channel=str(channel), seq=after, count=limit)
        return [to_delivery(row) for row in rows]

    @wrapped
    async def backlog(self) -> dict[Channel, int]:
        """See `store.Store.backlog`."""
        return {
            Channel.parse(row["channel"]): row["depth"]
            for row in await self._rows(self._queries.backlog)
        }

    @wrapped
    async def log(
        self, channel: Channel, *, after: int = 0, before: int | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """See `store.Store.log`."""
        if before is None:
            rows = await self._rows(
                self._queries.log_after, channel=str(channel), seq=min(after, LAST), count=limit
            )
            return [to_delivery(row) for row in rows]
        rows = await self._rows(
            self._queries.log_before, channel=str(channel), seq=min(before, LAST), count=limit
        )
        return [to_delivery(row) for row in rows][::-1]

    @wrapped
    async def last_seq(self, channel: Channel) -> int:
        """See `store.Store.last_seq`."""
        rows = await self._rows(self._queries.last_seq, channel=str(channel))
        return int(rows[0]["seq"])

    @wrapped
    async def trace(self, message_id: str) -> Sequence[Delivery]:
        """See `store.Store.trace`."""
        return [to_delivery(row) for row in await self._rows(self._queries.trace, id=message_id)]

    @wrapped
    async def thread_of(self, message_id: str) -> str:
        """See `store.Store.thread_of`."""
        rows = await self._rows(self._queries.thread_of, id=message_id)
        return str(rows[0]["thread"]) if rows else ""

    @wrapped
    async def mark(self, channel: Channel) -> Mark | None:
        """See `store.Store.mark`."""
        rows = await self._rows(self._queries.mark, channel=str(channel))
        return Mark(channel, rows[0]["stanza_id"], rows[0]["at"]) if rows else None

    @wrapped
    async def secret(self) -> bytes:
        """See `store.Store.secret`."""
        async with self._turn, transaction(self._writer):
            await self._queries.keep_secret(self._writer, value=secrets.token_hex(32))
        return bytes.fromhex((await self._rows(self._queries.secret))[0]["value"])

    @wrapped
    async def probe(self) -> None:
        """See `store.Store.probe`."""
        async with self._turn, transaction(self._writer):
            await self._queries.probe(self._writer)

    # Configuration

    @wrapped
    async def channels(self) -> Sequence[ChannelSpec]:
        """See `store.Store.channels`."""
        return [
            ChannelSpec(
                Channel.parse(row["channel"]),
                row["title"],
                json.loads(row["settings"]),
                bool(row["enabled"]),
                row["version"],
            )
            for row in await self._rows(self._queries.channels)
        ]

    @wrapped
    async def routes(self) -> Sequence[Route]:
        """See `store.Store.routes`."""
        return [to_route(row) for row in await self._rows(self._queries.routes)]

    @wrapped
    async def tokens(self) -> Sequence[Token]:
        """See `store.Store.tokens`."""
        return [
            Token(row["name"], row["digest"], row["jid"])
            for row in await self._rows(self._queries.tokens)
        ]

    @wrapped
    async def grants(self) -> Sequence[Grant]:
        """See `store.Store.grants`."""
        return [Grant(row["jid"], row["role"]) for row in await self._rows(self._queries.grants)]

    @wrapped
    async def mutes(self) -> Sequence[Mute]:
        """See `store.Store.mutes`."""
        rows = await self._rows(self._queries.mutes)
        return [Mute(row["key"], row["name"], row["until"], row["reason"]) for row in rows]

    @wrapped
    async def preferences(self) -> Sequence[Preference]:
        """See `store.Store.preferences`."""
        rows = await self._rows(self._queries.preferences)
        return [Preference(**row) for row in rows]

    @wrapped
    async def prefer(self, preference: Preference) -> None:
        """See `store.Store.prefer`."""
        async with self._turn, transaction(self._writer):
            await self._queries.put_preference(self._writer, **dataclasses.asdict(preference))

    @wrapped
    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """See `store.Store.change`."""
        async with self._turn, transaction(self._writer):
            for one in changes:
                if not await changing.apply(self._queries, self._writer, one):
                    raise Conflict(
                        _(
                            "Someone else changed this in the meantime. Nothing was saved; "
                            "please review it and try again."
                        )
                    )
            await self._queries.add_audit(self._writer, **dataclasses.asdict(audit))

    @wrapped
    async def audit(
        self, before: int | None = None, limit: int = 20
    ) -> Sequence[tuple[int, Audit]]:
        """See `store.Store.audit`."""
        rows = await self._rows(
            self._queries.audit, number=LAST if before is None else before, count=limit
        )
        return [
            (
                row["id"],
                Audit(row["at"], row["who"], row["way"], row["what"], row["before"], row["after"]),
            )
            for row in rows
        ]

    @wrapped
    async def dead(self, channel: Channel | None = None, limit: int = 50) -> Sequence[Delivery]:
        """See `store.Store.dead`."""
        if channel is None:
            return [to_delivery(row) for row in await self._rows(self._queries.dead, count=limit)]
        return [
            to_delivery(row)
            for row in await self._rows(self._queries.dead_of, channel=str(channel), count=limit)
        ]

    @wrapped
    async def dead_letter(self, seq: int) -> Delivery | None:
        """See `store.Store.dead_letter`."""
        rows = await self._rows(self._queries.dead_letter, seq=min(seq, LAST))
        return to_delivery(rows[0]) if rows else None

    @wrapped
    async def graves(self) -> dict[Channel, int]:
        """See `store.Store.graves`."""
        return {
            Channel.parse(row["channel"]): row["depth"]
            for row in await self._rows(self._queries.graves)
        }

    @wrapped
    async def decide(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """See `store.Store.decide`."""
        async with self._turn, transaction(self._writer):
            for one in letters:
                end = {
                    "state": one.state,
                    "attempts": one.attempts,
                    "error": one.error,
                    "changed": one.changed,
                }
                if not await self._queries.decide(self._writer, seq=one.seq, **end):
                    raise Conflict(
                        _(
                            "{number} is no longer a dead letter. Nothing was changed; please "
                            "review it and try again.",
                            number=one.seq,
                        )
                    )
            await self._queries.add_audit(self._writer, **dataclasses.asdict(audit))

    @wrapped
    async def delete(self, message_id: str, instead: str, audit: Audit) -> None:
        """See `store.Store.delete`."""
        async with self._turn, transaction(self._writer):
            if not await self._queries.add_deletion(
                self._writer, id=message_id, at=audit.at, who=audit.who
            ):
                raise Conflict(_("This message is already deleted."))
            await self._queries.replace_body(self._writer, id=message_id, body=instead)
            await self._queries.forget_bodies(self._writer, id=message_id)
            await self._queries.drop_held_of(self._writer, id=message_id)
            await self._queries.drop_undelivered(self._writer, id=message_id, changed=audit.at)
            await self._queries.add_audit(self._writer, **dataclasses.asdict(audit))

    @wrapped
    async def deletion(self, message_id: str) -> tuple[int, str] | None:
        """See `store.Store.deletion`."""
        rows = await self._rows(self._queries.deletion, id=message_id)
        return (rows[0]["at"], rows[0]["who"]) if rows else None

    @wrapped
    async def starting(self, start: str, limit: int = 2) -> Sequence[str]:
        """See `store.Store.starting`."""
        return [
            row["id"] for row in await self._rows(self._queries.starting, start=start, count=limit)
        ]

    @wrapped
    async def search(self, channel: Channel, words: str, limit: int = 10) -> Sequence[Delivery]:
        """See `store.Store.search`."""
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = await self._rows(
            self._queries.search, channel=str(channel), pattern=pattern, count=limit
        )
        return [to_delivery(row) for row in rows]

    @wrapped
    async def recall(self, channel: Channel) -> Any:
        """See `store.Memory.recall`."""
        rows = await self._rows(self._queries.memory, channel=str(channel))
        return json.loads(rows[0]["state"]) if rows else None

    @wrapped
    async def keep(self, channel: Channel, state: Any) -> None:
        """See `store.Memory.keep`."""
        async with self._turn, transaction(self._writer):
            await self._queries.put_memory(
                self._writer, channel=str(channel), state=json.dumps(state)
            )

    @wrapped
    async def stories(
        self, channel: Channel, *, before: int | None = None, limit: int = 50, hidden: bool = False
    ) -> Sequence[Story]:
        """See `store.Store.stories`."""
        query = self._queries.all_stories if hidden else self._queries.stories
        end = LAST if before is None else min(before, LAST)
        return [
            to_story(row)
            for row in await self._rows(query, channel=str(channel), seq=end, count=limit)
        ]

    @wrapped
    async def story(self, seq: int) -> Story | None:
        """See `store.Store.story`."""
        rows = await self._rows(self._queries.story, seq=min(seq, LAST))
        return to_story(rows[0]) if rows else None

    @wrapped
    async def story_of(self, channel: Channel, message_id: str) -> Story | None:
        """See `store.Store.story_of`."""
        rows = await self._rows(self._queries.story_of, channel=str(channel), id=message_id)
        return to_story(rows[0]) if rows else None

    @wrapped
    async def retell(self, story: Story, audit: Audit) -> None:
        """See `store.Store.retell`."""
        async with self._turn, transaction(self._writer):
            await telling.retell(self._queries, self._writer, story, audit.at)
            await self._queries.add_audit(self._writer, **dataclasses.asdict(audit))

    # Reminders

    @wrapped
    async def add_reminder(self, reminder: Reminder, most: int) -> int:
        """See `store.ReminderStore.add_reminder`."""
        self._still_there()
        async with self._turn, transaction(self._writer):
            return await reminding.add(self._queries, self._writer, reminder, most)

    @wrapped
    async def reminder(self, number: int) -> Reminder | None:
        """See `store.ReminderStore.reminder`."""
        return await reminding.one(self._queries, self._reader, number)

    @wrapped
    async def reminders(self, who: str | None = None, limit: int = 100) -> Sequence[Reminder]:
        """See `store.ReminderStore.reminders`."""
        return await reminding.several(self._queries, self._reader, who, limit)

    @wrapped
    async def due_reminders(self, now: int, limit: int) -> Sequence[Reminder]:
        """See `store.ReminderStore.due_reminders`."""
        return await reminding.due(self._queries, self._reader, now, limit)

    @wrapped
    async def next_reminder(self) -> int | None:
        """See `store.ReminderStore.next_reminder`."""
        rows = await self._rows(self._queries.next_reminder)
        return rows[0]["due"] if rows else None

    @wrapped
    async def settle_reminders(self, came: Sequence[tuple[Reminder, int | None]]) -> None:
        """See `store.ReminderStore.settle_reminders`."""
        async with self._turn, transaction(self._writer):
            await reminding.settle(self._queries, self._writer, came)

    @wrapped
    async def drop_reminder(self, number: int) -> bool:
        """See `store.ReminderStore.drop_reminder`."""
        async with self._turn, transaction(self._writer):
            return bool(
                await found(self._writer, self._queries.drop_reminder, id=min(number, LAST))
            )

    @wrapped
    async def contacts(self) -> Sequence[tuple[str, str]]:
        """See `store.Store.contacts`."""
        return [(row["ours"], row["theirs"]) for row in await self._rows(self._queries.contacts)]

    @wrapped
    async def add_contact(self, ours: str, theirs: str) -> None:
        """See `store.Store.add_contact`."""
        async with self._turn, transaction(self._writer):
            await self._queries.add_contact(self._writer, ours=ours, theirs=theirs)

    @wrapped
    async def remove_contact(self, ours: str, theirs: str) -> None:
        """See `store.Store.remove_contact`."""
        async with self._turn, transaction(self._writer):
            await self._queries.remove_contact(self._writer, ours=ours, theirs=theirs)

    @wrapped
    async def seed(
        self, channels: Iterable[ChannelSpec], routes: Iterable[Route], tokens: Iterable[Token]
    ) -> None:
        """See `store.Store.seed`."""
        specs = [
            (str(spec.channel), spec.title, json.dumps(spec.settings), int(spec.enabled))
            for spec in channels
        ]
        ways = [
            (str(one.source), str(one.destination), int(one.enabled), of_stages(one.stages))
            for one in routes
        ]
        keys = [(token.name, token.digest, token.jid) for token in tokens]
        async with self._turn, transaction(self._writer):
            if await found(self._writer, self._queries.claim_seed):
                await self._queries.add_channels(self._writer, rows=json.dumps(specs))
                await self._queries.add_routes(self._writer, rows=json.dumps(ways))
                await self._queries.add_tokens(self._writer, rows=json.dumps(keys))
