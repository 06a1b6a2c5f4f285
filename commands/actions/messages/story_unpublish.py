"""`story-unpublish` takes a story off its page and out of its feed, or puts it back."""

from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.messages._archives import find_story, line, named
from commands.lookups import entry
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Which one, and which way."""

    story: Annotated[str, Ask(_("Story"), _("its number or its address"))]
    again: Annotated[bool, Ask(_("Publish again"))] = False


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Unpublish a story, or publish it again."""
    story = await find_story(bus, form.story)
    if story.published is form.again:
        return Done(_("Nothing to change: {story}.", story=line(story)))
    wanted = replace(story, published=form.again)
    states = ("published", "unpublished")
    before, after = states if story.published else states[::-1]
    audit = entry(caller, bus, "story-unpublish", f"{named(story)} {before}", after)
    await bus.store.stories.update(wanted, audit)
    link = f"{bus.web}{story.path}"
    if form.again:
        return Done(_("Published the story again: {link}", link=link))
    return Done(
        _("Unpublished the story. Its page now says that it was removed: {link}", link=link)
    )


ACTION = Action(
    "story-unpublish", _("Unpublish a story"), Role.OPERATOR, run, Form, group="messages"
)
