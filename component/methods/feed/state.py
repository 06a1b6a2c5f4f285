"""What is known of a feed from one poll to the next: data, and its form in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Self

from component.methods.feed import dedup
from component.methods.feed.dedup import Seen
from component.methods.feed.interval import WHOLE_AGAIN, Poll, begun, resumed
from component.methods.feed.websub import Lease


@dataclass(frozen=True, slots=True)
class State:
    """A feed as it stands.

    `asked` is the address that its owner wrote, `url` the one it is read at: a site may name
    another, and sites move. `era` (ms) is when it was first looked at, and part of what its items
    are called in the bus: were it another feed, ids such as 1, 2, 3 would seem to be known. `body`
    is a hash of what was read last, which came `whole` (ms); `trouble` is why the last look failed.
    """

    asked: str
    url: str
    era: int
    poll: Poll
    title: str = ""
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    trouble: str = ""
    seen: Seen | None = None
    lease: Lease | None = None
    whole: int = 0

    @classmethod
    def begun(cls, url: str, now: int) -> Self:
        """A feed that was just added."""
        return cls(url, url, now, begun(now))

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Self:
        """From what `dump` gave; raises KeyError, TypeError, ValueError or AttributeError for what
        it did not."""
        fields = {**kept, "poll": Poll.load(kept["poll"])}
        if kept["seen"] is not None:
            fields["seen"] = dedup.unpacked(kept["seen"])
        if kept["lease"] is not None:
            fields["lease"] = Lease.load(kept["lease"])
        return cls(**fields)

    def dump(self) -> dict[str, Any]:
        """As JSON can keep it."""
        fields: dict[str, Any] = {
            "asked": self.asked,
            "url": self.url,
            "era": self.era,
            "title": self.title,
            "etag": self.etag,
            "last_modified": self.last_modified,
            "body": self.body,
            "trouble": self.trouble,
            "whole": self.whole,
            "poll": self.poll.dump(),
            "seen": None,
            "lease": None,
        }
        if self.seen is not None:
            fields["seen"] = dedup.packed(self.seen)
        if self.lease is not None:
            fields["lease"] = self.lease.dump()
        return fields

    def wanted(self, url: str, now: int) -> "State":
        """As its owner wants it, who has just changed something: looked at now, and at another
        address if they wrote one. What is known of its items stays: a feed that moved has the same
        ones."""
        if url == self.asked:
            return replace(self, poll=resumed(self.poll, now))
        again = replace(begun(now), told=self.poll.told)
        return replace(
            self,
            asked=url,
            url=url,
            poll=again,
            etag="",
            last_modified="",
            body="",
            trouble="",
            lease=None,
        )

    def condition(self, now: int) -> tuple[str, str]:
        """The ETag and Last-Modified of a conditional request (RFC 9110 section 13.1); both "" for
        one without condition.

        A server that says for ever that nothing has changed would otherwise never be found out.
        """
        if now - self.whole >= WHOLE_AGAIN * 1000:
            return "", ""
        return self.etag, self.last_modified

    def differs(self, other: "State") -> bool:
        """Whether it has to be stored: not if only the times of polls are others."""
        return self.without_times() != other.without_times()

    def without_times(self) -> "State":
        """The state without the times of the next poll and of the last ones. After a restart the
        feed may be asked for without condition once more, which does no harm."""
        seen = self.seen
        if seen is not None:
            marks = [replace(mark, seen=0) for mark in seen.marks]
            seen = replace(seen, marks=tuple(marks))
        return replace(self, poll=replace(self.poll, due=0), seen=seen, whole=0)


def digest(body: bytes) -> str:
    """A hash of a body."""
    return blake2b(body, digest_size=16).hexdigest()
