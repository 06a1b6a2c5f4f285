"""`subscription-list`: one's own subscriptions and addresses, and how they stand; for operators
also others'."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step
from commands.actions.subscriptions._descriptions import ALL, NONE_YET, described
from component.bus.model.roles import Role
from component.bus.model.subscription import Subscription
from component.common.errors import BadInput, Forbidden
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.sanitize import BARE_JID
from component.subscriptions.addresses import words_of

SHOWN = 100
"""Subscriptions that are listed."""
_TITLE = _("List subscriptions")
WEB = "web"
"""The `way` of callers who have the page already."""


@dataclass(frozen=True)
class Form:
    """Whose."""

    whose: Annotated[str, Ask(_("Whose"), _("for operators: a JID, or: all; empty: your own"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    whose = form.whose.strip().lower()
    if whose in ("", caller.jid):
        return await _mine(caller, bus)
    if caller.role < Role.OPERATOR:
        raise Forbidden(
            _("Only operators see others' subscriptions: “subscriptions” alone shows yours.")
        )
    if whose not in (ALL, "alle") and not BARE_JID.fullmatch(whose):
        raise BadInput(_("“{text}” is no JID like juliet@example.org.", text=whose[:60]))
    who = None if whose in (ALL, "alle") else whose
    found = await bus.hub.store.subscriptions.find(who=who, limit=SHOWN + 1)
    lines = [
        _("{who}: {subscription}", who=one.owner, subscription=described(one))
        for one in found[:SHOWN]
    ]
    if found[SHOWN:]:
        return Lines(_("The first {count} subscriptions:", count=SHOWN), lines)
    if not lines:
        return Done(_("There are no subscriptions."))
    return Lines(_count(len(lines)), lines)


def _count(count: int) -> Words:
    return _("{count} subscriptions:", count=count) if count != 1 else _("One subscription:")


async def _mine(caller: Caller, bus: Bus) -> Reply:
    mine: Sequence[Subscription] = await bus.subscriptions.of(caller.jid)
    lines: list[Words | str] = [described(one) for one in mine]
    lines += [words_of(one) for one in await bus.subscriptions.book.of(caller.jid)]
    if quiet := bus.settings.quiet(caller.jid):
        lines.append(_("Quiet hours: {hours}", hours=quiet))
    link = bus.sign_in(caller.jid) if caller.way != WEB else ""
    if link:
        link = f"{link}?to=subscriptions"  # operators are led to the matrix else
        lines.append(
            _(
                "As a page, {web}/subscriptions, where this link signs you in: {link}",
                web=bus.web,
                link=link,
            )
        )
    return Lines(_count(len(mine)) if mine else NONE_YET, lines)


async def _opening(caller: Caller, bus: Bus) -> Reply:
    if caller.role >= Role.OPERATOR:
        return Step(_TITLE, Form, _run)
    return await _mine(caller, bus)


ACTION = Action(
    "subscription-list",
    _TITLE,
    Role.MEMBER,
    _run,
    Form,
    group="subscriptions",
    opening=_opening,
    also=("subscriptions", "abonnements", "abos"),
)
