"""How services take part in accepting messages, without the engine knowing who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.ports.transaction import Plan, Write

NOTHING = Plan(())
"""What follows from a message that is known already."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that was to be accepted: `message` is the accepted one, or, where it
    is not `new`, the one accepted before.

    `deliveries` are those of a new message, its own channel's first, `planned` all that followed
    from it. Where the one before was `deleted`, its words were replaced. It is `missing` where a
    message that changes another names one that does not exist.
    """

    message: Message
    new: bool
    deliveries: tuple[Delivery, ...] = ()
    deleted: bool = False
    planned: Plan = NOTHING
    missing: bool = False


class Followers(Protocol):
    """Tells who else gets what reaches a channel. It is asked while a plan is made, and answers
    from memory."""

    def __call__(self, channel: Channel, /) -> Sequence[Channel]:
        """Return more channels that a message is delivered to once it has reached `channel`."""


def no_followers(_channel: Channel, /) -> Sequence[Channel]:
    """Nothing follows any channel."""
    return ()


class Together(Protocol):
    """The hub, for services that save something of theirs together with deliveries."""

    async def accept_with(self, message: Message, writes: Sequence[Write]) -> Receipt:
        """Accept a message for its own channel alone, and commit what a service saves with it where
        it is new. Raises StoreError."""

    async def write(self, writes: Sequence[Write]) -> None:
        """Commit what services save, and send the deliveries that this begins. Raises
        StoreError."""


class Crowd(Protocol):
    """How many persons have deliveries that wait, for who would add many more."""

    @property
    def size(self) -> int:
        """The number of persons."""

    async def below(self, size: int) -> None:
        """Return once there are fewer than `size`."""
