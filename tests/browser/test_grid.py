"""The grid of dots and the pages of commands, as operators use them: on a real bus, with the bot's
link."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from component.cli.prosody import ROOMS, free_port
from tests.browser.bot import BOT, answer
from tests.browser.chromium import chromium
from tests.support import servers
from tests.support.servers import Bus, Server, call

MORE = "".join(
    f"""
[[channel]]
name = "shoutbox:{name}"
title = "{title}"
"""
    for name, title in (("team", "Team"), ("support", "Support"), ("news", "News"))
)


@dataclass
class Office:
    """A bus with a few channels, its people, and a browser."""

    server: Server
    bus: Bus
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def ask(self, name: str, line: str) -> str:
        """What the bot answers to someone's line."""
        return answer(self.server, name, line)

    def link(self, name: str) -> str:
        """The link to the page that the bot hands out."""
        said = self.ask(name, "matrix")
        found = re.search(rf"{re.escape(self.bus.url)}/sign-in/\S+", said)
        assert found, said
        return found[0]

    def open(self, name: str = "admin", **options: Any) -> Page:
        """The grid, signed in as someone in a browser of their own. No page may fault, or break its
        security policy."""
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", self._heard)
        page.goto(self.link(name))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Matrix")
        return page

    def _heard(self, line: Any) -> None:
        if "Content Security Policy" in line.text or "Content-Security-Policy" in line.text:
            self.faults.append(line.text)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        assert self.faults == []


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data = tmp_path_factory.mktemp("grid")
    server = Server(data / "prosody")
    server.start()
    port = free_port()
    bus = servers.start_bus(data / "bus", servers.settings(server, data / "bus", port, MORE), port)
    try:
        bus.ready()
        with chromium() as browser:
            office = Office(server, bus, browser)
            office.ask("admin", "role grant juliet@localhost operator")
            yield office
    finally:
        bus.stop()
        server.stop()


@pytest.fixture
def office(building: Office) -> Iterator[Office]:
    yield building
    building.close()


def dot(page: Page, source: str, destination: str) -> Locator:
    """The button of a place, whatever stands there."""
    return page.get_by_role(
        "button", name=re.compile(rf"^{source} to {destination}, (no route|route o(n|ff))$")
    )


def says(page: Page, source: str, destination: str, what: str) -> None:
    """What a screen reader says of a place."""
    expect(
        page.get_by_role("button", name=f"{source} to {destination}, {what}", exact=True)
    ).to_have_count(1)


def marked(page: Page) -> None:
    page.evaluate("window.loaded = 'once'")


def never_reloaded(page: Page) -> None:
    assert page.evaluate("window.loaded") == "once"


# The way in


def test_a_link_of_the_bots_works_once_and_not_by_looking(office: Office) -> None:
    link = office.link("juliet")
    for _ in range(2):  # what clients fetch to show a preview
        seen = call(link, User_Agent="LinkPreview/1.0")
        assert (seen.status, "juliet@localhost" in seen.text) == (200, True)
        assert "Set-Cookie" not in seen.headers
    page = office.browser.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    says(page, "shoutbox:lobby", f"muc:lobby@{ROOMS}", "route on")
    second = office.browser.new_page()
    answer = second.goto(link)
    assert answer
    assert answer.status == 404
    expect(second.get_by_role("alert")).to_contain_text("This link is not valid.")
    for one in (page, second):
        one.context.close()


def test_strangers(office: Office) -> None:
    page = office.browser.new_page()
    answer = page.goto(f"{office.bus.url}/matrix")
    assert answer
    assert answer.status == 403
    expect(page.locator("main")).to_contain_text(f"Write “matrix” to {BOT} to get a link.")
    assert "juliet" not in page.content()
    page.context.close()
    assert office.ask("romeo", "matrix").startswith(
        "Error: “matrix” requires the role operator; your role is"
    )


def test_signing_out(office: Office) -> None:
    page = office.open()
    other = page.context.new_page()
    other.goto(f"{office.bus.url}/matrix")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main")).to_contain_text("You are signed out.")
    expect(other.locator("main")).to_contain_text(
        "This page is for operators"
    )  # at once, by its stream


def test_a_demoted_operator_is_shown_out(office: Office) -> None:
    page = office.open("juliet")
    office.ask("admin", "role revoke juliet@localhost")
    try:
        expect(page.locator("main")).to_contain_text("Your role is member.")
        assert "Support" not in page.content()
    finally:
        office.ask("admin", "role grant juliet@localhost operator")


