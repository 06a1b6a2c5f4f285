"""Messages, on SQLite."""

import json
from collections.abc import Collection, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.planner import Stopped
from component.bus.model.records import Audit
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite.audit import write_audit
from component.storage.sqlite.database import Database, Row, of_id, to_id
from component.storage.sqlite.edits import take_words
from component.storage.sqlite.rows import to_channel, to_delivery, to_rejection


class SQLiteMessages:
    """Messages (`component.bus.ports.messages.MessageStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def trace(self, message_id: str) -> Sequence[Delivery]:
        """Return every delivery of a message, that to its own channel first."""
        return await self._database.read("trace", to_delivery, id=of_id(message_id))

    async def corrections_of(self, message_id: str) -> Sequence[Delivery]:
        """Return every delivery of what corrected a message."""
        return await self._database.read("corrections_of", to_delivery, id=of_id(message_id))

    async def rejections(self, message_id: str) -> Sequence[Stopped]:
        """Return where processors rejected a message."""
        return await self._database.read("rejections", to_rejection, id=of_id(message_id))

    async def id_from(self, origin: str) -> str:
        """Return the id of the message that came from `origin`; "" if it does not exist."""
        _channel, _hash, last = origin.rpartition("#")
        source = {"origin": origin, "id": of_id(last)}
        return await self._database.read_one("id_from_origin", to_message_id, **source) or ""

    async def earlier_words(self, message_id: str) -> Sequence[tuple[int, str]]:
        """Return the words that a message had, with the time that each was replaced."""
        return await self._database.read("earlier_words", to_words, id=of_id(message_id))

    async def reached(self, message_id: str, channels: Collection[Channel]) -> frozenset[Channel]:
        """Return which of the channels a message was delivered to, or is on its way to."""
        names = json.dumps([str(channel) for channel in channels])
        return frozenset(
            await self._database.read("reached", to_channel, id=of_id(message_id), channels=names)
        )

    async def thread_of(self, message_id: str) -> str:
        """Return the id of the message that began the thread of a message."""
        return await self._database.read_one("thread_of", to_thread, id=of_id(message_id)) or ""

    async def ids_by_prefix(self, prefix: str, limit: int = 2) -> Sequence[str]:
        """Return ids of messages that begin with these hexadecimal digits."""
        first, last = of_id(prefix.ljust(32, "0")), of_id(prefix.ljust(32, "f"))
        page = {"first": first, "last": last, "count": limit}
        return await self._database.read("ids_between", to_message_id, **page)

    async def search(self, channel: Channel, words: str, limit: int = 10) -> Sequence[Delivery]:
        """Return what a channel holds with `words` in its body or author's name, newest first."""
        literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        wanted = {"channel": str(channel), "pattern": f"%{literal}%", "count": limit}
        return await self._database.read("search", to_delivery, **wanted)

    async def delete(self, message_id: str, instead: str, audit: Audit) -> None:
        """Replace the body of a message and drop what was not delivered of it."""
        key = of_id(message_id)
        async with self._database.transaction() as writer:
            if not await writer.run("add_deletion", id=key, at=audit.at, who=audit.who):
                raise Conflict(_("This message is already deleted."))
            await take_words(writer, message_id, instead, audit.at)
            await write_audit(writer, audit)

    async def deletion(self, message_id: str) -> tuple[int, str] | None:
        """Return when a message was deleted, and by whom; None where it was not."""
        return await self._database.read_one("deletion", to_deletion, id=of_id(message_id))


def to_words(row: Row) -> tuple[int, str]:
    """Read words that were replaced."""
    return row["at"], row["before"]


def to_thread(row: Row) -> str:
    """Read the thread of a row."""
    return to_id(row["thread"])


def to_message_id(row: Row) -> str:
    """Read the id of a message."""
    return to_id(row["id"])


def to_deletion(row: Row) -> tuple[int, str]:
    """Read a row of `deletions`."""
    return row["at"], row["who"]
