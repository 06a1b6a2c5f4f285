"""Which channels have subscribers who hear at once: the hub asks it while it plans."""

from collections.abc import Iterable, Sequence

from component.bus.model.message import Channel

SUBSCRIBERS = "subscribers"
"""The method of the channels that hold all subscribers of another."""


def subscribers(channel: Channel) -> Channel:
    """The channel that holds all subscribers of a channel; what is delivered there goes to each of
    them who wants it."""
    return Channel(SUBSCRIBERS, str(channel))


class Audience:
    """The channels with subscribers who hear at once, in memory."""

    def __init__(self) -> None:
        self._channels: set[Channel] = set()
        self._added: set[Channel] = set()  # since the store was asked

    def __contains__(self, channel: Channel) -> bool:
        return channel in self._channels

    def followers(self, channel: Channel) -> Sequence[Channel]:
        """The channels that get what comes to a channel, besides its routes."""
        if channel in self._channels:
            return (subscribers(channel),)
        return ()

    def add(self, channel: Channel) -> None:
        """Count a channel in from now on."""
        self._channels.add(channel)
        self._added.add(channel)

    def counting(self) -> None:
        """The store is asked which channels have subscribers: keep what is added meanwhile."""
        self._added.clear()

    def counted(self, channels: Iterable[Channel]) -> None:
        """The store has answered."""
        self._channels = {*channels, *self._added}
