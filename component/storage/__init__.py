"""Durable state: one set of named queries, numbered migrations, and a connector for each engine.

Database drivers are imported in this folder only.
"""

from pathlib import Path

from component.errors import ConfigError
from component.storage.sqlite import SQLite
from component.store import Store
from component.words import _


async def open_store(url: str) -> Store:
    """The store at `url` (`sqlite:PATH`), brought up to date; raises ConfigError, StoreError."""
    engine, colon, rest = url.partition(":")
    if not colon or engine != "sqlite" or not rest:
        raise ConfigError(
            [_("[store] url is “{url}”: write sqlite:PATH, like sqlite:/var/lib/shoutbus/bus.db.", url=url)]
        )
    return await SQLite.open(Path(rest.removeprefix("//")))
