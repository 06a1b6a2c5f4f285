"""Subscribing by mail from the page of a shoutbox, the links in the mails, and the page of one's
own subscriptions: in a real browser, on a real bus, with a real mail server between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from component.cli.prosody import HOST, free_port
from tests.browser.bot import answer
from tests.browser.chromium import chromium
from tests.support import servers
from tests.support.exim import Exim
from tests.support.servers import Bus, Reply, Server, call, eventually

MORE = """
[[channel]]
name = "shoutbox:news"
title = "News of the theatre, and a title that is a good deal longer than a phone is wide"

[mail]
host = "{host}"
port = {port}
security = "none"
sender = "Shoutbus <shoutbus@example.org>"
"""
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 640},
    "is_mobile": True,
    "has_touch": True,
}


@dataclass
class Post:
    """A bus that sends mail, the mailboxes it goes to, and a browser."""

    server: Server
    bus: Bus
    exim: Exim
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    """The Message-IDs of mails that were looked at."""

    def open(self, path: str = "/shoutbox/lobby", **options: Any) -> Page:
        """A page, to someone new. None may fault, or break its security policy."""
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", self._heard)
        page.goto(path if "://" in path else f"{self.bus.url}{path}")
        return page

    def _heard(self, line: Any) -> None:
        if "Content Security Policy" in line.text or "Content-Security-Policy" in line.text:
            self.faults.append(line.text)

    def mail(self, person: str, count: int) -> EmailMessage:
        """The newest of so many mails in a mailbox, once it is there."""
        eventually(lambda: len(self.exim.mails(person)) >= count, f"{count} mails for {person}", 30)
        found = self.exim.mails(person)
        assert len(found) == count
        new = [
            one for one in found if one["Message-ID"] not in self.opened
        ]  # two may be of the same second
        newest = max(new or found, key=lambda one: one["Date"].datetime)
        self.opened.add(newest["Message-ID"])
        return newest

    def link(self, mail: EmailMessage, page: str) -> str:
        """The address of a page of ours in the text of a mail."""
        body = mail.get_body(("plain",))
        assert body
        found = re.search(rf"{re.escape(self.bus.url)}/{page}/[\w.-]+", body.get_content())
        assert found, body.get_content()
        return found[0]

    def sign_in(self, name: str, **options: Any) -> Page:
        """The page of someone's own, by a link of the bot's."""
        said = answer(self.server, name, "subscriptions")
        found = re.search(rf"{re.escape(self.bus.url)}/sign-in/\S+", said)
        assert found, said
        page = self.open(found[0], **options)
        page.get_by_role("button", name="Sign in").click()
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        assert self.faults == []


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    data: Path = tmp_path_factory.mktemp("subscriptions")
    server, exim, port = Server(data / "prosody"), Exim(), free_port()
    try:
        server.start()
        exim.start()
        more = MORE.format(host=HOST, port=exim.port)
        bus = servers.start_bus(
            data / "bus", servers.settings(server, data / "bus", port, more), port
        )
        try:
            bus.ready()
            with chromium() as browser:
                yield Post(server, bus, exim, browser)
        finally:
            bus.stop()
    finally:
        exim.stop()
        server.stop()


@pytest.fixture
def post(office: Post) -> Iterator[Post]:
    yield office
    office.close()


def one_click(url: str) -> Reply:
    """As a mail provider does it (RFC 8058 section 3.2): from anywhere, without cookies, in one
    request."""
    return call(
        url, b"List-Unsubscribe=One-Click", Content_Type="application/x-www-form-urlencoded"
    )


def header_link(mail: EmailMessage) -> str:
    """The address in List-Unsubscribe that one click ends it at."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<(https?://[^>]+)>", mail["List-Unsubscribe"])
    assert found
    return found[1]


def looked_at(page: Page) -> None:
    """Nothing that axe finds, light or dark, and nothing beside a narrow phone's screen."""
    size = page.viewport_size
    assert size
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url} {scheme}: {found.generate_report()}"
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320, page.url
    page.set_viewport_size(size)


def test_by_mail_alone_without_scripts_until_a_provider_ends_it(post: Post) -> None:
    page = post.open(java_script_enabled=False)
    page.get_by_text("Receive by email").click()
    page.get_by_label("Your email address").fill("juliet@example.org")
    page.get_by_label("How often").select_option("immediately")
    expect(page.locator("[data-zone]")).to_have_text("UTC")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("status")).to_have_text(
        "If confirmation is required, an email is on its way. At most one is sent per day, so "
        "also look for an earlier one."
    )
    post.bus.post("shoutbox:lobby", "before it is confirmed")
    link = post.link(post.mail("juliet", 1), "confirm")
    for _ in range(2):  # as a scanner of mail would
        assert call(link, User_Agent="LinkScanner/1.0").status == 200
    page.goto(link)
    expect(page.get_by_role("checkbox")).to_have_count(1)
    expect(page.get_by_role("checkbox")).to_be_checked()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")

    post.bus.post("shoutbox:lobby", "Now it is told")
    told = post.mail("juliet", 2)
    body = told.get_body(("plain",))
    assert body
    assert "Now it is told" in body.get_content()
    assert "before it is confirmed" not in body.get_content()
    page.goto(header_link(told))
    expect(page.get_by_role("heading", level=1)).to_have_text("Unsubscribe")
    for _ in range(2):
        assert one_click(header_link(told)).status == 200
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Unsubscribed")
    assert call(link).status == 410

    page = post.open(header_link(told), **PHONE)
    looked_at(page)
    page.goto(post.link(told, "stop"))
    looked_at(page)
    for pressed, seen in (
        ("Stop all email", "Unsubscribed"),
        ("Allow requests again", "Requests are allowed again"),
    ):
        page.get_by_role("button", name=pressed).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(seen)
        looked_at(page)


