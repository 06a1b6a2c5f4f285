"""The JSON API, version 1. Errors are problem details (RFC 9457); tokens are bearer tokens (RFC
6750)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from aiohttp import web as http

from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Author, AuthorKind, Channel, Message, is_id
from component.bus.model.records import Token
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden, NotFound, Reused, Unauthorized
from web.context import SITE, Site
from web.rendering import asked_language
from web.sse import Streams, cursor

MAX_REQUEST_BYTES = 2 * 1024 * 1024
MAX_KEY_CHARS = 255
MAX_PAGE = 500
"""Messages in one answer."""
DEFAULT_PAGE = "50"
LATEST = 2**62
"""Larger than every sequence number."""
FIELDS = {"body", "author", "replies_to"}


def routes(streams: Streams) -> list[http.RouteDef]:
    """Every path of the API."""

    async def stream(request: http.Request) -> http.StreamResponse:
        channel = channel_of(request, authorize(request))
        return await streams.serve(request, request.app[SITE], channel, message_json)

    return [
        http.post("/api/v1/channels/{channel}/messages", post),
        http.get("/api/v1/channels/{channel}/messages", read),
        http.get("/api/v1/channels/{channel}/stream", stream, allow_head=False),
        http.get("/api/v1/messages/{id}", trace),
    ]


# Access


def bearer(request: http.Request) -> Token | None:
    """The token of a request; None if it has none that is known."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return request.app[SITE].token(secret.strip())


def authorize(request: http.Request) -> Token:
    """The token of a request; raises Unauthorized."""
    token = bearer(request)
    if token is None and "Authorization" in request.headers:
        raise Unauthorized("The token is not valid.")
    if token is None:
        raise Unauthorized("A token is required. Send it as: Authorization: Bearer TOKEN.")
    return token


def channel_of(request: http.Request, token: Token) -> Channel:
    """The channel of a path; raises NotFound, and Forbidden if the token is not for it."""
    site = request.app[SITE]
    channel = named_channel(site, request.match_info["channel"])
    if channel.address == "*" or channel.method not in site.methods or not site.hub.find(channel):
        raise NotFound(f"The channel {channel} does not exist.")
    site.methods[channel.method].check(channel)
    if not may_see(site, token, channel):
        raise Forbidden(
            f"The token “{token.name}” cannot access {channel}, because it acts for a person who "
            "is not an admin."
        )
    return channel


def named_channel(site: Site, written: str) -> Channel:
    """The channel that a path names; raises BadInput. Its address is folded as elsewhere."""
    channel = Channel.parse(written)
    method = site.methods.get(channel.method)
    if method is None:
        return channel
    try:
        return method.channel(channel.address)
    except BadInput:
        return channel  # it does not exist


def may_see(site: Site, token: Token, channel: Channel) -> bool:
    """Whether a token may read and write a channel."""
    return site.is_open(channel) or site.roles.of(token.jid) >= Role.ADMIN


# Posting


@dataclass(frozen=True, slots=True)
class Post:
    """What a request posts: `author` names a guest, `replies_to` a message's id; "" for neither."""

    body: str
    author: str | None
    replies_to: str

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The request's JSON; raises BadInput."""
        try:
            given: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInput('The request body is not JSON. Send {"body": "…"}.') from error
        if not isinstance(given, dict) or not isinstance(given.get("body"), str):
            raise BadInput('The request body must be a JSON object with a text: {"body": "…"}.')
        unknown = sorted(given.keys() - FIELDS)
        if unknown:
            raise BadInput(
                f"“{unknown[0][:40]}” is not a field of a message. The fields are body, author and "
                "replies_to."
            )
        author, replies_to = given.get("author"), given.get("replies_to")
        if replies_to is not None and not (isinstance(replies_to, str) and is_id(replies_to)):
            raise BadInput("replies_to must be a message ID of 32 hexadecimal digits.")
        if author is not None and not isinstance(author, str):
            raise BadInput("author must be a string.")
        return cls(given["body"], author, replies_to or "")


def author_of(site: Site, token: Token, name: str | None) -> Author:
    """The token itself, or a guest that it speaks for; raises BadInput, Conflict."""
    if name is None:
        return Author(token.name, f"token:{token.name}", AuthorKind.TOKEN)
    author = Author.guest(name, f"{token.name}/{name}")
    site.guests.check(author.name)
    return author


