"""Addresses of mail, and envelope senders that tell which mail came back (variable envelope return
path, VERP).

Nothing is kept for that: the sender's local part is `b+` and a token, which has a digest of whom
the mail went to and the day, signed. Mail servers may fold the case of local parts, so the token is
in base 32 (RFC 4648) in small letters.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

from component.bus.model.message import Channel
from component.common.errors import BadInput
from component.common.i18n import _

ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)"
    r"[a-zA-Z0-9#$&'*+=?^_`{}~\x80-\U0010ffff][a-zA-Z0-9#$&'*+=?^_`{}~\x80-\U0010ffff-]*"
    r"(?:\.[a-zA-Z0-9#$&'*+=?^_`{}~\x80-\U0010ffff-]+)*"
    r"@(?:[a-z0-9\x80-\U0010ffff](?:[a-z0-9\x80-\U0010ffff-]{0,61}[a-z0-9\x80-\U0010ffff])?\.)*"
    r"[a-z0-9\x80-\U0010ffff](?:[a-z0-9\x80-\U0010ffff-]{0,61}[a-z0-9\x80-\U0010ffff])?"
)
"""A mail address (RFC 5321 section 4.1.2, RFC 6531), its domain in lower case. No quoted local
parts, and none of what mail servers may take for a route, a pipe or a file (`%`, `!`, `|`, `/`),
nor a program for an option."""


def tidy(address: str) -> str:
    """The one way in which a mail address is kept: its domain as people read it, in small letters,
    which its form in ASCII (RFC 3490) leads back to. So one domain is one, however it is written.
    Raises BadInput where it is none."""
    local, at, written = address.rpartition("@")
    domain = unicodedata.normalize("NFKC", written).lower()
    try:
        if "xn--" in domain:
            domain = domain.encode("ascii").decode("idna")
        same = domain.encode("idna").decode("idna") == domain
    except UnicodeError:
        same = False
    if not same:
        raise BadInput(
            _(
                "“{domain}” could be mistaken for another domain. Use the spelling that its "
                "owner uses.",
                domain=written[:80],
            )
        )
    return f"{local}{at}{domain}"


DAYS = 30
"""How long after it was sent a mail may come back."""
_DAY = 86_400_000
_TOKEN = re.compile(r"b\+([a-z2-7]{32})")
_DIGEST, _DATE, _SIGN = 8, 2, 10
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Verp:
    """Makes and reads envelope senders at `domain`; `secret` signs them."""

    secret: bytes
    domain: str

    def sender(self, target: Channel, now: int) -> str:
        """For a mail to `target`; `now` in ms."""
        body = self.digest(target) + (now // _DAY % 65536).to_bytes(_DATE, "big")
        token = base64.b32encode(body + self.sign(body)).decode().lower()
        return f"b+{token}@{self.domain}"

    def read(self, address: str, now: int) -> bytes | None:
        """The digest of whom a mail went to that came back to `address`; None where we did not send
        it, or long ago."""
        local, _at, domain = address.lower().rpartition("@")
        found = _TOKEN.fullmatch(local)
        if domain != self.domain or not found:
            return None
        token = base64.b32decode(found[1].upper())
        body, sign = token[:-_SIGN], token[-_SIGN:]
        age = (now // _DAY - int.from_bytes(body[_DIGEST:], "big")) % 65536
        return (
            body[:_DIGEST] if hmac.compare_digest(sign, self.sign(body)) and age <= DAYS else None
        )

    def digest(self, target: Channel) -> bytes:
        """The digest of `target`; nobody can find another address that has the same."""
        key = hashlib.blake2b(self.secret, digest_size=32, person=b"mail address").digest()
        return hashlib.blake2b(str(target).encode(), digest_size=_DIGEST, key=key).digest()

    def sign(self, body: bytes) -> bytes:
        """The signature of a token's body."""
        key = hashlib.blake2b(self.secret, digest_size=32, person=b"mail envelope").digest()
        return hashlib.blake2b(body + self.domain.encode(), digest_size=_SIGN, key=key).digest()
