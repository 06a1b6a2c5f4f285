"""`template-preview`: what a letter's template makes of samples, or of a channel's newest
messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import readable
from component.bus.model.message import Channel, Message
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask, Choice
from component.common.i18n import Words, _
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.preview import places, preview, samples
from component.subscriptions.rendering.templates import NAMES

NEWEST = 10
MOST = 20_000
"""Characters that are shown."""
_END = 2**62


def _names(_bus: Bus) -> Sequence[Choice]:
    return [Choice(name, name) for name in NAMES]


@dataclass(frozen=True)
class Form:
    """Which template, and what of."""

    template: Annotated[str, Ask(_("Template"), _("as docs/letters.md names them"), choices=_names)]
    channel: Annotated[
        Channel | None, Ask(_("Channel"), _("whose newest messages to show; else samples"))
    ] = None


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    messages = await _newest(caller, form.channel, bus) if form.channel else samples(bus.clock())
    eyes = ReaderLocale(caller.language, bus.settings.preference(caller.jid).zone or "UTC")
    titles = {spec.channel: spec.title for spec in bus.hub.channels if spec.title}
    where = replace(places(bus.web), title=lambda channel: titles.get(channel, str(channel)))
    at = {"channel": form.channel} if form.channel else {}
    drawn = preview(bus.templates, form.template, eyes, messages, where, bus.web, **at)
    told: list[Words | str] = [*drawn.text[:MOST].rstrip().split("\n")]
    if len(drawn.text) > MOST:
        told.append(_("(cut here: it has {count} characters)", count=len(drawn.text)))
    if drawn.fault:
        return Lines(
            _("{name} can't be used, so ours is: {why}", name=form.template, why=drawn.fault),
            told,
            exact=True,
        )
    return Lines(_("{name} makes of that:", name=form.template), told, exact=True)


async def _newest(caller: Caller, channel: Channel, bus: Bus) -> Sequence[Message]:
    readable(caller, bus, channel)
    found = await bus.hub.store.deliveries.log(channel, before=_END, limit=NEWEST)
    if not found:
        raise NotFound(_("There is nothing in {channel} yet.", channel=channel))
    return [one.message for one in found]


ACTION = Action(
    "template-preview",
    _("Preview a template"),
    Role.OPERATOR,
    _run,
    Form,
    group="messages",
    examples=[_("template preview digest.txt"), _("template preview digest.html shoutbox:lobby")],
)
