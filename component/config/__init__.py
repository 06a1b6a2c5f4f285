"""Configuration: TOML and environment, read into a frozen `Config`.

Channels, routes and tokens in the file only fill a new store; from then on they are stored there.
"""

from component.config.load import examine, load, parse, parse_import
from component.config.model import Config, Import, Web, Xmpp
from component.config.people import digest

__all__ = [
    "Config",
    "Import",
    "Web",
    "Xmpp",
    "digest",
    "examine",
    "load",
    "parse",
    "parse_import",
]
