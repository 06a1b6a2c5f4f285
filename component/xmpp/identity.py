"""Who each JID of ours is, and what it says of itself: disco identity, capabilities, avatar."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from xml.etree.ElementTree import Element

from component.bus.model.message import GUEST_PREFIX, Channel
from component.xmpp.elements import element, query
from component.xmpp.handlers import Places
from component.xmpp.stanza import (
    CAPS,
    COMMANDS,
    DATA,
    DISCO_INFO,
    DISCO_ITEMS,
    LAST,
    PING,
    RECEIPTS,
    SAID,
    TIME,
    VCARD,
    VERSION,
    domain,
    local,
)

AVATAR = resources.files("component.xmpp").joinpath("avatar.png").read_bytes()
NODE = "urn:shoutbus"
VCARD_UPDATE = "vcard-temp:x:update"

_FEATURES = (CAPS, DISCO_INFO, DISCO_ITEMS, LAST, PING, RECEIPTS, SAID, TIME, VCARD, VERSION)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a JID says it is (XEP-0030): category, type and name. Type "web" is the puppet of a web
    user."""

    category: str
    type: str
    name: str

    @property
    def features(self) -> tuple[str, ...]:
        """What it can do; web users do not have commands."""
        if self.type == "web":
            return _FEATURES
        return (*_FEATURES, COMMANDS, DATA)

    def info(self, node: str) -> Element:
        """The disco#info answer."""
        info = query(DISCO_INFO, node=node)
        info.append(
            element(DISCO_INFO, "identity", category=self.category, type=self.type, name=self.name)
        )
        for feature in self.features:
            info.append(element(DISCO_INFO, "feature", var=feature))
        return info

    @property
    def ver(self) -> str:
        """The verification string (XEP-0115 section 5.1, SHA-1)."""
        parts = (f"{self.category}/{self.type}//{self.name}", *sorted(self.features), "")
        digest = hashlib.sha1("<".join(parts).encode(), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()

    @property
    def presence(self) -> tuple[Element, Element]:
        """What its presence carries: capabilities, and the avatar's hash (XEP-0153)."""
        caps = element(CAPS, "c", hash="sha-1", node=NODE, ver=self.ver)
        photo = hashlib.sha1(AVATAR, usedforsecurity=False).hexdigest()
        return caps, element(VCARD_UPDATE, "x", element(VCARD_UPDATE, "photo", text=photo))


class Identities:
    """The JIDs of a component's domain: itself, the bot, the open channels, and web users."""

    def __init__(self, places: Places, own_domain: str, bot: str) -> None:
        self._places = places
        self._domain = own_domain
        self._bot = bot

    def channel_at(self, jid: str) -> Channel | None:
        """The channel whose address a bare JID is."""
        if domain(jid) != self._domain or jid == self._bot:
            return None
        return self._places.channel_named(local(jid))

    def find(self, jid: str) -> Identity | None:
        """Who a bare JID is; None where nobody is there."""
        if jid == self._domain:
            return Identity("component", "generic", "Shoutbus")
        if jid == self._bot:
            return Identity("client", "bot", "Shoutbus")
        channel = self.channel_at(jid)
        if channel:
            return Identity("client", "bot", self._places.title(channel))
        if local(jid).startswith(GUEST_PREFIX):
            return Identity("client", "web", "Someone on the web page")
        return None

    def listed(self) -> Sequence[tuple[str, str]]:
        """(JID, name) of those that the component's disco#items show."""
        rows = [(self._bot, "Shoutbus")]
        for spec in self._places.open_channels():
            jid = f"{spec.channel.address}@{self._domain}"
            rows.append((jid, self._places.title(spec.channel)))
        return rows
