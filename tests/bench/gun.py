"""Posts to the bus over keep-alive connections, each the next as soon as the last is answered 201.
Lean on purpose: what it costs is taken from the cores that the bus and the server have.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any


class Shooter(asyncio.Protocol):
    """One connection. `take` gives the next body, or None when there is no more."""

    def __init__(self, head: str, take: Callable[[], str | None]) -> None:
        self._head = head
        self._take = take
        self._answer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._shoot()

    def _shoot(self) -> None:
        body = self._take()
        if body is None:
            self._transport.close()
            self.done.set_result(None)
            return
        data = json.dumps({"body": body})
        self._transport.write(f"{self._head}Content-Length: {len(data)}\r\n\r\n{data}".encode())

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or not body.endswith(b"}"):
            return
        if not head.startswith(b"HTTP/1.1 201"):
            self.done.set_exception(AssertionError(self._answer.decode()))
            return
        self._answer = b""
        self._shoot()


async def burst(url: str, channel: str, token: str, run: str, count: int, connections: int) -> None:
    """`count` posts as fast as they are accepted."""
    numbers = iter(range(count))

    def take() -> str | None:
        number = next(numbers, None)
        return None if number is None else f"{run} {number} {time.monotonic()}"

    await _shoot(url, channel, token, take, connections)


async def steady(
    url: str, channel: str, token: str, run: str, count: int, per_second: float
) -> None:
    """`count` posts, one after the other, `per_second`."""
    for number in range(count):
        bodies = iter([f"{run} {number} {time.monotonic()}"])
        await _shoot(url, channel, token, lambda bodies=bodies: next(bodies, None), 1)  # type: ignore[misc]
        await asyncio.sleep(1 / per_second)


async def _shoot(
    url: str, channel: str, token: str, take: Callable[[], str | None], connections: int
) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    head = (
        f"POST /api/v1/channels/{channel}/messages HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(lambda: Shooter(head, take), host, int(port))
        for _ in range(connections)
    ]
    await asyncio.gather(*(shooter.done for _, shooter in pairs))
