"""Corrections and retractions by authors, on SQLite: what they make of the message they name."""

import json

from component.bus.model.message import Message
from component.bus.ports.transaction import Original, Revision
from component.storage.sqlite.database import Connection, of_id
from component.storage.sqlite.rows import to_delivery, to_held, to_message


async def find_original(writer: Connection, message_id: str) -> Original | None:
    """Return a message, or the one that it corrects, with everything that became of it."""
    rows = await writer.rows("original", id=of_id(message_id))
    if not rows:
        return None
    message = to_message(rows[0])
    key = of_id(message.id)
    deliveries = [to_delivery(row) for row in await writer.rows("trace", id=key)]
    held = [to_held(row) for row in await writer.rows("held_of", id=key)]
    return Original(message, bool(rows[0]["deleted"]), deliveries, held)


async def save_revision(writer: Connection, revision: Revision) -> None:
    """Save what a correction or a retraction makes of its original."""
    change, original = revision.change, revision.original.message
    if revision.retracts:
        who = change.author.key
        await writer.run("add_deletion", id=of_id(original.id), at=change.at, who=who)
        await take_words(writer, original.id, change.body, change.at)
    else:
        await save_words(writer, revision)
        await end_places(writer, revision)


async def save_words(writer: Connection, revision: Revision) -> None:
    """Save the new words, and keep those that they replace."""
    change, original = revision.change, revision.original.message
    now = change.body
    await writer.run("add_edit", id=of_id(original.id), at=change.at)
    rows = [(one.seq, other_than(now, one.message), original.body) for one in revision.words]
    await writer.put("edit_deliveries", rows)
    await writer.put("edit_held", [(one.id, other_than(now, one.message)) for one in revision.held])
    await writer.run("edit_body", id=of_id(original.id), body=now, at=change.at)


async def end_places(writer: Connection, revision: Revision) -> None:
    """Save that nothing is left of the original at some places."""
    at = revision.change.at
    ended = [(one.seq, one.message.body, at) for one in revision.ended]
    await writer.put("end_deliveries", ended)
    await writer.put("hide_stories", [(one.seq, at) for one in revision.ended])
    dropped = json.dumps([one.id for one in revision.dropped])
    await writer.rows("drop_held", ids=dropped)


def other_than(body: str, message: Message) -> str | None:
    """Give a message's body where it is not `body`."""
    if message.body == body:
        return None
    return message.body


async def take_words(writer: Connection, message_id: str, instead: str, at: int) -> None:
    """Replace the words of a message and of all that corrected it, and drop what was not delivered
    of them."""
    key = of_id(message_id)
    await writer.run("replace_body", id=key, body=instead)
    await writer.run("forget_bodies", id=key)
    await writer.run("forget_edits", id=key)
    await writer.run("drop_held_of", id=key)
    await writer.run("drop_undelivered", id=key, changed=at)
