"""`shoutbus demo`: a private Prosody and the bus on it, with something in it to try."""

import asyncio
import contextlib
import fcntl
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import click
import structlog

from component import methods
from component.app import running
from component.cli.demo_files import (
    Secrets,
    banner,
    choose_ports,
    describe,
    write_json,
    write_settings,
)
from component.cli.mail_sink import MailSink
from component.cli.process import run_until_signal
from component.cli.prosody import HOST, Prosody, answers, end_orphan
from component.common.errors import ConfigError
from component.config import load

log = structlog.get_logger()

ROOMS_TIMEOUT_S = 15.0
"""Seconds to wait for the bot to be in its rooms before the demo says that it runs."""
RESTART_DELAY_S = 15.0
"""Seconds until a Prosody that died is started again, unless someone else did it."""


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
)
def demo(data: Path) -> None:
    """Start a private Prosody and the bus on it, with sample rooms, accounts and shoutboxes."""

    async def serve(stop: asyncio.Event) -> None:
        await run_demo(data.resolve(), stop)

    run_until_signal(serve)


async def run_demo(data: Path, stop: asyncio.Event) -> None:
    """Run the demo with its files under `data` until `stop` is set; raises ConfigError if it cannot
    start."""
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    with locked(data):
        await end_orphan(data / "prosody")
        (data / "demo.json").unlink(missing_ok=True)  # the ports in it were the last run's
        ports, kept = choose_ports(), Secrets.keep(data)
        server = Prosody(
            data / "prosody",
            secrets.token_hex(24),
            ports["c2s"],
            ports["component"],
            ports["http"],
        )
        await server.prepare(kept.passwords())
        file = write_settings(data, server.secret, ports, kept.token)
        sink = MailSink(HOST, ports["mail"], data / "mail", announce)
        async with supervised(server), serving(sink):
            config = load(file, methods.discover())
            await server.ready()
            async with running(config) as bus:
                # If it takes longer, the log and /health say which room is not ready.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bus.xmpp.inside(), ROOMS_TIMEOUT_S)
                description = describe(config.web.public_url, ports, kept, data)
                write_json(data / "demo.json", description)
                click.echo(banner(description, ports, data))
                await stop.wait()


@contextlib.asynccontextmanager
async def supervised(server: Prosody) -> AsyncIterator[None]:
    """A Prosody that is started again whenever it ends, and stopped at the end."""
    await server.start()
    watch = asyncio.create_task(restart(server))
    try:
        yield
    finally:
        watch.cancel()
        await server.stop()


@contextlib.asynccontextmanager
async def serving(sink: MailSink) -> AsyncIterator[None]:
    """A mail server within the block."""
    try:
        await sink.start()
        yield
    finally:
        await sink.close()


async def restart(server: Prosody) -> None:
    """Start a Prosody again whenever it has ended."""
    while server.process:
        await server.process.wait()
        log.warning("the private Prosody stopped", starts_again_in=RESTART_DELAY_S)
        await asyncio.sleep(RESTART_DELAY_S)
        # Someone started it by hand, and there is no event for the end of a foreign process.
        while await answers(server.c2s):  # noqa: ASYNC110
            await asyncio.sleep(RESTART_DELAY_S)
        await server.start()


def announce(file: Path, mail: EmailMessage) -> None:
    """Print a mail's subject, its file, and its confirmation link, for people without a mail
    program at hand."""
    click.echo(f"Mail to {mail['To']}: {mail['Subject']}\n  {file}")
    text = mail.get_body(("plain",))
    if text is None:
        return
    link = re.search(r"http\S+/confirm/\S+", str(text.get_content()))
    if link:
        click.echo(f"  {link[0]}")


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep other demos out of a folder: they would end each other's server and share a database."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                [
                    f"A demo is already running in {data}. Stop it first, or choose another folder "
                    "(--data, or DATA= with make)."
                ]
            ) from error
        yield
