"""Archives of stories: a page each, a page for each story, an Atom feed (RFC 4287). They work
without JavaScript.

What anyone may read may be kept anywhere, and is asked for anew each time, so that an edit is in
force at once.
"""

import hashlib
import re
from collections import OrderedDict
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web as http
from markupsafe import Markup

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.story import Story, key
from component.common.errors import BadInput, Forbidden, Gone, NotFound
from component.common.i18n import _
from component.common.linkify import linked
from component.common.sanitize import scrub
from web.auth import COOKIE, NEEDED
from web.context import SITE, Site, asked_language, speaking
from web.shoutbox.pages import drawn
from web.sse import cursor

SHOWN = 20
"""Stories on a page."""
FED = 50
"""Stories in a feed."""
BRIEF = 1_500
"""Characters of a text that stand in a list of stories."""
MOST_FED = 20_000
"""Characters of a text that stand in a feed."""
KNOWN = 1_000
"""Feeds whose last change is remembered."""
_ATOM = "application/atom+xml"
_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NEWLINE = Markup("\n")
_PARAGRAPHS = re.compile(r"\n\s*\n")


class Changes:
    """When what a feed says last became another, since this bus started: what its stories say of
    times does not tell, for one may come late, and another may go."""

    def __init__(self) -> None:
        self._known: OrderedDict[Channel, tuple[str, int]] = OrderedDict()

    def since(self, channel: Channel, tag: str, now: int) -> int:
        """From when, in ms since 1970, the feed has the entity tag `tag`."""
        known, since = self._known.get(channel, ("", now))
        since = since if known == tag else now
        self._known[channel] = (tag, since)
        self._known.move_to_end(channel)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return since


def routes() -> list[http.RouteDef]:
    """The paths of all archives."""
    changes = Changes()

    async def fed(request: http.Request) -> http.Response:
        return await _feed(request, changes)

    return [
        http.get("/stories/{name}", _archive),
        http.get("/stories/{name}/feed.atom", fed),
        http.get("/stories/{name}/{story}", _story),
    ]


def shelf(request: http.Request) -> list[ChannelSpec]:
    """The archives that whoever asks may read."""
    site = request.app[SITE]
    return [spec for spec in _archives(site) if is_public(site, spec) or _is_operator(request)]


def is_public(site: Site, spec: ChannelSpec) -> bool:
    """Whether anyone may read an archive: not where its settings can't be read."""
    try:
        return bool(site.methods[spec.channel.method].settings(spec).public)
    except (BadInput, AttributeError):
        return False


def _archives(site: Site) -> list[ChannelSpec]:
    kept = [spec for spec in site.hub.channels if spec.channel.address != "*"]
    return [
        spec
        for spec in kept
        if spec.channel.method in site.methods and site.methods[spec.channel.method].archive
    ]


def _is_operator(request: http.Request) -> bool:
    site = request.app[SITE]
    seat = site.operators.seat(request.cookies.get(COOKIE, ""))
    return seat is not None and site.roles.of(seat.jid) >= NEEDED


def _spec(request: http.Request) -> ChannelSpec:
    site, name = request.app[SITE], request.match_info["name"]
    spec = next((one for one in _archives(site) if one.channel.address == name), None)
    if spec is None:
        raise NotFound(_("The story archive “{name}” does not exist.", name=name[:60]))
    if not is_public(site, spec) and not _is_operator(request):
        raise Forbidden(
            _(
                "This story archive is for operators. Write “matrix” to {bot} to get a link.",
                bot=site.bus.bot,
            )
        )
    return spec


# Pages


async def _archive(request: http.Request) -> http.Response:
    """The stories of an archive, newest first."""
    site, spec = request.app[SITE], _spec(request)
    before = request.query.get("before")
    stories = await site.hub.store.stories(
        spec.channel, before=None if before is None else cursor(before), limit=SHOWN + 1
    )
    older = stories[SHOWN - 1].seq if len(stories) > SHOWN else None
    return _page(
        request, spec, "stories.html", stories=stories[:SHOWN], older=older, newest=before is None
    )


async def _story(request: http.Request) -> http.Response:
    """One story; whatever else than its own address names it leads there."""
    site, spec = request.app[SITE], _spec(request)
    story = await _found(site, spec.channel, request.match_info["story"])
    if story is None:
        raise NotFound(_("This story does not exist."))
    if not story.shown:
        raise Gone(_("This story was removed."))
    if request.path != story.path:
        headers = {
            "Location": story.path,
            "Cache-Control": _kept(site, spec),
        }  # a title may become what it was
        return http.Response(status=301, headers=headers)
    return _page(request, spec, "story.html", story=story)


