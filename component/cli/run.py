"""`shoutbus run`: the bus, against an existing XMPP server."""

import asyncio
from pathlib import Path

import click

from component import methods
from component.app import running
from component.cli.process import config_option, run_until_signal
from component.config import load


@click.command()
@config_option
def run(file: Path) -> None:
    """Run the bus against an existing XMPP server."""

    async def serve(stop: asyncio.Event) -> None:
        async with running(load(file, methods.discover())):
            await stop.wait()

    run_until_signal(serve)
