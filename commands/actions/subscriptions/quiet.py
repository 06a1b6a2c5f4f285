"""`quiet` sets the hours in which the caller gets no messages; they are sent when the hours end."""

from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Taken
from commands.actions.subscriptions._descriptions import clock_of
from commands.data_forms import as_words
from commands.typed.everyday import is_prose
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import NONE, Ask, Faults
from component.common.i18n import _
from component.common.quiet_hours import Hours

_OFF = frozenset({"off", "aus", NONE, "no", "nein", "never", "nie", "keine"})


@dataclass(frozen=True)
class Form:
    """Which hours; nothing shows them."""

    hours: Annotated[str, Ask(_("Quiet hours"), _("for example 22:00-07:00, or off"))] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Set the caller's quiet hours, or show them. Raises Faults."""
    written = form.hours.strip()
    if written:
        try:
            quiet = "" if written.casefold() in _OFF else str(Hours.parse(written))
        except BadInput as error:
            raise Faults({"hours": error.sentence}) from error
        await bus.settings.prefer(caller.jid, lambda chosen: replace(chosen, quiet=quiet))
        await bus.subscriptions.requiet(caller.jid)
    hours = bus.settings.quiet(caller.jid)
    if hours is None:
        return Done(
            _("You do not have quiet hours. To set them, write for example “quiet 22:00-07:00”.")
        )
    return Done(
        _(
            "Your quiet hours are {hours} ({zone}). Messages that arrive during them are sent "
            "when they end.",
            hours=hours,
            zone=clock_of(bus, caller.jid),
        )
    )


async def takes(_caller: Caller, rest: str, _bus: Bus) -> Taken:
    """The hours, or a word for none."""
    if rest.casefold() in _OFF:
        return Taken(Fit.WELL)
    try:
        Hours.parse(rest)
    except BadInput as error:
        timed = any(map(str.isdigit, rest)) and not is_prose(rest)
        return Taken(Fit.PARTLY if timed else Fit.NOT, as_words(error))
    return Taken(Fit.WELL)


ACTION = Action(
    "quiet",
    _("Set quiet hours"),
    Role.MEMBER,
    run,
    Form,
    group="me",
    also=("ruhe", "ruhezeit", "ruhezeiten"),
    takes=takes,
    examples=(_("quiet 22:00-07:00"), _("quiet off")),
)
