"""Readers of the live stream that never read: what they don't take must not pile up in the bus."""

import socket

import psutil

from component.cli.prosody import HOST
from tests.support.servers import Bus, call

READERS = 150
MESSAGES = 60
LONG = '"' * 100_000
"""Escaped as HTML, five times as long."""


def _never_read(bus: Bus) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    reader.connect((HOST, int(bus.url.rpartition(":")[2])))
    reader.sendall(b"GET /shoutbox/lobby/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return reader


def test_memory_stays_flat(bus: Bus) -> None:
    for number in range(MESSAGES):
        assert bus.post("shoutbox:lobby", f"{number}{LONG}").status == 201
    process = psutil.Process(bus.process.pid)
    before = process.memory_info().rss
    readers = [_never_read(bus) for _ in range(READERS)]
    try:
        for number in range(10):
            assert bus.post("shoutbox:lobby", f"{number}{LONG}").status == 201
        assert bus.health()["status"] == "ok"
        page = call(f"{bus.url}/shoutbox/lobby")
        assert page.status == 200
        assert "read more" in page.text
        assert len(page.text) < 5_000_000
        assert process.memory_info().rss - before < 150 * 2**20
    finally:
        for reader in readers:
            reader.close()


def test_one_address_does_not_take_every_place(bus: Bus) -> None:
    readers = [_never_read(bus) for _ in range(220)]
    try:
        assert (
            call(f"{bus.url}/shoutbox/lobby/stream?after=0", Accept="application/json").status
            == 429
        )
        assert call(f"{bus.url}/shoutbox/lobby").status == 200
    finally:
        for reader in readers:
            reader.close()
