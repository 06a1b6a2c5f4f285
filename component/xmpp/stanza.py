"""Reads stanzas: the namespaces, the parts of JIDs, and what an element says. No I/O.

What comes in is read from the parsed element itself, so a JID that slixmpp would refuse (a nickname
with an emoji in it) costs no exception. `elements` builds what goes out.
"""

from dataclasses import dataclass
from typing import Self
from xml.etree.ElementTree import Element

from component.common.jids import folded
from component.common.sanitize import one_line

NS = "{jabber:component:accept}"
STREAM_ERROR = "{http://etherx.jabber.org/streams}error"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
CAPS = "http://jabber.org/protocol/caps"
COMMANDS = "http://jabber.org/protocol/commands"
CORRECT = "urn:xmpp:message-correct:0"
DATA = "jabber:x:data"
DELAY = "{urn:xmpp:delay}delay"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
FORWARDED = "{urn:xmpp:forward:0}forwarded"
INVITE = "jabber:x:conference"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
LAST = "jabber:iq:last"
MAM = "urn:xmpp:mam:2"
MUC = "http://jabber.org/protocol/muc"
MUC_ADMIN = MUC + "#admin"
MUC_OWNER = MUC + "#owner"
MUC_USER = MUC + "#user"
PING = "urn:xmpp:ping"
RECEIPTS = "urn:xmpp:receipts"
RSM = "http://jabber.org/protocol/rsm"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
MAX_ID = 200
"""Characters of an archive's id that are believed."""
TIME = "urn:xmpp:time"
VCARD = "vcard-temp"
VERSION = "jabber:iq:version"
SAID = "urn:shoutbus:said:0"
"""Our own: the message's id, the same in every bus, on whatever the bus says; `proof` shows that
this bus said it. Without an id it marks the bus's own words."""


def bare(jid: str) -> str:
    """The JID without its resource, as servers compare it."""
    return folded(jid.partition("/")[0])


def resource(jid: str) -> str:
    """The part behind the slash; a room occupant's nickname."""
    return jid.partition("/")[2]


def local(jid: str) -> str:
    """The part before the @ ("" for a domain)."""
    name, at, _ = bare(jid).partition("@")
    if not at:
        return ""
    return name


def domain(jid: str) -> str:
    """The JID's domain."""
    return bare(jid).rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error stanza as read: its RFC 6120 condition and the text with it."""

    condition: str
    sentence: str = ""

    @classmethod
    def read(cls, stanza: Element) -> Self:
        """The fault in an error stanza; `undefined-condition` where it names none."""
        condition, sentence = "undefined-condition", ""
        for child in stanza.iterfind(f"{NS}error/*"):
            if child.tag == f"{{{STANZAS}}}text":
                sentence = one_line(child.text or "")[:300]
            elif child.tag.startswith(f"{{{STANZAS}}}"):
                condition = child.tag.rpartition("}")[2]
        return cls(condition, sentence)

    def __str__(self) -> str:
        if not self.sentence:
            return self.condition
        return f"{self.condition}: {self.sentence}"


def is_said(stanza: Element) -> bool:
    """Whether it bears the mark of what a bus says."""
    return stanza.find(f"{{{SAID}}}said") is not None


def said_of(stanza: Element) -> str:
    """The message's id on that mark; "" without one."""
    mark = stanza.find(f"{{{SAID}}}said")
    if mark is None:
        return ""
    return mark.get("id", "")


def proof_of(stanza: Element) -> str | None:
    """The proof on that mark that this bus said it in this room."""
    mark = stanza.find(f"{{{SAID}}}said")
    if mark is None:
        return None
    return mark.get("proof")


def is_aside(stanza: Element) -> bool:
    """Whether these are a bus's own words. They go no further and get no answer, or two buses would
    talk for ever."""
    return is_said(stanza) and not said_of(stanza)


def language_of(stanza: Element) -> str:
    """The stanza's `xml:lang`; "en" where it names none."""
    return stanza.get(LANGUAGE) or "en"


def body_of(stanza: Element) -> str:
    """The message's text; "" without one. Of several, the one in the message's own language, else
    the first (RFC 6121 section 5.2.3). What comes from an archive is in the namespace of
    clients."""
    bodies = stanza.findall(f"{NS}body") or stanza.findall("{jabber:client}body")
    if not bodies:
        return ""
    own = stanza.get(LANGUAGE)
    for body in bodies:
        if body.get(LANGUAGE, own) == own:
            return body.text or ""
    return bodies[0].text or ""


def features(info: Element) -> frozenset[str]:
    """The features in a disco#info answer (XEP-0030)."""
    names = set()
    for feature in info.iter(f"{{{DISCO_INFO}}}feature"):
        names.add(feature.get("var", ""))
    return frozenset(names)


def statuses(stanza: Element) -> frozenset[str]:
    """The status codes of a room's presence (XEP-0045 section 15.6)."""
    codes = set()
    for status in stanza.iterfind(f"{{{MUC_USER}}}x/{{{MUC_USER}}}status"):
        codes.add(status.get("code", ""))
    return frozenset(codes)


def stanza_id(stanza: Element, by: str) -> str:
    """The archive's id (XEP-0359) that `by` gave; "" where it gave none.

    Others' are forged: a server takes out the ones that claim its own JID, not those with a
    resource behind it.
    """
    for given in stanza.iterfind(STANZA_ID):
        if folded(given.get("by", "")) == by:
            return given.get("id", "")[:MAX_ID]
    return ""
