"""The `shoutbus` command."""

import asyncio
import logging
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import click
import structlog
import uvloop

from component import __version__, methods
from component.app import running
from component.cli.check import check as look
from component.cli.check import notes
from component.cli.demo import demo as demonstrate
from component.common.errors import ConfigError
from component.config.config import Config, load

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
@click.version_option(__version__, prog_name="shoutbus")
def main() -> None:
    """Joins your team's rooms, shoutboxes and people on your own XMPP server."""
    _log()


@main.command()
@click.option(
    "--config", "file", type=_FILE, required=True, help="The TOML file with the settings."
)
def run(file: Path) -> None:
    """Run the bus against an existing XMPP server."""
    _until_told(lambda told: _run(load(file, methods.discover()), told))


@main.command()
@click.option(
    "--config", "file", type=_FILE, required=True, help="The TOML file with the settings."
)
def check(file: Path) -> None:
    """Check the settings and try every connection; report every fault at once."""
    _log(logging.ERROR)
    faults = uvloop.run(look(file))
    if faults:
        _tell(faults)
    click.echo(f"{file} is right, and everything in it answers.")
    for note in uvloop.run(notes(file)):
        click.echo(f"Note: {note}")


@main.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
)
def demo(data: Path) -> None:
    """Start a private Prosody and the bus on it, with sample rooms, accounts and shoutboxes."""
    _until_told(lambda told: demonstrate(data, told))


async def _run(config: Config, told: asyncio.Event) -> None:
    async with running(config):
        await told.wait()


def _until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGINT, SIGTERM, or SIGHUP of a terminal that closed; then end in order."""

    async def main() -> None:
        told = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await work(told)

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (most, most)
    )  # a connection each: pages, live readers, slow ones
    try:
        uvloop.run(main())
    except ConfigError as error:
        _tell([str(fault) for fault in error.faults])


def _tell(faults: list[str]) -> None:
    for fault in faults:
        click.echo(f"- {fault}", err=True)
    sys.exit(1)


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(10), *range(11, 32), *range(127, 160))}
_CONTROL |= {0x2028: "\\u2028", 0x2029: "\\u2029"}


def _plain(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nobody's words move a terminal's cursor or begin a line of their own."""
    return {
        key: value.translate(_CONTROL) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _log(level: int = logging.INFO) -> None:
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s %(message)s")
    # What slixmpp says of a lost connection we say ourselves, in words for an operator.
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.LogfmtRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _plain,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    main()
