"""What a processor is: a step of a route that sees every message on its way. Types only; the
processors themselves are in `component/processors`, one file each.

A processor decides purely: it is given the message, the time and its own notes, and gives the
message (the same or a changed one), or says that it stops or waits. It does no I/O and has no
clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from component.bus.model.message import Message
from component.common.i18n import Words

MAX_NOTES = 10_000
"""Entries that one processor keeps; past it the oldest go."""
MAX_HELD = 10_000
"""Messages that one processor holds back; what comes past it becomes a dead letter."""
MAX_HOLD = 31 * 24 * 3600 * 1000
"""Milliseconds that a message may be held back."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The message goes no further on this route, and `why`; with `tell` its author learns it, else
    only a trace."""

    why: Words
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """The message waits until `until` (milliseconds since 1970), then continues after this
    processor.

    Messages of one `batch` continue together, as one digest, as soon as any of them is due.
    """

    until: int
    batch: str = ""


Outcome = Message | Stop | Hold


class Notes(Protocol):
    """What one processor of one route keeps between messages, by key, in JSON's types; oldest
    first, `MAX_NOTES` at most. On disk in the transaction of the message that changed it, undone
    where that fails."""

    def get(self, key: str) -> Any:
        """What was put; None where nothing was."""

    def put(self, key: str, value: Any) -> None:
        """Keep it, as the newest."""

    def forget(self, key: str) -> None:
        """Let it go, where it is there."""

    def oldest(self) -> tuple[str, Any] | None:
        """The entry that was put longest ago."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a processor is given beside the message: the time in ms since 1970, its notes, and the
    address of the page that has a message whole."""

    now: int
    notes: Notes
    link: Callable[[Message], str]


class Processor(Protocol):
    """One step of a route, with its settings."""

    def __call__(self, message: Message, moment: Moment, /) -> Outcome:
        """What becomes of a message here; raises BadInput where the result can't be a message."""


@dataclass(frozen=True, slots=True)
class ProcessorSpec:
    """A processor's declaration, `PROCESSOR` at the end of its file in `component/processors`.

    `make` is a frozen dataclass that is a Processor: its fields are the settings and their form
    (`component.common.form`), its constructor refuses what does not go together (BadInput). `keeps`
    says what it keeps between messages; where that is None, what it does follows from the message
    and the time alone.
    """

    name: str
    title: Words
    make: type[Processor]
    keeps: Words | None = None
