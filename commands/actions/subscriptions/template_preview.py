"""`template-preview` renders a template with samples, or with a channel's newest messages."""

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
MAX_CHARS = 20_000
"""Characters that are shown."""
_END = 2**62


def template_choices(_bus: Bus) -> Sequence[Choice]:
    """All templates by name."""
    return [Choice(name, name) for name in NAMES]


@dataclass(frozen=True)
class Form:
    """Which template, and what of."""

    template: Annotated[
        str, Ask(_("Template"), _("one of the names in docs/letters.md"), choices=template_choices)
    ]
    channel: Annotated[
        Channel | None,
        Ask(
            _("Channel"),
            _("the channel whose newest messages are shown; empty for sample messages"),
        ),
    ] = None


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Render a template with samples or a channel's messages."""
    messages = samples(bus.clock())
    at: dict[str, Channel] = {}
    if form.channel:
        messages = await newest_messages(caller, form.channel, bus)
        at["channel"] = form.channel
    reader = ReaderLocale(caller.language, bus.settings.preference(caller.jid).zone or "UTC")
    titles = {spec.channel: spec.title for spec in bus.hub.channels if spec.title}
    where = replace(places(bus.web), title=lambda channel: titles.get(channel, str(channel)))
    drawn = preview(bus.templates, form.template, reader, messages, where, bus.web, **at)
    lines: list[Words | str] = [*drawn.text[:MAX_CHARS].rstrip().split("\n")]
    if len(drawn.text) > MAX_CHARS:
        lines.append(_("(shortened; the full text has {count} characters)", count=len(drawn.text)))
    if drawn.fault:
        return Lines(
            _(
                "{name} cannot be used. The preview shows the built-in template: {why}",
                name=form.template,
                why=drawn.fault,
            ),
            lines,
            exact=True,
        )
    return Lines(_("Preview of {name}:", name=form.template), lines, exact=True)


async def newest_messages(caller: Caller, channel: Channel, bus: Bus) -> Sequence[Message]:
    """A channel's newest messages. Raises NotFound."""
    readable(caller, bus, channel)
    found = await bus.store.deliveries.log(channel, before=_END, limit=NEWEST)
    if not found:
        raise NotFound(_("{channel} does not contain any messages yet.", channel=channel))
    return [one.message for one in found]


ACTION = Action(
    "template-preview",
    _("Preview a template"),
    Role.OPERATOR,
    run,
    Form,
    group="subscriptions",
    examples=[_("template preview digest.txt"), _("template preview digest.html shoutbox:lobby")],
)
