"""The front desk: what anyone may ask a JID of ours (disco, version, ping, last activity, time,
vCard).

Answers are the same on a bare and a full JID. An IQ that nobody answers gets `service-unavailable`.
"""

import base64
import datetime
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Protocol
from xml.etree.ElementTree import Element

import structlog

from component import __version__
from component.bus.model.message import GUEST_PREFIX
from component.common.i18n import _, best
from component.common.sanitize import escape as q
from component.xmpp.handlers import IqFault
from component.xmpp.session import Session
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
    bare,
    element,
    error,
    language_of,
    local,
)
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

AVATAR = resources.files("component.xmpp").joinpath("avatar.png").read_bytes()
NODE = "urn:shoutbus"
_FEATURES = (CAPS, DISCO_INFO, DISCO_ITEMS, LAST, PING, RECEIPTS, SAID, TIME, VCARD, VERSION)
_VCARD_UPDATE = "vcard-temp:x:update"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a JID says it is (XEP-0030): category, type and name; features are everyone's."""

    category: str
    type: str
    name: str

    @property
    def features(self) -> tuple[str, ...]:
        """What it can do; web users have no commands."""
        return _FEATURES if self.type == "web" else (*_FEATURES, COMMANDS, DATA)

    def info(self, node: str) -> str:
        """The disco#info answer's XML."""
        me = element("identity", {"category": self.category, "type": self.type, "name": self.name})
        features = "".join(element("feature", {"var": one}) for one in self.features)
        return element("query", {"xmlns": DISCO_INFO, "node": node}, me, features)

    @property
    def ver(self) -> str:
        """The verification string (XEP-0115 section 5.1, SHA-1)."""
        told = f"{self.category}/{self.type}//{self.name}<" + "".join(
            f"{one}<" for one in sorted(self.features)
        )
        return base64.b64encode(
            hashlib.sha1(told.encode(), usedforsecurity=False).digest()
        ).decode()

    @property
    def presence(self) -> str:
        """What rides on its presence: capabilities, and the avatar's hash (XEP-0153)."""
        photo = hashlib.sha1(AVATAR, usedforsecurity=False).hexdigest()
        caps = element("c", {"xmlns": CAPS, "hash": "sha-1", "node": NODE, "ver": self.ver})
        return caps + element("x", {"xmlns": _VCARD_UPDATE}, f"<photo>{photo}</photo>")


class Commands(Protocol):
    """Ad-hoc commands (XEP-0050), as the desk offers them."""

    def listed(self, to: str, asker: str, language: str) -> Iterable[tuple[str, str]]:
        """(node, name) of what `asker` may call at our JID `to`."""

    def named(self, node: str, asker: str, language: str) -> str | None:
        """What a command's node is called; None where there is none for `asker`."""

    async def serve(self, stanza: Element) -> str:
        """The inside of a command's result; raises IqFault."""


