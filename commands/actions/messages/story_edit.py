"""`story-edit` changes a story's title or text, on its page and in its feed at once."""

from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.messages._archives import find_story, named
from commands.lookups import entry
from component.bus.model.roles import Role
from component.bus.model.story import MAX_TITLE, Story, Told
from component.common.form import Ask
from component.common.i18n import _
from component.common.sanitize import escape

FITS = 50_000
"""Bytes of a text that a form in a client carries, besides all else in it."""


@dataclass(frozen=True)
class Form:
    """Which story."""

    story: Annotated[str, Ask(_("Story"), _("its number or its address"))]


_TITLE = (
    "title",
    Annotated[str, Ask(_("Title"), _("one line, up to {most} characters", most=MAX_TITLE))],
)
_TEXT = (
    "text",
    Annotated[
        tuple[str, ...], Ask(_("Text"), _("the text below the title"), named=True, prose=True)
    ],
    field(default=()),
)
_Whole = make_dataclass("_Whole", [_TITLE, _TEXT], frozen=True)
_TitleOnly = make_dataclass("_TitleOnly", [_TITLE], frozen=True)


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Ask for a story's title and text, filled in with the present ones."""
    story = await find_story(bus, form.story)
    told = story.told

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        text = "\n".join(filled.text) if hasattr(filled, "text") else told.text
        return await edit_story(story, Told.new(filled.title, text), caller, bus)

    title = _("Edit story {number}", number=story.seq)
    if caller.way == "form" and len(escape(told.text).encode()) > FITS:
        note = _(
            "The text is too long for a form. You can read it at {link}.",
            link=f"{bus.web}/commands/story-edit",
        )
        return Step(title, _TitleOnly, edit, values={"title": [told.title]}, help=note)
    return Step(
        title,
        _Whole,
        edit,
        values={"title": [told.title], "text": told.text.split("\n")},
        open=True,
    )


async def edit_story(story: Story, told: Told, caller: Caller, bus: Bus) -> Reply:
    """Save a story's new title and text."""
    now = Told.new(
        story.told.title, story.told.text
    )  # white space at the ends of lines is no difference
    parts = [part for part in ("title", "text") if getattr(told, part) != getattr(now, part)]
    if not parts:
        return Done(
            _("Nothing to change: story {number} already has this content.", number=story.seq)
        )
    wanted = replace(story, message=replace(story.message, body=told.body))
    audit = entry(caller, bus, "story-edit", named(story), ", ".join(parts))
    await bus.store.stories.update(wanted, audit)
    return Done(_("Changed the story: {link}", link=f"{bus.web}{wanted.path}"))


ACTION = Action(
    "story-edit", _("Edit a story"), Role.OPERATOR, run, Form, more=True, group="messages"
)
