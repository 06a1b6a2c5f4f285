"""Which query puts or drops which thing. Each changes no row where the thing is not as it was
read."""

import dataclasses
import json
from typing import Any

from component.bus.model.records import ChannelSpec, Drop, Mute, Put, Token
from component.bus.model.route import Route
from component.storage.sqlite.rows import found, of_stages, to_stages


async def apply(queries: Any, connection: Any, change: Put | Drop) -> int:
    """Make one change within a transaction."""
    if isinstance(change.thing, Route) and change.thing.id:
        await _leave(queries, connection, change.thing, gone=isinstance(change, Drop))
    name, values = (_put if isinstance(change, Put) else _drop)(change.thing)
    changed: int = await getattr(queries, name)(connection, **values)
    if isinstance(change, Drop) and isinstance(change.thing, ChannelSpec):
        # Added again it begins anew: what is said there meanwhile is not for the bus.
        await queries.drop_mark(connection, channel=values["channel"])
        await queries.drop_memory(connection, channel=values["channel"])
    return changed


async def _leave(queries: Any, connection: Any, route: Route, *, gone: bool) -> None:
    """What the stages that go, or are set otherwise, noted is forgotten, and what they hold may go
    on: what comes now must not overtake it. What a route that goes holds is buried."""
    rows = await found(connection, queries.stages_of, id=route.id)
    before = to_stages(rows[0]["stages"]) if rows else ()
    changed = [one.id for one in before if gone or one not in route.stages]
    await queries.forget_notes(connection, route=route.id, stages=json.dumps(changed))
    await queries.hasten_held(connection, route=route.id, stages=json.dumps(changed))
    left = {one.id for one in route.stages}
    if lost := [one.id for one in before if one.id not in left]:
        await queries.outlive_stages(connection, route=route.id, stages=json.dumps(lost))
    if gone:
        why = "The route was removed while the message was held."
        await queries.bury_held(
            connection, route=route.id, destination=str(route.destination), error=why
        )
        await queries.forget_held(connection, route=route.id)


def _put(thing: Any) -> tuple[str, dict[str, Any]]:
    match thing:
        case ChannelSpec():
            values = {
                "channel": str(thing.channel),
                "title": thing.title,
                "enabled": int(thing.enabled),
            }
            values["settings"] = json.dumps(thing.settings)
            return (
                ("change_channel", values | {"version": thing.version})
                if thing.version
                else ("add_channel", values)
            )
        case Route():
            values = {
                "source": str(thing.source),
                "destination": str(thing.destination),
                "enabled": int(thing.enabled),
            }
            values["stages"] = of_stages(thing.stages)
            if not thing.version:
                return "add_route", values
            return "change_route", values | {"id": thing.id, "version": thing.version}
        case Token():
            return "add_token", {"name": thing.name, "digest": thing.digest, "jid": thing.jid}
        case Mute():
            return "put_mute", dataclasses.asdict(thing)
        case _:
            return "put_grant", {"jid": thing.jid, "role": thing.role}


def _drop(thing: Any) -> tuple[str, dict[str, Any]]:
    match thing:
        case ChannelSpec():
            return "drop_channel", {"channel": str(thing.channel), "version": thing.version}
        case Route():
            return "drop_route", {"id": thing.id, "version": thing.version}
        case Token():
            return "drop_token", {"name": thing.name}
        case Mute():
            return "drop_mute", {"key": thing.key, "until": thing.until}
        case _:
            return "drop_grant", {"jid": thing.jid}