def test_each_page_with_scripts_on_a_phone(post: Post) -> None:
    page = post.open(**PHONE, timezone_id="Europe/Berlin", locale="en-GB")
    page.get_by_text("Receive by email").click()
    expect(page.locator("[data-zone]")).to_have_text("Europe/Berlin")
    looked_at(page)
    page.get_by_label("Your email address").fill("romeo@example")
    page.get_by_label("How often").select_option("weekly on Monday at 9")
    page.locator("form.subscribe").evaluate("form => { form.noValidate = true }")
    page.get_by_label("Your email address").fill("romeo at example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "“romeo at example.org” is not an email address. Write it as juliet@example.org."
    )
    expect(page.get_by_label("Your email address")).to_have_value("romeo at example.org")
    expect(page.get_by_label("How often")).to_have_value("weekly")
    looked_at(page)
    page.get_by_label("Your email address").fill("romeo@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    looked_at(page)
    page.goto(f"{post.bus.url}/shoutbox/news/subscribe")
    page.get_by_label("Your email address").fill("romeo@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")

    link = post.link(post.mail("romeo", 1), "confirm")
    page.goto(link)
    expect(page.get_by_role("checkbox")).to_have_count(2)
    expect(page.get_by_text("weekly on Monday at 9 (Europe/Berlin)")).to_be_visible()
    looked_at(page)
    page.get_by_role("checkbox", name="Lobby").uncheck()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("listitem")).to_contain_text("News of the theatre")
    looked_at(page)
    page.goto(link)
    expect(
        page.get_by_text(
            "This link is no longer valid. Each link works once, within a week, and only the "
            "newest one works. Earlier confirmations remain valid."
        )
    ).to_be_visible()
    looked_at(page)


def test_a_member_at_their_own(post: Post) -> None:
    assert "1" in answer(post.server, "romeo", "subscribe lobby daily at 9")
    page = post.sign_in("romeo", **PHONE)
    expect(page).to_have_url(f"{post.bus.url}/subscriptions")
    expect(page.get_by_role("listitem").filter(has_text="Lobby")).to_contain_text("daily at 9")
    expect(page.get_by_role("link", name="Matrix")).to_have_count(0)
    looked_at(page)
    page.get_by_role("link", name="Edit: Lobby").click()
    page.get_by_label(re.compile("^When")).fill("weekly on Friday at 18:00")
    looked_at(page)
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("link", name="Back to your subscriptions").click()
    mine = page.get_by_role("listitem").filter(has_text="Lobby")
    expect(mine).to_contain_text("weekly on Friday at 18:00")
    page.get_by_role("button", name="Pause: Lobby").click()
    expect(mine).to_contain_text("paused")
    assert "paused" in answer(post.server, "romeo", "subscriptions")
    page.get_by_role("button", name="Resume: Lobby").click()
    expect(page.get_by_role("button", name="Pause: Lobby")).to_have_count(1)
    expect(mine).not_to_contain_text("paused")
    page.goto(f"{post.bus.url}/commands/subscribe")
    looked_at(page)
    page.goto(f"{post.bus.url}/subscriptions")
    page.get_by_role("button", name="End subscription: Lobby").click()
    expect(page.get_by_text("You do not have any subscriptions yet.")).to_be_visible()
    looked_at(page)
    page.context.clear_cookies()
    page.reload()
    expect(
        page.get_by_text("This page requires you to sign in. Write “subscriptions” to")
    ).to_be_visible()
    looked_at(page)


def test_no_other_site_frames_or_clicks(post: Post) -> None:
    answer(post.server, "romeo", "subscribe lobby weekly on Friday")
    page = post.sign_in("romeo")
    number = page.locator("input[name=number]").first.get_attribute("value")
    evil = page.context.new_page()
    forged = f"""<form method="post" action="{post.bus.url}/subscriptions">
        <input name="do" value="end">
        <input name="number" value="{number}"><button>Win</button></form>
        <iframe src="{post.bus.url}/subscriptions"></iframe>"""
    evil.route(
        "http://evil.example/", lambda route: route.fulfill(body=forged, content_type="text/html")
    )
    evil.goto("http://evil.example/")
    expect(evil.frame_locator("iframe").locator("main, nav")).to_have_count(0)
    with evil.expect_response(lambda given: given.request.method == "POST") as posted:
        evil.get_by_role("button", name="Win").click()
    assert posted.value.status == 403
    page.reload()
    expect(page.get_by_role("button", name="End subscription: Lobby")).to_have_count(1)
