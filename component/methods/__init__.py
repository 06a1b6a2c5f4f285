"""Methods: one file or folder each, its declaration `METHOD` last. Being there is being registered.

Other people's packages add theirs by an entry point in the group `shoutbus.methods`.
"""

from collections.abc import Mapping
from importlib import import_module, metadata
from pkgutil import iter_modules

from component.bus.ports.method import MethodSpec


def discover() -> Mapping[str, MethodSpec]:
    """Every method there is, by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    here = [module.METHOD for module in modules if hasattr(module, "METHOD")]
    elsewhere = [entry.load() for entry in metadata.entry_points(group="shoutbus.methods")]
    return {spec.name: spec for spec in (*elsewhere, *here)}
