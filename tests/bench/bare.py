"""The baseline: a slixmpp component that joins a room and says what it is told to. No storage, no
confirmation.

Reads `burst COUNT` and `steady COUNT PER_SECOND` from its standard input.
"""

import asyncio
import sys
import time
from typing import Any

import uvloop
from slixmpp import JID, ComponentXMPP


class Bare(ComponentXMPP):
    """Says `RUN NUMBER TIME` into the room, the time being the monotonic clock's."""

    def __init__(self, domain: str, secret: str, host: str, port: int, room: str) -> None:
        super().__init__(domain, secret, host, port)  # type: ignore[no-untyped-call]
        self.room = JID(room)
        self.me = JID(f"bot@{domain}/bare")
        self.reflected = 0
        self.register_plugin("xep_0045")
        self.add_event_handler("groupchat_message", self._reflected)

    def _reflected(self, _: Any) -> None:
        self.reflected += 1

    def speak(self, run: str, number: int) -> None:
        body = f"{run} {number} {time.monotonic()}"
        self.send_message(self.room, body, mtype="groupchat", mfrom=self.me)


async def main(domain: str, secret: str, host: str, port: str, room: str) -> None:
    bare = Bare(domain, secret, host, int(port), room)
    began = asyncio.Event()
    bare.add_event_handler("session_start", lambda _: began.set())
    bare.connect()
    await began.wait()
    await bare.plugin["xep_0045"].join_muc_wait(
        bare.room, "bare", maxstanzas=0, presence_options={"pfrom": bare.me}
    )
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := (await reader.readline()).decode().split():
        run, count = line[0], int(line[1])
        pause = 1 / float(line[2]) if len(line) > 2 else 0.0
        for number in range(count):
            bare.speak(run, number)
            if pause or number % 50 == 49:
                await asyncio.sleep(pause)
    await bare.disconnect()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
