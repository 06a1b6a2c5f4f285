"""Someone in the room who notes when each numbered line arrives, and does little else."""

import asyncio
import time
from typing import Any

from tests.support.people import Person

MESSAGE = "{jabber:client}message"


class Ear(Person):
    """Lines `RUN NUMBER TIME` are noted as they are parsed, before slixmpp makes anything of
    them."""

    def __init__(self, name: str, password: str, port: int) -> None:
        super().__init__(name, password, port)
        self.run = ""
        self.delays: list[float] = []
        self.numbers: list[int] = []
        self.last = 0.0
        self.wanted = 0
        self.done = asyncio.Event()

    def expect(self, run: str, count: int) -> None:
        self.run, self.wanted = run, count
        self.delays, self.numbers = [], []
        self.done.clear()

    def _spawn_event(self, xml: Any) -> None:
        now = time.monotonic()
        words = (xml.findtext("{jabber:client}body") or "").split(": ")[-1].split()
        if xml.tag != MESSAGE or len(words) != 3:
            super()._spawn_event(xml)
        elif words[0] == self.run:
            self.numbers.append(int(words[1]))
            self.delays.append(now - float(words[2]))
            self.last = now
            if len(self.numbers) >= self.wanted:
                self.done.set()
