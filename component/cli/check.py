"""`shoutbus check`: the settings read and every connection tried, all faults told at once."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from component import methods
from component.app import now, unused
from component.bus.ports.method import MethodSpec
from component.common.errors import ConfigError, StoreError, words
from component.config.config import Config, examine, load
from component.storage import open_store
from component.subscriptions.rendering.preview import faults as faults_of_letters
from component.subscriptions.rendering.templates import Templates
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.probe import probe


async def check(file: Path) -> list[str]:
    """Every fault in `file` and behind it, one sentence each; empty where all is well."""
    try:
        config, found_in_it = examine(file, methods.discover())
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    faults = [str(fault) for fault in found_in_it]
    knocks = [
        _knock(name, spec, config)
        for name, spec in methods.discover().items()
        if name in config.setup
    ]
    tries = {"[xmpp]": _xmpp, "[web]": _web, "[store]": _store, "[letters]": _letters}
    whole = [
        look
        for table, look in tries.items()
        if not any(fault.startswith(table) for fault in faults)
    ]
    found = await asyncio.gather(*(look(config) for look in whole), *knocks)
    return faults + [fault for faults in found for fault in faults]


async def _knock(name: str, spec: MethodSpec, config: Config) -> list[str]:
    fault = await spec.knock(config.setup[name]) if spec.knock else ""
    return [f"[{name}] {fault}"] if fault else []


async def _letters(config: Config) -> list[str]:
    return [f"[letters] {fault}" for fault in faults_of_letters(Templates(config.letters), now())]


async def _xmpp(config: Config) -> list[str]:
    account = ComponentAccount(
        config.xmpp.host, config.xmpp.port, config.xmpp.component, config.xmpp.secret
    )
    fault = await probe(account, config.xmpp.rooms)
    return [f"[xmpp] {fault}"] if fault else []


async def _web(config: Config) -> list[str]:
    try:
        server = await asyncio.start_server(lambda *_: None, config.web.host, config.web.port)
    except OSError as error:
        where = f"[web] listen: {config.web.host}:{config.web.port}"
        return [
            f"{where} can't be used: {words(error)}. If the bus runs there already, all is well."
        ]
    server.close()
    await server.wait_closed()
    return []


async def _store(config: Config) -> list[str]:
    try:
        store = await open_store(config.store)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    except StoreError as error:
        return [f"[store] {error}"]
    await store.close()
    return []


async def notes(file: Path) -> list[str]:
    """What is no fault and still worth knowing of a right `file`: what in it is not used, or is not
    whole."""
    config = load(file, methods.discover())
    store = await open_store(config.store)
    try:
        told = _links(config)
        seeded = (
            await store.configuration.channels()
            or await store.configuration.routes()
            or await store.configuration.tokens()
        )
        return told + (await unused(config, store) if seeded else [])
    finally:
        await store.close()


def _links(config: Config) -> list[str]:
    """Where mails go out, whether their links lead to where the bus listens and not to the address
    people use."""
    url = urlsplit(config.web.public_url)
    if "mail" not in config.setup or (url.hostname, url.port) != (config.web.host, config.web.port):
        return []
    shown = config.web.public_url
    return [
        f"[mail] is set, and public_url under [web] is not: links in mails lead to {shown}, "
        "which few can open."
    ]
