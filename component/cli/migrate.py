"""`shoutbus migrate`: converts a database of the form before the first release, once."""

from pathlib import Path

from component import methods
from component.common.errors import ConfigError, StoreError
from component.config.config import load
from component.storage import convert_store


def migrate(file: Path) -> list[str]:
    """Convert the database that `file` names, and return what to tell, one line each. Raises
    ConfigError."""
    config = load(file, methods.discover())
    try:
        converted = convert_store(config.store)
    except StoreError as error:
        raise ConfigError([str(error)]) from error
    if converted is None:
        return ["The database has the present form already. There is nothing to do."]
    rows = sum(converted.rows.values())
    return [
        f"The database was converted: {rows} rows in {len(converted.rows)} tables.",
        f"The old one is kept as {converted.copy}. Delete it when everything works.",
    ]
