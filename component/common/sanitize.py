"""Makes text safe to pass on. Pure functions; no method is known here.

XML 1.0 section 2.2 lists the characters that a document may contain. Any other one ends a whole
XMPP stream, so every input scrubs its text, and the output scrubs it again.
"""

import re
import unicodedata

MAX_ESCAPED_BYTES = 6
"""Bytes of one character, once escaped for XML, at most."""

ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Bidirectional controls, which make a name look like another, and characters that are not visible.
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Cyrillic, Greek and other letters that look like Latin ones, and Latin ones that look alike (from
# UTS 39's confusables, without those that compatibility decomposition folds already). A capital i
# looks like a small L, and both are small once folded, so i and l are the same here.
LOOKS_LIKE = {
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
# Capitals that look like Latin ones although their small forms do not: Greek ones, and Cyrillic В
# and Н.
CAPITALS = str.maketrans("ΒΖΗΜΝΥВН", "bzhmnybh")
LOOKALIKES: dict[int, str] = {}
for latin, others in LOOKS_LIKE.items():
    LOOKALIKES |= dict.fromkeys(map(ord, others), latin)


def scrub(text: str) -> str:
    """`text` with LF as line ends and U+FFFD for each character that XML cannot carry."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return ILLEGAL.sub("\ufffd", text)


def is_clean(text: str) -> bool:
    """Whether XML, JSON and a database can carry `text` unchanged."""
    return not ILLEGAL.search(text)


def one_line(text: str) -> str:
    """`text` scrubbed, without hidden characters, and with single spaces for all white space."""
    return " ".join(HIDDEN.sub("", scrub(text)).split())


def has_hidden(text: str) -> bool:
    """Whether `text` contains bidirectional controls or invisible characters."""
    return bool(HIDDEN.search(text))


def caseless(text: str) -> str:
    """A text as it is compared where neither case nor the way to type a letter matters (the Unicode
    Standard, section 3.13)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def skeleton(name: str) -> str:
    """What `name` looks like: two names with the same skeleton can be mistaken for each other (UTS
    39 section 4)."""
    folded = unicodedata.normalize("NFKD", HIDDEN.sub("", name))
    folded = folded.translate(CAPITALS).casefold().translate(LOOKALIKES)
    return "".join(c for c in folded if not unicodedata.combining(c) and not c.isspace())


def escape(text: str) -> str:
    """`text` as XML character data, or as an attribute value in double quotes."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )


def fit(text: str, budget: int, rest: str) -> str:
    """`text`, cut so that it has at most `budget` bytes once escaped for XML. A cut text ends with
    `rest`, which says where the whole text is."""
    if len(text) * MAX_ESCAPED_BYTES <= budget or escaped_size(text) <= budget:
        return text
    room = budget - escaped_size(rest)
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if escaped_size(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low] + rest


def escaped_size(text: str) -> int:
    """The bytes of a text once escaped for XML."""
    return len(escape(text).encode())
