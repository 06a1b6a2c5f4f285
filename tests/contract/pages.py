"""The web surface on a bus: a browser without scripts that has signed in, and what a person reads
on its pages."""

import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from commands.action import Bus
from commands.sessions import Sessions
from component.bus.model.records import Token
from component.bus.model.roles import Role
from web.app import make
from web.context import Site
from web.guests import Guests
from web.sessions import SignIns

Values = Mapping[str, Sequence[str]]


_FAULT = re.compile(r'<p class="error" id="e-([^"]+)">(.*?)</p>', re.DOTALL)


class Page(HTMLParser):
    """What stands on a page: the `lines` of its main part, `fields` of its last form, `faults` by
    field, links."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        super().__init__()
        self.status, self.headers, self.text = status, headers, text
        self.fields: dict[str, list[str]] = {}
        self.asked: dict[str, str] = {}
        self.links: list[str] = []
        self.lines: list[str] = []
        self.faults = {name: html.unescape(words) for name, words in _FAULT.findall(text)}
        self._open: list[str] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag in ("main", "li", "p", "h1", "button", "textarea", "a", "form"):
            self._open.append(tag)
        if tag == "form":
            self.fields, self.asked = {}, {}
        if tag == "a":
            self.links.append(found.get("href", ""))
        if tag in ("input", "textarea", "select") and name:
            self.asked[name] = found.get("type", tag)
            self.fields.setdefault(name, [])
        if tag == "input" and (found.get("type") != "checkbox" or "checked" in found):
            self.fields[name].append(found.get("value", ""))
        self._select = name if tag == "select" else self._select
        if tag == "option" and "selected" in found:
            self.fields[self._select] = [found["value"]]
        elif tag == "option" and not self.fields[self._select]:
            self.fields[self._select].append(
                found["value"]
            )  # the first one, until another is selected

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "main" in self._open and self._open[-1] in ("li", "p", "h1") and data.strip():
            self.lines.append(data.strip())

    @property
    def title(self) -> str:
        """The headline."""
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        return html.unescape(found[1]) if found else ""

    @property
    def note(self) -> str:
        """What it tells in a sentence, or the list under its headline."""
        return "\n".join(line for line in self.lines if line != self.title)


@dataclass
class Browser:
    """A browser on the pages of `bus`. `now` is the clock of sessions and links, in seconds. Where
    it is one of `proxies`, its requests say where they come from."""

    bus: Bus
    roles: dict[str, Role]
    now: float = 0.0
    proxies: tuple[str, ...] = ()
    tokens: dict[str, Token] = field(default_factory=dict)
    site: Site = field(init=False)
    client: "TestClient[Any, Any]" = field(init=False)

    async def start(self) -> None:
        parts: dict[str, Any] = dict.fromkeys(Site.__dataclass_fields__)
        bus = self.bus
        parts |= {
            "hub": bus.hub,
            "clock": bus.clock,
            "roles": _Given(self.roles),
            "methods": bus.methods,
            "tokens": self.tokens,
            "guests": Guests(lambda: self.now, []),
            "public_url": "http://127.0.0.1",
            "version": "1",
            "proxies": self.proxies,
            "bus": bus,
            "sign_ins": SignIns(lambda: self.now),
            "sessions": Sessions(lambda: self.now),
        }
        self.site = Site(**parts)
        self.client = TestClient(TestServer(make(self.site)))
        await self.client.start_server()

    async def sign_in(self, jid: str) -> Page:
        """With a link of the bot's."""
        return await self.post(f"/sign-in/{self.site.sign_ins.link(jid)}", {})

    async def get(self, path: str, **headers: str) -> Page:
        return await self._read("GET", path, None, headers)

    async def post(self, path: str, values: Values, **headers: str) -> Page:
        pairs = [(name, one) for name, several in values.items() for one in several]
        return await self._read("POST", path, pairs, headers)

    async def _read(self, method: str, path: str, data: Any, headers: Mapping[str, str]) -> Page:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(path, encoded=True)
        async with self.client.request(method, url, data=data, headers=named) as answer:
            return Page(answer.status, answer.headers, await answer.text())

    async def command(self, name: str, values: Values | None = None, do: str = "on") -> Page:
        """A command's page; with `values`, its first step filled in and sent."""
        page = await self.get(f"/commands/{name}")
        return page if values is None else await self.fill(page, name, values, do)

    async def fill(self, page: Page, name: str, values: Values, do: str = "on") -> Page:
        """Send what stands in a page's form with these values."""
        return await self.post(f"/commands/{name}", {**page.fields, **values, "do": [do]})


class _Given:
    """Roles as tests say."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._roles = roles

    def of(self, jid: str) -> Role:
        return self._roles.get(jid, Role.MEMBER)


@asynccontextmanager
async def a_browser(
    bus: Bus, roles: dict[str, Role], jid: str = "", proxies: tuple[str, ...] = ()
) -> AsyncIterator[Browser]:
    """A browser, signed in where a JID is named."""
    browser = Browser(bus, roles, proxies=proxies)
    await browser.start()
    try:
        if jid:
            await browser.sign_in(jid)
        yield browser
    finally:
        await browser.client.close()
