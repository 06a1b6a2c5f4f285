"""Letters as mail clients show them, drawn by a real browser: they fit a phone, read well in the
dark, run nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from component.bus.model.message import Author, AuthorKind
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Selection
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.preview import places, preview, samples
from component.subscriptions.rendering.templates import Templates
from tests.browser.mail_pictures import GUEST, LOBBY, PLACES, WEB, ZONE, digest, drawn, shout

EVIL = (
    "<script>document.title = 'run'</script><img src=https://t.example/x.png "
    "onerror=\"document.title = 'run'\">"
)
LONG_WORD = "https://example.org/" + "a" * 400


@dataclass
class Reader:
    """Opens letters; what they would load stands in `loaded`."""

    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def open(self, page: str, width: int, scheme: str = "light") -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": 700},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.contexts.append(context)
        shown = context.new_page()
        shown.on("request", self._asked)
        shown.set_content(page)
        return shown

    def _asked(self, request: Request) -> None:
        self.loaded.append(request.url)


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    one = Reader(browser)
    yield one
    for context in one.contexts:
        context.close()
    assert one.loaded == []


def page_of(name: str) -> str:
    """A letter of that name, as people get it."""
    if name == "digest.html":
        return digest("de")
    if name == "message.html":
        said = shout(GUEST, "09:14", f"Both! {LONG_WORD}\n{'word ' * 100}")
        given = values.of_message(
            said,
            LOBBY,
            shout(GUEST, "09:12", "Apple or chocolate?"),
            PLACES,
            ReaderLocale("en", ZONE),
        )
        return drawn(name, given, ReaderLocale("en", ZONE), Templates())
    return preview(Templates(), name, ReaderLocale("en", ZONE), samples(0), places(WEB), WEB).text


LETTERS = pytest.mark.parametrize("name", ["digest.html", "message.html", "request.html"])


@LETTERS
@pytest.mark.parametrize("width", [320, 360, 800, 1400])
def test_nothing_stands_out_sideways(reader: Reader, name: str, width: int) -> None:
    page = reader.open(page_of(name), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    text = page.locator("p").first.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    assert text >= 13
    box = page.locator(".page").bounding_box()
    assert box
    assert box["width"] <= 632  # lines stay short enough to read
    assert abs(2 * box["x"] + box["width"] - width) <= 1


def test_long_words_and_names_break(reader: Reader) -> None:
    some = [
        Selection(LOBBY, [shout(GUEST, "09:00", LONG_WORD), shout(GUEST, "09:01", "x" * 1_100)])
    ]
    page = reader.open(digest(some=some), 320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@LETTERS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(reader: Reader, name: str, scheme: str) -> None:
    found = Axe().run(reader.open(page_of(name), 360, scheme))
    assert found.violations_count == 0, found.generate_report()


def _lightness(page: Page, selector: str, what: str) -> int:
    colour = page.locator(selector).first.evaluate(f"(one) => getComputedStyle(one).{what}")
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


def test_the_dark_is_dark(reader: Reader) -> None:
    light, dark = (reader.open(digest(), 800, scheme) for scheme in ("light", "dark"))
    for page, lighter in ((light, "backgroundColor"), (dark, "color")):
        darker = "color" if lighter == "backgroundColor" else "backgroundColor"
        assert _lightness(page, ".card", lighter) > _lightness(page, ".card", darker) + 300


def test_how_a_digest_reads(reader: Reader) -> None:
    page = reader.open(digest(), 800)
    expect(page.get_by_role("heading", level=1)).to_have_text("Lobby, Planet XMPP: 46 messages")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Lobby", "Planet XMPP"])
    answers = page.locator(".replies").nth(1)
    expect(answers.locator(".who")).to_have_text(["Romeo", "Zoë (web)"])
    first, answer = page.get_by_text("Who brings the cake?").bounding_box(), answers.bounding_box()
    assert first
    assert answer
    assert answer["y"] > first["y"]
    expect(page.locator(".quote")).to_have_text("Nurse: Who left the blue umbrella in room 3?")
    expect(page.get_by_role("link", name="XEP-0461 moves to Stable")).to_have_attribute(
        "href", "https://xmpp.example.org/blog/xep-0461-stable"
    )
    expect(page.get_by_role("link", name="… and 37 more")).to_have_attribute(
        "href", f"{WEB}/shoutbox/lobby"
    )
    hebrew = page.get_by_text("שלום")
    assert hebrew.evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    assert page.evaluate("[...document.links].every((one) => /^https:/.test(one.href))")


def test_nothing_of_what_people_write_runs(reader: Reader) -> None:
    guest = Author(EVIL, "guest:1", AuthorKind.GUEST)
    evil = [Selection(LOBBY, [shout(guest, "09:00", f"{EVIL}\njavascript:alert(1)")])]
    page = reader.open(digest(some=evil), 800)
    expect(page.locator(".text")).to_contain_text("<script>document.title = 'run'</script>")
    assert page.title() == "Lobby: 1 message"
    assert (
        page.evaluate("document.querySelectorAll('main script, img, iframe, [onerror]').length")
        == 0
    )


def test_without_its_styles_it_is_still_in_order(reader: Reader) -> None:
    """Some mail clients take all styles away."""
    whole = digest()
    start, end = whole.index("<style>"), whole.index("</style>")
    page = reader.open(whole[:start] + whole[end:], 360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    told = page.inner_text("body")
    assert (
        told.index("Who brings the cake?")
        < told.index("I do. Apple or chocolate?")
        < told.index("Planet XMPP\n")
    )


def test_the_pictures_of_the_docs_are_there() -> None:
    for name in ("digest-mail.png", "digest-mail-phone.png"):
        assert (
            (Path(__file__).parents[2] / "docs" / "screenshots" / name)
            .read_bytes()
            .startswith(b"\x89PNG")
        )
