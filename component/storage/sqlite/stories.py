"""Stories, on SQLite."""

from collections.abc import Sequence

from component.bus.model.message import Channel
from component.bus.model.records import Audit
from component.bus.model.story import Story
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite.audit import write_audit
from component.storage.sqlite.database import LAST, Database, Row, of_id
from component.storage.sqlite.rows import to_message


class SQLiteStories:
    """Stories (`component.bus.ports.stories.StoryStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, channel: Channel, *, before: int | None = None, limit: int = 50, hidden: bool = False
    ) -> Sequence[Story]:
        """Return the stories of an archive, newest first."""
        query = "all_stories" if hidden else "stories"
        seq = LAST if before is None else min(before, LAST)
        page = {"channel": str(channel), "seq": seq, "count": limit}
        return await self._database.read(query, to_story, **page)

    async def get(self, seq: int) -> Story | None:
        """Return what was delivered under this seq, as a story."""
        return await self._database.read_one("story", to_story, seq=min(seq, LAST))

    async def of_message(self, channel: Channel, message_id: str) -> Story | None:
        """Return a message's story in an archive."""
        place = {"channel": str(channel), "id": of_id(message_id)}
        return await self._database.read_one("story_of", to_story, **place)

    async def update(self, story: Story, audit: Audit) -> None:
        """Save the text of a story and whether it is published."""
        state = {
            "published": int(story.published),
            "changed": audit.at,
            "version": story.version,
        }
        async with self._database.transaction() as writer:
            if not await writer.run("put_story", seq=story.seq, **state):
                raise Conflict(
                    _(
                        "Someone else changed the story in the meantime. Nothing was saved; "
                        "please review it and try again."
                    )
                )
            await writer.run("put_body", seq=story.seq, body=story.message.body)
            await write_audit(writer, audit)


def to_story(row: Row) -> Story:
    """Read a row of `archived`."""
    return Story(
        row["seq"],
        Channel.parse(row["destination"]),
        to_message(row),
        bool(row["published"]),
        row["changed"],
        bool(row["deleted"]),
        row["version"],
    )