# Dots


def test_by_mouse(office: Office) -> None:
    page = office.open()
    marked(page)
    says(page, "Support", "Team", "no route")
    dot(page, "Support", "Team").click()
    says(page, "Support", "Team", "route on")
    expect(page.locator("#said")).to_have_text("Support to Team, route on")
    assert "shoutbox:support → shoutbox:team" in office.ask("admin", "route list")
    assert "web" in office.ask("admin", "audit 1")
    dot(page, "Support", "Team").click()
    says(page, "Support", "Team", "no route")
    never_reloaded(page)
    page.reload()
    says(page, "Support", "Team", "no route")


def test_a_channel_to_itself_has_no_dot(office: Office) -> None:
    page = office.open()
    expect(page.get_by_role("rowheader", name="Team")).to_have_count(1)
    expect(dot(page, "Team", "Team")).to_have_count(0)


def test_by_keyboard(office: Office) -> None:
    page = office.open()
    first = page.locator("tbody button").first
    page.get_by_role("region", name="Routes").focus()
    while not first.evaluate("(one) => one === document.activeElement"):
        page.keyboard.press("Tab")
    start = dot(page, "News", "Support")
    for _ in range(10):
        if start.evaluate("(one) => one.closest('tr').contains(document.activeElement)"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    while not start.evaluate("(one) => one === document.activeElement"):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    says(page, "News", "Support", "route on")
    expect(dot(page, "News", "Support")).to_be_focused()  # also the dot that was drawn anew
    page.keyboard.press("ArrowRight")
    expect(dot(page, "News", "Team")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    says(page, "News", "Support", "no route")
    page.keyboard.press("End")
    expect(dot(page, "News", "Team")).to_be_focused()
    page.keyboard.press("ArrowDown")  # over the place of a channel with itself
    page.keyboard.press("ArrowUp")
    expect(dot(page, "News", "Team")).to_be_focused()
    tabbable = page.locator("tbody button[tabindex='0']")
    expect(tabbable).to_have_count(1)


def test_two_operators_see_each_other(office: Office) -> None:
    one, other = office.open("admin"), office.open("juliet")
    for page in (one, other):
        marked(page)
    dot(one, "News", "Team").click()
    says(other, "News", "Team", "route on")
    expect(other.locator("#said")).to_have_text("News to Team, route on")
    dot(other, "News", "Team").click()
    says(one, "News", "Team", "no route")
    for page in (one, other):
        never_reloaded(page)


def test_a_new_channel_comes_live(office: Office) -> None:
    page = office.open()
    marked(page)
    dot(page, "News", "Team").focus()
    office.ask("admin", 'channel add shoutbox extra "Extra talk"')
    says(page, "Extra talk", "Team", "no route")
    expect(dot(page, "News", "Team")).to_be_focused()
    office.ask("admin", "channel remove shoutbox:extra sure=yes")
    expect(dot(page, "Extra talk", "Team")).to_have_count(0)
    never_reloaded(page)


def test_two_clicks_at_once(office: Office) -> None:
    one, other = office.open("admin"), office.open("juliet")
    for page in (one, other):  # neither hears of the other
        page.route("**/matrix/stream?*", lambda route: route.abort())
        page.reload()
    dot(one, "Support", "News").click()
    says(one, "Support", "News", "route on")
    dot(other, "Support", "News").click()
    expect(other.get_by_role("alert")).to_have_text(
        "Someone else added shoutbox:support → shoutbox:news in the meantime. Nothing was "
        "changed; please start again."
    )
    says(other, "Support", "News", "route on")
    dot(other, "Support", "News").click()
    says(other, "Support", "News", "no route")
    expect(other.get_by_role("alert")).to_be_hidden()
    dot(one, "Support", "News").click()
    expect(one.get_by_role("alert")).to_contain_text(
        "in the meantime. Nothing was changed; please start again."
    )
    says(one, "Support", "News", "no route")


def test_a_double_click_is_one(office: Office) -> None:
    page = office.open()
    dot(page, "Team", "News").dblclick()
    says(page, "Team", "News", "route on")
    expect(page.get_by_role("alert")).to_be_hidden()
    dot(page, "Team", "News").click()
    says(page, "Team", "News", "no route")


def test_a_click_that_does_not_get_through(office: Office) -> None:
    page = office.open()
    page.route("**/matrix?*", lambda route: route.abort())
    dot(page, "Team", "News").click()
    expect(page.get_by_role("alert")).to_have_text("The change was not saved. Try again.")
    page.unroute("**/matrix?*")
    dot(page, "Team", "News").click()
    says(page, "Team", "News", "route on")
    dot(page, "Team", "News").click()
    says(page, "Team", "News", "no route")


def test_a_channel_that_is_gone(office: Office) -> None:
    office.ask("admin", "channel add shoutbox brief Brief")
    page = office.open()
    page.route("**/matrix/stream?*", lambda route: route.abort())
    page.reload()
    office.ask("admin", "channel remove shoutbox:brief sure=yes")
    dot(page, "Brief", "Team").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Someone else removed shoutbox:brief in the meantime. Nothing was changed; please start "
        "again."
    )


def test_processors_are_counted_opened_and_asked_for(office: Office) -> None:
    page = office.open()
    dot(page, "Team", "Support").click()
    says(page, "Team", "Support", "route on")
    number = re.search(
        r"(\d+): shoutbox:team → shoutbox:support", office.ask("admin", "route list")
    )
    assert number
    page.goto(f"{office.bus.url}/routes/{number[1]}")
    page.get_by_role("link", name="Add a processor").click()
    page.get_by_label("Processor").select_option("prefix")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Text").fill("[web]")
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("link", name="Back to the route").click()
    page.get_by_role("link", name="Back to the matrix").click()
    badge = page.get_by_role("link", name="Processors from Team to Support: 1")
    expect(badge).to_have_text("1")
    badge.click()
    expect(page.get_by_role("listitem")).to_have_text("prefix text=[web]")
    page.get_by_role("link", name="Matrix", exact=True).click()
    dot(page, "Team", "Support").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remove a route")
    expect(page.locator("main")).to_contain_text("Its processors will be removed as well: prefix.")
    page.get_by_role("checkbox", name="Confirm").check()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("status")).to_contain_text("Removed shoutbox:team → shoutbox:support")
    page.get_by_role("link", name="Back to the matrix").click()
    says(page, "Team", "Support", "no route")


