"""Limits simultaneous polls: some in all, one per host, so that a slow site delays only itself.

A channel that has to wait needs no task. `next` names it when its turn comes.
"""

from component.bus.model.message import Channel


class Turns:
    """`most` looks at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[Channel, str] = {}
        self._hosts: set[str] = set()
        self._waiting: dict[Channel, str] = {}

    def take(self, channel: Channel, host: str) -> bool:
        """Whether it may look now; where not, `next` gives it later."""
        if not self._fit(host):
            self._waiting[channel] = host
            return False
        self._waiting.pop(channel, None)
        self._taken[channel] = host
        self._hosts.add(host)
        return True

    def free(self, channel: Channel) -> None:
        """It has looked."""
        self._hosts.discard(self._taken.pop(channel))

    def next(self) -> Channel | None:
        """Who waited and may come now, the longest first; it waits no more."""
        found = next((one for one, host in self._waiting.items() if self._fit(host)), None)
        if found:
            del self._waiting[found]
        return found

    def forget(self, channel: Channel) -> None:
        """It waits no more."""
        self._waiting.pop(channel, None)

    def _fit(self, host: str) -> bool:
        return len(self._taken) < self._most and host not in self._hosts
