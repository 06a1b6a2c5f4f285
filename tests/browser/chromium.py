"""A real Chromium, and the shoutbox's page as a person sees and uses it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=15_000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless. While it runs, asyncio.run() does not: end it before tests that
    need one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


def shouts(page: Page, words: str = "") -> Locator:
    """The shouts on the page; with `words` in them where given."""
    return (
        page.locator("#shouts > li").filter(has_text=words)
        if words
        else page.locator("#shouts > li")
    )


def texts(page: Page, words: str = "") -> list[str]:
    """What the shouts say, oldest first."""
    return [text.strip() for text in shouts(page, words).locator("p").all_inner_texts()]


def field(page: Page, label: str) -> Locator:
    """The field Name or Shout."""
    return page.get_by_role("textbox", name=label, exact=True)


def button(page: Page) -> Locator:
    """The button that posts."""
    return page.get_by_role("button", name="Shout")


def shout(page: Page, name: str, words: str) -> None:
    """Say something as `name`, and see it taken."""
    field(page, "Name").fill(name)
    field(page, "Shout").fill(words)
    button(page).click()
    expect(field(page, "Shout")).to_have_value("")
