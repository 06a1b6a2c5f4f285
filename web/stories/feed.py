"""An archive as an Atom feed (RFC 4287)."""

import re
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web as http
from markupsafe import Markup

from component.bus.model.records import ChannelSpec
from component.bus.model.story import Story
from component.common.sanitize import scrub
from web.context import SITE, Site
from web.rendering import render
from web.stories.archives import archive_of, is_public, title_of
from web.stories.caching import Changes, Content, entity_tag, respond
from web.stories.text import paragraphs

MAX_STORIES = 50
"""Stories in a feed."""
MAX_TEXT_CHARS = 20_000
"""Characters of a text in a feed."""
STABLE_MS = 2_000
"""A content's age from which its time identifies it: times are in whole seconds, and it may change
twice in one."""
MEDIA_TYPE = "application/atom+xml"
HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
BREAK = Markup("<br>\n")


async def feed(request: http.Request, changes: Changes) -> http.Response:
    """The newest stories of an archive."""
    site, spec = request.app[SITE], archive_of(request)
    stories = await site.store.stories.find(spec.channel, limit=MAX_STORIES)
    updates = [story.updated for story in stories]
    text = render(
        "stories.atom",
        name=title_of(spec),
        base=f"{site.public_url}/stories/{spec.channel.address}",
        id=feed_id(site, spec),
        stories=stories,
        url=site.public_url,
        entry_id=partial(entry_id, site),
        content=content_of,
        time=rfc3339,
        updated=rfc3339(max(updates, default=0)),
    )
    text = scrub(text)
    now = site.clock()
    modified: int | None = changes.since(spec.channel, entity_tag(text), now)
    if modified is not None and now - modified < STABLE_MS:
        modified = None
    content = Content(text, MEDIA_TYPE, {"Vary": "Cookie"}, modified)
    return respond(request, content, public=is_public(site, spec))


def content_of(story: Story) -> str:
    """A story's HTML, which the template escapes once more (RFC 4287 section 4.1.3.3)."""
    text = story.told.text or story.told.title
    if len(text) > MAX_TEXT_CHARS:
        text = f"{text[:MAX_TEXT_CHARS]}…"
    return str(paragraphs(text, BREAK))


def feed_id(site: Site, spec: ChannelSpec) -> str:
    """The feed's permanent id, a tag URI (RFC 4151)."""
    return f"tag:{authority(site)},2026:{spec.channel.address}"


def entry_id(site: Site, story: Story) -> str:
    """A story's permanent id, a tag URI (RFC 4151). It is the same after the title changes, and
    differs from archive to archive."""
    day = datetime.fromtimestamp(story.at / 1000, UTC).strftime("%Y-%m-%d")
    return f"tag:{authority(site)},{day}:{story.channel.address}/{story.message.id}"


def authority(site: Site) -> str:
    """The host name that the ids contain."""
    host = urlsplit(site.public_url).hostname or ""
    if HOST_NAME.fullmatch(host):
        return host
    return "localhost"


def rfc3339(at: int) -> str:
    """A time in ms since 1970, as RFC 4287 section 3.3 asks for it."""
    time = datetime.fromtimestamp(at / 1000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
