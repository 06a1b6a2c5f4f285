"""The bus is stopped and started while a page is open: the page goes on where it was."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.chromium import button, chromium, field, shout, shouts, texts
from tests.support.servers import Bus, Server, start_bus


def test_page_goes_on_after_a_restart(server: Server, bus: Bus, tmp_path: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{bus.url}/shoutbox/lobby")
        shout(page, "Rita", "before the stop")
        expect(shouts(page)).to_have_count(1)
        page.evaluate("window.loaded = 'once'")
        bus.stop()
        expect(page.get_by_role("status")).to_contain_text("Not connected")
        field(page, "Shout").fill("said to a stopped bus")
        button(page).click()
        expect(page.get_by_role("alert")).to_contain_text("was not sent")

        config = (tmp_path / "bus" / "shoutbus.toml").read_text()
        again = start_bus(tmp_path / "bus", config, int(bus.url.rpartition(":")[2]))
        try:
            again.ready()
            meanwhile = [f"meanwhile {number}" for number in range(5)]
            assert {again.post("shoutbox:lobby", words).status for words in meanwhile} == {201}
            expect(shouts(page, "meanwhile 4")).to_have_count(1)
            expect(page.get_by_role("status")).to_be_hidden()
            button(page).click()
            expect(shouts(page, "said to a stopped bus")).to_have_count(1)
            said = ["before the stop", *meanwhile, "said to a stopped bus"]
            assert texts(page) == said
            assert page.evaluate("window.loaded") == "once"
            page.reload()
            assert texts(page) == said
        finally:
            again.stop()
