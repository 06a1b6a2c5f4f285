"""People with the clients they have, and a browser: each line stands everywhere, once, under its
author's name."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import button, chromium, field, shout, shouts, texts
from tests.journeys.terminal import Terminal, poezio, profanity
from tests.support.servers import Bus

ROOM = "lobby@rooms.localhost"
Demo = tuple[Bus, dict[str, Any]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """The lobby's page in a fresh browser context; reloading it fails the test."""
    context = browser.new_context()
    one = context.new_page()
    one.goto(f"{demo[0].url}/shoutbox/lobby")
    one.evaluate("window.loaded = 'once'")
    yield one
    assert one.evaluate("window.loaded") == "once"
    context.close()


def _join(client: Terminal, nick: str) -> None:
    client.write(f"/join {ROOM} nick {nick}")
    client.shows(f"You have joined the room as {nick}")


def _tell_bot(client: Terminal, told: dict[str, Any], words: str, *, first: bool) -> None:
    """Post a line by the bot, which asks before the `first` one."""
    client.write("/win 1")
    client.write(f"/msg {told['bot']} {words}")
    client.shows(f"me: {words}")
    if first:
        client.shows("(yes/no)")
        client.write("yes")
    client.write("/win 2")
    client.shows(f"shoutbus: juliet: {words}")


@pytest.mark.parametrize("tls", ["trust", "disable"])
def test_profanity_and_page(demo: Demo, page: Page, tls: str) -> None:
    bus, told = demo
    with profanity(told, "juliet", tls=tls) as client:
        client.write("/tls cert")
        client.shows(
            "Common name        : localhost" if tls == "trust" else "TLS connection not established"
        )
        _join(client, "Juliet")
        client.write(f"[{tls}] from profanity")
        expect(shouts(page, f"[{tls}] from profanity")).to_have_count(1)
        expect(shouts(page, f"[{tls}] from profanity").locator(".who")).to_have_text("Juliet")
        shout(page, f"Zoe {tls}", f"[{tls}] from the page")
        client.shows(f"Zoe {tls} (web): [{tls}] from the page")
        first = not any("in private" in body for body in bus.bodies("shoutbox:lobby"))
        _tell_bot(client, told, f"[{tls}] in private", first=first)
        expect(shouts(page, f"[{tls}] in private")).to_have_count(1)
        expect(shouts(page, f"[{tls}] in private").locator(".who")).to_have_text("juliet")

        # Order is kept everywhere, so behind a last line from each side nothing is still to come.
        shout(page, f"Zoe {tls}", f"[{tls}] last from the page")
        client.shows(f"[{tls}] last from the page")
        client.write(f"[{tls}] last from profanity")
        expect(shouts(page, f"[{tls}] last from profanity")).to_have_count(1)
        seen = [line.partition(" - ")[2] for line in client.lines(f"[{tls}]")]
    said = [
        ("Juliet: ", "from profanity"),
        (f"Zoe {tls} (web): ", "from the page"),
        ("shoutbus: juliet: ", "in private"),
        (f"Zoe {tls} (web): ", "last from the page"),
        ("Juliet: ", "last from profanity"),
    ]
    assert seen == [f"{who}[{tls}] {words}" for who, words in said]
    lines = [f"[{tls}] {words}" for _, words in said]
    assert texts(page, f"[{tls}]") == lines
    assert [body for body in bus.bodies("shoutbox:lobby") if f"[{tls}]" in body] == lines


def test_guest_is_there_as_a_puppet(demo: Demo, page: Page, browser: Browser) -> None:
    with profanity(demo[1], "romeo") as client:
        client.write("/presence room all")
        _join(client, "Romeo")
        shout(page, "Nurse", "good morrow from the web")
        client.shows("Nurse (web) has joined the room")
        client.shows("Nurse (web): good morrow from the web")
        client.write("/who")
        client.shows("Nurse (web), ")

        with browser.new_context() as context:
            other = context.new_page()
            other.goto(page.url)
            field(other, "Name").fill("Νurѕe")  # Greek Ν, Cyrillic ѕ
            field(other, "Shout").fill("said by a false nurse")
            button(other).click()
            expect(other.get_by_role("alert")).to_contain_text(
                "Someone else uses this name or a similar one. Choose another name."
            )
            shout(other, "Peter", "said by an honest servant")
        client.shows("Peter (web): said by an honest servant")
        assert client.lines("false nurse") == []
        assert len(client.lines("good morrow from the web")) == 1


def test_poezio_and_page(demo: Demo, page: Page) -> None:
    bus, told = demo
    certificate = bus.log.parent / "prosody" / "certs" / "localhost.crt"
    with poezio(told, "romeo", f"{ROOM}/Romeo", certificate) as client:
        client.write("[poezio] from the room")
        expect(shouts(page, "[poezio] from the room").locator(".who")).to_have_text("Romeo")
        shout(page, "Rosaline", "[poezio] from the page")
        client.shows("Rosaline (web)> [poezio] from the page")
        assert len(client.lines("[poezio] from the room")) == 1
        assert len(client.lines("[poezio] from the page")) == 1
    assert texts(page, "[poezio]") == ["[poezio] from the room", "[poezio] from the page"]
