"""The address of a message's own page, which holds the message whole.

An id can be known or guessed from where the message was said, so the address holds a key besides.
"""

import hashlib
from dataclasses import dataclass

from component.bus.model.message import Message


@dataclass(frozen=True, slots=True)
class MessagePages:
    """The pages under a public URL (without a slash at its end); the store's secret makes the
    keys."""

    public_url: str
    secret: bytes

    def url(self, message: Message) -> str:
        """The address of a message's page."""
        return f"{self.public_url}/messages/{message.id}/{self.key(message.id)}"

    def key(self, message_id: str) -> str:
        """What opens the page of a message: 32 hexadecimal digits."""
        digest = hashlib.blake2b(
            message_id.encode(), digest_size=16, key=self.secret, person=b"message page"
        )
        return digest.hexdigest()
