"""The bot sees who is online, of those who let it, on Prosody and on ejabberd: through restarts of
either side."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from slixmpp import JID

from tests.journeys.asking import BOT, answering, answers, ask
from tests.journeys.test_servers import Place
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Server

JULIET = "juliet@localhost"


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Place(server, data)
    server.stop()


@asynccontextmanager
async def deciding(place: Place, name: str) -> AsyncIterator[Person]:
    """Someone who is asked, and whose client decides nothing by itself."""
    async with place.person(name) as me:
        me.auto_authorize, me.auto_subscribe = None, False
        await me.get_roster()  # who has not asked for it is not told of subscriptions
        yield me


def requests(me: Person) -> list[object]:
    return [one for one in me.presences if one["type"] == "subscribe" and one["from"] == BOT]


async def test_who_is_online(place: Place) -> None:
    async with deciding(place, "romeo") as romeo:
        with answering(place, "online"):
            async with deciding(place, "juliet") as juliet:
                await ask(romeo, f"watch {JULIET}")
                await juliet.until(lambda: requests(juliet), "the bot asks")
                assert await ask(romeo, f"online {JULIET}") == "False"
                juliet.send_presence(pto=JID(BOT), ptype="subscribed")
                await answers(romeo, f"online {JULIET}", "True")
                for show, there in (
                    ("away", "False"),
                    ("chat", "True"),
                    ("dnd", "False"),
                    (None, "True"),
                ):
                    juliet.send_presence(pshow=show)
                    await answers(romeo, f"online {JULIET}", there)
            await answers(romeo, f"online {JULIET}", "False")

        async with deciding(place, "juliet") as juliet:
            with answering(place, "online"):  # it knows nobody any more, and asks nobody who agreed
                await ask(romeo, f"watch {JULIET}")
                await answers(romeo, f"online {JULIET}", "True")
                assert not requests(juliet)
                juliet.send_presence(pto=JID(BOT), ptype="unsubscribed")
                await answers(romeo, f"online {JULIET}", "False")
                juliet.send_presence(pshow="chat")
                assert await ask(juliet, f"online {JULIET}") == "False"


async def test_who_says_no_is_not_seen(place: Place) -> None:
    async with deciding(place, "juliet") as juliet, deciding(place, "romeo") as romeo:
        with answering(place, "no"):
            await ask(romeo, f"watch {JULIET}")
            await juliet.until(lambda: requests(juliet), "the bot asks")
            juliet.send_presence(pto=JID(BOT), ptype="unsubscribed")
            for _ in range(3):
                await ask(romeo, f"watch {JULIET}")
            assert await ask(juliet, f"online {JULIET}") == "False"
            assert len(requests(juliet)) == 1
            await ask(romeo, "watch romeo@localhost")
            await romeo.until(lambda: requests(romeo), "the bot asks")
            romeo.send_presence(pto=JID(BOT), ptype="subscribed")
            await answers(juliet, "online romeo@localhost", "True")
            romeo.send_presence(pto=JID(BOT), ptype="unsubscribed")
            await answers(juliet, "online romeo@localhost", "False")


async def test_the_server_starts_anew(place: Place) -> None:
    with answering(place, "anew") as bus:
        async with deciding(place, "juliet") as juliet:
            await ask(juliet, f"watch {JULIET}")
            await juliet.until(lambda: requests(juliet), "the bot asks")
            juliet.send_presence(pto=JID(BOT), ptype="subscribed")
            await answers(juliet, f"online {JULIET}", "True")
        await asyncio.to_thread(place.server.stop)
        await asyncio.to_thread(place.server.start)
        await asyncio.to_thread(bus.ready)
        async with deciding(place, "romeo") as romeo:
            assert await ask(romeo, f"online {JULIET}") == "False"
            async with deciding(place, "juliet") as juliet:
                await answers(romeo, f"online {JULIET}", "True")
                juliet.send_presence(pto=JID(BOT), ptype="unsubscribed")
                await answers(romeo, f"online {JULIET}", "False")
