"""Fortunes: what fortune-mod's databases hold, said on a schedule; routes bring it on, to several
places at once."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from component.bus.model.message import Author
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import MethodSpec, Ports, Trouble
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.schedule import Schedule
from component.common.value_types import Span, Zone
from component.methods.fortune.databases import PLACES, Name, draw
from component.methods.scheduled.slots import Slots, Times, speaker


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set of a channel of fortunes."""

    when: Annotated[
        Schedule | None,
        Ask(_("When"), _("for example hourly, weekdays at 9:00, or the five fields of cron")),
    ] = None
    zone: Annotated[
        Zone | None, Ask(_("Time zone"), _("for example Europe/Berlin; the default is UTC"))
    ] = None
    jitter: Annotated[
        Span | None, Ask(_("Random delay"), _("the longest random delay, for example 5min"))
    ] = None
    files: Annotated[
        tuple[Name, ...],
        Ask(_("Databases"), _("one fortune database such as computers per line; empty for all")),
    ] = ()
    offensive: Annotated[
        bool, Ask(_("Offensive fortunes"), _("include fortunes that may offend people"))
    ] = False

    def __post_init__(self) -> None:
        Times(self.when, self.zone, self.jitter)  # refuses what does not go together
        if not self.when:
            raise BadInput(_("These fortunes would never be posted. Set when."))

    @property
    def times(self) -> Times:
        """The schedule, as `slots` needs it."""
        return Times(self.when, self.zone, self.jitter)


class Fortune:
    """Says fortunes of the databases in `places`."""

    def __init__(self, ports: Ports, places: Sequence[Path] = PLACES) -> None:
        self._luck = ports.luck
        self._places = places
        self._slots = Slots(ports, METHOD.settings, self._words)

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the configured channels; called again when they change."""
        self._slots.configure(specs)

    def troubles(self) -> Sequence[Trouble]:
        """The channels whose settings or files cannot be read."""
        return self._slots.troubles()

    async def _words(self, spec: ChannelSpec, settings: Settings) -> tuple[Author, str] | None:
        names = [str(one) for one in settings.files]
        known = await self._slots.complaints.known(spec.channel, "files")
        drawn = await asyncio.to_thread(
            draw,
            names,
            self._luck,
            offensive=settings.offensive,
            doubted=known,
            places=self._places,
        )

        def over(name: str) -> Words | None:
            if not name:
                return _("Fortunes are available again.")
            return (
                _("The fortune database “{name}” can be read again.", name=name)
                if name in drawn.well
                else None
            )

        await self._slots.complaints.see(spec.channel, "files", drawn.faults, over)
        return (speaker(spec, "Fortune"), drawn.text) if drawn.text else None


METHOD = MethodSpec(
    "fortune",
    None,
    example="fortune:hourly",
    address=re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    form=Settings,
    source=Fortune,
    shared=True,
)
