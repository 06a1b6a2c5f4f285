"""Rows of the database and the values that they hold: to write them, and to read them back."""

import json
from collections.abc import Iterable
from typing import Any

from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import StateEntry
from component.bus.model.message import Author, AuthorKind, Channel, Kind, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.route import Route, Stage
from component.common.i18n import Words
from component.storage.sqlite.database import MessageIds, Row, to_id


def of_message(message: Message, ids: MessageIds) -> tuple[str | int | None, ...]:
    """Give a row of `add_messages`."""
    author = message.author
    return (
        ids.place(message.id),
        of_origin(message),
        message.kind,
        str(message.channel),
        author.name,
        author.key,
        author.kind,
        message.body,
        message.at,
        ids.place(message.corrects),
        ids.place(message.replies),
        ids.place(message.thread),
    )


def of_origin(message: Message) -> str | None:
    """Give the origin of a message as it is kept: null where it only repeats the id."""
    if message.origin == f"{message.channel}#{message.id}":
        return None
    return message.origin


def to_message(row: Row) -> Message:
    """Read any row with a message's columns."""
    message_id, channel = to_id(row["id"]), row["channel"]
    origin = row["origin"]
    if origin is None:
        origin = f"{channel}#{message_id}"
    return Message(
        message_id,
        origin,
        Channel.parse(channel),
        Author(row["author_name"], row["author_key"], AuthorKind(row["author_kind"])),
        row["body"],
        row["at"],
        to_id(row["corrects"]),
        to_id(row["replies"]),
        to_id(row["thread"]),
        Kind(row["kind"]),
        row["edited"],
    )


def to_delivery(row: Row) -> Delivery:
    """Read a row of `sent`."""
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
    """Write the processors of a route as JSON."""
    return json.dumps(
        [{"id": one.id, "name": one.name, "settings": dict(one.settings)} for one in stages]
    )


def to_stages(text: str) -> tuple[Stage, ...]:
    """Read the processors of a route."""
    return tuple(
        Stage(
            one["id"],
            one["name"],
            tuple((key, tuple(values)) for key, values in one["settings"].items()),
        )
        for one in json.loads(text)
    )


def to_route(row: Row) -> Route:
    """Read a row of `routes`."""
    source, destination = Channel.parse(row["source"]), Channel.parse(row["destination"])
    return Route(
        source,
        destination,
        bool(row["enabled"]),
        row["id"],
        row["version"],
        to_stages(row["stages"]),
    )


def of_held(held: Held, original: str, ids: MessageIds) -> tuple[str | int | None, ...]:
    """Give a row of `add_held`; `original` is the body of the message as it came."""
    passed, been = json.dumps(held.passed), json.dumps([str(one) for one in sorted(held.been)])
    body = None
    if held.message.body != original:
        body = held.message.body
    return (
        ids.place(held.message.id),
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
    """Read a row of `waiting`."""
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


def of_rejection(stop: Stopped, ids: MessageIds) -> tuple[str | int | None, ...]:
    """Give a row of `add_rejections`."""
    message = ids.place(stop.message.id)
    return message, stop.route, stop.processor, str(stop.destination), str(stop.why)


def to_rejection(row: Row) -> Stopped:
    """Read a row of `rejections` with its message."""
    destination = Channel.parse(row["destination"])
    return Stopped(
        to_message(row),
        row["route"],
        row["processor"],
        destination,
        Words("{why}", {"why": row["reason"]}),
    )


def of_entries(entries: Iterable[StateEntry]) -> tuple[list[Any], list[Any]]:
    """Give rows of `put_processor_state`, and of `drop_processor_state` of every key: an entry that
    is put becomes the newest."""
    put: list[Any] = []
    keys: list[Any] = []
    for entry in entries:
        keys.append((*entry.place, entry.key))
        if entry.value is not None:
            put.append((*entry.place, entry.key, json.dumps(entry.value)))
    return put, keys


def to_entry(row: Row) -> StateEntry:
    """Read a row of `processor_state`."""
    return StateEntry((row["route"], row["stage"]), row["key"], json.loads(row["value"]))


def to_channel(row: Row) -> Channel:
    """Read the channel of a row."""
    return Channel.parse(row["channel"])


def to_depth(row: Row) -> tuple[Channel, int]:
    """Read how many of something a channel has."""
    return to_channel(row), row["depth"]
