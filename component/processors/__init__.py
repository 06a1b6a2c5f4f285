"""Processors: one file each, its declaration `PROCESSOR` last. Being there is being registered.

Other people's packages add theirs by an entry point in the group `shoutbus.processors`.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from pkgutil import iter_modules

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, Processor, ProcessorSpec
from component.bus.model.route import Settings, Stage
from component.common import form
from component.common.errors import BadInput
from component.common.i18n import Words, _


@functools.cache
def discover() -> Mapping[str, ProcessorSpec]:
    """Every processor there is, by name."""
    here = [
        import_module(f"{__name__}.{module.name}").PROCESSOR for module in iter_modules(__path__)
    ]
    elsewhere = [entry.load() for entry in metadata.entry_points(group="shoutbus.processors")]
    return {spec.name: spec for spec in (*elsewhere, *here)}


def build(name: str, values: Mapping[str, Sequence[str]]) -> Processor:
    """A processor by its settings as people write them; raises BadInput that names what is
    wrong."""
    spec = discover().get(name)
    if spec is None:
        raise BadInput(
            _(
                "the processor “{name}” does not exist; available are {names}",
                name=name[:40],
                names=", ".join(sorted(discover())),
            )
        )
    made: Processor = form.build(name, spec.make, values)
    return made


def settings_of(processor: Processor) -> Settings:
    """A processor's settings as people write them, without those that are as they come."""
    return tuple(form.settings_of(processor).items())


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Stands where a route's processor can't be made, such as one of a package that was removed: it
    refuses, and says why, so that nothing passes unseen."""

    why: Words | str

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Refuse."""
        raise BadInput(self.why)


@functools.lru_cache(4096)
def make(stage: Stage) -> Processor:
    """See `route.Make`; one whose settings can't be read refuses every message, and says why."""
    try:
        return build(stage.name, dict(stage.settings))
    except BadInput as fault:
        return Missing(fault.args[0])
