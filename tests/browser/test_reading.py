"""Reading a shoutbox: live, back through its history, by ear, by keyboard, in the dark, on a
phone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import button, field, shout, shouts, texts
from tests.browser.conftest import Visit
from tests.support.servers import Bus, eventually

Demo = tuple[Bus, dict[str, Any]]


def test_two_pages_see_each_other(visit: Visit) -> None:
    one, other = visit(), visit()
    for page in (one, other):
        page.evaluate("window.loaded = 'once'")
    shout(one, "Page One", "pages: from one")
    expect(shouts(other, "pages: from one")).to_have_count(1)
    shout(other, "Page Two", "pages: from the other")
    for page in (one, other):
        expect(shouts(page, "pages: from the other")).to_have_count(1)
        assert texts(page, "pages: ") == ["pages: from one", "pages: from the other"]
        expect(shouts(page, "pages: from the other")).to_be_in_viewport()
        assert page.evaluate("window.loaded") == "once"


def test_boxes_are_apart(visit: Visit) -> None:
    lobby, team = visit("lobby"), visit("team")
    shout(team, "Tim", "apart: for the team")
    shout(lobby, "Lou", "apart: for the lobby")
    expect(shouts(team, "apart: ")).to_have_count(1)
    expect(shouts(lobby, "apart: ")).to_have_count(1)


@pytest.fixture
def history(demo: Demo) -> list[str]:
    """More shouts in `team` than two pages hold."""
    said = [f"history, line {number}" for number in range(120)]
    if said[-1] not in demo[0].bodies("shoutbox:team"):
        assert {demo[0].post("shoutbox:team", words).status for words in said} == {201}
    return said


def test_older_ones_on_scrolling_up(visit: Visit, history: list[str]) -> None:
    page = visit("team")
    expect(shouts(page)).to_have_count(50)
    expect(shouts(page, history[-1])).to_be_in_viewport()
    log = page.get_by_role("region", name="Messages")
    log.hover()
    for reached in ("history, line 30", "history, line 0"):
        top = texts(page)[0]
        page.mouse.wheel(0, -100_000)
        expect(shouts(page, reached)).to_have_count(1)
        expect(shouts(page, top).last).to_be_in_viewport()
    assert texts(page, "history") == history


def test_older_ones_without_scripts(visit: Visit, history: list[str]) -> None:
    page = visit("team", java_script_enabled=False)
    seen = texts(page)
    for _ in range(2):
        page.get_by_role("link", name="Older messages").click()
        expect(page.get_by_role("link", name="Back to the newest messages")).to_be_visible()
        seen = texts(page) + seen
    assert [words for words in seen if "history" in words] == history
    page.get_by_role("link", name="Back to the newest messages").click()
    assert texts(page)[-1] == history[-1]


def test_follows_the_end_only_for_who_is_there(
    visit: Visit, demo: Demo, history: list[str]
) -> None:
    page = visit("team")
    page.get_by_role("region", name="Messages").hover()
    page.mouse.wheel(0, -600)
    eventually(
        lambda: page.evaluate("log.scrollHeight - log.scrollTop - log.clientHeight > 300"),
        "scrolled up",
    )
    there = page.evaluate("log.scrollTop")
    demo[0].post("shoutbox:team", "said while someone reads further up")
    expect(shouts(page, "said while someone reads further up")).to_have_count(1)
    assert page.evaluate("log.scrollTop") == there


def test_each_new_shout_is_read_out_once(visit: Visit, demo: Demo) -> None:
    bus = demo[0]
    bus.post("shoutbox:lobby", "aloud: history", author="Ear")
    page = visit()
    read_out = page.get_by_role("log")
    expect(shouts(page, "aloud: history")).to_have_count(1)
    expect(read_out).to_have_attribute("aria-live", "polite")
    expect(read_out).to_have_text("")
    page.evaluate(
        """() => {
            window.added = [];
            new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach(
                (node) => window.added.push(node.textContent)))
            ).observe(news, { childList: true, subtree: true });
        }"""
    )
    for number in range(3):
        bus.post("shoutbox:lobby", f"aloud: {number}", author="Ear")
    expect(shouts(page, "aloud: 2")).to_have_count(1)
    assert page.evaluate("window.added") == [f"Ear web: aloud: {number}" for number in range(3)]


def test_comes_back_after_an_error_page(visit: Visit, demo: Demo) -> None:
    page = visit()
    page.route(
        "**/stream?*", lambda route: route.fulfill(status=502, body="a proxy's error page"), times=1
    )
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Not connected")
    demo[0].post("shoutbox:lobby", "said behind the error page")
    expect(shouts(page, "said behind the error page")).to_have_count(1)
    expect(page.get_by_role("status")).to_be_hidden()


def test_keyboard_alone(visit: Visit) -> None:
    page = visit()
    for name in ("Shoutbus", "Messages"):
        page.keyboard.press("Tab")
        expect(
            page.get_by_role("region" if name == "Messages" else "link", name=name)
        ).to_be_focused()
    page.keyboard.press("Home")  # the arrow keys scroll the shouts
    _tab_to(page, "Name")
    page.keyboard.type("Kay Board")
    _tab_to(page, "Shout")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    expect(button(page)).to_be_focused()
    assert _outline(page) not in ("none", "0px")
    page.keyboard.press("Space")
    expect(shouts(page, "by keyboard")).to_have_count(1)
    expect(field(page, "Shout")).to_be_focused()


def _tab_to(page: Page, label: str) -> None:
    """Press Tab, past links in the shouts, until the field has the focus; it then shows that it
    has."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('input, textarea')"):
            break
    expect(field(page, label)).to_be_focused()
    assert _outline(page) not in ("none", "0px")


