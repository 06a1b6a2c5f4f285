"""Channels by the names that people give them. Pure: the channels are given."""

from collections.abc import Mapping, Sequence

from component.bus.model.message import Channel

Named = Mapping[str, Sequence[Channel]]
"""By a name in small letters the channels that go by it."""


def names_of(channels: Sequence[tuple[Channel, str]]) -> Named:
    """Channels (each with its title) by `method:address`, by address, by title, and by the local
    part of the address: a channel named the former way has the name before one named the latter."""
    named: dict[str, list[Channel]] = {}
    called = [(channel, names_for(channel, title)) for channel, title in channels]
    for rank in range(4):
        here: dict[str, list[Channel]] = {}
        for channel, names in called:
            if names[rank]:
                here.setdefault(names[rank].casefold(), []).append(channel)
        named = here | named
    return named


def names_for(channel: Channel, title: str) -> Sequence[str]:
    """What one channel is called, the surest name first."""
    local = channel.address.partition("@")[0]
    return str(channel), channel.address, " ".join(title.split()), local
