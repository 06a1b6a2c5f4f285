"""`preferences` sets the caller's language, confirmations and time zone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from component.bus.model.records import Preference
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.value_types import Zone

_CLIENTS = "auto"
_OFTEN = {"once": _("once"), "always": _("always"), "never": _("never")}


def language_choices(_bus: Bus) -> Sequence[Choice]:
    """The languages, and the client's own."""
    return [Choice(_CLIENTS, _("auto")), Choice("en", "English"), Choice("de", "Deutsch")]


def confirmation_choices(_bus: Bus) -> Sequence[Choice]:
    """How often the bot confirms what it passes on."""
    return [Choice(one, words) for one, words in _OFTEN.items()]


@dataclass(frozen=True)
class Form:
    """What is not chosen stays as it is."""

    language: Annotated[
        str,
        Ask(
            _("Language"),
            _("“auto” uses your client's language; empty keeps the current one"),
            choices=language_choices,
        ),
    ] = ""
    confirm: Annotated[
        str,
        Ask(
            _("Confirmations"),
            _("when I confirm forwarded messages; empty keeps the current setting"),
            choices=confirmation_choices,
        ),
    ] = ""
    zone: Annotated[
        Zone | None,
        Ask(_("Time zone"), _("for example Europe/Berlin; empty keeps the current one")),
    ] = None

    def applied(self, chosen: Preference) -> Preference:
        """What was chosen, with what is filled in here."""
        language = "" if self.language == _CLIENTS else self.language or chosen.language
        zone = str(self.zone or chosen.zone)
        return replace(chosen, language=language, confirm=self.confirm or chosen.confirm, zone=zone)


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Change the caller's preferences, and show them."""
    before = await bus.settings.prefer(caller.jid, form.applied)
    new = form.applied(before)
    if (new.zone, new.language) != (before.zone, before.language):
        await bus.subscriptions.rezone(caller.jid, new.zone or "UTC", new.language)
    return Done(
        _(
            "Your language: {language}. Confirmations of forwarded messages: {confirm}. Your "
            "time zone: {zone}.",
            language=new.language or _CLIENTS,
            confirm=_OFTEN[new.confirm],
            zone=new.zone or "UTC",
        )
    )


ACTION = Action("preferences", _("Set preferences"), Role.MEMBER, run, Form, group="me")
