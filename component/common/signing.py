"""Signed tokens for links, and short codes. Only the bus can make them, and none of them is
stored."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

SIGNATURE_BYTES = 16


class Signer:
    """Signs with a secret of the bus. Each token is for one `purpose`, and is not valid for any
    other."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, purpose: str, *parts: str) -> str:
        """A token that contains the parts, for a URL's path."""
        payload = "\n".join(parts).encode()
        return f"{encoded(payload)}.{encoded(self.signature(purpose, payload))}"

    def read(self, purpose: str, token: str) -> Sequence[str] | None:
        """The parts of a token; None if it is not one of ours for this purpose."""
        text, _dot, sign = token.partition(".")
        try:
            payload, given = decoded(text), decoded(sign)
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(given, self.signature(purpose, payload)):
            return None
        return payload.decode().split("\n")

    def code(self, purpose: str, *parts: str) -> str:
        """A code of six digits for the parts."""
        mac = self.mac(f"{purpose} code", "\n".join(parts).encode())
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06}"

    def signature(self, purpose: str, payload: bytes) -> bytes:
        """The signature in a token."""
        return self.mac(purpose, payload)[:SIGNATURE_BYTES]

    def mac(self, purpose: str, payload: bytes) -> bytes:
        """HMAC-SHA-256 of a payload for a purpose (RFC 2104)."""
        return hmac.digest(self._secret, purpose.encode() + b"\0" + payload, hashlib.sha256)


def encoded(data: bytes) -> str:
    """URL-safe base64 without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The bytes of URL-safe base64; raises ValueError."""
    if not text.isascii():
        raise ValueError("no token")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
