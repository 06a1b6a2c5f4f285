"""A browser per module, and fresh visits to the demo's shoutboxes in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import chromium
from tests.support.servers import Bus

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Browser, demo: tuple[Bus, dict[str, Any]]) -> Iterator[Visit]:
    """Opens a shoutbox as someone new; keywords are the browser context's. No page may fault in its
    scripts."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_box(box: str = "lobby", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(f"{demo[0].url}/shoutbox/{box}")
        return page

    yield open_box
    for context in contexts:
        context.close()
    assert not faults
