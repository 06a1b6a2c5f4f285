"""Text made safe to pass on. Pure functions; nothing here knows a method.

XML 1.0 section 2.2 says which characters may stand in a document at all: one that may not kills a
whole XMPP stream, so every way in scrubs, and the way out scrubs again.
"""

import re
import unicodedata

BARE_JID = re.compile(r"[^\s\"&'/:<>@A-Z]{1,1023}@[^\s/@\"'&<>A-Z]{1,1023}")
"""A bare JID in the form it is compared in (RFC 7622 section 3): with a local part, in lower
case."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Bidirectional controls, which make a name read as another, and what can't be seen at all.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Cyrillic, Greek and other letters drawn like Latin ones, and what reads alike within Latin (from
# UTS 39's confusables; what compatibility decomposition folds already is not repeated). A capital i
# is drawn like a small L, and both are small once folded, so that i and l are one here.
_LOOKS_LIKE = {
    "a": "аαɑ",
    "b": "ьꞵ",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еєε",
    "g": "ɡց",
    "h": "һ",
    "i": "іιɩlӏ1|ı",
    "j": "јϳ",
    "k": "кκ",
    "m": "м",
    "n": "пη",
    "o": "оοσ0",
    "p": "рρ",
    "q": "ԛ",
    "s": "ѕ",
    "t": "тτ",
    "u": "υս",
    "v": "ѵν",
    "w": "ԝω",
    "x": "хχ",
    "y": "уγү",
}
# Capitals drawn like Latin ones whose small forms are not: Greek ones, and Cyrillic В and Н.
_CAPITALS = str.maketrans("ΒΖΗΜΝΥВН", "bzhmnybh")
_LOOKALIKES = str.maketrans(
    {other: latin for latin, others in _LOOKS_LIKE.items() for other in others}
)


def scrub(text: str) -> str:
    """`text` with line ends as LF and each character that XML can't carry as U+FFFD."""
    return _ILLEGAL.sub(
        "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    )


def is_clean(text: str) -> bool:
    """Whether XML, JSON and a database can all carry `text` as it is."""
    return not _ILLEGAL.search(text)


def one_line(text: str) -> str:
    """`text` scrubbed, without hidden characters, its white space folded to single spaces."""
    return " ".join(_HIDDEN.sub("", scrub(text)).split())


def has_hidden(text: str) -> bool:
    """Whether `text` holds bidirectional controls or invisible characters."""
    return bool(_HIDDEN.search(text))


def skeleton(name: str) -> str:
    """What `name` looks like: two names with one skeleton can be taken for each other (UTS 39
    section 4)."""
    folded = unicodedata.normalize("NFKD", _HIDDEN.sub("", name))
    folded = folded.translate(_CAPITALS).casefold().translate(_LOOKALIKES)
    return "".join(c for c in folded if not unicodedata.combining(c) and not c.isspace())


def escape(text: str) -> str:
    """`text` as XML character data or attribute value in double quotes."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )


def fit(text: str, budget: int, rest: str) -> str:
    """`text` cut so that it takes at most `budget` bytes once escaped for XML; `rest` then says
    where the whole is."""
    if len(text) * 6 <= budget or _size(text) <= budget:
        return text
    room = budget - _size(rest)
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low] + rest


def _size(text: str) -> int:
    return len(escape(text).encode())
