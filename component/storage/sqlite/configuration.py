"""What operators configure, on SQLite. No query that changes a record changes it where it is not as
it was read."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Drop, Grant, Mute, Put, Token
from component.bus.model.route import Route
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite.audit import write_audit
from component.storage.sqlite.database import Connection, Database, Row
from component.storage.sqlite.rows import of_stages, to_route, to_stages

_REMOVED = "The route was removed while the message was held."


class SQLiteConfiguration:
    """What is configured (`component.bus.ports.configuration.ConfigurationStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def channels(self) -> Sequence[ChannelSpec]:
        """Return all channels."""
        return await self._database.read("channels", to_spec)

    async def routes(self) -> Sequence[Route]:
        """Return all routes, oldest first."""
        return await self._database.read("routes", to_route)

    async def tokens(self) -> Sequence[Token]:
        """Return all API tokens."""
        return await self._database.read("tokens", to_token)

    async def grants(self) -> Sequence[Grant]:
        """Return all roles that were granted."""
        return await self._database.read("grants", to_grant)

    async def mutes(self) -> Sequence[Mute]:
        """Return all mutes."""
        return await self._database.read("mutes", to_mute)

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """Make all changes, with a line of the audit log, or none."""
        async with self._database.transaction() as writer:
            for change in changes:
                if not await make(writer, change):
                    raise Conflict(
                        _(
                            "Someone else changed this in the meantime. Nothing was saved; "
                            "please review it and try again."
                        )
                    )
            await write_audit(writer, audit)

    async def seed(
        self, channels: Iterable[ChannelSpec], routes: Iterable[Route], tokens: Iterable[Token]
    ) -> None:
        """Add these to a store that was never seeded."""
        specs = [
            (str(spec.channel), spec.title, json.dumps(spec.settings), int(spec.enabled))
            for spec in channels
        ]
        ways = [
            (str(route.source), str(route.destination), int(route.enabled), of_stages(route.stages))
            for route in routes
        ]
        keys = [(token.name, token.digest, token.jid) for token in tokens]
        async with self._database.transaction() as writer:
            if await writer.rows("claim_seed"):
                await writer.put("add_channels", specs)
                await writer.put("add_routes", ways)
                await writer.put("add_tokens", keys)


async def make(writer: Connection, change: Put | Drop) -> int:
    """Make one change within a transaction; return how many records it changed."""
    thing, gone = change.thing, isinstance(change, Drop)
    if isinstance(thing, Route) and thing.id:
        await leave(writer, thing, gone=gone)
    if gone:
        return await drop(writer, thing)
    return await put(writer, thing)


async def leave(writer: Connection, route: Route, *, gone: bool) -> None:
    """Forget the state of stages that are removed or changed, and make due what they hold: a new
    message must not overtake it. What a removed route holds becomes dead letters."""
    rows = await writer.rows("stages_of", id=route.id)
    changed: list[int] = []
    lost: list[int] = []
    left = {stage.id for stage in route.stages}
    for row in rows:
        for stage in to_stages(row["stages"]):
            if gone or stage not in route.stages:
                changed.append(stage.id)
            if stage.id not in left:
                lost.append(stage.id)
    await writer.run("forget_processor_state", route=route.id, stages=json.dumps(changed))
    await writer.run("hasten_held", route=route.id, stages=json.dumps(changed))
    if lost:
        await writer.run("outlive_stages", route=route.id, stages=json.dumps(lost))
    if gone:
        destination = str(route.destination)
        await writer.run("bury_held", route=route.id, destination=destination, error=_REMOVED)
        await writer.run("forget_held", route=route.id)


async def put(writer: Connection, thing: Any) -> int:
    """Add a record, or change one from the version it was read at."""
    match thing:
        case ChannelSpec():
            return await put_channel(writer, thing)
        case Route():
            return await put_route(writer, thing)
        case Token():
            return await writer.run(
                "add_token", name=thing.name, digest=thing.digest, jid=thing.jid
            )
        case Mute():
            return await writer.run("put_mute", **asdict(thing))
        case _:
            return await writer.run("put_grant", jid=thing.jid, role=thing.role)


async def put_channel(writer: Connection, spec: ChannelSpec) -> int:
    """Add a channel, or change it."""
    values = {
        "channel": str(spec.channel),
        "title": spec.title,
        "settings": json.dumps(spec.settings),
        "enabled": int(spec.enabled),
    }
    if not spec.version:
        return await writer.run("add_channel", **values)
    return await writer.run("change_channel", **values, version=spec.version)


async def put_route(writer: Connection, route: Route) -> int:
    """Add a route, or change it."""
    values = {
        "source": str(route.source),
        "destination": str(route.destination),
        "enabled": int(route.enabled),
        "stages": of_stages(route.stages),
    }
    if not route.version:
        return await writer.run("add_route", **values)
    return await writer.run("change_route", **values, id=route.id, version=route.version)


async def drop(writer: Connection, thing: Any) -> int:
    """Remove a record as it was read."""
    match thing:
        case ChannelSpec():
            return await drop_channel(writer, thing)
        case Route():
            return await writer.run("drop_route", id=thing.id, version=thing.version)
        case Token():
            return await writer.run("drop_token", name=thing.name)
        case Mute():
            return await writer.run("drop_mute", key=thing.key, until=thing.until)
        case _:
            return await writer.run("drop_grant", jid=thing.jid)


async def drop_channel(writer: Connection, spec: ChannelSpec) -> int:
    """Remove a channel with what its source keeps. Added again it begins anew: what is said there
    meanwhile is not for the bus."""
    channel = str(spec.channel)
    dropped = await writer.run("drop_channel", channel=channel, version=spec.version)
    await writer.run("drop_archive_position", channel=channel)
    await writer.run("drop_source_state", channel=channel)
    return dropped


def to_spec(row: Row) -> ChannelSpec:
    """Read a row of `channels`."""
    settings = json.loads(row["settings"])
    channel = Channel.parse(row["channel"])
    return ChannelSpec(channel, row["title"], settings, bool(row["enabled"]), row["version"])


def to_token(row: Row) -> Token:
    """Read a row of `tokens`."""
    return Token(row["name"], row["digest"], row["jid"])


def to_grant(row: Row) -> Grant:
    """Read a row of `roles`."""
    return Grant(row["jid"], row["role"])


def to_mute(row: Row) -> Mute:
    """Read a row of `mutes`."""
    return Mute(row["key"], row["name"], row["until"], row["reason"])
