"""Errors as responses: problem details (RFC 9457) for programs, a page for people."""

import errno
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from aiohttp import web as http
from aiohttp.http_exceptions import HttpProcessingError

from component.common.errors import ShoutbusError, TooMany, Unauthorized
from component.common.i18n import Words, _, tell
from web.api import MAX_REQUEST_BYTES
from web.context import NOTHING_THERE
from web.rendering import asked_language, page, wants_json

log = structlog.get_logger()

Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]

CONDITIONS = {404: "item-not-found", 405: "not-allowed"}
"""RFC 6120's names for aiohttp's statuses; the others are bad-request."""
SENTENCES = {
    404: NOTHING_THERE,
    405: _("This address does not support this method."),
    413: _(
        "The request is too large. The maximum is {size} MiB.",
        size=MAX_REQUEST_BYTES // 1024 // 1024,
    ),
}
TITLES = {
    400: _("Bad Request"),
    403: _("Forbidden"),
    404: _("Not Found"),
    405: _("Method Not Allowed"),
    409: _("Conflict"),
    410: _("Gone"),
    413: _("Content Too Large"),
    429: _("Too Many Requests"),
    500: _("Internal Server Error"),
    503: _("Service Unavailable"),
}
"""The titles of pages for the statuses that people see."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error: its status, a sentence, RFC 6120's name for it, and headers."""

    status: int
    sentence: Words | str
    condition: str
    headers: Mapping[str, str] = field(default_factory=dict)


@http.middleware
async def answer_errors(request: http.Request, handler: Handler) -> http.StreamResponse:
    """Answer every error in words."""
    try:
        return await handler(request)
    except http.HTTPException as error:
        if error.status < 400:
            raise
        return problem_response(request, http_problem(error))
    except Exception as error:
        problem = problem_of(error)
        if problem.status == 500:
            log.exception("request failed", path=request.path)
        return problem_response(request, problem)


def http_problem(error: http.HTTPException) -> Problem:
    """An error that aiohttp raised."""
    headers = {}
    if "Allow" in error.headers:
        headers["Allow"] = error.headers["Allow"]
    sentence = SENTENCES.get(error.status, error.reason)
    return Problem(error.status, sentence, CONDITIONS.get(error.status, "bad-request"), headers)


def problem_of(error: Exception) -> Problem:
    """Any other error; one that nobody expected is an internal one."""
    match error:
        case TooMany():
            headers = {"Retry-After": str(error.retry_after)}
            return Problem(error.status, error.sentence, error.condition, headers)
        case Unauthorized():
            headers = {"WWW-Authenticate": 'Bearer realm="shoutbus"'}
            return Problem(error.status, error.sentence, error.condition, headers)
        case ShoutbusError():
            return Problem(error.status, error.sentence, error.condition)
        case http.RequestPayloadError() | HttpProcessingError() | ConnectionError():
            # Content that is not the gzip it claims to be, a part with an endless header, a caller
            # who disconnected halfway.
            sentence = _("The request cannot be read. Its content does not match its headers.")
            return Problem(400, sentence, "bad-request")
        case OSError(errno=errno.ENAMETOOLONG):
            return Problem(404, NOTHING_THERE, "item-not-found")
    sentence = _(
        "An internal error occurred; see the log of Shoutbus. The request was not accepted."
    )
    return Problem(500, sentence, "internal-server-error")


def problem_response(request: http.Request, problem: Problem) -> http.Response:
    """A problem for the caller: in English for programs, in their language for people."""
    is_api = request.path.startswith("/api/")
    language = "en" if is_api else asked_language(request)
    if is_api or wants_json(request):
        return json_problem(problem, tell(problem.sentence, language))
    title = tell(TITLES.get(problem.status, phrase(problem)), language)
    sentence = tell(problem.sentence, language)
    response = page("error.html", language, problem.status, title=title, sentence=sentence)
    response.headers.update(problem.headers)
    return response


def json_problem(problem: Problem, detail: str) -> http.Response:
    """Problem details."""
    details = {
        "type": "about:blank",
        "title": phrase(problem),
        "status": problem.status,
        "detail": detail,
        "condition": problem.condition,
    }
    return http.Response(
        text=json.dumps(details),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def phrase(problem: Problem) -> str:
    """The status's own name (RFC 9110)."""
    return HTTPStatus(problem.status).phrase
