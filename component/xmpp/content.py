"""What a message holds: a person's words, or something whose body is a program's word. Pure.

Programs add a body for clients that do not know the rest of such a message. It is not what somebody
said.
"""

import re
from dataclasses import dataclass
from enum import Enum
from xml.etree.ElementTree import Element

from component.common.jids import folded, is_bare_jid
from component.xmpp.stanza import INVITE, MUC_USER, bare, body_of, domain, resource

EME = "urn:xmpp:eme:0"
FALLBACK = "urn:xmpp:fallback:0"
OMEMO = (
    "eu.siacs.conversations.axolotl",
    "urn:xmpp:omemo:0",
    "urn:xmpp:omemo:1",
    "urn:xmpp:omemo:2",
)
"""The namespaces of the versions of XEP-0384."""
ENCRYPTED = {
    "{jabber:x:encrypted}x": "OpenPGP",  # XEP-0027
    "{urn:xmpp:openpgp:0}openpgp": "OpenPGP",  # XEP-0373
    "{urn:ietf:params:xml:ns:xmpp-e2e}e2e": "S/MIME",  # RFC 3923
}
"""Elements that hold an encrypted message, and the name of the method."""
NAMES = {
    **dict.fromkeys(OMEMO, "OMEMO"),
    "urn:xmpp:otr:0": "OTR",
    "jabber:x:encrypted": "OpenPGP",
    "urn:xmpp:openpgp:0": "OpenPGP",
    "urn:ietf:params:xml:ns:xmpp-e2e": "S/MIME",
}
"""Names of the methods that a message is encrypted by (XEP-0380 section 3)."""
EVENTS = (
    "{http://jabber.org/protocol/pubsub#event}",  # XEP-0060
    "{urn:xmpp:call-invites:",  # XEP-0482
    "{urn:xmpp:chat-markers:",  # XEP-0333
    "{urn:xmpp:fasten:",  # XEP-0422
    "{urn:xmpp:jingle-message:",  # XEP-0353
    "{urn:xmpp:message-moderate:",  # XEP-0425
    "{urn:xmpp:message-retract:",  # XEP-0424
    "{urn:xmpp:reactions:",  # XEP-0444
)
"""How the elements begin that are something else than words."""
ASKS_FOR_MARKER = "markable"
"""Part of messages that hold words: it asks to be told when they are read (XEP-0333 section
4)."""
_BODIES = {
    "OTR": re.compile(r"\s*\?OTR(?:[:,|]|\??v[0-9x]*\?|\?| Error:)"),
    "OpenPGP": re.compile(r"\s*-----BEGIN PGP MESSAGE-----"),
}
"""How bodies begin that are encrypted: a message of OTR, a request to begin it or its
error (Off-the-Record Messaging Protocol version 3), and OpenPGP's (RFC 9580 section 6.2)."""
MAX_NAME = 40
"""Characters of a method's name that are repeated."""


class Content(Enum):
    """What a message holds."""

    WORDS = "words"
    ENCRYPTED = "encrypted"
    """Words that only another client can read."""
    INVITATION = "invitation"
    """It invites into a room (XEP-0045 section 7.8, XEP-0249)."""
    EVENT = "event"
    """A reaction, a call, keys: nothing that anybody said."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation into a room, and the bare JID of who invites; "" where that is hidden.
    `by_room`: it is the room that says who invites."""

    room: str
    inviter: str
    by_room: bool = False

    @property
    def is_vouched_for(self) -> bool:
        """Whether the inviter may be written to: they invite themselves, or the room is at a
        service of the inviter's server. Other rooms could name anybody."""
        return not self.by_room or domain(self.room).endswith(f".{domain(self.inviter)}")


def content_of(stanza: Element) -> Content:
    """What a message holds."""
    if encryption_of(stanza):
        return Content.ENCRYPTED
    if invitation_of(stanza):
        return Content.INVITATION
    if has_event(stanza) or is_claimed(stanza):
        return Content.EVENT
    if has_keys_alone(stanza) or is_all_fallback(stanza):
        return Content.EVENT
    return Content.WORDS


def has_event(stanza: Element) -> bool:
    """Whether something is in it that is not words."""
    for child in stanza:
        if child.tag.startswith(EVENTS) and not child.tag.endswith(f"}}{ASKS_FOR_MARKER}"):
            return True
    return False


def encryption_of(stanza: Element) -> str:
    """The name of the method that the words are encrypted by; "" where they are not."""
    for namespace in OMEMO:
        encrypted = stanza.find(f"{{{namespace}}}encrypted")
        if encrypted is not None and encrypted.find(f"{{{namespace}}}payload") is not None:
            return "OMEMO"
    for tag, method in ENCRYPTED.items():
        if stanza.find(tag) is not None:
            return method
    hint = stanza.find(f"{{{EME}}}encryption")
    if hint is not None and not has_keys_alone(stanza):
        name = hint.get("name", "")[:MAX_NAME]
        return NAMES.get(hint.get("namespace", ""), "") or name or "?"
    return encryption_of_text(body_of(stanza))


def encryption_of_text(text: str) -> str:
    """The name of the method that a text itself is encrypted by; "" where it is not."""
    for method, start in _BODIES.items():
        if start.match(text):
            return method
    return ""


def has_keys_alone(stanza: Element) -> bool:
    """Whether OMEMO only exchanges keys: without a payload nothing was said (XEP-0384 section
    5.5)."""
    for namespace in OMEMO:
        encrypted = stanza.find(f"{{{namespace}}}encrypted")
        if encrypted is not None:
            return encrypted.find(f"{{{namespace}}}payload") is None
    return False


def invitation_of(stanza: Element) -> Invitation | None:
    """The invitation in a message: a room's, or a person's into a room; None for nothing that could
    be one."""
    sender = stanza.get("from", "")
    invite = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
    if invite is not None and not resource(sender) and is_bare_jid(sender):
        return Invitation(bare(sender), bare(invite.get("from", "")), by_room=True)
    direct = stanza.find(f"{{{INVITE}}}x")
    if direct is None or stanza.get("type") == "groupchat":
        return None
    room = folded(direct.get("jid", ""))
    if not is_bare_jid(room):
        return None
    return Invitation(room, bare(sender))


def is_claimed(stanza: Element) -> bool:
    """Whether the words are those of a room that invites, or says that an invitation was declined
    (XEP-0045 section 7.8.2), or of a person who claims to be one."""
    for kind in ("invite", "decline"):
        if stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}{kind}") is not None:
            return True
    return False


def is_all_fallback(stanza: Element) -> bool:
    """Whether all of the body is there for clients that do not know the rest, which is not words
    (XEP-0428 section 3). The words for a file, a sticker or whatever is not known here count."""
    for fallback in stanza.iterfind(f"{{{FALLBACK}}}fallback"):
        feature = fallback.get("for", "")
        is_for_event = not feature or f"{{{feature}}}".startswith(EVENTS)
        if is_for_event and is_whole(fallback):
            return True
    return False


def is_whole(fallback: Element) -> bool:
    """Whether a fallback covers all of the body: it says nothing else, or names no part of it."""
    body = fallback.find(f"{{{FALLBACK}}}body")
    if body is None:
        return not len(fallback)
    return "start" not in body.attrib and "end" not in body.attrib