def test_a_route_that_is_off(office: Office) -> None:
    page = office.open()
    dot(page, "News", "Support").click()
    says(page, "News", "Support", "route on")
    office.ask("admin", 'route pause "shoutbox:news shoutbox:support"')
    says(page, "News", "Support", "route off")
    dot(page, "News", "Support").click()
    says(page, "News", "Support", "route on")
    dot(page, "News", "Support").click()
    says(page, "News", "Support", "no route")


# Without scripts, on a phone, for everyone


def test_without_scripts(office: Office) -> None:
    page = office.open(java_script_enabled=False)
    dot(page, "Support", "Team").click()
    says(page, "Support", "Team", "route on")
    expect(dot(page, "Support", "Team")).to_be_in_viewport()
    stale = page.context.new_page()
    stale.goto(f"{office.bus.url}/matrix")
    dot(page, "Support", "Team").click()
    says(page, "Support", "Team", "no route")
    dot(stale, "Support", "Team").click()
    expect(stale.get_by_role("alert")).to_contain_text(
        "in the meantime. Nothing was changed; please start again."
    )
    says(stale, "Support", "Team", "no route")


def test_commands_without_scripts(office: Office) -> None:
    page = office.open(java_script_enabled=False)
    page.get_by_role("link", name="Commands").click()
    page.get_by_role("link", name="Add a channel").click()
    page.get_by_label("Method").select_option("shoutbox")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Address").fill("Not One")
    page.get_by_label("Title").fill("Kept all the same")
    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".error:visible")).to_have_count(1)
    expect(page.get_by_label("Title")).to_have_value("Kept all the same")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Method")).to_have_value("shoutbox")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Commands")


def test_what_a_message_would_meet(office: Office) -> None:
    page = office.open()
    page.locator("tbody th a").filter(has_text="shoutbox:lobby").click()
    expect(page.get_by_label("Channel")).to_have_value("shoutbox:lobby")
    page.get_by_label("Message").fill("how far do I go?")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("listitem").filter(has_text=f"muc:lobby@{ROOMS}")).not_to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(office: Office, scheme: str) -> None:
    page = office.open(color_scheme=scheme)
    office.ask("admin", "route add shoutbox:news shoutbox:lobby")
    looked = [_looked_at(page)]
    for path in (
        "/matrix?from=nowhere",
        "/commands",
        "/commands/route-add",
        "/commands/matrix",
        "/commands/mute",
        "/commands/status",
        "/routes/1",
        "/commands/none",
    ):
        page.goto(f"{office.bus.url}{path}")
        looked.append(_looked_at(page))
    page.goto(f"{office.bus.url}/commands/route-add")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("This field is required.")).to_have_count(2)
    looked.append(_looked_at(page))
    page.goto(office.link("juliet"))
    looked.append(_looked_at(page))
    page.context.clear_cookies()
    page.goto(f"{office.bus.url}/matrix")
    looked.append(_looked_at(page))
    assert looked == [""] * len(looked)


