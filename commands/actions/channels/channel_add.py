"""`channel-add` adds a channel: it asks for the method, then for the address and the settings of
that method."""

from dataclasses import dataclass, field, fields, make_dataclass, replace
from typing import Annotated, Any, get_type_hints

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.lookups import described, entry
from component.bus.model.message import GUEST_PREFIX, Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.ports.method import MethodSpec
from component.common.errors import BadInput, Conflict
from component.common.form import Ask, Choice, kept
from component.common.i18n import Words, _, joined


def methods(bus: Bus) -> list[Choice]:
    """Every method, with an example of its addresses."""
    return [Choice(spec.name, f"{spec.name} ({spec.example})") for spec in bus.methods.values()]


@dataclass(frozen=True)
class Form:
    """The first step."""

    method: Annotated[str, Ask(_("Method"), _("the kind of place"), choices=methods)]


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Ask for the address and the settings of a channel of the chosen method."""
    method = bus.methods[form.method]

    async def add(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await add_channel(method, caller, filled, bus)

    return Step(
        _("Add a channel: {method}", method=method.name), settings_form(method, address=True), add
    )


def settings_form(method: MethodSpec, *, address: bool) -> type:
    """The form of a method's channels: their address where asked for, a title, and their own
    settings."""
    asked: list[Any] = []
    if address:
        example = method.example.partition(":")[2]
        ask = Ask(_("Address"), _("for example {example}", example=example))
        asked.append(("address", Annotated[str, ask]))
    title = Annotated[str, Ask(_("Title"), _("the name that people see"))]
    asked.append(("title", title, field(default="")))
    hints = get_type_hints(method.form, include_extras=True)
    for own in fields(method.form):
        asked.append((own.name, hints[own.name], field(default=own.default)))
    return make_dataclass("Form", asked, frozen=True, kw_only=True)


def filled_settings(method: MethodSpec, filled: Any) -> dict[str, Any]:
    """The settings of a filled form as they are kept, without those that are as they come; raises
    BadInput where they do not go together."""
    values = {}
    for known in fields(method.form):
        values[known.name] = getattr(filled, known.name)
    return kept(method.form(**values))


def new_channel(method: MethodSpec, address: str, bus: Bus) -> Channel:
    """A channel that can be added; raises BadInput where its address cannot be used, Conflict where
    the channel already exists."""
    channel = method.channel(address)
    if not method.address.fullmatch(channel.address):
        channel = method.channel(address.lower())
    method.check(channel, any=True)
    if channel in [spec.channel for spec in bus.hub.channels]:
        raise Conflict(_("The channel {channel} already exists. Edit it instead.", channel=channel))
    if method.open and channel.address == bus.bot.partition("@")[0]:
        raise BadInput(
            _("{address} is the bot's own address. Choose another one.", address=bus.bot)
        )
    if method.open and channel.address.startswith(GUEST_PREFIX):
        raise BadInput(
            _(
                "Names that begin with {prefix} are reserved for web users. Choose another name.",
                prefix=GUEST_PREFIX,
            )
        )
    if channel.address.endswith(f"@{bus.bot.partition('@')[2]}"):
        raise BadInput(
            _(
                "{address} is used by Shoutbus itself. Choose another address.",
                address=channel.address,
            )
        )
    return channel


async def add_channel(method: MethodSpec, caller: Caller, filled: Any, bus: Bus) -> Reply:
    """Add the channel of a filled form, once it was tried whether it can work. Raises BadInput,
    Conflict, and what a trial raises."""
    channel = new_channel(method, filled.address, bus)
    spec = ChannelSpec(channel, filled.title, filled_settings(method, filled))
    found = await tried(method, spec, bus)
    reply = await save_channel(method, spec, caller, bus)
    return replace(reply, words=joined([reply.words, *found], " "))


async def tried(method: MethodSpec, spec: ChannelSpec, bus: Bus) -> list[Words]:
    """What a method's trial found; nothing where it has none, or nothing is fetched here."""
    fetcher = bus.fetcher()
    if method.trial is None or fetcher is None:
        return []
    return [await method.trial(fetcher, method.settings(spec), bus.clock())]


async def save_channel(method: MethodSpec, spec: ChannelSpec, caller: Caller, bus: Bus) -> Done:
    """Save a channel; says what is to be done next."""
    channel = spec.channel
    await bus.settings.change([Put(spec)], entry(caller, bus, "channel-add", after=described(spec)))
    if not method.listens and not bus.hub.ends(channel):
        hint = _(
            "Added {channel}. Its messages are not forwarded yet; add a route with “route add "
            "{channel} …”.",
            channel=channel,
        )
        return Done(hint)
    if method.person and method.setup and channel.address != "*":
        await bus.subscriptions.book.ask(caller.jid, channel)
        return Done(
            _(
                "Added {channel}. The owner is asked to confirm it. Until then, no other "
                "messages are sent there.",
                channel=channel,
            )
        )
    return Done(_("Added {channel}.", channel=channel))


ACTION = Action(
    "channel-add", _("Add a channel"), Role.OPERATOR, run, Form, more=True, group="channels"
)
