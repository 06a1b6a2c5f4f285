"""`channel-add`: a wizard: first the method, then the address and that method's settings."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Annotated, Any, get_type_hints

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.lookups import described, entry
from component.bus.model.message import GUEST_PREFIX, Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.ports.method import MethodSpec
from component.common.errors import BadInput, Conflict
from component.common.form import Ask, Choice, kept
from component.common.i18n import _


def _methods(bus: Bus) -> list[Choice]:
    return [Choice(spec.name, f"{spec.name} ({spec.example})") for spec in bus.methods.values()]


@dataclass(frozen=True)
class Form:
    """The first step."""

    method: Annotated[str, Ask(_("Method"), _("what kind of place it is"), choices=_methods)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    method = bus.methods[form.method]

    async def add(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await _add(method, caller, filled, bus)

    return Step(
        _("Add a channel: {method}", method=method.name), settings_form(method, address=True), add
    )


def settings_form(method: MethodSpec, *, address: bool) -> type:
    """The form of a method's channels: their address where asked for, a title, and their own
    settings."""
    asked: list[Any] = []
    if address:
        example = method.example.partition(":")[2]
        asked.append(
            ("address", Annotated[str, Ask(_("Address"), _("like {example}", example=example))])
        )
    asked.append(
        ("title", Annotated[str, Ask(_("Title"), _("what people see"))], field(default=""))
    )
    hints = get_type_hints(method.form, include_extras=True)
    own = [(one.name, hints[one.name], field(default=one.default)) for one in fields(method.form)]
    return make_dataclass("Form", [*asked, *own], frozen=True, kw_only=True)


def filled_settings(method: MethodSpec, filled: Any) -> dict[str, Any]:
    """The settings of a filled form as they are kept, without those that are as they come; raises
    BadInput where they do not go together."""
    return kept(method.form(**{one.name: getattr(filled, one.name) for one in fields(method.form)}))


def new_channel(method: MethodSpec, address: str, bus: Bus) -> Channel:
    """A channel that can be added; raises BadInput where its address won't do, Conflict where it
    stands."""
    channel = Channel(
        method.name, method.tidy(address if method.address.fullmatch(address) else address.lower())
    )
    method.check(channel, any=True)
    if any(spec.channel == channel for spec in bus.hub.channels):
        raise Conflict(_("There is a channel {channel} already: edit that one.", channel=channel))
    if method.open and channel.address == bus.bot.partition("@")[0]:
        raise BadInput(_("{address} is the bot's own address: choose another.", address=bus.bot))
    if method.open and channel.address.startswith(GUEST_PREFIX):
        raise BadInput(
            _(
                "Names that begin with {prefix} are kept for web users: choose another.",
                prefix=GUEST_PREFIX,
            )
        )
    if channel.address.endswith(f"@{bus.bot.partition('@')[2]}"):
        raise BadInput(
            _("{address} is an address of the bus itself: choose another.", address=channel.address)
        )
    return channel


async def _add(method: MethodSpec, caller: Caller, filled: Any, bus: Bus) -> Reply:
    channel = new_channel(method, filled.address, bus)
    spec = ChannelSpec(channel, filled.title, filled_settings(method, filled))
    await bus.settings.change([Put(spec)], entry(caller, bus, "channel-add", after=described(spec)))
    if not method.listens and not bus.hub.ends(channel):
        hint = _(
            "Added {channel}. Nobody hears it yet: “route add {channel} …” leads it somewhere.",
            channel=channel,
        )
        return Done(hint)
    if method.person and method.setup and channel.address != "*":
        await bus.subscriptions.book.ask(caller.jid, channel)
        return Done(
            _(
                "Added {channel}. Its owner is asked to confirm it: nothing else goes there "
                "before.",
                channel=channel,
            )
        )
    return Done(_("Added {channel}.", channel=channel))


ACTION = Action(
    "channel-add", _("Add a channel"), Role.OPERATOR, _run, Form, more=True, group="channels"
)
