"""JIDs in the form in which servers compare them: nodeprep for what is before the @, nameprep for
the domain (RFC 6122 appendix A, RFC 3491: profiles of stringprep, RFC 3454).

Prosody and ejabberd fold so. PRECIS (RFC 7622) keeps a few letters that they fold, such as ß.
"""

import re
import stringprep
import unicodedata
from functools import lru_cache

from component.common.errors import BadInput
from component.common.i18n import _

BARE_JID = re.compile(r"[^\s\"&'/:<>@A-Z]{1,1023}@[^\s/@\"'&<>A-Z]{1,1023}")
"""The look of a bare JID in this form, with a local part."""
MAX_PART_BYTES = 1023
"""Bytes of a local part and of a domain (RFC 6122 section 2.1)."""
KEPT_IN_MEMORY = 4_096
"""JIDs with other letters than ASCII's whose form is remembered."""

_NOT_IN_LOCAL = frozenset("\"&'/:<>@")
_NOT_IN_DOMAIN = _NOT_IN_LOCAL - {":"}  # which is in the address of a host
_PROHIBITED = (
    stringprep.in_table_c11_c12,  # spaces
    stringprep.in_table_c21_c22,  # control characters
    stringprep.in_table_c3,  # private use
    stringprep.in_table_c4,  # non-characters
    stringprep.in_table_c5,  # surrogates
    stringprep.in_table_c6,  # not for plain text
    stringprep.in_table_c7,  # not for canonical forms
    stringprep.in_table_c8,  # change of direction
    stringprep.in_table_c9,  # tags
)


def bare_jid(text: str) -> str:
    """A JID with a local part and without a resource, as a server has it. Raises BadInput."""
    local, _at, host = text.partition("@")
    folded = nodeprep(local), nameprep(host)
    if "" in folded:
        raise BadInput(_("“{text}” is not a JID. Write it as juliet@example.org.", text=text[:60]))
    return "@".join(folded)


def is_bare_jid(text: str) -> bool:
    """Whether a text is such a JID, however it is spelled."""
    local, _at, host = text.partition("@")
    return bool(nodeprep(local) and nameprep(host))


def channel_address(text: str) -> str:
    """The address of a channel that is a bare JID. Raises BadInput for other letters than ASCII's
    that no JID may contain; the channel's method refuses the rest in its own words."""
    return text.lower() if text.isascii() else bare_jid(text)


def folded(jid: str) -> str:
    """A bare JID or a domain that came over the wire, as a server has it; what no server would
    send is returned in lower case."""
    if jid.isascii():
        return jid.lower()
    return _folded(jid)


@lru_cache(KEPT_IN_MEMORY)
def _folded(jid: str) -> str:
    before, at, host = jid.rpartition("@")
    local = nodeprep(before) if at else ""
    return f"{local or before.lower()}{at}{nameprep(host) or host.lower()}"


def nodeprep(text: str) -> str:
    """What nodeprep makes of a text; "" where it refuses it."""
    return prepared(text, _NOT_IN_LOCAL)


def nameprep(text: str) -> str:
    """What nameprep makes of a domain; "" where it refuses it."""
    return prepared(text, _NOT_IN_DOMAIN)


def prepared(text: str, forbidden: frozenset[str]) -> str:
    """A part of a JID as a server has it; "" where no server takes it."""
    if len(text) > MAX_PART_BYTES:
        return ""
    kept = [small(c) for c in text if not stringprep.in_table_b1(c)]
    part = unicodedata.ucd_3_2_0.normalize("NFKC", "".join(kept))
    if not forbidden.isdisjoint(part) or any(map(is_prohibited, part)):
        return ""
    if len(part.encode()) > MAX_PART_BYTES or not has_one_direction(part):
        return ""
    return part


def small(character: str) -> str:
    """A character without its case (table B.2). Servers know the letters of Unicode 3.2, Python
    those of today: a capital whose small letter came later stays."""
    mapped = stringprep.map_table_b2(character)
    if any(map(stringprep.in_table_a1, character + mapped)):
        return character
    return mapped


def is_prohibited(character: str) -> bool:
    """Whether no part of a JID may contain a character."""
    return any(holds(character) for holds in _PROHIBITED)


def has_one_direction(part: str) -> bool:
    """Letters that are written to the left stand alone and at both ends (RFC 3454 section 6)."""
    if not any(map(stringprep.in_table_d1, part)):
        return True
    ends = stringprep.in_table_d1(part[0]) and stringprep.in_table_d1(part[-1])
    return ends and not any(map(stringprep.in_table_d2, part))
