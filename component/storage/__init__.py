"""Durable state: one set of named queries, numbered migrations, and a connector for each engine.

Database drivers are imported in this folder only.
"""

from pathlib import Path

from component.bus.ports.store import Store
from component.common.errors import ConfigError
from component.common.i18n import _
from component.storage.sqlite.store import SQLite


async def open_store(url: str) -> Store:
    """The store at `url` (`sqlite:PATH`), brought up to date; raises ConfigError, StoreError."""
    engine, colon, rest = url.partition(":")
    if not colon or engine != "sqlite" or not rest:
        raise ConfigError(
            [
                _(
                    "[store] url is “{url}”: write sqlite:PATH, like "
                    "sqlite:/var/lib/shoutbus/bus.db.",
                    url=url,
                )
            ]
        )
    return await SQLite.open(Path(rest.removeprefix("//")))
