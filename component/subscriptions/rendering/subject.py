"""The subjects of letters, and the names of their lists. Pure."""

import hashlib
import re
from collections.abc import Sequence

from component.bus.model.message import Channel
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.subscriptions.rendering.digest import Digest

MAX_CHARS = 78
"""Characters of a subject (RFC 5322 section 2.1.1)."""
MAX_NAMED = 3
"""Channels that a subject names."""


def of_digest(digest: Digest, language: str) -> str:
    """The subject of a digest: “Lobby: 12 messages”."""
    titles = [section.title for section in digest.sections]
    named = ", ".join(titles[:MAX_NAMED])
    if len(titles) > MAX_NAMED:
        more = len(titles) - MAX_NAMED
        named = _("{titles} and {count} more", titles=named, count=more).told(language)
    room = MAX_CHARS - len(counted(digest, "").told(language))
    return one_line(counted(digest, cut(named, room)).told(language))


def counted(digest: Digest, titles: str) -> Words:
    """Titles, and how many messages there are."""
    if not digest.count:
        return _("{titles}: new messages", titles=titles)
    if not digest.exact:
        return _("{titles}: more than {count} messages", titles=titles, count=digest.count)
    if digest.count == 1:
        return _("{titles}: 1 message", titles=titles)
    return _("{titles}: {count} messages", titles=titles, count=digest.count)


def of_message(title: str, body: str) -> str:
    """The subject of a message: “[Lobby] the first line”."""
    return cut(f"[{cut(one_line(title), MAX_CHARS // 2)}] {first_line(body)}", MAX_CHARS)


def first_line(body: str) -> str:
    """The first line that is not empty; “…” without one."""
    for line in body[:2_000].split("\n"):
        shown = one_line(line)
        if shown:
            return shown
    return "…"


def cut(line: str, most: int) -> str:
    """A line of so many characters at most."""
    if len(line) <= most:
        return line
    return f"{line[: most - 1].rstrip()}…"


def list_id(channels: Sequence[Channel], host: str) -> str:
    """The name of the list (RFC 2919) of those who get what comes to a channel, or to several:
    <lobby.shoutbox.example.org>."""
    where = labels(host) or "localhost"
    if len(set(channels)) != 1:
        return f"<digest.{where}>"
    channel = channels[0]
    return f"<{list_name(channel)}.{channel.method}.{where}>"


def list_name(channel: Channel) -> str:
    """The name of a channel in a list's name: another one for each address, also for those whose
    letters a list's name can't have."""
    address = channel.address
    name = labels(address.replace("@", "."))
    if len(name) <= 100 and name in (address.lower(), address.replace("@", ".")):
        return name
    digest = hashlib.blake2b(address.encode(), digest_size=4).hexdigest()
    return f"{name[:80].strip('.-')}-{digest}"


def labels(text: str) -> str:
    """A text with dots in it, as labels of a domain."""
    return ".".join(label(part) for part in text.split(".") if part)


def label(text: str) -> str:
    """A text as one label of a domain."""
    return re.sub("[^a-z0-9-]+", "-", text.lower()).strip("-")[:63] or "x"
