"""`story-unpublish`: take a story off its page and out of the feed, or put it back."""

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


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    story = await find_story(bus, form.story)
    if story.published is form.again:
        return Done(_("Nothing to change: {story}.", story=line(story)))
    wanted = replace(story, published=form.again)
    states = ("published", "unpublished")
    before, after = states if story.published else states[::-1]
    audit = entry(caller, bus, "story-unpublish", f"{named(story)} {before}", after)
    await bus.hub.store.stories.update(wanted, audit)
    link = f"{bus.web}{story.path}"
    if form.again:
        return Done(_("Published again: {link}", link=link))
    return Done(_("Unpublished. Its page says that it was taken away: {link}", link=link))


ACTION = Action(
    "story-unpublish", _("Unpublish a story"), Role.OPERATOR, _run, Form, group="messages"
)
