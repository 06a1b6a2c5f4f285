"""Which archives there are, and who may read them."""

from collections.abc import Sequence

from aiohttp import web as http

from component.bus.model.records import ChannelSpec
from component.common.errors import BadInput, Forbidden, NotFound
from component.common.i18n import _
from web.auth import is_operator
from web.context import SITE, Site


def story_archives(request: http.Request) -> Sequence[ChannelSpec]:
    """The archives that the caller may read."""
    site = request.app[SITE]
    archives = all_archives(site)
    if is_operator(request):
        return archives
    return [spec for spec in archives if is_public(site, spec)]


def archive_of(request: http.Request) -> ChannelSpec:
    """The archive of a path, if the caller may read it; raises NotFound, Forbidden."""
    site, name = request.app[SITE], request.match_info["name"]
    for spec in all_archives(site):
        if spec.channel.address == name:
            check_access(request, spec)
            return spec
    raise NotFound(_("The story archive “{name}” does not exist.", name=name[:60]))


def check_access(request: http.Request, spec: ChannelSpec) -> None:
    """Raise Forbidden if the caller may not read an archive."""
    site = request.app[SITE]
    if not is_public(site, spec) and not is_operator(request):
        raise Forbidden(
            _(
                "This story archive is for operators. Write “matrix” to {bot} to get a link.",
                bot=site.bus.bot,
            )
        )


def all_archives(site: Site) -> Sequence[ChannelSpec]:
    """Every channel that archives stories."""
    archives = []
    for spec in site.hub.channels:
        method = site.methods.get(spec.channel.method)
        if method and method.archive and spec.channel.address != "*":
            archives.append(spec)
    return archives


def is_public(site: Site, spec: ChannelSpec) -> bool:
    """Whether anyone may read an archive. If its settings cannot be read, it is not public."""
    try:
        return bool(site.methods[spec.channel.method].settings(spec).public)
    except (BadInput, AttributeError):
        return False


def title_of(spec: ChannelSpec) -> str:
    """What people call an archive."""
    return spec.title or spec.channel.address
