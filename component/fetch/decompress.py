"""Unpacks what comes packed (gzip, deflate), in small steps and no further than asked: a bomb never
goes off.

Brotli is not asked for: it would need a library more, and feeds shrink about as well without.
"""

import zlib
from collections.abc import Iterator

CODINGS = "gzip, deflate"
"""What to ask for in Accept-Encoding."""
STEP = 64 * 1024
_MEMBERS = 64
"""A gzip file may hold several; each costs as much to begin as many bytes."""


class Garbled(ValueError):
    """It can't be unpacked."""


class TooMuch(Garbled):
    """It unpacks to more than is read."""


GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952 section 2.3.1)."""


def gunzipped(data: bytes, most: int) -> bytes:
    """The content of a gzip file, and other bytes as they are. Raises Garbled, and TooMuch for more
    than `most` bytes."""
    if not data.startswith(GZIP):
        return data
    body = bytearray()
    inflate = Inflate("gzip")
    for part in inflate.feed(data):
        body += part
        if len(body) > most:
            raise TooMuch
    inflate.end()
    return bytes(body)


class Inflate:
    """One body, in the `Content-Encoding` given; raises Garbled for one that is not known."""

    def __init__(self, coding: str) -> None:
        self._coding = coding.strip().lower().removeprefix("x-")
        if self._coding not in ("", "identity", "gzip", "deflate"):
            raise Garbled(coding)
        self._packed = self._coding in ("gzip", "deflate")
        self._waits = b""
        self._members = 0
        self._open: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the next bytes unpack to, in pieces of at most `STEP`; raises Garbled."""
        if not self._packed:
            yield chunk
            return
        left, self._waits = self._waits + chunk, b""
        while self._open or len(left) > 1:  # two bytes tell how it is packed
            opened = self._open = self._open or self._begin(left)
            if not opened:
                return
            part = _unpack(opened, left)
            left = opened.unused_data if opened.eof else opened.unconsumed_tail
            yield part
            if opened.eof:
                self._open = None
            elif not left and len(part) < STEP:
                return
        self._waits = left

    def end(self) -> None:
        """Nothing more comes; raises Garbled where something is missing."""
        if self._open or (self._packed and self._waits and not self._members):
            raise Garbled(self._coding)

    def _begin(self, start: bytes) -> "zlib._Decompress | None":
        """The next member of a stream; None at its end."""
        gzip = start[:2] == GZIP
        if self._members and not (gzip and self._coding == "gzip"):
            return None
        self._members += 1
        if self._members > _MEMBERS:
            raise Garbled(self._coding)
        if self._coding == "gzip":
            return zlib.decompressobj(31)
        # Some servers leave out zlib's header (RFC 9110 section 8.4.1.2).
        headed = start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0
        return zlib.decompressobj(15 if headed else -15)


def _unpack(opened: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return opened.decompress(packed, STEP)
    except zlib.error as error:
        raise Garbled(str(error)) from error
