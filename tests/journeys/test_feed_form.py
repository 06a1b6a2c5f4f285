"""From a fresh bus to a feed's items in a room: one form, on a real Prosody."""

import asyncio
from pathlib import Path

from component import methods
from component.app import running
from component.cli.prosody import ROOMS, free_port
from component.config import parse
from tests.journeys.adhoc import Form
from tests.journeys.test_recipe import a_site
from tests.support.people import person
from tests.support.servers import Server, settings

ROOM = f"lobby@{ROOMS}"


async def test_a_feed_comes_to_a_room_by_one_form(server: Server, tmp_path: Path) -> None:
    text = settings(server, tmp_path, free_port(), '\n[fetch]\nallow = ["127.0.0.1"]\n')
    config = parse(text, methods.discover(), {})
    admin = config.admins[0].partition("@")[0]
    async with a_site() as site, running(config) as bus:
        await asyncio.wait_for(bus.xmpp.inside(), 30)
        async with person(admin, server.passwords[admin], server.c2s) as me:
            await me.join(ROOM, "Juliet")
            form = Form(me, "feed-add")
            assert "Required: Web address." in await form.send()
            assert set(form.fields) == {"url", "to", "name", "first"}
            wrong = await form.send("complete", url=f"{site.url}/nothing", to=f"muc:{ROOM}")
            assert "404" in wrong
            assert form.fields["to"] == f"muc:{ROOM}"
            told = await form.send("complete", url=f"{site.url}/", to=f"muc:{ROOM}")
            assert told.startswith("Added feed:site: “Site” (items: 1). New items are posted to")
            await me.until(
                lambda: any(f"{site.url}/1" in one["body"] for one in me.heard), "the item", 30
            )
