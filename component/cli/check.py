"""`shoutbus check`: reads the settings, tries every connection, and reports all faults at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvloop

from component import methods
from component.app import now, unused
from component.bus.ports.method import MethodSpec
from component.cli.logs import configure_logs
from component.cli.process import config_option, fail
from component.common.errors import ConfigError, StoreError, words
from component.config import Config, examine, load
from component.storage import open_store
from component.subscriptions.rendering.preview import faults as template_faults
from component.subscriptions.rendering.templates import Templates
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.probe import probe


@click.command()
@config_option
def check(file: Path) -> None:
    """Check the settings and try every connection; report every fault at once."""
    configure_logs(logging.ERROR)
    faults = uvloop.run(find_faults(file))
    if faults:
        fail(faults)
    click.echo(f"{file} is valid, and all connections work.")
    for note in uvloop.run(find_notes(file)):
        click.echo(f"Note: {note}")


# Faults


async def find_faults(file: Path) -> list[str]:
    """Every fault in `file` and of what it connects to, one sentence each; empty if all is well."""
    try:
        config, written = examine(file, methods.discover())
    except ConfigError as error:
        return list(map(str, error.faults))
    faults = list(map(str, written))
    tries: list[Awaitable[list[str]]] = []
    for table, attempt in ATTEMPTS.items():
        if not any(fault.startswith(table) for fault in faults):
            tries.append(attempt(config))
    for name, method in methods_with_settings(config):
        tries.append(try_method(name, method, config))
    for found in await asyncio.gather(*tries):
        faults += found
    return faults


def methods_with_settings(config: Config) -> Sequence[tuple[str, MethodSpec]]:
    """The methods that have a table of settings, by their names."""
    known = methods.discover()
    return [(name, known[name]) for name in config.setup]


async def try_method(name: str, method: MethodSpec, config: Config) -> list[str]:
    """Connect as a method does."""
    if method.knock is None:
        return []
    return in_table(name, await method.knock(config.setup[name]))


async def try_xmpp(config: Config) -> list[str]:
    """Connect to the XMPP server."""
    account = ComponentAccount(
        config.xmpp.host, config.xmpp.port, config.xmpp.component, config.xmpp.secret
    )
    return in_table("xmpp", await probe(account, config.xmpp.rooms))


async def try_web(config: Config) -> list[str]:
    """Listen where the web side will."""
    host, port = config.web.host, config.web.port
    try:
        server = await asyncio.start_server(lambda *_: None, host, port)
    except OSError as error:
        return [
            f"[web] listen: {host}:{port} cannot be used: {words(error)}. "
            "This is expected if Shoutbus is already running."
        ]
    server.close()
    await server.wait_closed()
    return []


async def try_store(config: Config) -> list[str]:
    """Open the store."""
    try:
        store = await open_store(config.store)
    except ConfigError as error:
        return list(map(str, error.faults))
    except StoreError as error:
        return in_table("store", str(error))
    await store.close()
    return []


async def try_templates(config: Config) -> list[str]:
    """Render the operator's templates."""
    faults = []
    for fault in template_faults(Templates(config.letters), now()):
        faults += in_table("letters", str(fault))
    return faults


ATTEMPTS: dict[str, Callable[[Config], Awaitable[list[str]]]] = {
    "[xmpp]": try_xmpp,
    "[web]": try_web,
    "[store]": try_store,
    "[letters]": try_templates,
}
"""How each table is tried, if nothing is wrong with the table itself."""


def in_table(table: str, fault: str) -> list[str]:
    """A fault with its table's name; nothing if it is empty."""
    if not fault:
        return []
    return [f"[{table}] {fault}"]


# Notes


async def find_notes(file: Path) -> list[str]:
    """What is not a fault but worth knowing about a correct `file`: what in it is not used or
    incomplete."""
    config = load(file, methods.discover())
    store = await open_store(config.store)
    try:
        found = link_notes(config)
        settings = store.configuration
        if await settings.channels() or await settings.routes() or await settings.tokens():
            found += await unused(config, store)
        return found
    finally:
        await store.close()


def link_notes(config: Config) -> list[str]:
    """Whether links in mails lead to the address where the bus listens instead of one that people
    use."""
    url = urlsplit(config.web.public_url)
    if "mail" not in config.setup or (url.hostname, url.port) != (config.web.host, config.web.port):
        return []
    return [
        "[mail] is set, but public_url under [web] is not. Links in emails point to "
        f"{config.web.public_url}, which most recipients cannot open."
    ]
