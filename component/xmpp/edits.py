"""Reads corrections (XEP-0308) and retractions (XEP-0424) in what comes in: pure.

The body of a retraction is for clients that do not know it, and never anyone's words.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.xmpp.stanza import CORRECT, MAX_ID, body_of

RETRACT = "urn:xmpp:message-retract:1"
RETRACT_0 = "urn:xmpp:message-retract:0"
"""XEP-0424 before 0.4: inside of an `apply-to` (XEP-0422), which names the message."""
FASTEN = "urn:xmpp:fasten:0"
OCCUPANT_ID = "urn:xmpp:occupant-id:0"
ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a stanza does to an earlier one of its sender: `named` is what it calls that, and it
    `retracts` it, or gives it other words."""

    named: str
    retracts: bool


def edit_of(stanza: Element) -> Edit | None:
    """The edit in a stanza; None in other stanzas. Words that are replaced by none are taken
    back."""
    retracted = retracted_by(stanza)
    if retracted is not None:
        return Edit(retracted, True)
    replace = stanza.find(f"{{{CORRECT}}}replace")
    if replace is None:
        return None
    return Edit(checked(replace.get("id", "")), not body_of(stanza).strip())


def retracted_by(stanza: Element) -> str | None:
    """What a stanza calls the message that it takes back; None where it takes none back."""
    for namespace in (RETRACT, RETRACT_0):
        retract = stanza.find(f"{{{namespace}}}retract")
        if retract is not None:
            return checked(retract.get("id", ""))
    fastening = stanza.find(f"{{{FASTEN}}}apply-to")
    if fastening is not None and fastening.find(f"{{{RETRACT_0}}}retract") is not None:
        return checked(fastening.get("id", ""))
    return None


def names_of(stanza: Element, archived: str = "") -> tuple[str, ...]:
    """What its sender may call a stanza later: its id (XEP-0308), the archive's id for it or the
    origin-id (XEP-0424, XEP-0359)."""
    names = [stanza.get("id", ""), archived]
    origin = stanza.find(ORIGIN_ID)
    if origin is not None:
        names.append(origin.get("id", ""))
    found: dict[str, None] = {}
    for name in names:
        if checked(name):
            found[name] = None
    return tuple(found)


def occupant_id(stanza: Element) -> str:
    """The id that a room gives to an occupant (XEP-0421); "" where it gives none. Only a room that
    says that it does may be believed."""
    given = stanza.find(f"{{{OCCUPANT_ID}}}occupant-id")
    if given is None:
        return ""
    return checked(given.get("id", ""))


def checked(name: str) -> str:
    """An id, "" where it is too long to be one."""
    if len(name) > MAX_ID:
        return ""
    return name
