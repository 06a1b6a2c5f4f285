"""The pages of archives and of single stories."""

from aiohttp import web as http

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.story import Story, key
from component.common.errors import Gone, NotFound
from component.common.i18n import _
from web.auth import is_operator
from web.context import SITE, Site
from web.rendering import asked_language, render, translations
from web.sse import cursor
from web.stories.archives import archive_of, is_public, title_of
from web.stories.caching import Changes, Content, cache_control, respond
from web.stories.feed import feed
from web.stories.text import paragraphs

PAGE_SIZE = 20
"""Stories on a page."""
MAX_BRIEF_CHARS = 1_500
"""Characters of a text in a list of stories."""


def routes() -> list[http.RouteDef]:
    """The paths of all archives."""
    changes = Changes()

    async def feed_page(request: http.Request) -> http.Response:
        return await feed(request, changes)

    return [
        http.get("/stories/{name}", archive_page),
        http.get("/stories/{name}/feed.atom", feed_page),
        http.get("/stories/{name}/{story}", story_page),
    ]


async def archive_page(request: http.Request) -> http.Response:
    """The stories of an archive, newest first."""
    site, spec = request.app[SITE], archive_of(request)
    before = None
    if "before" in request.query:
        before = cursor(request.query["before"])
    stories = await site.store.stories.find(spec.channel, before=before, limit=PAGE_SIZE + 1)
    shown = stories[:PAGE_SIZE]
    older = None
    if len(stories) > PAGE_SIZE:
        older = shown[-1].seq
    return page(request, spec, "stories.html", stories=shown, older=older, newest=before is None)


async def story_page(request: http.Request) -> http.Response:
    """One story. Every other way to write its address redirects to it."""
    site, spec = request.app[SITE], archive_of(request)
    story = await find_story(site, spec.channel, request.match_info["story"])
    if story is None:
        raise NotFound(_("This story does not exist."))
    if not story.shown:
        raise Gone(_("This story was removed."))
    if request.path != story.path:
        # Revalidated each time, as a title may change back.
        cached = cache_control(public=is_public(site, spec))
        return http.Response(status=301, headers={"Location": story.path, "Cache-Control": cached})
    return page(request, spec, "story.html", story=story)


async def find_story(site: Site, channel: Channel, written: str) -> Story | None:
    """The story of an archive by its number or its message's id; None if it does not exist."""
    number_or_id = key(written)
    if number_or_id is None:
        return None
    if isinstance(number_or_id, str):
        return await site.store.stories.of_message(channel, number_or_id)
    story = await site.store.stories.get(number_or_id)
    if story is None or story.channel != channel:
        return None
    return story


def page(
    request: http.Request, spec: ChannelSpec, template: str, **values: object
) -> http.Response:
    """A page of an archive."""
    site, language = request.app[SITE], asked_language(request)
    public = is_public(site, spec)
    text = render(
        template,
        **translations(language),
        spec=spec,
        name=title_of(spec),
        path=f"/stories/{spec.channel.address}",
        public=public,
        paragraphs=paragraphs,
        brief=MAX_BRIEF_CHARS,
        operator=is_operator(request),
        **values,
    )
    headers = {"Vary": "Accept-Language, Cookie", "Content-Language": language}
    return respond(request, Content(text, "text/html", headers), public=public)