def idempotent_origin(request: http.Request, token: Token) -> str:
    """What makes a second request with the same Idempotency-Key the same message; "" without."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY_CHARS:
        raise BadInput(
            f"The Idempotency-Key has {len(key)} characters. The maximum is {MAX_KEY_CHARS}."
        )
    if not key:
        return ""
    return f"token:{token.name}#{key}"


async def post(request: http.Request) -> http.Response:
    """Accept a message into a channel: 201 once it is on disk, with its id and the URL of its
    trace."""
    site = request.app[SITE]
    token = authorize(request)
    channel = channel_of(request, token)
    given = Post.parse(await request.read())
    author = author_of(site, token, given.author)
    if given.replies_to:
        await check_replied(site, given.replies_to, channel)
    origin = idempotent_origin(request, token)
    message = Message.new(channel, author, given.body, site.clock(), origin=origin)
    message = replace(message, replies=given.replies_to)
    receipt = await site.hub.accept(message, deliver=True)
    accepted = receipt.message
    # If the first one was changed in the meantime, its text cannot be compared any more.
    body = accepted.body if receipt.deleted or accepted.edited else message.body
    repeated = replace(message, id=accepted.id, body=body)
    if identity(accepted) != identity(repeated):
        raise Reused(
            "This Idempotency-Key was already used for another message. Use a new key for each "
            "message."
        )
    language = asked_language(request)
    stopped = [
        {"to": refusal.to, "why": refusal.why.told(language)}
        for refusal in site.hub.refusals(receipt)
    ]
    location = site.trace_url(accepted)
    answer = {"id": accepted.id, "channel": str(channel), "trace": location, "stopped": stopped}
    return http.json_response(answer, status=201, headers={"Location": location})


def identity(message: Message) -> tuple[Channel, Author, str, str]:
    """What two requests with the same Idempotency-Key must have in common."""
    return message.channel, message.author, message.body, message.replies


async def check_replied(site: Site, message_id: str, channel: Channel) -> None:
    """Raise BadInput if a message is not in a channel."""
    deliveries = await site.store.messages.trace(message_id)
    if all(delivery.channel != channel for delivery in deliveries):
        raise BadInput(f"replies_to is not the ID of a message in {channel}.")


# Reading


async def read(request: http.Request) -> http.Response:
    """A page of a channel's messages, oldest first, and where to continue: the newest ones, or
    those after `after`, or those before `before`."""
    site = request.app[SITE]
    channel = channel_of(request, authorize(request))
    limit = cursor(request.query.get("limit", DEFAULT_PAGE))
    if not 1 <= limit <= MAX_PAGE:
        raise BadInput(f"limit must be between 1 and {MAX_PAGE}.")
    after = cursor(request.query.get("after", "0"))
    before = None
    if "before" in request.query:
        before = cursor(request.query["before"])
    elif "after" not in request.query:
        before = LATEST
    page = await site.store.deliveries.log(channel, after=after, before=before, limit=limit)
    if page:
        after = page[-1].seq
    messages = [message_data(delivery) for delivery in page]
    return http.json_response({"messages": messages, "after": after})


async def trace(request: http.Request) -> http.Response:
    """What became of a message: every channel it concerns that the token may see, in order."""
    site = request.app[SITE]
    token = authorize(request)
    message_id = request.match_info["id"]
    deliveries: Sequence[Delivery] = ()
    if is_id(message_id):
        deliveries = await site.store.messages.trace(message_id)
    if not deliveries or not may_see(site, token, deliveries[0].message.channel):
        raise NotFound("This message does not exist.")
    visible = [delivery for delivery in deliveries if may_see(site, token, delivery.channel)]
    states = list(map(delivery_data, visible))
    return http.json_response({**message_data(deliveries[0]), "deliveries": states})


# JSON


def message_data(delivery: Delivery) -> dict[str, Any]:
    """A message as its channel has it."""
    message = delivery.message
    data: dict[str, Any] = {
        "id": message.id,
        "seq": delivery.seq,
        "channel": str(message.channel),
        "author": {"name": message.author.name, "guest": message.author.is_guest},
        "body": message.body,
        "at": message.at,
    }
    if message.replies:
        data["replies_to"] = message.replies
    if message.thread:
        data["thread"] = message.thread
    if message.edited:
        data["edited"] = message.edited
    return data


def message_json(delivery: Delivery) -> str:
    """The same as JSON on one line."""
    return json.dumps(message_data(delivery))


def delivery_data(delivery: Delivery) -> dict[str, Any]:
    """A delivery's state."""
    data: dict[str, Any] = {
        "channel": str(delivery.channel),
        "state": str(delivery.state),
        "changed": delivery.changed,
    }
    if delivery.state is not State.RECEIVED:
        data["attempts"] = delivery.attempts
        data["error"] = delivery.error
    return data
