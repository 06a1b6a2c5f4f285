"""`fortune`: a fortune for who asks, in a room for all to read."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from component.bus.model.roles import Role
from component.common.errors import Forbidden, NotFound
from component.common.form import Ask
from component.common.i18n import _
from component.methods.fortune.databases import PLACES, Name, draw


@dataclass(frozen=True)
class Form:
    """Which ones."""

    file: Annotated[Name | None, Ask(_("File"), _("a database like computers; empty for any"))] = (
        None
    )
    offensive: Annotated[
        bool, Ask(_("Offensive"), _("whether those that may offend are among them"))
    ] = False


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    if form.offensive and caller.in_room:
        raise Forbidden(
            _("Those that may offend are told in private only: write to {bot}.", bot=bus.bot)
        )
    names = [str(form.file)] if form.file else []
    drawn = await asyncio.to_thread(draw, names, bus.luck, offensive=form.offensive, places=PLACES)
    if not drawn.text:
        raise NotFound(next(iter(drawn.faults.values())))
    return Lines(_("A fortune from “{name}”:", name=drawn.name), drawn.text.rstrip().splitlines())


ACTION = Action(
    "fortune",
    _("Tell a fortune"),
    Role.GUEST,
    _run,
    Form,
    group="messages",
    public=True,
    examples=(_("fortune computers"),),
)
