"""The description of the API: it describes each operation and each field, and what it says is what
the API does."""

import json
from collections.abc import AsyncIterator, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as http

from commands.action import Bus
from component.bus.model.delivery import State
from component.bus.model.message import MAX_BODY, MAX_NAME, Author, Channel, Message
from component.bus.model.records import Token
from component.bus.model.roles import Role
from component.config import digest
from tests.contract.forms import a_seeded_bus
from tests.contract.pages import Browser, a_browser
from web import api
from web.sse import Streams

Schema = dict[str, Any]
DESCRIPTION: Schema = json.loads(resources.files("web").joinpath("openapi.json").read_text("utf-8"))
BOX = Channel("shoutbox", "lobby")
PATH = f"/api/v1/channels/{BOX}/messages"
SECRET = "a secret of the tests"
MESSAGES = "/api/v1/channels/{channel}/messages"
METHODS = ("get", "post")


def followed(schema: Schema) -> Schema:
    """A schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    found = DESCRIPTION
    for name in schema["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def parts(schema: Schema, name: str) -> Iterator[tuple[str, Schema]]:
    """A schema and all that is in it, each with its name."""
    yield name, schema
    for field, inner in schema.get("properties", {}).items():
        yield from parts(inner, f"{name}.{field}")
    for inner in schema.get("allOf", []):
        for field, schema_of_field in inner.get("properties", {}).items():
            yield from parts(schema_of_field, f"{name}.{field}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from parts(schema["additionalProperties"], f"{name}.*")
    if "items" in schema:
        yield from parts(schema["items"], f"{name}[]")


def operations() -> Iterator[tuple[str, Schema]]:
    """Each operation with its name, such as `get /health`."""
    for path, item in DESCRIPTION["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method} {path}", item[method]


SCHEMAS = DESCRIPTION["components"]["schemas"]
FIELDS = [part for name, schema in SCHEMAS.items() for part in parts(schema, name)]


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=lambda value: str(value)[:60])
def test_each_field_is_described(name: str, field: Schema) -> None:
    description: str = field.get("description") or followed(field).get("description", "")
    assert description.endswith(".")


@pytest.mark.parametrize(
    ("name", "operation"), list(operations()), ids=lambda value: str(value)[:60]
)
def test_each_operation_is_described(name: str, operation: Schema) -> None:
    assert operation["summary"]
    assert operation["description"].endswith(".")
    path = DESCRIPTION["paths"][name.partition(" ")[2]]
    for parameter in [*path.get("parameters", []), *operation.get("parameters", [])]:
        assert followed(parameter)["description"].endswith(".")
    for response in operation["responses"].values():
        assert followed(response)["description"].endswith(".")
    assert "default" in operation["responses"]


def test_the_paths_are_those_of_the_api() -> None:
    served = {
        f"{route.method.lower()} {route.path}"
        for route in api.routes(Streams())
        if isinstance(route, http.RouteDef)
    }
    described = {name for name, _operation in operations()}
    assert described == served | {"get /health", "get /api/openapi.json"}


def test_limits_and_states_are_those_of_the_bus() -> None:
    assert SCHEMAS["Delivery"]["properties"]["state"]["enum"] == list(map(str, State))
    new = SCHEMAS["NewMessage"]["properties"]
    assert set(new) == api.FIELDS
    assert (new["body"]["maxLength"], new["author"]["maxLength"]) == (MAX_BODY, MAX_NAME)
    assert SCHEMAS["Page"]["properties"]["messages"]["maxItems"] == api.MAX_PAGE
    limits = {}
    for name, operation in operations():
        for parameter in operation.get("parameters", []):
            limits[f"{name} {parameter['name']}"] = parameter["schema"]
    assert limits[f"post {MESSAGES} Idempotency-Key"]["maxLength"] == api.MAX_KEY_CHARS
    assert limits[f"get {MESSAGES} limit"]["maximum"] == api.MAX_PAGE
    assert limits[f"get {MESSAGES} limit"]["default"] == int(api.DEFAULT_PAGE)


# What the API answers


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


@pytest.fixture
async def client(bus: Bus) -> AsyncIterator[Browser]:
    async with a_browser(bus, {"admin@x": Role.ADMIN}) as browser:
        browser.tokens[digest(SECRET)] = Token("tests", digest(SECRET), "admin@x")
        yield browser


async def answer(client: Browser, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the JSON that a request gets."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with client.client.request(method, path, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


def fits(value: Any, schema: Schema, where: str) -> None:
    """Fail where a value has a field that is not described, or lacks one that it must have."""
    schema = followed(schema)
    described = dict(schema.get("properties", {}))
    required = list(schema.get("required", []))
    for part in schema.get("allOf", []):
        described |= followed(part).get("properties", {})
        required += followed(part).get("required", [])
    if "enum" in schema:
        assert value in schema["enum"], where
    if isinstance(value, list):
        for number, one in enumerate(value):
            fits(one, schema["items"], f"{where}[{number}]")
    if isinstance(value, dict):
        assert set(value) <= set(described), where
        assert set(required) <= set(value), where
        for field, inner in value.items():
            fits(inner, described[field], f"{where}.{field}")


async def test_answers_are_as_described(bus: Bus, client: Browser) -> None:
    first = Message.new(BOX, Author("Juliet", "juliet@x"), "Who comes?", 1)
    await bus.hub.accept(first)
    body = {"body": "I do", "author": "Romeo", "replies_to": first.id}
    status, accepted = await answer(client, "POST", PATH, body)
    assert status == 201
    fits(accepted, SCHEMAS["Accepted"], "Accepted")
    status, page = await answer(client, "GET", PATH)
    assert (status, len(page["messages"])) == (200, 2)
    assert page["messages"][1]["thread"] == first.id
    fits(page, SCHEMAS["Page"], "Page")
    status, trace = await answer(client, "GET", f"/api/v1/messages/{accepted['id']}")
    assert status == 200
    fits(trace, SCHEMAS["Trace"], "Trace")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PATH, {"body": ""}, "400"),
        ("POST", PATH, {"text": "x"}, "400"),
        ("POST", PATH, {"body": "x", "author": "shoutbus (web)"}, "400"),
        ("POST", PATH, {"body": "x" * (MAX_BODY + 1)}, "413"),
        ("GET", f"{PATH}?limit=0", None, "400"),
        ("GET", "/api/v1/channels/shoutbox:nowhere/messages", None, "404"),
        ("GET", f"/api/v1/messages/{'0' * 32}", None, "404"),
        ("PUT", PATH, {"body": "x"}, "default"),
    ],
)
async def test_problems_are_as_described(
    client: Browser, method: str, path: str, body: Any, status: str
) -> None:
    given, problem = await answer(client, method, path, body)
    assert problem["status"] == given
    assert status in (str(given), "default")
    fits(problem, SCHEMAS["Problem"], "Problem")
