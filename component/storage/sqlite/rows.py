"""Rows of the database and what they stand for: to write them, and to read them back."""

import json
from collections.abc import Iterable
from typing import Any

from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import StateEntry
from component.bus.model.message import Author, Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.route import Route, Stage
from component.common.i18n import Words
from component.storage.sqlite.database import Row


def of_message(message: Message) -> tuple[str | int, ...]:
    """For `add_messages`."""
    author = message.author
    said = message.body, message.at, message.corrects, message.replies, message.thread
    return message.id, message.origin, str(message.channel), author.name, author.key, *said


def to_message(row: Row) -> Message:
    """Of any row with a message's columns."""
    author = Author(row["author_name"], row["author_key"])
    said = row["body"], row["at"], row["corrects"], row["replies"], row["thread"]
    return Message(row["id"], row["origin"], Channel.parse(row["channel"]), author, *said)


def to_delivery(row: Row) -> Delivery:
    """Of a row of `sent`."""
    return Delivery(
        row["seq"],
        to_message(row),
        Channel.parse(row["destination"]),
        State(row["state"]),
        row["attempts"],
        row["error"],
        row["changed"],
    )


def of_stages(stages: Iterable[Stage]) -> str:
    """A route's processors, as JSON."""
    return json.dumps(
        [{"id": one.id, "name": one.name, "settings": dict(one.settings)} for one in stages]
    )


def to_stages(text: str) -> tuple[Stage, ...]:
    """See `of_stages`."""
    return tuple(
        Stage(
            one["id"],
            one["name"],
            tuple((key, tuple(values)) for key, values in one["settings"].items()),
        )
        for one in json.loads(text)
    )


def to_route(row: Row) -> Route:
    """Of a row of `routes`."""
    source, destination = Channel.parse(row["source"]), Channel.parse(row["destination"])
    return Route(
        source,
        destination,
        bool(row["enabled"]),
        row["id"],
        row["version"],
        to_stages(row["stages"]),
    )


def of_held(held: Held, original: str) -> tuple[str | int | None, ...]:
    """For `add_held`; `original` is the body of the message as it came."""
    passed, been = json.dumps(held.passed), json.dumps([str(one) for one in sorted(held.been)])
    body = held.message.body if held.message.body != original else None
    return (
        held.message.id,
        body,
        held.route,
        held.passed[-1],
        passed,
        been,
        held.at,
        held.due,
        held.batch,
    )


def to_held(row: Row) -> Held:
    """Of a row of `waiting`."""
    been = frozenset(Channel.parse(one) for one in json.loads(row["been"]))
    passed = tuple(json.loads(row["passed"]))
    return Held(
        to_message(row),
        row["route"],
        passed,
        been,
        row["since"],
        row["due"],
        row["batch"],
        id=row["number"],
    )


def of_stop(stop: Stopped) -> tuple[str | int, ...]:
    """For `add_stops`."""
    return stop.message.id, stop.route, stop.processor, str(stop.destination), str(stop.why)


def to_stop(row: Row) -> Stopped:
    """Of a row of `stops` with its message."""
    destination = Channel.parse(row["destination"])
    return Stopped(
        to_message(row),
        row["route"],
        row["processor"],
        destination,
        Words("{why}", {"why": row["why"]}),
    )


def of_entries(entries: Iterable[StateEntry]) -> tuple[list[Any], list[Any]]:
    """For `put_notes` and `drop_notes`."""
    put = [
        (*note.place, note.key, json.dumps(note.value))
        for note in entries
        if note.value is not None
    ]
    return put, [(*note.place, note.key) for note in entries if note.value is None]


def to_entry(row: Row) -> StateEntry:
    """Of a row of `notes`."""
    return StateEntry((row["route"], row["stage"]), row["key"], json.loads(row["value"]))


def to_channel(row: Row) -> Channel:
    """Read the channel of a row."""
    return Channel.parse(row["channel"])


def to_depth(row: Row) -> tuple[Channel, int]:
    """Read how many of something a channel has."""
    return to_channel(row), row["depth"]