async def _found(site: Site, channel: Channel, written: str) -> Story | None:
    found = key(written)
    if isinstance(found, int):
        story = await site.hub.store.story(found)
        return story if story and story.channel == channel else None
    return await site.hub.store.story_of(channel, found) if found else None


def _page(
    request: http.Request, spec: ChannelSpec, template: str, **values: object
) -> http.Response:
    site = request.app[SITE]
    language = asked_language(request)
    path = f"/stories/{spec.channel.address}"
    text = drawn(
        template,
        **speaking(language),
        spec=spec,
        name=_title(spec),
        path=path,
        public=is_public(site, spec),
        paragraphs=paragraphs,
        brief=BRIEF,
        operator=_is_operator(request),
        **values,
    )
    return _answer(
        request,
        spec,
        text,
        "text/html",
        {"Vary": "Accept-Language, Cookie", "Content-Language": language},
    )


def _title(spec: ChannelSpec) -> str:
    return spec.title or spec.channel.address


def paragraphs(text: str, newline: Markup = _NEWLINE) -> Markup:
    """A text as HTML: paragraphs, lines, links, and nothing else of it as markup."""
    parts = [
        linked(part.strip("\n")).replace("\n", newline)
        for part in _PARAGRAPHS.split(text)
        if part.strip()
    ]
    return _NEWLINE.join(Markup("<p>{}</p>").format(part) for part in parts)


# The feed


async def _feed(request: http.Request, changes: Changes) -> http.Response:
    """The newest stories of an archive, as an Atom feed."""
    site, spec = request.app[SITE], _spec(request)
    stories = await site.hub.store.stories(spec.channel, limit=FED)
    base = f"{site.public_url}/stories/{spec.channel.address}"
    text = drawn(
        "stories.atom",
        name=_title(spec),
        base=base,
        id=_feed_id(site, spec),
        stories=stories,
        url=site.public_url,
        entry_id=lambda story: _entry_id(site, story),
        content=_content,
        time=_time,
        updated=_time(max((one.updated for one in stories), default=0)),
    )
    text = scrub(text)
    now = site.clock()
    since = changes.since(spec.channel, _tag(text), now)
    # Within a second it may change twice, and the time would not tell
    return _answer(
        request, spec, text, _ATOM, {"Vary": "Cookie"}, since if now - since >= 2_000 else None
    )


def _content(story: Story) -> str:
    """What it says as HTML, to be escaped once more: RFC 4287 section 4.1.3.3."""
    text = story.told.text or story.told.title
    return str(
        paragraphs(text if len(text) <= MOST_FED else f"{text[:MOST_FED]}…", Markup("<br>\n"))
    )


def _feed_id(site: Site, spec: ChannelSpec) -> str:
    return f"tag:{_authority(site)},2026:{spec.channel.address}"


def _entry_id(site: Site, story: Story) -> str:
    """RFC 4151. The same whatever becomes of its title, and in each archive its own."""
    day = datetime.fromtimestamp(story.at / 1000, UTC).strftime("%Y-%m-%d")
    return f"tag:{_authority(site)},{day}:{story.channel.address}/{story.message.id}"


def _authority(site: Site) -> str:
    host = urlsplit(site.public_url).hostname or ""
    return host if _NAME.fullmatch(host) else "localhost"


def _time(at: int) -> str:
    """RFC 3339, as RFC 4287 section 3.3 asks."""
    return (
        datetime.fromtimestamp(at / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


# What may be kept, and for how long


def _kept(site: Site, spec: ChannelSpec) -> str:
    return "no-cache" if is_public(site, spec) else "no-store"


def _tag(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _answer(
    request: http.Request,
    spec: ChannelSpec,
    text: str,
    kind: str,
    headers: dict[str, str],
    since: int | None = None,
) -> http.Response:
    """All of it, or word that what the caller has is it still (RFC 9110 section 13); `since` when,
    in ms since 1970."""
    site = request.app[SITE]
    headers = {**headers, "Cache-Control": _kept(site, spec)}
    if not is_public(site, spec):
        return http.Response(text=text, content_type=kind, charset="utf-8", headers=headers)
    tag = _tag(text)
    modified = None if since is None else datetime.fromtimestamp(since // 1000, UTC)
    same = _is_known(request, tag, modified)
    response = (
        http.Response(status=304, headers=headers)
        if same
        else http.Response(text=text, content_type=kind, charset="utf-8", headers=headers)
    )
    response.etag = tag
    response.last_modified = modified
    return response


def _is_known(request: http.Request, tag: str, modified: datetime | None) -> bool:
    known = request.if_none_match
    if known is not None:
        return any(one.value in (tag, "*") for one in known)
    since = request.if_modified_since
    return since is not None and modified is not None and modified <= since
