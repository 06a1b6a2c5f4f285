"""`fortune` shows a fortune to the person who asks, in a room to everyone."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Fit, Lines, Reply, Taken
from component.bus.model.roles import Role
from component.common.errors import Forbidden, NotFound
from component.common.form import Ask
from component.common.i18n import _
from component.methods.fortune.databases import Name, databases, draw


@dataclass(frozen=True)
class Form:
    """Which ones."""

    file: Annotated[
        Name | None, Ask(_("Database"), _("a fortune database such as computers; empty for any"))
    ] = None
    offensive: Annotated[
        bool, Ask(_("Offensive fortunes"), _("include fortunes that may offend people"))
    ] = False


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Draw a fortune. Raises Forbidden, NotFound."""
    if form.offensive and caller.in_room:
        raise Forbidden(
            _("Offensive fortunes are shown in private chats only. Write to {bot}.", bot=bus.bot)
        )
    names = [str(form.file)] if form.file else []
    drawn = await asyncio.to_thread(
        draw, names, bus.rng, offensive=form.offensive, places=bus.fortune_places
    )
    if not drawn.text:
        raise NotFound(next(iter(drawn.faults.values())))
    return Lines(_("A fortune from “{name}”:", name=drawn.name), drawn.text.rstrip().splitlines())


async def takes(_caller: Caller, rest: str, bus: Bus) -> Taken:
    """The name of a database, and whether it may offend."""
    known = await asyncio.to_thread(databases, bus.fortune_places)
    names = {database.name.casefold() for database in known} | {"offensive"}
    for word in rest.casefold().split():
        if word not in names and "=" not in word:
            return Taken(
                Fit.NOT, _("The fortune database “{name}” does not exist.", name=word[:60])
            )
    return Taken(Fit.WELL)


ACTION = Action(
    "fortune",
    _("Show a fortune"),
    Role.GUEST,
    run,
    Form,
    group="messages",
    public=True,
    examples=(_("fortune computers"),),
    takes=takes,
)
