"""Forms, and the checks that a form is the reader's own and was not sent by another site."""

import secrets
from collections.abc import Mapping, Sequence

from aiohttp import web as http

from component.common.errors import BadInput, Forbidden
from component.common.i18n import Words, _
from web.context import SITE, Site

NOT_OURS = _("The request did not come from this site. Reload the page and try again.")
UNREADABLE = _("The form cannot be read. Reload the page and try again.")

FormValues = Mapping[str, Sequence[str]]
"""A form's or an address's values by their names."""


def is_cross_site(request: http.Request, site: Site) -> bool:
    """Whether another site sent a form, by Fetch Metadata and the Origin header."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    if origin is None or origin == site.public_url:
        return False
    return not (site.is_own_host(request.host) and origin == f"{request.scheme}://{request.host}")


async def read_form(request: http.Request, unreadable: Words = UNREADABLE) -> FormValues:
    """The text fields of a form; raises BadInput with the sentence `unreadable`."""
    try:
        return text_values(await request.post())
    except (ValueError, LookupError) as error:
        raise BadInput(unreadable) from error
    except RuntimeError as error:  # aiohttp: an unknown transfer encoding
        raise BadInput(unreadable) from error


def text_values(pairs: Mapping[str, object]) -> FormValues:
    """All text values by their names, in order; uploaded files are left out."""
    values: dict[str, list[str]] = {}
    for name, value in pairs.items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return values


def first(values: FormValues, name: str) -> str:
    """The first value of that name; "" if it is missing."""
    given = values.get(name)
    return given[0] if given else ""


async def read_own_form(request: http.Request, token: str) -> FormValues:
    """The form of a page that was made for the session with this token; raises BadInput,
    Forbidden."""
    form = await read_form(request)
    given = first(form, "token").encode("utf-8", "replace")
    ours = secrets.compare_digest(given, token.encode())
    if not ours or is_cross_site(request, request.app[SITE]):
        raise Forbidden(NOT_OURS)
    return form
