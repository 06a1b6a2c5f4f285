"""How much the engine does at once, and how long it waits."""

from dataclasses import dataclass, field

from component.bus.engine.delivery_queue import QUEUE_LIMITS, QueueLimits
from component.bus.model.processor import MAX_HELD


@dataclass(frozen=True, slots=True)
class CommitLimits:
    """The group commit: `max_group` entries go into one transaction.

    Outcomes may wait `linger_s` seconds to be committed with something that a caller waits for;
    offers `gather_s` seconds for others, where others came the last time. After a failed commit the
    store is in doubt for `doubt_ms` milliseconds, and outcomes are tried again after `retry_s`
    seconds.
    """

    max_group: int = 256
    linger_s: float = 0.1
    gather_s: float = 0.003
    doubt_ms: int = 30_000
    retry_s: float = 1.0


@dataclass(frozen=True, slots=True)
class ReleaseLimits:
    """Held messages: `page` of them are released in one transaction, but a batch goes whole.

    The clock is looked at every `look_s` seconds at least, since it may be set; where the store
    failed, or routes were changed just then, it is tried again after `retry_s` seconds.
    """

    page: int = 200
    look_s: float = 60.0
    retry_s: float = 1.0


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """All of them. `max_held` messages may wait at one stage of a route."""

    commits: CommitLimits = field(default_factory=CommitLimits)
    releases: ReleaseLimits = field(default_factory=ReleaseLimits)
    queues: QueueLimits = QUEUE_LIMITS
    max_held: int = MAX_HELD


DEFAULT_LIMITS = EngineLimits()
