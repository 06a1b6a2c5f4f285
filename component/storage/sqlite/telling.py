"""Stories in the database; writing is within a transaction of the caller."""

from typing import Any

from component.bus.model.message import Channel
from component.bus.model.story import Story
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite.rows import Row, to_message


def to_story(row: Row) -> Story:
    """Of a row of `archived`."""
    return Story(
        row["seq"],
        Channel.parse(row["destination"]),
        to_message(row),
        bool(row["published"]),
        row["changed"],
        bool(row["deleted"]),
        row["version"],
    )


async def retell(queries: Any, connection: Any, story: Story, now: int) -> None:
    """Keep a story as it is to be from `now` on, in ms; raises Conflict where it is not as it was
    read."""
    state = {"published": int(story.published), "changed": now, "version": story.version}
    if not await queries.put_story(connection, seq=story.seq, **state):
        raise Conflict(
            _(
                "Someone else changed the story in the meantime. Nothing was saved; please "
                "review it and try again."
            )
        )
    await queries.put_body(connection, seq=story.seq, body=story.message.body)
