"""Loading a configuration: from a file or a text to a `Config`. Every fault is reported at once."""

import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from component.bus.model.message import Channel
from component.bus.ports.method import MethodSpec
from component.common.errors import ConfigError
from component.common.i18n import Words, _
from component.config import faults as between
from component.config.channels import read_channels
from component.config.methods import read_setup
from component.config.model import Config, Import
from component.config.people import read_admins, read_grants, read_token_names, read_tokens
from component.config.routes import read_routes
from component.config.sections import read_fetch, read_letters, read_store, read_web, read_xmpp
from component.config.toml import Table

Methods = Mapping[str, MethodSpec]
Environment = Mapping[str, str]
Faults = list[Words | str]


def load(path: Path, methods: Methods, environment: Environment = os.environ) -> Config:
    """The configuration in the file at `path`; raises ConfigError with every fault."""
    config, faults = examine(path, methods, environment)
    if faults:
        raise ConfigError(faults)
    return config


def parse(text: str, methods: Methods, environment: Environment = os.environ) -> Config:
    """The configuration written in `text`; raises ConfigError with every fault."""
    config, faults = read(top_table(text), methods, environment)
    if faults:
        raise ConfigError(faults)
    return config


def examine(
    path: Path, methods: Methods, environment: Environment = os.environ
) -> tuple[Config, Faults]:
    """What can be read of the file at `path`, and every fault in it; raises ConfigError if it is
    not TOML at all."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            [f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8."]
        ) from error
    return read(top_table(text), methods, environment)


def top_table(text: str) -> Table:
    """The top table of a file; raises ConfigError if the text is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_("The file is not valid TOML: {error}.", error=error)]) from error
    return Table(values, _("the file"), [])


def read(top: Table, methods: Methods, environment: Environment) -> tuple[Config, Faults]:
    """What can be read of a file's top table, and every fault in it."""
    config = Config(
        xmpp=read_xmpp(top.table("xmpp"), environment),
        web=read_web(top.table("web", needed=False)),
        store=read_store(top.table("store", needed=False)),
        admins=read_admins(top),
        channels=read_channels(top, methods),
        routes=read_routes(top, methods),
        tokens=read_tokens(top),
        fetch=read_fetch(top.table("fetch", needed=False)),
        setup=read_setup(top, methods, environment),
        letters=read_letters(top.table("letters", needed=False)),
    )
    top.done()
    channels = [spec.channel for spec in config.channels]
    faults = [
        *top.faults,
        *between.missing_ends(config.routes, channels),
        *between.duplicate_tokens(config.tokens),
        *between.duplicate_channels(channels),
        *between.taken_addresses(channels, config.xmpp.bot, methods),
    ]
    return config, faults


def parse_import(text: str, methods: Methods, bot: str, known: Collection[Channel]) -> Import:
    """`[[channel]]`, `[[route]]`, `[[role]]` and `[[token]]` only, for a bus whose bot has the name
    `bot` and which has the `known` channels; raises ConfigError with every fault."""
    top = top_table(text)
    content = Import(
        channels=read_channels(top, methods),
        routes=read_routes(top, methods),
        grants=read_grants(top),
        tokens=read_token_names(top),
    )
    top.done()
    channels = [spec.channel for spec in content.channels]
    faults = [
        *top.faults,
        *between.duplicate_channels(channels),
        *between.missing_ends(content.routes, {*channels, *known}),
        *between.taken_addresses(channels, bot, methods),
        *between.duplicate_grants(content.grants),
    ]
    if faults:
        raise ConfigError(faults)
    return content
