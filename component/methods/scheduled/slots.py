"""Channels that speak on a schedule: each at its slots, in each slot once. Missed ones are not made
up."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import Generic, Protocol, TypeVar

import structlog

from component.bus.model.message import Author, AuthorKind, Channel, Kind, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Ports, Trouble
from component.common.errors import BadInput, ShoutbusError, StoreError
from component.common.i18n import Words, _
from component.common.schedule import Schedule
from component.common.value_types import Span, Zone
from component.methods.scheduled.complaints import Complaints, Notebook

log = structlog.get_logger()

GRACE = 300_000
"""Milliseconds that the bus may come late to a slot; past them it counts as missed."""
RETRY_MS = 30_000
"""Milliseconds before what the store did not take is tried again."""


@dataclass(frozen=True, slots=True)
class Times:
    """On a schedule, by the clocks of `zone`, and up to `jitter` later, as luck has it."""

    when: Schedule | None
    zone: Zone | None = None
    jitter: Span | None = None

    def __post_init__(self) -> None:
        if self.jitter and not self.when:
            raise BadInput(_("A random delay requires a schedule. Set when."))
        most = Span(self.when.shortest() // 2) if self.when else Span(0)
        if self.jitter and self.jitter > most:
            raise BadInput(
                _(
                    "The random delay of {span} is too long for “{when}”. The maximum is half of "
                    "the interval, {most}.",
                    span=self.jitter,
                    when=self.when,
                    most=most,
                )
            )

    @property
    def clocks(self) -> tzinfo:
        """Whose clocks count."""
        return self.zone.info if self.zone else UTC


class Timed(Protocol):
    """Settings of a channel that speaks on a schedule."""

    @property
    def times(self) -> Times:
        """When."""


_Settings = TypeVar("_Settings", bound=Timed)


def speaker(spec: ChannelSpec, name: str) -> Author:
    """The author of a channel's messages: its title, or `name` if that is not a valid name."""
    try:
        return Author.named(spec.title or name, str(spec.channel), AuthorKind.SOURCE)
    except BadInput:
        return Author(name, str(spec.channel), AuthorKind.SOURCE)


class Slots(Generic[_Settings]):
    """The channels of one source. `read` makes a channel's settings of what is kept and raises
    BadInput; `words` gives who says what at a slot, None for nothing, and raises StoreError."""

    def __init__(
        self,
        ports: Ports,
        read: Callable[[ChannelSpec], _Settings],
        words: Callable[[ChannelSpec, _Settings], Awaitable[tuple[Author, str] | None]],
    ) -> None:
        self._ports = ports
        self._read = read
        self._words = words
        self.notebook = Notebook(ports.memory)
        self.complaints = Complaints(self.notebook, ports.tell)
        self._due: dict[Channel, int] = {}
        self.standing: Mapping[Channel, tuple[ChannelSpec, _Settings]] = {}
        """The channels that may speak, and their settings."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the configured channels. A channel that stays as it was keeps its time."""
        before = self.standing
        now: dict[Channel, tuple[ChannelSpec, _Settings]] = {}
        for spec in specs:
            stays = before.get(spec.channel)
            if stays and stays[0] == spec:
                now[spec.channel] = stays
            elif spec.channel != spec.channel.anyone and (
                settings := self._settings(spec)
            ):  # no one speaks for all
                now[spec.channel] = (spec, settings)
        self.standing = now
        self.complaints.retain({spec.channel for spec in specs})
        for channel in [*before, *now]:
            if before.get(channel) is not now.get(channel):
                self._plan(channel)

    def troubles(self) -> Sequence[Trouble]:
        """The channels whose settings cannot be read."""
        return [
            Trouble(channel, why, self._due.get(channel, 0))
            for channel, why in self.complaints.standing()
        ]

    def _settings(self, spec: ChannelSpec) -> _Settings | None:
        """The channel's settings; None if they cannot be read, of which owners are notified."""
        faults: dict[str, Words] = {}
        settings = None
        try:
            settings = self._read(spec)
        except BadInput as error:
            faults["settings"] = _(
                "The channel does not post anything until its settings are corrected: {why}",
                why=error.sentence,
            )
        name = f"{spec.channel}#settings"
        self._ports.timer.at(
            name, self._ports.clock(), partial(self._see, name, spec.channel, faults)
        )
        return settings

    async def _see(self, name: str, channel: Channel, faults: Mapping[str, Words]) -> None:
        try:
            await self.complaints.see(channel, "settings", faults, lambda _name: None)
        except StoreError:
            again = partial(self._see, name, channel, faults)
            self._ports.timer.at(name, self._ports.clock() + RETRY_MS, again)

    def _plan(self, channel: Channel) -> None:
        """Wake at its next slot, where it has one."""
        times = self.standing[channel][1].times if channel in self.standing else None
        if not times or not times.when:
            self._ports.timer.drop(str(channel))
            self._due.pop(channel, None)
            return
        slot = times.when.after(self._ports.clock(), times.clocks)
        due = slot + (int(self._ports.luck.random() * times.jitter.ms) if times.jitter else 0)
        self._wake(channel, slot, due, None)

    def _wake(self, channel: Channel, slot: int, due: int, message: Message | None) -> None:
        self._due[channel] = due
        self._ports.timer.at(str(channel), due, partial(self._speak, channel, slot, due, message))

    async def _speak(self, channel: Channel, slot: int, due: int, message: Message | None) -> None:
        """In a slot: `message` is what was to be said when the store failed."""
        standing = self.standing.get(channel)
        if not standing:
            return
        try:
            if self._ports.clock() - due <= GRACE:
                message = message or await self._message(*standing, slot)
            if message:
                await self._ports.accept.accept(message)
        except StoreError:
            if self.standing.get(channel) is standing:  # else it was planned anew meanwhile
                self._wake(channel, slot, self._ports.clock() + RETRY_MS, message)
            return
        except ShoutbusError as error:
            log.warning("scheduled message not posted", channel=str(channel), reason=str(error))
        self._plan(channel)

    async def _message(self, spec: ChannelSpec, settings: _Settings, slot: int) -> Message | None:
        """The slot names it: whatever happens between accepting and the next plan, it is said
        once."""
        said = await self._words(spec, settings)
        if not said:
            return None
        author, body = said
        return Message.new(
            spec.channel,
            author,
            body,
            self._ports.clock(),
            origin=f"{spec.channel}@{slot}",
            kind=Kind.ANNOUNCEMENT,
        )