class Disco:
    """Answers IQs. `listed` gives (JID, name) of what the component's own disco#items show."""

    def __init__(
        self,
        link: Session,
        identify: Callable[[str], Identity | None],
        listed: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        self._link = link
        self._identify = identify
        self._listed = listed
        self._commands: Commands | None = None
        self._tasks = Tasks()
        self._answers: dict[str, Callable[[Element, Identity, str], str | None]] = {
            f"{{{LAST}}}query": self._last,
            f"{{{PING}}}ping": lambda *_all: "",
            f"{{{TIME}}}time": _time,
            f"{{{VCARD}}}vCard": _vcard,
            f"{{{VERSION}}}query": _version,
        }

    def attach(self, commands: Commands) -> None:
        """Close the circle."""
        self._commands = commands

    def iq(self, stanza: Element) -> None:
        """Answer a `get` or `set`."""
        if stanza.find(f"{{{COMMANDS}}}command") is not None and stanza.get("type") == "set":
            self._tasks.run(self._command(stanza))
            return
        to, asker = stanza.get("to", ""), stanza.get("from", "")
        who = self._identify(bare(to))
        asked = next(iter(stanza), None)
        reply = {"from": to, "to": asker, "id": stanza.get("id", "")}
        language = best(language_of(stanza))
        if who is None:
            inside: str | None = None
            condition, sentence = (
                "item-not-found",
                _("The address {jid} does not exist.", jid=bare(to)),
            )
        else:
            answer = (
                self._answers.get(asked.tag)
                if asked is not None and stanza.get("type") == "get"
                else None
            )
            inside = answer(asked, who, language) if answer and asked is not None else None
            if (
                asked is not None
                and asked.tag == f"{{{DISCO_ITEMS}}}query"
                and stanza.get("type") == "get"
            ):
                inside = self._items(asked, who, stanza)
            elif (
                asked is not None
                and asked.tag == f"{{{DISCO_INFO}}}query"
                and stanza.get("type") == "get"
            ):
                inside = self._info(asked, who, stanza)
            condition, sentence = (
                "service-unavailable",
                _("This address does not support the request."),
            )
        if inside is None:
            reply["type"], inside = "error", error("cancel", condition, sentence.told(language))
        else:
            reply["type"] = "result"
        self._link.try_send(element("iq", reply, inside))

    async def _command(self, stanza: Element) -> None:
        reply = {
            "from": stanza.get("to", ""),
            "to": stanza.get("from", ""),
            "id": stanza.get("id", ""),
        }
        who = self._identify(bare(stanza.get("to", "")))
        offered = self._commands if who and who.type != "web" else None
        language = best(language_of(stanza))
        none = _("This address does not offer commands.").told(language)
        try:
            inside, kind = error("cancel", "service-unavailable", none), "error"
            if offered:
                inside, kind = await offered.serve(stanza), "result"
        except IqFault as fault:
            inside, kind = fault.xml, "error"
        except Exception:  # whoever asked waits for an answer
            log.exception("command failed")
            told = _("An internal error occurred; see the log of Shoutbus.").told(language)
            inside, kind = error("wait", "internal-server-error", told), "error"
        self._link.try_send(element("iq", reply | {"type": kind}, inside))

    def _info(self, asked: Element, who: Identity, stanza: Element) -> str | None:
        node = asked.get("node", "")
        if node in ("", f"{NODE}#{who.ver}"):
            return who.info(node)
        if who.type == "web" or not self._commands:
            return None
        if node == COMMANDS:
            return Identity("automation", "command-list", who.name).info(node)
        name = self._commands.named(node, stanza.get("from", ""), language_of(stanza))
        return Identity("automation", "command-node", name).info(node) if name else None

    def _items(self, asked: Element, who: Identity, stanza: Element) -> str:
        to = stanza.get("to", "")
        if asked.get("node") == COMMANDS and self._commands and who.type != "web":
            offered = self._commands.listed(to, stanza.get("from", ""), language_of(stanza))
            items = "".join(
                element("item", {"jid": to, "node": node, "name": name}) for node, name in offered
            )
            return element("query", {"xmlns": DISCO_ITEMS, "node": COMMANDS}, items)
        listed = self._listed() if to == self._link.domain and not asked.get("node") else ()
        items = "".join(element("item", {"jid": jid, "name": name}) for jid, name in listed)
        return element("query", {"xmlns": DISCO_ITEMS, "node": asked.get("node", "")}, items)

    def _last(self, _asked: Element, _who: Identity, _language: str) -> str:
        return f'<query xmlns="{LAST}" seconds="{self._link.uptime:.0f}"/>'


def puppet(jid: str) -> Identity | None:
    """What a web user's JID says it is."""
    return (
        Identity("client", "web", "Someone on the web page")
        if local(jid).startswith(GUEST_PREFIX)
        else None
    )


def _version(_asked: Element, _who: Identity, _language: str) -> str:
    return (
        f'<query xmlns="{VERSION}"><name>Shoutbus</name><version>{q(__version__)}</version></query>'
    )


def _time(_asked: Element, _who: Identity, _language: str) -> str:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<time xmlns="{TIME}"><tzo>+00:00</tzo><utc>{now}</utc></time>'


def _vcard(_asked: Element, who: Identity, language: str) -> str | None:
    if who.type == "web":
        return f'<vCard xmlns="{VCARD}"><FN>{q(who.name)}</FN></vCard>'
    photo = (
        f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{base64.b64encode(AVATAR).decode()}</BINVAL></PHOTO>"
    )
    told = _("Forwards messages between rooms, shoutboxes and people. Write “help” to me.").told(
        language
    )
    names = f"<FN>{q(who.name)}</FN><NICKNAME>{q(who.name)}</NICKNAME>"
    return f'<vCard xmlns="{VCARD}">{names}{photo}<DESC>{q(told)}</DESC></vCard>'
