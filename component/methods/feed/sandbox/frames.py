"""How the bus and its reading process talk: JSON and bytes, each with its length before it. No
pickle, no code."""

import json
import struct
from typing import Any

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 32 * 1024 * 1024
"""Bytes of a frame at most."""


def frame(data: bytes) -> bytes:
    """`data` with its length."""
    return LENGTH.pack(len(data)) + data


def packed(message: Any) -> bytes:
    """`message` as a frame."""
    return frame(
        json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )
