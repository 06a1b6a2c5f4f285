"""A deleted shout goes from open pages at once, and quietly."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from playwright.sync_api import expect

from component.bus.model.message import DELETED
from component.cli.prosody import COMPONENT
from tests.browser.chromium import shouts, texts
from tests.browser.conftest import Visit
from tests.support.people import person
from tests.support.servers import Bus

BOT = f"bot@{COMPONENT}"


async def _delete(told: dict[str, Any], message_id: str) -> None:
    name, password = told["accounts"][0]["jid"].partition("@")[0], told["accounts"][0]["password"]
    async with person(name, password, told["xmpp"]["port"]) as admin:
        admin.tell(BOT, f"message delete {message_id} sure")
        await admin.until(
            lambda: any(f"Deleted {message_id}" in one["body"] for one in admin.heard),
            "it is deleted",
        )


def delete(told: dict[str, Any], message_id: str) -> None:
    """As the admin, by a command to the bot; in a thread, since the browser's own has a loop that
    runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_delete(told, message_id))).result(60)


def test_it_goes_from_open_pages_at_once_and_quietly(
    visit: Visit, demo: tuple[Bus, dict[str, Any]]
) -> None:
    bus, told = demo
    first = bus.post("shoutbox:lobby", "deletion: before it was opened", author="Del").json["id"]
    page = visit()
    second = bus.post("shoutbox:lobby", "deletion: while it was open", author="Del").json["id"]
    bus.post("shoutbox:lobby", "deletion: something good", author="Del")
    expect(shouts(page, "deletion: ")).to_have_count(3)
    read_out = page.get_by_role("log")
    expect(read_out).to_contain_text("deletion: while it was open")
    page.evaluate(
        """() => {
            window.loaded = "once";
            window.added = [];
            const keep = (one) => window.added.push(...one.addedNodes);
            new MutationObserver((all) => all.forEach(keep)).observe(
                news, { childList: true, subtree: true });
        }"""
    )
    gone = shouts(page, DELETED)
    before = gone.count()
    for message_id in (first, second):
        delete(told, message_id)
    expect(gone).to_have_count(before + 2)
    assert texts(page, "deletion: ") == ["deletion: something good"]
    assert texts(page)[-3:] == [DELETED, DELETED, "deletion: something good"], (
        "each stays in its place"
    )
    expect(read_out).not_to_contain_text("deletion: while it was open")
    assert page.evaluate("window.added") == [], "nothing is read out for it"
    assert page.evaluate("window.loaded") == "once"
    bus.post("shoutbox:lobby", "deletion: and on it goes", author="Del")
    expect(shouts(page, "deletion: and on it goes")).to_have_count(1)
    assert len(texts(visit(), DELETED)) == len(texts(page, DELETED))


def test_what_went_while_there_was_no_connection(
    visit: Visit, demo: tuple[Bus, dict[str, Any]]
) -> None:
    bus, told = demo
    bus.post("shoutbox:team", "away: something good", author="Del")
    message_id = bus.post("shoutbox:team", "away: something vile", author="Del").json["id"]
    page = visit("team")
    page.route("**/stream?*", lambda route: route.fulfill(status=502, body="a proxy's error page"))
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Not connected")
    delete(told, message_id)
    assert texts(page, "away: ") == ["away: something good", "away: something vile"]
    page.unroute("**/stream?*")
    expect(shouts(page, "away: something vile")).to_have_count(0)
    assert texts(page)[-2:] == ["away: something good", DELETED]
    expect(page.get_by_role("status")).to_be_hidden()
