"""What is written when messages are accepted, or go on after they were held; within a transaction
of the caller."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.ports.store import Offer, Planned, Receipt, Release
from component.storage.sqlite.database import Connection
from component.storage.sqlite.digests import save_turns
from component.storage.sqlite.rows import of_entries, of_held, of_message, of_stop, to_message


async def accept(writer: Connection, offers: Sequence[Offer]) -> Sequence[Receipt]:
    """Those of the offers that are new, with what follows from them; receipts in the offers'
    order."""
    rows = json.dumps([of_message(offer.message) for offer in offers])
    added = {row["id"] for row in await writer.rows("add_messages", rows=rows)}
    new: dict[int, Offer] = {}
    old: dict[int, Offer] = {}
    for place, offer in enumerate(
        offers
    ):  # of two with one id, the first is the one that was added
        fresh = offer.message.id in added
        added.discard(offer.message.id)
        (new if fresh else old)[place] = offer
    receipts = await _accepted(writer, new) | await _known(writer, old)
    return [receipts[place] for place in range(len(offers))]


async def _accepted(writer: Connection, offers: Mapping[int, Offer]) -> dict[int, Receipt]:
    planned = {place: offer.plan() for place, offer in offers.items()}
    bodies = {offer.message.id: offer.message.body for offer in offers.values()}
    deliveries = iter(await _put(writer, list(planned.values()), bodies))
    return {
        place: Receipt(
            offers[place].message,
            new=True,
            deliveries=tuple(next(deliveries) for _delivery in one.deliveries),
            planned=one,
        )
        for place, one in planned.items()
    }


async def _put(
    writer: Connection, planned: Sequence[Planned], bodies: Mapping[str, str]
) -> Sequence[Delivery]:
    """What follows from messages whose `bodies` came so, by id; gives the new deliveries."""
    new = [one for follows in planned for one in follows.deliveries]
    rows = [
        (
            message.id,
            str(channel),
            state,
            message.at,
            error,
            _changed(message.body, bodies[message.id]),
        )
        for message, channel, state, error in new
    ]
    added = await writer.rows("add_deliveries", rows=json.dumps(rows)) if rows else ()
    await writer.put(
        "add_held",
        [of_held(one, bodies[one.message.id]) for p in planned for one in p.holds],
    )
    await writer.put("add_stops", [of_stop(one) for p in planned for one in p.stops])
    put, gone = of_entries(
        {(note.place, note.key): note for p in planned for note in p.notes}.values()
    )
    await writer.put("put_notes", put)
    await writer.put("drop_notes", gone)
    await save_turns(writer, [turn for p in planned for turn in p.turns])
    return [
        Delivery(seq, message, channel, state, error=error, changed=message.at)
        for seq, (message, channel, state, error) in zip(
            sorted(row["seq"] for row in added), new, strict=True
        )
    ]


def _changed(body: str, came: str) -> str | None:
    """The body of a message that arrives with another than it came with."""
    return None if body == came else body


async def _known(writer: Connection, offers: Mapping[int, Offer]) -> dict[int, Receipt]:
    if not offers:
        return {}
    places = list(offers)
    rows = json.dumps([(offer.message.id, offer.message.origin) for offer in offers.values()])
    known = await writer.rows("known_messages", rows=rows)
    return {
        places[row["place"]]: Receipt(to_message(row), new=False, deleted=bool(row["deleted"]))
        for row in known
    }


async def release(writer: Connection, one: Release) -> Sequence[Delivery]:
    """What follows from messages that are held no more; nothing of those that are not held any more
    already."""
    ids = json.dumps([held.id for held in one.held])
    gone = {row["id"] for row in await writer.rows("drop_held", ids=ids)}
    left = tuple(held for held in one.held if held.id in gone)
    if not left:
        return ()
    known = list({held.message.id: None for held in left})
    ids = json.dumps(known)
    been = await _been(writer, known)
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for row in await writer.rows("parts", ids=ids):
        parts[row["digest_id"]].append(row["message_id"])
    inside = (
        await _been(writer, [part for several in parts.values() for part in several])
        if parts
        else {}
    )
    for digest, several in parts.items():  # where all of it has been since, it need not go
        been[digest] |= set.intersection(*(inside[part] for part in several))
    left = tuple(replace(held, been=held.been | been[held.message.id]) for held in left)
    planned = one.plan(left, frozenset[Channel]().union(*been.values()))
    if planned.digests:
        await writer.rows(
            "add_messages",
            rows=json.dumps([of_message(one) for one in planned.digests]),
        )
        await writer.put("add_parts", planned.parts)
    came = {row["id"]: row["body"] for row in await writer.rows("bodies", ids=ids)}
    return await _put(writer, [planned], came | {one.id: one.body for one in planned.digests})


async def _been(writer: Connection, ids: Sequence[str]) -> defaultdict[str, set[Channel]]:
    """Where each message has been, or waits to go."""
    been: defaultdict[str, set[Channel]] = defaultdict(set)
    for row in await writer.rows("been", ids=json.dumps(ids)):
        been[row["id"]].add(Channel.parse(row["channel"]))
    return been
