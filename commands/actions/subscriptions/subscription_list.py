"""`subscription-list` lists the caller's subscriptions and addresses; operators may list
others'."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Lines, Reply, Step, Taken
from commands.actions.subscriptions._descriptions import ALL, NONE_YET, described
from component.bus.model.roles import Role
from component.common.errors import Forbidden
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.jids import bare_jid, folded, is_bare_jid
from component.subscriptions.addresses import words_of

SHOWN = 100
"""Subscriptions that are listed."""
_TITLE = _("List subscriptions")
WEB = "web"
"""The `way` of callers who have the page already."""


@dataclass(frozen=True)
class Form:
    """Whose."""

    whose: Annotated[
        str, Ask(_("Owner"), _("for operators: a JID, or all; empty for your own"))
    ] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """List the caller's subscriptions, or others' for operators. Raises Forbidden, BadInput."""
    whose = form.whose.strip()
    if not whose or folded(whose) == caller.jid:
        return await list_own(caller, bus)
    if caller.role < Role.OPERATOR:
        raise Forbidden(
            _("Only operators can see the subscriptions of others. “subscriptions” shows your own.")
        )
    if whose.lower() in (ALL, "alle"):
        return await list_others(None, bus)
    return await list_others(bare_jid(whose), bus)


async def list_others(who: str | None, bus: Bus) -> Reply:
    """Subscriptions of a bare JID, or of all."""
    subscriptions = await bus.store.subscriptions.find(who=who, limit=SHOWN + 1)
    lines = []
    for each in subscriptions[:SHOWN]:
        lines.append(_("{who}: {subscription}", who=each.owner, subscription=described(each)))
    if subscriptions[SHOWN:]:
        return Lines(_("The first {count} subscriptions:", count=SHOWN), lines)
    if not lines:
        return Done(_("No subscriptions exist."))
    return Lines(count_words(len(lines)), lines)


def count_words(count: int) -> Words:
    """How many subscriptions, as a title."""
    if count == 1:
        return _("One subscription:")
    return _("{count} subscriptions:", count=count)


async def list_own(caller: Caller, bus: Bus) -> Reply:
    """The caller's subscriptions, addresses and quiet hours."""
    mine = await bus.subscriptions.of(caller.jid)
    lines: list[Words | str] = [*map(described, mine)]
    lines += map(words_of, await bus.subscriptions.book.of(caller.jid))
    quiet = bus.settings.quiet(caller.jid)
    if quiet:
        lines.append(_("Quiet hours: {hours}", hours=quiet))
    link = "" if caller.way == WEB else bus.sign_in(caller.jid, "subscriptions")
    if link:
        lines.append(
            _(
                "On the web at {web}/subscriptions. To sign in there, open this link: {link}",
                web=bus.web,
                link=link,
            )
        )
    return Lines(count_words(len(mine)) if mine else NONE_YET, lines)


async def open_list(caller: Caller, bus: Bus) -> Reply:
    """Ask operators whose subscriptions they mean."""
    if caller.role >= Role.OPERATOR:
        return Step(_TITLE, Form, run)
    return await list_own(caller, bus)


async def takes(_caller: Caller, rest: str, _bus: Bus) -> Taken:
    """A JID, or all."""
    whose = rest.lower()
    if whose in (ALL, "alle") or is_bare_jid(whose):
        return Taken(Fit.WELL)
    return Taken(
        Fit.NOT, _("“{text}” is not a JID. Write it as juliet@example.org.", text=rest[:60])
    )


ACTION = Action(
    "subscription-list",
    _TITLE,
    Role.MEMBER,
    run,
    Form,
    group="subscriptions",
    opening=open_list,
    takes=takes,
    also=("subscriptions", "abonnements", "abos"),
)
