"""Many people at once for tests: a component of its own on the bus's server that stands for all of
them and counts what each gets, and the subscriptions they have."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree.ElementTree import Element

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval, Subscription
from component.cli.prosody import HOST
from component.storage import open_store
from component.storage.sqlite.subscription_rows import of_subscription
from component.xmpp.elements import answer
from component.xmpp.stanza import NS, PING
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.session import Session
from component.xmpp.stream.supervisor import keep_up
from tests.support.servers import SECRET

CROWD = "crowd.localhost"
BODY = f"{NS}body"


def jid(number: int) -> str:
    """One of them."""
    return f"p{number}@{CROWD}"


def subscriptions(
    count: int, channel: Channel, interval: Interval | None = None
) -> list[Subscription]:
    """One each, by IM, at once where there is no `interval`."""
    people = map(jid, range(count))
    return [
        Subscription(one, channel, Channel("chat", one), interval or Interval()) for one in people
    ]


async def subscribe(database: Path, some: Iterable[Subscription]) -> None:
    """Put them into the store of a bus that does not run; it is made where it is not there."""
    database.parent.mkdir(parents=True, exist_ok=True)
    await (await open_store(f"sqlite:{database}")).close()
    rows = [of_subscription(replace(one, id=0)) for one in some]
    names = [name for name in rows[0] if name != "id"]
    with closing(sqlite3.connect(database)) as connection, connection:
        places = ", ".join(f":{name}" for name in names)
        into = f"insert into subscriptions ({', '.join(names)}) values ({places})"  # noqa: S608
        connection.executemany(into, rows)


def make_due(database: Path, at: int) -> None:
    """Let every digest of a bus that does not run be due at a time, in ms."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("update subscriptions set due = ? where schedule <> ''", [at])


@dataclass
class Crowd:
    """Runs while it is entered; comes back by itself where the server went. `got` counts (JID,
    stanza's id) of what is told with words, `said` are those words by id, `last` is when the latest
    came (the monotonic clock's)."""

    port: int
    got: Counter[tuple[str, str]] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    last: float = 0.0
    _wanted: int = 0
    _enough: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Crowd"]:
        """Connect, and be there."""
        self.session = Session(ComponentAccount(HOST, self.port, CROWD, SECRET), self._heard)
        task = asyncio.create_task(keep_up(self.session))
        try:
            async with asyncio.timeout(20):
                await self.session.wait()
            yield self
        finally:
            await self.session.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def forget(self) -> None:
        """Begin to count anew."""
        self.got.clear()
        self.said.clear()

    async def until(self, count: int, patience: float = 60) -> None:
        """Return once so many different (JID, id) came."""
        self._wanted = count
        self._enough.clear()
        if len(self.got) >= count:
            return
        try:
            await asyncio.wait_for(self._enough.wait(), patience)
        except TimeoutError:
            raise AssertionError(
                f"not within {patience} s: {count} told; there are {len(self.got)}"
            ) from None

    def _heard(self, stanza: Element) -> None:
        if stanza.tag == f"{NS}iq" and stanza.find(f"{{{PING}}}ping") is not None:
            self.session.send(answer(stanza, "result"))
        elif stanza.tag == f"{NS}message" and stanza.get("type") != "error":
            id, words = stanza.get("id", ""), stanza.findtext(BODY)
            if words:
                self.last = time.monotonic()
                self.got[stanza.get("to", ""), id] += 1
                self.said[id] = words
                if len(self.got) >= self._wanted:
                    self._enough.set()
