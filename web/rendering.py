"""Pages from templates: the environment, the languages of readers, and the responses they
become."""

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any

import jinja2
from aiohttp import web as http

from component.common.i18n import LANGUAGES, Words, tell
from component.common.linkify import linked

NOT_STORED = {"Cache-Control": "no-store"}
MAX_LANGUAGES = 20
"""Languages of one `Accept-Language` header that are read."""


def moment(at: int) -> datetime.datetime:
    """A time in ms since 1970, in UTC."""
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)


TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("web"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
TEMPLATES.filters |= {"linked": linked, "moment": moment}


def render(template: str, **values: Any) -> str:
    """The text that a file of `templates/` makes of the values."""
    return TEMPLATES.get_template(template).render(**values)


def macro(template: str, name: str, language: str) -> Callable[..., str]:
    """A macro of a template, which writes in `language`."""
    module = TEMPLATES.get_template(template).make_module(translations(language))
    function: Callable[..., str] = getattr(module, name)
    return function


# Languages


def asked_language(request: http.Request) -> str:
    """The browser's first language that the bus speaks (RFC 9110 section 12.5.4)."""
    asked: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "").split(",")[:MAX_LANGUAGES]:
        tag, _semicolon, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    asked.sort(key=lambda pair: pair[0])
    for _weight, language in asked:
        if language in LANGUAGES:
            return language
    return "en"


def translations(language: str) -> dict[str, Any]:
    """The functions that templates translate with: `_` for the sentences that they contain, `tell`
    for those that they are given."""

    def translate(template: str, **values: Any) -> str:
        return Words(template, values).told(language)

    return {"lang": language, "_": translate, "tell": partial(tell, language=language)}


# Responses


def content_security_policy(ancestors: str) -> str:
    """A page's Content-Security-Policy: scripts and styles from our own files only, in frames of
    `ancestors` only."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )


def html_response(text: str, status: int = 200) -> http.Response:
    """A page that no cache stores."""
    return http.Response(text=text, content_type="text/html", status=status, headers=NOT_STORED)


def page(template: str, language: str, status: int = 200, **values: Any) -> http.Response:
    """A page from `templates/` that depends on the reader's language and cookies."""
    response = html_response(render(template, **translations(language), **values), status)
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language, Cookie"})
    return response


def redirect(location: str) -> http.Response:
    """After a form: the page to load next (303)."""
    return http.Response(status=303, headers={"Location": location, **NOT_STORED})


def json_response(status: int = 200, **values: Any) -> http.Response:
    """An answer to the pages' own scripts, which no cache stores."""
    return http.json_response(values, status=status, headers=NOT_STORED)


def wants_json(request: http.Request) -> bool:
    """Whether a script of ours asks, not a browser that loads a page."""
    return "application/json" in request.headers.get("Accept", "")
