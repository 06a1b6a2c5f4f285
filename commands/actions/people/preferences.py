"""`preferences`: the caller's own: which language to be answered in, what to hear of private
messages passed on, and by which clock they live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.value_types import Zone

_CLIENTS = "auto"
_OFTEN = {"once": _("once"), "always": _("always"), "never": _("never")}


def _languages(_bus: Bus) -> Sequence[Choice]:
    return [Choice(_CLIENTS, _("auto")), Choice("en", "English"), Choice("de", "Deutsch")]


def _confirm(_bus: Bus) -> Sequence[Choice]:
    return [Choice(one, words) for one, words in _OFTEN.items()]


@dataclass(frozen=True)
class Form:
    """What is not chosen stays as it is."""

    language: Annotated[
        str, Ask(_("Language"), _("auto: your client's; empty: as it is"), choices=_languages)
    ] = ""
    confirm: Annotated[
        str, Ask(_("Confirmations"), _("of messages passed on; empty: as it is"), choices=_confirm)
    ] = ""
    zone: Annotated[Zone | None, Ask(_("Time zone"), _("like Europe/Berlin; empty: as it is"))] = (
        None
    )


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    now = bus.settings.preference(caller.jid)
    language = (
        now.language if not form.language else "" if form.language == _CLIENTS else form.language
    )
    zone = str(form.zone or now.zone)
    new = replace(now, language=language, confirm=form.confirm or now.confirm, zone=zone)
    if new != now:
        await bus.settings.prefer(new)
    if (new.zone, new.language) != (now.zone, now.language):
        await bus.subscriptions.rezone(caller.jid, new.zone or "UTC", new.language)
    return Done(
        _(
            "Your language: {language}. Confirmations of what I pass on: {confirm}. Your "
            "time zone: {zone}.",
            language=new.language or _CLIENTS,
            confirm=_OFTEN[new.confirm],
            zone=new.zone or "UTC",
        )
    )


ACTION = Action("preferences", _("Choose preferences"), Role.MEMBER, _run, Form)
