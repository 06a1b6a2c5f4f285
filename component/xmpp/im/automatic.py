"""Tells what a program answers by itself, such as a holiday notice, from what a person writes.

What comes right behind a message of ours is suspect, unless its author wrote to us before; so is
what says of itself that it is automatic (RFC 3834), and the same words behind several messages.
Nothing is lost: the bot asks whether to post it.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar
from xml.etree.ElementTree import Element

from component.xmpp.stanza import NS, bare, body_of

RIGHT_BEHIND_S = 2.0
"""Seconds within which no person reads a message and answers it."""
BEHIND_S = 60.0
"""Seconds within which the same words as before are an answer to our message."""
SPEAKS_S = 600.0
"""Seconds for which someone who wrote by themselves is taken for a person."""
LEAST_WORDS = 12
"""Characters of words that are not repeated by chance."""
REMEMBERED = 20_000
"""People."""

T = TypeVar("T")

_SHIM = "http://jabber.org/protocol/shim"
_HINTS = "urn:xmpp:hints"
_SAYS_SO = re.compile(
    r"\W{0,3}(?:auto:|auto[- ]?(?:reply|response|answer)\b|automatic (?:reply|response|answer)\b"
    r"|out of office\b|automatische antwort\b|abwesenheits(?:notiz|nachricht|meldung)\b)",
    re.IGNORECASE,
)


class AutomaticAnswers:
    """What was sent to whom and when, as far as it matters; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()
        self._spoke: OrderedDict[str, float] = OrderedDict()
        self._words: OrderedDict[str, str] = OrderedDict()

    def told(self, jid: str) -> None:
        """A message of ours goes to a bare JID. This is on the way of each message to people."""
        remember(self._told, jid, self._clock())

    def suspects(self, stanza: Element) -> bool:
        """Whether a message to the bot may be an automatic answer."""
        if says_so(stanza):
            return True
        jid, words, now = bare(stanza.get("from", "")), body_of(stanza).strip(), self._clock()
        since = now - self._told.get(jid, -BEHIND_S)
        if since < BEHIND_S and self.is_repeated(jid, words):
            return True
        if since < BEHIND_S and has_hint(stanza):
            return True
        if since >= RIGHT_BEHIND_S:
            remember(self._spoke, jid, now)
            return False
        return now - self._spoke.get(jid, -SPEAKS_S) >= SPEAKS_S

    def is_repeated(self, jid: str, words: str) -> bool:
        """Whether someone's last words behind a message of ours were the same."""
        before = self._words.get(jid)
        remember(self._words, jid, words[:1000])
        return len(words) >= LEAST_WORDS and before == words[:1000]


def remember(table: OrderedDict[str, T], jid: str, what: T) -> None:
    """Keep what is known of someone, and of not too many."""
    table[jid] = what
    table.move_to_end(jid)
    if len(table) > REMEMBERED:
        table.popitem(last=False)


def says_so(stanza: Element) -> bool:
    """Whether a message says of itself that a program wrote it: by a header (XEP-0131), its subject
    or its first words (RFC 3834 sections 3.1.5 and 5)."""
    for header in stanza.iterfind(f"{{{_SHIM}}}headers/{{{_SHIM}}}header"):
        value = (header.text or "").strip().casefold()
        if header.get("name", "").casefold() == "auto-submitted" and value not in ("", "no"):
            return True
    subject = stanza.findtext(f"{NS}subject") or ""
    return any(_SAYS_SO.match(text) for text in (subject, body_of(stanza)))


def has_hint(stanza: Element) -> bool:
    """Whether a client asks that nobody keeps a message (XEP-0334), as programs do for their
    answers."""
    hints = (f"{{{_HINTS}}}no-store", f"{{{_HINTS}}}no-permanent-store")
    return any(stanza.find(hint) is not None for hint in hints)
