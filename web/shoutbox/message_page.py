"""The page of a single message. Destinations that can carry only a part of a message link to it."""

import hmac

from aiohttp import web as http

from component.bus.model.message import is_id
from component.common.errors import NotFound
from component.common.i18n import _
from web.context import SITE
from web.rendering import asked_language, page


async def message_page(request: http.Request) -> http.Response:
    """One message in full, for those who have the key that its link contains."""
    site = request.app[SITE]
    message_id, key = request.match_info["id"], request.match_info["key"]
    is_open = is_id(message_id) and hmac.compare_digest(
        site.key_of(message_id).encode(), key.encode()
    )
    trace = await site.store.messages.trace(message_id) if is_open else ()
    if not trace:
        raise NotFound(_("This message does not exist."))
    return page("message.html", asked_language(request), delivery=trace[0])
