"""Bounded decompression of HTTP bodies and of gzip files.

Data is decompressed in steps, and the caller stops where it has enough. Why aiohttp does not do
this: docs/decisions/0012-own-decompression.md. Brotli is not asked for: it would need another
library, and feeds shrink about as well without it.
"""

import zlib
from collections.abc import Iterator

CODINGS = "gzip, deflate"
"""What to ask for in Accept-Encoding."""
STEP = 64 * 1024
"""Bytes of output of one step."""
MAX_MEMBERS = 64
"""Members of one gzip file. To begin one costs as much as many bytes."""
GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952 section 2.3.1)."""


class Garbled(ValueError):
    """The data cannot be decompressed."""


class TooMuch(Garbled):
    """The data decompresses to more than is read."""


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
        """What the next bytes decompress to, in pieces of at most `STEP`. Raises Garbled."""
        if not self._packed:
            yield chunk
            return
        left, self._waits = self._waits + chunk, b""
        while self._open or len(left) > 1:  # two bytes show the format
            opened = self._open or self._begin(left)
            if not opened:
                return
            self._open = opened
            part = decompressed(opened, left)
            left = opened.unconsumed_tail
            yield part
            if opened.eof:
                left = opened.unused_data
                self._open = None
            elif not left and len(part) < STEP:
                return
        self._waits = left

    def end(self) -> None:
        """Nothing more comes. Raises Garbled where something is missing."""
        if self._open or (self._packed and self._waits and not self._members):
            raise Garbled(self._coding)

    def _begin(self, start: bytes) -> "zlib._Decompress | None":
        """The next member of a stream; None at its end.

        Some servers pad a stream, or put a line behind it, which browsers ignore.
        """
        gzip = start[:2] == GZIP
        if self._members and not (gzip and self._coding == "gzip"):
            return None
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise Garbled(self._coding)
        if self._coding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Some servers leave out zlib's header (RFC 9110 section 8.4.1.2).
        if start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0:
            return zlib.decompressobj(zlib.MAX_WBITS)
        return zlib.decompressobj(-zlib.MAX_WBITS)


def decompressed(opened: "zlib._Decompress", packed: bytes) -> bytes:
    """The next bytes, `STEP` at most. Raises Garbled."""
    try:
        return opened.decompress(packed, STEP)
    except zlib.error as error:
        raise Garbled(str(error)) from error