def _looked_at(page: Page) -> str:
    found = Axe().run(page)
    return "" if found.violations_count == 0 else f"{page.url}: {found.generate_report()}"


def test_phone(office: Office) -> None:
    page = office.open(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    grid = page.get_by_role("region", name="Routes")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert grid.evaluate("(one) => one.scrollWidth > one.clientWidth")  # it scrolls, not the page
    dot(page, "News", "Team").tap()
    says(page, "News", "Team", "route on")
    dot(page, "News", "Team").tap()
    says(page, "News", "Team", "no route")
    corner = page.locator(".corner").bounding_box()
    grid.evaluate("(one) => one.scrollTo(200, 100)")
    assert page.locator(".corner").bounding_box() == corner  # headers stay
    expect(page.get_by_text("has processors; click to open")).to_be_visible()


def test_a_narrow_phone_in_german(office: Office) -> None:
    page = office.open(viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True)
    page.context.set_extra_http_headers({"Accept-Language": "de"})
    page.goto(f"{office.bus.url}/commands/route-edit?route=1&what=add")
    tops = {
        name: page.get_by_role("button", name=name).bounding_box()
        for name in ("Weiter", "Zurück", "Abbrechen")
    }
    assert len({box["y"] for box in tops.values() if box}) == 1, tops
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_what_is_dropped_has_its_name_at_its_box(office: Office) -> None:
    page = office.open()
    dot(page, "Support", "News").click()
    says(page, "Support", "News", "route on")
    number = re.search(
        r"(\d+): shoutbox:support → shoutbox:news", office.ask("admin", "route list")
    )
    assert number
    office.ask("admin", f"route edit {number[1]} add prefix [web]")
    page.goto(f"{office.bus.url}/commands/route-edit?route={number[1]}&what=drop")
    page.get_by_role("checkbox", name="1 prefix text=[web]").check()
    page.get_by_role("button", name="Finish").click()
    assert "prefix" not in office.ask("admin", f"route list {number[1]}")
    office.ask("admin", f"route remove {number[1]} sure=yes")


# What others try


def test_a_forged_click_from_another_site(office: Office) -> None:
    page = office.open()
    before = office.ask("admin", "route list")
    evil = page.context.new_page()
    forged = f"""<form method="post" action="{office.bus.url}/matrix"><input name="dot" value="1 2">
        <input name="s1" value="shoutbox:news"><input name="d2" value="shoutbox:team">
        <button>Win</button></form>
        <iframe src="{office.bus.url}/matrix"></iframe>"""
    evil.route(
        "http://evil.example/", lambda route: route.fulfill(body=forged, content_type="text/html")
    )
    evil.goto("http://evil.example/")
    expect(evil.frame_locator("iframe").locator("table")).to_have_count(0)
    with evil.expect_response(lambda answer: answer.request.method == "POST") as posted:
        evil.get_by_role("button", name="Win").click()
    assert posted.value.status == 403
    assert office.ask("admin", "route list") == before
    says(page, "News", "Team", "no route")


def test_no_inline_script_or_style(office: Office) -> None:
    page = office.open()
    for path in ("/matrix", "/commands", "/commands/route-add", "/routes/1"):
        page.goto(f"{office.bus.url}{path}")
        inline = page.evaluate(
            "[...document.querySelectorAll('script:not([src]), style, [style]')].length"
            " + [...document.querySelectorAll('*')].filter((one) => [...one.attributes]"
            ".some(({name}) => name.startsWith('on'))).length"
        )
        assert inline == 0


def test_comes_back_after_an_error_page(office: Office) -> None:
    page = office.open()
    held: list[Route] = []

    def fail(route: Route) -> None:
        held.append(route)
        route.fulfill(status=502, body="a proxy's error page")

    page.route("**/matrix/stream?*", fail, times=1)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Not connected")
    office.ask("admin", "route add shoutbox:team shoutbox:news")
    says(page, "Team", "News", "route on")
    expect(page.get_by_role("status")).to_be_hidden()
    dot(page, "Team", "News").click()
    says(page, "Team", "News", "no route")
    assert held