def _outline(page: Page) -> str:
    found = page.evaluate("getComputedStyle(document.activeElement)")
    return str(found["outlineWidth"] if found["outlineStyle"] != "none" else "none")


CONTRAST = """(selector) => {
    const rgb = (css) => css.match(/[\\d.]+/g).map(Number);
    const seen = (one) => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if ((rgb(colour)[3] ?? 1) === 1) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const light = (css) => rgb(css).slice(0, 3).map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    return [...document.querySelectorAll(selector)].map((one) => {
        const [a, b] = [light(getComputedStyle(one).color), light(seen(one))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
    });
}"""
"""Contrast ratios of the text that a selector finds (WCAG 2.2, section 1.4.3)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_readable(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    shout(page, f"Lux {scheme}", "see https://example.org/ for the colours")
    expect(shouts(page, "for the colours").first).to_be_visible()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(paper.removeprefix("rgb(").split(",")[0]) < 128) == (scheme == "dark")
    texts = (
        "h1, header a, .shout p, .shout a, .who, .who small, time, label, input, textarea, "
        "button, .error, #state"
    )
    for selector in texts.split(", "):
        ratios = page.evaluate(CONTRAST, selector)
        assert ratios, selector
        assert min(ratios) >= 4.5, selector


def test_phone(visit: Visit, demo: Demo) -> None:
    demo[0].post("shoutbox:lobby", "w" * 300 + " wide", author="W" * 64)
    page = visit(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    expect(shouts(page, "wide").last).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("log.scrollWidth <= log.clientWidth")
    for part in (field(page, "Name"), field(page, "Shout"), button(page)):
        expect(part).to_be_in_viewport(ratio=1)
    field(page, "Name").fill("Pia Phone")
    field(page, "Shout").fill("from a phone")
    button(page).tap()
    expect(shouts(page, "from a phone")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_in_german(visit: Visit, demo: Demo) -> None:
    page = visit(locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    demo[0].post("shoutbox:lobby", "deutsch: live", author="Gast")
    expect(shouts(page, "deutsch: live").locator("small")).to_have_attribute(
        "title", "von der Webseite gepostet"
    )
    page.reload()
    expect(shouts(page, "deutsch: live").locator("small")).to_have_attribute(
        "title", "von der Webseite gepostet"
    )
    field(page, "Name").fill("shoutbus")
    field(page, "Shout").fill("deutsch: gesagt")
    button(page).click()
    expect(page.get_by_role("alert")).to_have_text(
        "Diesen Namen verwendet der Bot. Wähle einen anderen Namen."
    )
    page.route("**/shoutbox/lobby", lambda route: route.abort(), times=1)
    button(page).click()
    expect(page.get_by_role("alert")).to_contain_text(
        "Die Nachricht wurde nicht gesendet. Dein Text ist noch hier; versuch es noch einmal."
    )
    page.route(
        "**/stream?*", lambda route: route.fulfill(status=502, body="a proxy's error page"), times=1
    )
    page.reload()
    expect(page.get_by_role("status")).to_contain_text(
        "Keine Verbindung. Verpasste Nachrichten erscheinen, sobald die Verbindung wieder besteht."
    )
    page.goto(f"{demo[0].url}/shoutbox/nirgends")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nicht gefunden")
    expect(page.locator(".error")).to_have_text("shoutbox „nirgends“ gibt es nicht.")
    page.get_by_role("link", name="Alle Shoutboxen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shoutboxen")


def test_in_german_without_scripts(visit: Visit, history: list[str]) -> None:
    page = visit("team", java_script_enabled=False, locale="de")
    page.get_by_role("link", name="Ältere Nachrichten").click()
    expect(page.get_by_role("link", name="Zurück zu den neuesten Nachrichten")).to_be_visible()
    assert page.context.request.get(page.url).headers["vary"] == "Accept-Language, Cookie"
    expect(page.locator("time").first).to_contain_text(" UTC")


def test_list_and_missing_page(visit: Visit, demo: Demo) -> None:
    page = visit()
    page.get_by_role("link", name="Shoutbus").click()
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Team")
    answer = page.goto(f"{demo[0].url}/shoutbox/nowhere")
    assert answer
    assert answer.status == 404
    expect(page.locator(".error")).to_have_text("The shoutbox “nowhere” does not exist.")
    page.get_by_role("link", name="All shoutboxes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shoutboxes")
