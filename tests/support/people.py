"""People on XMPP for tests: a slixmpp client each, in the tests' process, never in the bus's
own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from slixmpp import JID, ClientXMPP

from component.cli.prosody import HOST
from component.xmpp.stream.connection import PromptParser


def security(values: set[str]) -> dict[str, bool]:
    """What slixmpp may know of the line: it is in clear, so SCRAM has nothing to bind to.

    Without "binding_proposed" slixmpp says that it could bind but that the server could not, and
    ejabberd 24 takes that for an attack (RFC 5802, section 6).
    """
    return {value: value in {"unencrypted_scram", "binding_proposed"} for value in values}


class Person(ClientXMPP):
    """Signs in, joins rooms, says and hears."""

    def __init__(self, name: str, password: str, port: int) -> None:
        super().__init__(
            f"{name}@localhost/test",
            password,
            plugin_config={"feature_mechanisms": {"security_callback": security}},
        )
        self.port = port
        self.enable_plaintext = True
        self.enable_starttls = False
        self.enable_direct_tls = False
        self.heard: list[Any] = []
        self.presences: list[Any] = []
        self._news = asyncio.Condition()
        self.register_plugin("xep_0045")
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        self.add_event_handler("message", self._on_message)
        self.add_event_handler("groupchat_message", self._on_message)
        self.add_event_handler("groupchat_subject", self._on_message)
        self.add_event_handler("groupchat_invite", self._on_message)
        self.add_event_handler("message_error", self._on_message)
        self.add_event_handler("presence", self._on_presence)
        self.add_event_handler("groupchat_presence", self._on_presence)

    async def _on_message(self, stanza: Any) -> None:
        if stanza["type"] == "groupchat" and any(stanza is one for one in self.heard):
            return
        async with self._news:
            self.heard.append(stanza)
            self._news.notify_all()

    async def _on_presence(self, stanza: Any) -> None:
        async with self._news:
            self.presences.append(stanza)
            self._news.notify_all()

    def init_parser(self) -> None:
        """Hear stanzas as soon as they are whole."""
        super().init_parser()
        self.parser = PromptParser()

    async def sign_in(self) -> None:
        began = asyncio.Event()
        self.add_event_handler("session_start", lambda _: began.set())
        self.connect(HOST, self.port)
        await asyncio.wait_for(began.wait(), 15)
        self.send_presence()

    async def join(self, room: str, nick: str) -> None:
        await self.plugin["xep_0045"].join_muc_wait(JID(room), nick, maxstanzas=0, timeout=15)

    def say(self, room: str, words: str) -> None:
        self.send_message(JID(room), words, mtype="groupchat")

    def tell(self, jid: str, words: str) -> None:
        self.send_message(JID(jid), words, mtype="chat")

    async def until(self, holds: Callable[[], Any], what: str, patience: float = 30.0) -> Any:
        """What `holds` gives once something heard makes it true."""
        try:
            async with asyncio.timeout(patience), self._news:
                while not (found := holds()):
                    await self._news.wait()
                return found
        except TimeoutError:
            lines = [f"{one['from']}: {one['body']}" for one in self.heard]
            raise AssertionError(f"not within {patience} s: {what}; heard {lines}") from None

    async def hears(self, words: str, patience: float = 30.0) -> Any:
        """The first message with just these words."""
        return await self.until(
            lambda: next((m for m in self.heard if m["body"] == words), None), words, patience
        )

    async def agrees(self, bot: str) -> None:
        """Say yes to the question whether a first message is posted, once the bot asks it."""
        await self.until(lambda: self.questions(bot), "the bot asks before a first post")
        self.tell(bot, "yes")

    async def posts(self, bot: str, words: str, shown: str) -> None:
        """Post a line by the bot, and say yes where it is this person's first; return once a room
        shows it as `shown`."""
        asked = len(self.questions(bot))
        self.tell(bot, words)
        await self.until(
            lambda: self.questions(bot)[asked:] or any(m["body"] == shown for m in self.heard),
            "the bot asks before a first post, or posts",
        )
        if self.questions(bot)[asked:]:
            self.tell(bot, "yes")
        await self.hears(shown)

    def questions(self, bot: str) -> list[Any]:
        """What the bot asked to be answered by yes or no."""
        return [m for m in self.heard if m["from"].bare == bot and "(yes/no)" in m["body"]]

    def lines(self, room: str = "") -> list[tuple[str, str]]:
        """(nickname, words) of everything heard with words in it, in order; of one room where
        named."""
        return [
            (one["from"].resource, one["body"])
            for one in self.heard
            if one["body"] and (not room or one["from"].bare == room)
        ]


@asynccontextmanager
async def person(name: str, password: str, port: int) -> AsyncIterator[Person]:
    """Someone signed in."""
    one = Person(name, password, port)
    await one.sign_in()
    try:
        yield one
    finally:
        await one.disconnect(wait=1)
