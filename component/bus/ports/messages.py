"""Messages as they were accepted, and what became of each."""

from collections.abc import Collection, Sequence
from typing import Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.planner import Stopped
from component.bus.model.records import Audit


class MessageStore(Protocol):
    """Messages. Each method raises StoreError; then nothing was changed."""

    async def trace(self, message_id: str) -> Sequence[Delivery]:
        """Return every delivery of a message, that to its own channel first; empty where the
        message does not exist."""

    async def corrections_of(self, message_id: str) -> Sequence[Delivery]:
        """Return every delivery of what corrected a message, to its own channel too."""

    async def rejections(self, message_id: str) -> Sequence[Stopped]:
        """Return where processors rejected a message, in that order. The reasons are in English."""

    async def id_from(self, origin: str) -> str:
        """Return the id of the message that came from `origin`; "" where it does not exist."""

    async def earlier_words(self, message_id: str) -> Sequence[tuple[int, str]]:
        """Return the words that a message had before its author corrected it, oldest first, with
        the time (ms since 1970) that each was replaced; empty once it is deleted."""

    async def reached(self, message_id: str, channels: Collection[Channel]) -> frozenset[Channel]:
        """Return which of the channels a message was delivered to, or is on its way to."""

    async def thread_of(self, message_id: str) -> str:
        """Return the id of the message that began the thread of a message: its own id where it is
        in no thread, "" where it does not exist."""

    async def ids_by_prefix(self, prefix: str, limit: int = 2) -> Sequence[str]:
        """Return ids of messages that begin with these hexadecimal digits."""

    async def search(self, channel: Channel, words: str, limit: int = 10) -> Sequence[Delivery]:
        """Return what a channel holds with `words` in its body or author's name, newest first."""

    async def delete(self, message_id: str, instead: str, audit: Audit) -> None:
        """Replace the body of a message, and of what corrected it, by `instead`, drop its pending
        and dead deliveries, and write a line of the audit log.

        Raises Conflict where it was deleted before. A delivery that was on the wire meanwhile may
        still become DELIVERED.
        """

    async def deletion(self, message_id: str) -> tuple[int, str] | None:
        """Return when a message was deleted, in ms since 1970, and by which bare JID; None where
        it was not."""
