"""Channels by the names that people give them: `shoutbox:lobby`, `lobby`, a title, the address of a
room or what stands before its @. Every field, line and page finds them here.

A name that is one channel's address is that channel's, though it begins another's as well.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import make_dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from commands.action import Bus, Caller, Fit, Reply, Step, Taken
from commands.grammar.names import names_of
from commands.typed.spelling import errors_allowed, errors_in
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.common.errors import Ambiguous, NotFound
from component.common.form import Ask, Choice, ambiguous
from component.common.i18n import Words, _

MAX_NAME_WORDS = 8
"""Words that a channel's name may have."""
SIMILAR = 0.6
"""How like a name a text must be to be taken for it mistyped (difflib's ratio)."""


def may_read(caller: Caller, bus: Bus, channel: Channel) -> bool:
    """Whether someone may see what a channel holds: anyone an open one, operators any place, admins
    people's too."""
    method = bus.methods.get(channel.method)
    if method is None or (method.person and not method.open):
        return caller.role >= Role.ADMIN
    return method.open or caller.role >= Role.OPERATOR


def readable_specs(caller: Caller, bus: Bus) -> list[ChannelSpec]:
    """The channels that someone may read, each with one address."""
    specs = []
    for spec in bus.hub.channels:
        if spec.channel.address != "*" and may_read(caller, bus, spec.channel):
            specs.append(spec)
    return specs


def writable_specs(caller: Caller, bus: Bus) -> list[ChannelSpec]:
    """The channels that someone may post in, each with one address."""
    if caller.role < Role.OPERATOR:
        return readable_specs(caller, bus)
    return [spec for spec in bus.hub.channels if spec.channel.address != "*"]


def long_names(bus: Bus) -> list[str]:
    """The names of channels that have several words."""
    named = names_of([(spec.channel, spec.title) for spec in bus.hub.channels])
    return [name for name in named if " " in name]


async def with_channel(
    written: str,
    specs: Sequence[ChannelSpec],
    bus: Bus,
    title: Words,
    run: Callable[[Channel], Awaitable[Reply]],
) -> Reply:
    """Run with the channel that a name means; ask which where several have it. Raises NotFound."""
    try:
        channel = find(written, specs, bus)
    except Ambiguous as several:
        return ask_which(several.choices, title, run)
    return await run(channel)


def ask_which(
    names: Sequence[str], title: Words, run: Callable[[Channel], Awaitable[Reply]]
) -> Step:
    """The step that asks which of several channels is meant."""
    choices = [Choice(name, name) for name in names]

    async def go_on(_caller: Caller, filled: Any, _bus: Bus) -> Reply:
        return await run(Channel.parse(filled.channel))

    asked = Annotated[str, Ask(_("Channel"), choices=lambda _bus: choices)]
    form = make_dataclass("Which", [("channel", asked)], frozen=True)
    return Step(title, form, go_on, help=_("Several channels have that name."))


def find(written: str, specs: Sequence[ChannelSpec], bus: Bus) -> Channel:
    """The channel that a name means. A full name may be one that only `method:*` covers.

    Raises NotFound, with a similar name where there is one, and Ambiguous.
    """
    named = names_of([(spec.channel, spec.title) for spec in specs])
    name = " ".join(written.split()).casefold()
    several = named.get(name, ())
    if len(several) == 1:
        return several[0]
    if several:
        raise ambiguous(written, [str(channel) for channel in several])
    if is_full(written, bus):
        return Channel.parse(written)
    raise NotFound(missing_words(written, near(name, specs)))


def is_full(written: str, bus: Bus) -> bool:
    """Whether a text is a channel's full name."""
    method, colon, address = written.partition(":")
    return bool(colon and address and method in bus.methods and " " not in written)


def near(name: str, specs: Sequence[ChannelSpec]) -> str:
    """The name that a text in small letters is most like, "" where none is."""
    return most_like(name, names_of([(spec.channel, spec.title) for spec in specs]))


def most_like(name: str, names: Iterable[str]) -> str:
    """The one of some names that a text in small letters is most like, "" where none is."""
    matches = get_close_matches(name[:80], list(names), 1, SIMILAR)
    return matches[0] if matches else ""


def is_slip(written: str, similar: str) -> bool:
    """Whether a text is a name with a typing error in it, and not only like it."""
    errors = errors_in(written.casefold(), similar)
    return errors is not None and errors <= errors_allowed(similar)


def missing_words(written: str, similar: str) -> Words:
    """What is said of a name that no channel has that they can access."""
    if similar:
        return _(
            "The channel {channel} does not exist, or you cannot access it. Did you mean {near}?",
            channel=written[:60],
            near=similar,
        )
    return _("The channel {channel} does not exist, or you cannot access it.", channel=written[:60])


def count_name(words: Sequence[str], specs: Sequence[ChannelSpec], bus: Bus) -> int:
    """How many of the first words name a channel, as many as do; 0 where none do."""
    named = names_of([(spec.channel, spec.title) for spec in specs])
    for count in range(min(len(words), MAX_NAME_WORDS), 0, -1):
        if " ".join(words[:count]).casefold() in named:
            return count
    if words and is_full(words[0], bus):
        return 1
    return 0


def taken_name(words: Sequence[str], specs: Sequence[ChannelSpec], bus: Bus) -> Taken:
    """How a command takes a channel's name as its first words; where that is mistyped, with what
    may be meant."""
    if count_name(words, specs, bus):
        return Taken(Fit.WELL)
    similar = near(words[0].casefold(), specs)
    why = missing_words(words[0], similar)
    if is_slip(words[0], similar):
        return Taken(Fit.PARTLY, why, " ".join([quoted_name(similar), *words[1:]]))
    swapped = len(words) == 2 and count_name(words[1:], specs, bus) == 1
    return Taken(Fit.PARTLY if swapped else Fit.NOT, why)


def quoted_name(name: str) -> str:
    """A name as one word of a line."""
    return f'"{name}"' if " " in name else name


def titled(spec: ChannelSpec) -> str:
    """A channel as people know it."""
    if not spec.title:
        return str(spec.channel)
    return f"{spec.channel} ({spec.title})"


def choices_of(specs: Sequence[ChannelSpec]) -> list[Choice]:
    """Channels to choose from, each by all its names."""
    others = other_names(specs)
    choices = []
    for spec in specs:
        choices.append(Choice(str(spec.channel), titled(spec), tuple(others.get(spec.channel, ()))))
    return choices


def other_names(specs: Sequence[ChannelSpec]) -> dict[Channel, list[str]]:
    """The names of channels beside their full ones, in small letters. One that several have is each
    one's."""
    others: dict[Channel, list[str]] = {}
    for name, channels in names_of([(spec.channel, spec.title) for spec in specs]).items():
        for channel in channels:
            if name != str(channel):
                others.setdefault(channel, []).append(name)
    return others
