"""What a processor stops is told on the page, and the shout stands there all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from component.cli.prosody import free_port
from tests.browser.chromium import button, chromium, field, shout, shouts
from tests.journeys.test_stopped import GESAGT, REFUSES, TOLD
from tests.support.servers import Bus, Server, settings, start_bus


@pytest.fixture
def strict(server: Server, tmp_path: Path) -> Iterator[Bus]:
    port = free_port()
    written = settings(server, tmp_path / "bus", port).replace(
        "both = true\n", f"both = true\n\n{REFUSES}"
    )
    one = start_bus(tmp_path / "bus", written, port)
    with one.running():
        yield one


def test_with_scripts_and_without(strict: Bus) -> None:
    with chromium() as browser:
        for script, locale in ((True, "en-GB"), (False, "de-DE")):
            context = browser.new_context(java_script_enabled=script, locale=locale)
            page = context.new_page()
            page.goto(f"{strict.url}/shoutbox/lobby")
            shout(page, f"Zoe {locale}", f"darn it, {locale}")
            told = page.get_by_role("alert")
            expect(told).to_contain_text(TOLD if script else GESAGT)
            expect(shouts(page, f"darn it, {locale}")).to_have_count(1)
            expect(field(page, "Name")).to_have_value(f"Zoe {locale}")
            field(page, "Shout").fill(f"good words, {locale}")
            button(page).click()
            expect(shouts(page, f"good words, {locale}")).to_have_count(1)
            expect(told).to_be_hidden()
            context.close()
