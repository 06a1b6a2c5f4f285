"""`shoutbus migrate`: converts a database of the form before the first release, once."""

import logging
from pathlib import Path

import click

from component import methods
from component.cli.logs import configure_logs
from component.cli.process import config_option, fail
from component.common.errors import ConfigError, StoreError
from component.config import load
from component.storage import convert_store


@click.command()
@config_option
def migrate(file: Path) -> None:
    """Convert a database of an earlier version; the bus must be stopped. A copy is kept."""
    configure_logs(logging.ERROR)
    try:
        lines = convert(file)
    except ConfigError as error:
        fail(map(str, error.faults))
    for line in lines:
        click.echo(line)


def convert(file: Path) -> list[str]:
    """Convert the database that the settings in `file` name; what to print, one line each. Raises
    ConfigError."""
    config = load(file, methods.discover())
    try:
        converted = convert_store(config.store)
    except StoreError as error:
        raise ConfigError([str(error)]) from error
    if converted is None:
        return ["The database already has the current form. Nothing was changed."]
    rows = sum(converted.rows.values())
    return [
        f"The database was converted: {rows} rows in {len(converted.rows)} tables.",
        f"The old one is kept as {converted.copy}. Delete it when everything works.",
    ]
