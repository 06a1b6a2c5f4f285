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
        Schedule | None, Ask(_("When"), _("like hourly, weekdays at 9:00, or cron's five fields"))
    ] = None
    zone: Annotated[
        Zone | None, Ask(_("Zone"), _("whose clocks, like Europe/Berlin; UTC where there is none"))
    ] = None
    jitter: Annotated[
        Span | None, Ask(_("Spread"), _("up to how much later, as luck has it, like 5min"))
    ] = None
    files: Annotated[
        tuple[Name, ...], Ask(_("Files"), _("databases like computers, one a line; none for all"))
    ] = ()
    offensive: Annotated[
        bool, Ask(_("Offensive"), _("whether those that may offend are among them"))
    ] = False

    def __post_init__(self) -> None:
        Times(self.when, self.zone, self.jitter)  # refuses what does not go together

    @property
    def times(self) -> Times:
        """See `component.methods.scheduled.slots.Timed`."""
        return Times(self.when, self.zone, self.jitter)


class Fortune:
    """Says fortunes of the databases in `places`."""

    def __init__(self, ports: Ports, places: Sequence[Path] = PLACES) -> None:
        self._luck = ports.luck
        self._places = places
        self._slots = Slots(ports, METHOD.settings, self._words)

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Source.configure`."""
        self._slots.configure(specs)

    def troubles(self) -> Sequence[Trouble]:
        """See `ports.Troubled`."""
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
                return _("There are fortunes again.")
            return (
                _("The fortunes “{name}” can be read again.", name=name)
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
