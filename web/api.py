"""The JSON API, version 1. Errors are problem details (RFC 9457); tokens are bearer tokens (RFC
6750)."""

import json
from dataclasses import replace
from typing import Any

from aiohttp import web as http

from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Author, Channel, Message, is_id
from component.bus.model.records import Token
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden, NotFound, Reused, Unauthorized
from web.context import SITE, Site, asked_language
from web.sse import Streams, cursor

MAX_REQUEST = 2 * 1024 * 1024
MAX_KEY = 255


def routes(streams: Streams) -> list[http.RouteDef]:
    """Every path of the API."""

    async def stream(request: http.Request) -> http.StreamResponse:
        channel = _channel(request, _authorize(request))
        return await streams.serve(
            request, request.app[SITE], channel, lambda one: json.dumps(_shown(one))
        )

    return [
        http.post("/api/v1/channels/{channel}/messages", post),
        http.get("/api/v1/channels/{channel}/messages", read),
        http.get("/api/v1/channels/{channel}/stream", stream, allow_head=False),
        http.get("/api/v1/messages/{id}", trace),
    ]


async def post(request: http.Request) -> http.Response:
    """Accept a message into a channel: 201 once it is on disk, with its id and the URL of its
    trace."""
    site = request.app[SITE]
    token = _authorize(request)
    channel = _channel(request, token)
    body, author, replies = await _read_body(request, token)
    if replies:
        await _check_answered(site, replies, channel)
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY:
        raise BadInput(f"The Idempotency-Key has {len(key)} characters. The maximum is {MAX_KEY}.")
    origin = f"token:{token.name}#{key}" if key else ""
    message = replace(
        Message.new(channel, author, body, site.clock(), origin=origin), replies=replies
    )
    receipt = await site.hub.accept(message, deliver=True)
    accepted = receipt.message
    body = message.body if not receipt.deleted else accepted.body
    if (accepted.channel, accepted.author, accepted.body, accepted.replies) != (
        channel,
        author,
        body,
        replies,
    ):
        raise Reused(
            "This Idempotency-Key was already used for another message. "
            "Use a new key for each message."
        )
    location = site.trace_url(accepted)
    language = asked_language(request)
    stopped = [{"to": one.to, "why": one.why.told(language)} for one in site.hub.refusals(receipt)]
    answer = {"id": accepted.id, "channel": str(channel), "trace": location, "stopped": stopped}
    return http.json_response(answer, status=201, headers={"Location": location})


async def _check_answered(site: Site, message_id: str, channel: Channel) -> None:
    hops = await site.hub.store.trace(message_id) if is_id(message_id) else ()
    if all(one.channel != channel for one in hops):
        raise BadInput(f"replies_to is not the ID of a message in {channel}.")


async def _read_body(request: http.Request, token: Token) -> tuple[str, Author, str]:
    """What to say, for whom (the token's own name, or a guest the caller names), and what it
    answers."""
    try:
        given: Any = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise BadInput('The request body is not JSON. Send {"body": "…"}.') from error
    if not isinstance(given, dict) or not isinstance(given.get("body"), str):
        raise BadInput('The request body must be a JSON object with a text: {"body": "…"}.')
    name, replies = given.get("author"), given.get("replies_to")
    if unknown := sorted(set(given) - {"body", "author", "replies_to"}):
        raise BadInput(
            f"“{str(unknown[0])[:40]}” is not a field of a message. The fields are body, author "
            "and replies_to."
        )
    if replies is not None and not is_id(replies if isinstance(replies, str) else ""):
        raise BadInput("replies_to must be a message ID of 32 hexadecimal digits.")
    if name is None:
        return given["body"], Author(token.name, f"token:{token.name}"), replies or ""
    if not isinstance(name, str):
        raise BadInput("author must be a string.")
    author = Author.named(name, f"guest:{token.name}/{name}")
    request.app[SITE].guests.check(author.name)
    return given["body"], author, replies or ""


async def read(request: http.Request) -> http.Response:
    """A channel's messages after `after` (or before `before`), oldest first, and where to go on."""
    site = request.app[SITE]
    channel = _channel(request, _authorize(request))
    limit = cursor(request.query.get("limit", "50"))
    if not 1 <= limit <= 500:
        raise BadInput("limit must be between 1 and 500.")
    before = request.query.get("before")
    found = await site.hub.store.log(
        channel,
        after=cursor(request.query.get("after", "0")),
        before=None if before is None else cursor(before),
        limit=limit,
    )
    after = found[-1].seq if found else cursor(request.query.get("after", "0"))
    return http.json_response({"messages": [_shown(one) for one in found], "after": after})


async def trace(request: http.Request) -> http.Response:
    """What became of a message: every channel it concerns, in order."""
    site = request.app[SITE]
    token = _authorize(request)
    given = request.match_info["id"]
    found = await site.hub.store.trace(given) if is_id(given) else ()
    if not found or not _may_see(site, token, found[0].message.channel):
        raise NotFound("This message does not exist.")
    hops = [_hop(one) for one in found if _may_see(site, token, one.channel)]
    return http.json_response(_shown(found[0]) | {"deliveries": hops})


def bearer(request: http.Request) -> Token | None:
    """The token a request brings; None where it brings none that is known."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return request.app[SITE].token(secret.strip()) if scheme.lower() == "bearer" else None


def _authorize(request: http.Request) -> Token:
    token = bearer(request)
    if token is None and "Authorization" in request.headers:
        raise Unauthorized("The token is not valid.")
    if token is None:
        raise Unauthorized("A token is required. Send it as: Authorization: Bearer TOKEN.")
    return token


def _channel(request: http.Request, token: Token) -> Channel:
    site = request.app[SITE]
    channel = Channel.parse(request.match_info["channel"])
    if channel.address == "*" or channel.method not in site.methods or not site.hub.find(channel):
        raise NotFound(f"The channel {channel} does not exist.")
    site.methods[channel.method].check(channel)
    if not _may_see(site, token, channel):
        raise Forbidden(
            f"The token “{token.name}” cannot access {channel}, because it acts for a person who "
            "is not an admin."
        )
    return channel


def _may_see(site: Site, token: Token, channel: Channel) -> bool:
    return site.is_open(channel) or site.roles.of(token.jid) >= Role.ADMIN


def _shown(delivery: Delivery) -> dict[str, Any]:
    message = delivery.message
    answered = {"replies_to": message.replies, "thread": message.thread}
    return {
        "id": message.id,
        "seq": delivery.seq,
        "channel": str(message.channel),
        "author": {"name": message.author.name, "guest": message.author.is_guest},
        "body": message.body,
        "at": message.at,
    } | {name: given for name, given in answered.items() if given}


def _hop(delivery: Delivery) -> dict[str, Any]:
    hop = {
        "channel": str(delivery.channel),
        "state": str(delivery.state),
        "changed": delivery.changed,
    }
    if delivery.state is not State.CAME:
        hop |= {"attempts": delivery.attempts, "error": delivery.error}
    return hop
