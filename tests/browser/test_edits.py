"""A line that its author edits in a room changes on open pages, without a reload and quietly."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from playwright.sync_api import expect
from slixmpp import ET, JID

from component.cli.prosody import ROOMS
from tests.browser.chromium import shouts, texts
from tests.browser.conftest import Visit
from tests.support.people import person
from tests.support.servers import Bus

ROOM = f"lobby@{ROOMS}"


async def _edit(told: dict[str, Any]) -> None:
    name, password = told["accounts"][0]["jid"].partition("@")[0], told["accounts"][0]["password"]
    async with person(name, password, told["xmpp"]["port"]) as me:
        client: Any = me
        await me.join(ROOM, "Editor")
        first = client.make_message(JID(ROOM), "edits: helo", mtype="groupchat")
        first.send()
        await me.hears("edits: helo")
        second = client.make_message(JID(ROOM), "edits: hello", mtype="groupchat")
        second.append(
            ET.fromstring(f'<replace xmlns="urn:xmpp:message-correct:0" id="{first["id"]}"/>')
        )
        second.send()
        await me.hears("edits: hello")


def edit(told: dict[str, Any]) -> None:
    """In a thread, since the browser's own has a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_edit(told))).result(60)


def test_it_changes_on_open_pages_without_a_reload(
    visit: Visit, demo: tuple[Bus, dict[str, Any]]
) -> None:
    _bus, told = demo
    page = visit()
    page.evaluate("() => { window.loaded = 'once'; }")
    edit(told)
    expect(shouts(page, "edits: hello")).to_have_count(1)
    assert texts(page, "edits: ") == ["edits: hello"]
    shout = page.locator(".shout", has_text="edits: hello")
    expect(shout.locator(".edited")).to_have_text("edited")
    assert page.evaluate("window.loaded") == "once"
    again = visit()
    assert texts(again, "edits: ") == ["edits: hello"]
    expect(again.locator(".shout", has_text="edits: hello").locator(".edited")).to_have_count(1)
