"""What letters are called: their subjects, and the names of their lists. Pure."""

import hashlib
import re
from collections.abc import Sequence

from component.bus.model.message import Channel
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.subscriptions.rendering.digest import Digest

LONGEST = 78
"""Characters of a subject (RFC 5322 section 2.1.1)."""
_NAMED = 3
"""Channels that a subject names."""


def of_digest(digest: Digest, language: str) -> str:
    """Lobby: 12 messages."""
    titles = [section.title for section in digest.sections]
    named = ", ".join(titles[:_NAMED])
    if len(titles) > _NAMED:
        named = _("{titles} and {count} more", titles=named, count=len(titles) - _NAMED).told(
            language
        )
    room = LONGEST - len(_counted(digest, "").told(language))
    return one_line(_counted(digest, cut(named, room)).told(language))


def _counted(digest: Digest, titles: str) -> Words:
    if not digest.count:
        return _("{titles}: new messages", titles=titles)
    if not digest.exact:
        return _("{titles}: more than {count} messages", titles=titles, count=digest.count)
    if digest.count == 1:
        return _("{titles}: 1 message", titles=titles)
    return _("{titles}: {count} messages", titles=titles, count=digest.count)


def of_message(title: str, body: str) -> str:
    """[Lobby] the first line."""
    first = next((line for one in body[:2_000].split("\n") if (line := one_line(one))), "…")
    return cut(f"[{cut(one_line(title), LONGEST // 2)}] {first}", LONGEST)


def cut(line: str, most: int) -> str:
    """A line of so many characters at most."""
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def list_id(channels: Sequence[Channel], host: str) -> str:
    """The name of a list (RFC 2919) of who is told of a channel, or of several:
    <lobby.shoutbox.example.org>."""
    where = ".".join(_label(part) for part in host.split(".") if part) or "localhost"
    if len(set(channels)) != 1:
        return f"<digest.{where}>"
    name = ".".join(
        _label(part) for part in channels[0].address.replace("@", ".").split(".") if part
    )
    plain = (
        name
        if len(name) <= 100 and name == channels[0].address.lower()
        else _unlike(name, channels[0])
    )
    return f"<{plain}.{channels[0].method}.{where}>"


def _label(text: str) -> str:
    return re.sub("[^a-z0-9-]+", "-", text.lower()).strip("-")[:63] or "x"


def _unlike(name: str, channel: Channel) -> str:
    """Another name for each address, also of those whose letters a list's name can't have."""
    if len(name) <= 100 and name == channel.address.replace("@", "."):
        return name
    digest = hashlib.blake2b(channel.address.encode(), digest_size=4).hexdigest()
    return f"{name[:80].strip('.-')}-{digest}"
