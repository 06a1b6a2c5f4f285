"""What the bus signs: tokens in links, and short codes, that none but it can make and nothing of
which is at rest."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence


class Signer:
    """Signs by a secret of the bus, for one `purpose` each: what is signed for one is void for any
    other."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, purpose: str, *parts: str) -> str:
        """A token that holds the parts, for use in a URL's path."""
        payload = "\n".join(parts).encode()
        return f"{_coded(payload)}.{_coded(self._mac(purpose, payload)[:16])}"

    def read(self, purpose: str, token: str) -> Sequence[str] | None:
        """The parts of a token; None where it is not one of ours for this purpose."""
        text, _dot, sign = token.partition(".")
        try:
            payload, given = _decoded(text), _decoded(sign)
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(given, self._mac(purpose, payload)[:16]):
            return None
        return payload.decode().split("\n")

    def code(self, purpose: str, *parts: str) -> str:
        """Six digits that stand for the parts."""
        mac = self._mac(f"{purpose} code", "\n".join(parts).encode())
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06}"

    def _mac(self, purpose: str, payload: bytes) -> bytes:
        return hmac.digest(self._secret, purpose.encode() + b"\0" + payload, hashlib.sha256)


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("no token")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
