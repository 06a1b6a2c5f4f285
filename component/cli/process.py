"""How a subcommand runs and ends."""

import asyncio
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NoReturn

import click
import uvloop

from component.common.errors import ConfigError

config_option = click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The TOML configuration file.",
)
"""Decorates a subcommand that reads the configuration; it gets the path as `file`."""


def run_until_signal(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` until SIGINT, SIGTERM, or SIGHUP of a terminal that was closed: then its event is
    set, and it ends in an orderly way."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(stop)

    allow_many_connections()
    try:
        uvloop.run(run())
    except ConfigError as error:
        fail(map(str, error.faults))


def allow_many_connections() -> None:
    """Allow as many open files as the system does: each page, live reader and slow reader has a
    connection."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def fail(faults: Iterable[str]) -> NoReturn:
    """Print the faults and exit with status 1."""
    for fault in faults:
        click.echo(f"- {fault}", err=True)
    sys.exit(1)
