"""What the commands about stories share: finding archives and stories, and a story in a line."""

from collections.abc import Sequence

from commands.action import Bus
from commands.lookups import brief, when
from commands.named import choices_of
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.story import Story, key
from component.common.errors import BadInput, NotFound
from component.common.form import Choice
from component.common.i18n import Words, _


def archives(bus: Bus) -> Sequence[Choice]:
    """Every channel whose messages are stories."""
    return choices_of([spec for spec in bus.hub.channels if holds_stories(spec, bus)])


def holds_stories(spec: ChannelSpec, bus: Bus) -> bool:
    """Whether a configured channel is one archive, not a wildcard."""
    return spec.channel.address != "*" and is_archive(spec.channel, bus)


def is_archive(channel: Channel, bus: Bus) -> bool:
    """Whether what a channel holds are stories."""
    method = bus.methods.get(channel.method)
    return bool(method and method.archive)


async def find_story(bus: Bus, written: str) -> Story:
    """A story by its number or its address, to be changed; raises BadInput, NotFound."""
    found = key(written.rstrip("/").rpartition("/")[2])
    if not isinstance(found, int):
        told = _(
            "“{text}” is not a story. Write its address, or its number from “story list”.",
            text=written[:60],
        )
        raise BadInput(told)
    story = await bus.store.stories.get(found)
    if story is None or not is_archive(story.channel, bus):
        raise NotFound(
            _("Story {number} does not exist. “story list” shows all stories.", number=found)
        )
    if story.deleted:
        raise NotFound(
            _("The message of story {number} was deleted. It cannot be restored.", number=found)
        )
    return story


def line(story: Story) -> Words:
    """A story in a line: its number, title, author and time, and whether it may be read."""
    told = {
        "number": story.seq,
        "title": brief(story.told.title),
        "name": story.author.shown,
        "time": when(story.at),
    }
    if story.deleted:
        return _("{number}: deleted ({name}, {time})", **told)
    if not story.published:
        return _("{number}: {title} ({name}, {time}), unpublished", **told)
    return _("{number}: {title} ({name}, {time})", **told)


def named(story: Story) -> str:
    """A story for the audit log, which keeps no words that someone may want gone."""
    return f"{story.channel} {story.seq}"
