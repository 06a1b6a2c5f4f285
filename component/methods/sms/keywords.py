"""What a number's owner writes to end SMS, or to let them come again: pure.

The words are those that carriers require (FCC 47 CFR 64.1200(a)(10), CTIA's Messaging Principles),
with the German ones. A word counts alone or with politeness; in any other sentence it is a word
like any other.
"""

import re
import unicodedata
from collections.abc import Iterator

STOP_WORDS = frozenset(
    {
        "stop",
        "stopp",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        # German
        "stoppen",
        "abbestellen",
        "abmelden",
        "abmeldung",
        "meldeab",
        "austragen",
        "beenden",
        "ende",
        "kündigen",
        "kuendigen",
        "kündigung",
        "kuendigung",
        "aufhören",
        "aufhoeren",
        "keinesms",
        "keinesmsmehr",
        # French, which carriers in Canada require
        "arret",
        "arrêt",
    }
)
"""End everything that goes to a number. Words are written together: “opt out” is “optout”."""
START_WORDS = frozenset({"start", "unstop", "starten"})
"""End that; telephone companies tell people these too."""
BESIDE = frozenset(
    {
        "please",
        "pls",
        "plz",
        "kindly",
        "thank",
        "you",
        "thanks",
        "thx",
        "ty",
        "me",
        "now",
        "all",
        "sms",
        "text",
        "texts",
        "message",
        "messages",
        # German
        "bitte",
        "danke",
        "vielen",
        "dank",
        "mich",
        "jetzt",
        "sofort",
        "alle",
        "alles",
        "nachricht",
        "nachrichten",
        "abo",
    }
)
"""Words beside, which change nothing."""
_WORD = re.compile(r"[^\W_]+")
_SIGNATURE = re.compile(r"^--\s*$", re.MULTILINE)


def is_stop(text: str) -> bool:
    """Whether a text wants no more SMS."""
    return not STOP_WORDS.isdisjoint(readings(text))


def is_start(text: str) -> bool:
    """Whether a text lets SMS come again."""
    return not START_WORDS.isdisjoint(readings(text))


def readings(text: str) -> Iterator[str]:
    """The words of a text without its signature, written together: all, and without those
    beside."""
    said = _SIGNATURE.split(text, 1)[0]
    words = _WORD.findall(unicodedata.normalize("NFKC", said).casefold())
    yield "".join(words)
    yield "".join(word for word in words if word not in BESIDE)
