"""Durable state: one set of named queries, numbered migrations, and a connector for each engine.

Database drivers are imported in this folder only.
"""

from pathlib import Path

from component.bus.ports.store import Store
from component.common.errors import ConfigError
from component.common.i18n import _
from component.storage.sqlite.conversion import Converted, convert
from component.storage.sqlite.store import SQLite


async def open_store(url: str) -> Store:
    """The store at `url` (`sqlite:PATH`), brought up to date; raises ConfigError, StoreError."""
    return await SQLite.open(path_of(url))


def convert_store(url: str) -> Converted | None:
    """Convert the store at `url` from the form before the first release; None where it has this
    form. Raises ConfigError, StoreError."""
    return convert(path_of(url))


def path_of(url: str) -> Path:
    """The file at `url` (`sqlite:PATH`); raises ConfigError."""
    engine, colon, rest = url.partition(":")
    if not colon or engine != "sqlite" or not rest:
        raise ConfigError(
            [
                _(
                    "[store] url is “{url}”. Write it as sqlite:PATH, for example "
                    "sqlite:/var/lib/shoutbus/bus.db.",
                    url=url,
                )
            ]
        )
    return Path(rest.removeprefix("//"))
