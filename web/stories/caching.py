"""What caches may keep of stories (RFC 9110 section 13, RFC 9111).

A public page may be stored anywhere but must be revalidated on every use, so that an edit takes
effect at once. Pages for operators are not stored.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web as http

from component.bus.model.message import Channel

MAX_FEEDS = 1_000
"""Feeds whose last change is remembered."""


class Changes:
    """When each feed's content last changed, since this bus started. The times of its stories do
    not tell: a story may arrive late, and another may be removed."""

    def __init__(self) -> None:
        self._known: OrderedDict[Channel, tuple[str, int]] = OrderedDict()

    def since(self, channel: Channel, tag: str, now: int) -> int:
        """Since when, in ms since 1970, the feed has had the entity tag `tag`."""
        known, since = self._known.get(channel, ("", now))
        if known != tag:
            since = now
        self._known[channel] = (tag, since)
        self._known.move_to_end(channel)
        if len(self._known) > MAX_FEEDS:
            self._known.popitem(last=False)
        return since


@dataclass(frozen=True, slots=True)
class Content:
    """A response's content: `kind` is its media type, `modified` its last change in ms, if
    known."""

    text: str
    kind: str
    headers: dict[str, str]
    modified: int | None = None

    @property
    def tag(self) -> str:
        """The entity tag."""
        return entity_tag(self.text)

    @property
    def last_modified(self) -> datetime | None:
        """The last change, in whole seconds."""
        if self.modified is None:
            return None
        return datetime.fromtimestamp(self.modified // 1000, UTC)


def entity_tag(text: str) -> str:
    """A text's entity tag."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def cache_control(*, public: bool) -> str:
    """Whether a page may be stored and revalidated, or not stored."""
    return "no-cache" if public else "no-store"


def respond(request: http.Request, content: Content, *, public: bool) -> http.Response:
    """The content, or 304 if the caller has it already."""
    headers = {**content.headers, "Cache-Control": cache_control(public=public)}
    if not public:
        return full_response(content, headers)
    if is_known(request, content):
        response = http.Response(status=304, headers=headers)
    else:
        response = full_response(content, headers)
    response.etag = content.tag
    response.last_modified = content.last_modified
    return response


def full_response(content: Content, headers: dict[str, str]) -> http.Response:
    """The whole content."""
    return http.Response(
        text=content.text, content_type=content.kind, charset="utf-8", headers=headers
    )


def is_known(request: http.Request, content: Content) -> bool:
    """Whether the caller has this content, by entity tag or else by time (RFC 9110 section
    13.2.2)."""
    known = request.if_none_match
    if known is not None:
        tags = [entity.value for entity in known]
        return content.tag in tags or "*" in tags
    since, modified = request.if_modified_since, content.last_modified
    if since is None or modified is None:
        return False
    return modified <= since
