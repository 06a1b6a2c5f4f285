"""The links in mails: to confirm an address, to end a subscription, to end everything. Each is
signed: only those who received it, or got it from them, have it. A GET shows what it would do; a
POST does it."""

from collections.abc import Sequence

from component.bus.model.message import Channel
from component.bus.model.subscription import Address
from component.common.errors import BadInput
from component.common.signing import Signer

_CONFIRM, _END, _STOP = "confirm an address", "end subscriptions", "stop an address"


class Links:
    """Makes and reads them, with the web side's public address (no slash at its end) and the bus's
    secret."""

    def __init__(self, public_url: str, secret: bytes) -> None:
        self._url = public_url
        self._signer = Signer(secret)

    def confirm(self, address: Address) -> str:
        """Confirms that an address belongs to the person who gave it."""
        return f"{self._url}/confirm/{self._signer.token(_CONFIRM, *parts_of(address))}"

    def code(self, address: Address) -> str:
        """What its owner says instead, where the address takes no links: six digits."""
        return self._signer.code(_CONFIRM, *parts_of(address))

    def unsubscribe(self, numbers: Sequence[int]) -> str:
        """Ends the subscriptions with these numbers."""
        return f"{self._url}/unsubscribe/{self._signer.token(_END, *map(str, numbers))}"

    def stop_all(self, target: Channel) -> str:
        """Ends all that an address gets."""
        return f"{self._url}/stop/{self._signer.token(_STOP, str(target))}"

    def manage(self) -> str:
        """Where someone who is signed in sees their own."""
        return f"{self._url}/subscriptions"

    def confirmed(self, token: str) -> tuple[str, Channel, int] | None:
        """Whose address a token confirms, which, and when that was asked; None for a token that is
        not ours."""
        parts = self._signer.read(_CONFIRM, token)
        if not parts:
            return None
        return parts[0], Channel.parse(parts[1]), int(parts[2])

    def ended(self, token: str) -> Sequence[int] | None:
        """The numbers of the subscriptions that a token ends."""
        parts = self._signer.read(_END, token)
        if not parts:
            return None
        return list(map(int, parts))

    def stopped(self, token: str) -> Channel | None:
        """The address that a token stops."""
        parts = self._signer.read(_STOP, token)
        if not parts:
            return None
        try:
            return Channel.parse(parts[0])
        except BadInput:
            return None


def parts_of(address: Address) -> tuple[str, str, str]:
    """What is signed of a request to confirm an address."""
    return address.who, str(address.target), str(address.asked)
