"""Lines that ask for a subscription, read in any order of words. Pure: names are given."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from component.bus.model.subscription import Interval
from component.common import time_phrase, time_words
from component.common.errors import BadInput
from component.common.i18n import _


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What is asked for, as it was written; "" for what was not said.

    `by` is a method, `address` one of it, or a whole channel; `who` is for whom. `fallback` is a
    method or an address. `rest` is the first word that could not be read.
    """

    channel: str = ""
    interval: str = ""
    by: str = ""
    address: str = ""
    who: str = ""
    matching: str = ""
    without: str = ""
    thread: str = ""
    mention: str = ""
    fallback: str = ""
    own: bool = False
    online: bool = False
    rest: str = ""


MAX_LINE = 600
"""Characters of such a line: words are looked at in many ways."""

# Words

QUOTES = str.maketrans("“”„«»", '"""""')
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line: what it says, and whether that stood in quotation marks."""

    said: str
    quoted: bool = False

    @property
    def low(self) -> str:
        """To be compared; "" for a quotation, which is never a word of the grammar."""
        return "" if self.quoted else self.said.rstrip(",;").lower()


def words_in(line: str) -> Sequence[Word]:
    """The words of a line; a quotation is one."""
    words = []
    for token in _TOKEN.findall(line.translate(QUOTES)):
        words.append(Word(token.replace('"', ""), token.startswith('"')))
    return words


def joined(words: Sequence[Word]) -> str:
    """Words as they were written, with a space between."""
    return " ".join(word.said for word in words)


Said = dict[str, Any]
Names = Container[str]
Clause = Callable[[Sequence[Word], Said, Names], int]
"""Reads what stands first; gives how many words that are, 0 where it is something else."""


def read(line: str, names: Names) -> SubscriptionRequest:
    """What a line asks for: `lobby daily at 9 by mail matching "release"`; `names` are channels',
    in small letters. Raises BadInput where it is too long."""
    if len(line) > MAX_LINE:
        raise BadInput(
            _(
                "The text has {count} characters. The maximum is {most}.",
                count=len(line),
                most=MAX_LINE,
            )
        )
    said: Said = {}
    left = words_in(line)
    while left:
        count = read_clause(left, said, names)
        if not count:
            said.setdefault("rest", left[0].said)
        left = left[max(count, 1) :]
    return SubscriptionRequest(**said)


def read_clause(left: Sequence[Word], said: Said, names: Names) -> int:
    """Read the first clause that fits. Returns how many words that are; 0 for none."""
    for clause in _CLAUSES:
        count = clause(left, said, names)
        if count:
            return count
    return 0


# By name: matching="release"

_ALSO = {
    "channel": "channel",
    "kanal": "channel",
    "interval": "interval",
    "when": "interval",
    "wann": "interval",
    "by": "by",
    "per": "by",
    "address": "address",
    "to": "address",
    "adresse": "address",
    "an": "address",
    "for": "who",
    "who": "who",
    "für": "who",
    "matching": "matching",
    "mit": "matching",
    "without": "without",
    "ohne": "without",
    "thread": "thread",
    "mention": "mention",
    "name": "mention",
    "erwähnung": "mention",
    "fallback": "fallback",
    "sonst": "fallback",
    "own": "own",
    "eigene": "own",
    "online": "online",
}
_FLAGS = ("own", "online")
_YES = frozenset({"yes", "ja", "1", "true", "on", "y"})
_METHODS = {
    "mail": "mail",
    "email": "mail",
    "e-mail": "mail",
    "mails": "mail",
    "im": "chat",
    "chat": "chat",
    "jabber": "chat",
    "xmpp": "chat",
    "text": "sms",
    "texts": "sms",
}
"""What people call ways to be told."""


def way(word: str) -> str:
    """The method that people call so; what is none is left as it is, in small letters."""
    low = word.strip().lower()
    return _METHODS.get(low, low)


def read_named(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read `matching=release`: a value by the name of its field."""
    name, equals, value = left[0].said.partition("=")
    field = _ALSO.get(name.lower())
    if left[0].quoted or not equals or field is None:
        return 0
    if field in _FLAGS:
        said[field] = value.lower() in _YES
    elif field == "by":
        said[field] = way(value)
    else:
        said[field] = value
    return 1


# Flags

_ONLINE = re.compile(
    r"(?:(?:and|und|but|aber) )?(?:at once|immediately|sofort|gleich) "
    r"(?:when|while|if|wenn|solange) "
    r"(?:i'm |i am |ich )?(?:online|there|da)(?: bin)?(?= |$)"
)
_OWN = re.compile(
    r"(?:(?:and|und|with|mit|including|include|auch|also|even) )*(?:my |meine[nrm]? |den "
    r")?(?:own|eigene[nr]?)"
    r"(?: (?:posts?|messages?|words|beiträgen?|nachrichten))?(?= |$)"
)
MAX_FLAG_WORDS = 9
"""Words that such a clause may have."""


def read_flag(
    field: str, pattern: re.Pattern[str], left: Sequence[Word], said: Said, _names: Names
) -> int:
    """Read a clause that turns a field on."""
    match = pattern.match(" ".join(word.low for word in left[:MAX_FLAG_WORDS]))
    if not match:
        return 0
    said[field] = True
    return len(match[0].split(" "))


# The channel

_ARTICLES = frozenset({"the", "to", "die", "der", "den", "das", "me", "mich", "for", "für"})
_CHANNEL = re.compile(r"[a-z][a-z0-9]*:\S+")
MAX_NAME_WORDS = 8
"""Words that a channel's name may have."""


def read_channel(left: Sequence[Word], said: Said, names: Names) -> int:
    """Read the name of a channel."""
    if "channel" in said:
        return 0
    start = 0
    while (
        left[start + 1 :] and left[start].low in _ARTICLES and not count_name(left[start:], names)
    ):
        start += 1
    count = count_name(left[start:], names)
    if not count:
        return 0
    said["channel"] = joined(left[start : start + count]).rstrip(",")
    return start + count


def count_name(left: Sequence[Word], names: Names) -> int:
    """How many words name a channel; 0 for none."""
    for count in range(min(len(left), MAX_NAME_WORDS), 0, -1):
        if joined(left[:count]).rstrip(",").casefold() in names:
            return count
    return int(bool(_CHANNEL.fullmatch(left[0].low)))


def read_unknown(left: Sequence[Word], said: Said, _names: Names) -> int:
    """A name that nobody has, where a channel's is still to come."""
    if "channel" in said:
        return 0
    if left[0].low not in _ARTICLES:
        said["channel"] = left[0].said.rstrip(",")
    return 1


# Where

_BY = frozenset({"by", "per", "via", "über"})
_TO = frozenset({"to", "an", "nach"})
FOR = frozenset({"for", "für"})
_ELSE = frozenset({"else", "otherwise", "sonst", "or", "oder"})
_ADDRESS = re.compile(r"\S+@\S+|[a-z][a-z0-9]*:\S+|(?:\+|00)[\d(][\d()./-]*", re.IGNORECASE)
_NUMBER = re.compile(r"\+|\(?\d")
_DIGITS = re.compile(r"[\d()/-]+")


def tidy(address: str) -> str:
    """An address without what people write around it: mailto:, and the blanks and brackets of a
    number."""
    bare = re.sub(r"^(?:mailto|tel):", "", address.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"(?:\+|00)[\d\s()./-]+", bare):
        return "+" + re.sub(r"\D", "", bare.removeprefix("00").replace("(0)", ""))
    return bare


def read_by(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read the method or the address that messages go to."""
    if left[0].low not in _BY or not left[1:]:
        return 0
    count = read_address(left[1:], said)
    if count:
        return count + 1
    said["by"] = way(left[1].low)
    if left[3:] and left[2].low in _TO:
        count = read_address(left[3:], said, any=True)
        return 3 + count if count else 2
    return 2 + read_address(left[2:], said)


def read_to(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read the address that messages go to."""
    if left[0].low not in _TO or not left[1:]:
        return 0
    count = read_address(left[1:], said)
    return 1 + count if count else 0


def read_address(left: Sequence[Word], said: Said, *, any: bool = False) -> int:
    """Read an address, `any` where it must be one; a number may have blanks. Returns how many words
    that are."""
    if not left or left[0].quoted or not (any or _ADDRESS.fullmatch(left[0].said.rstrip(","))):
        return 0
    count = 1
    if _NUMBER.match(left[0].said):
        while left[count:] and _DIGITS.fullmatch(left[count].low):
            count += 1
    said["address"] = tidy(joined(left[:count]).rstrip(","))
    return count


def read_who(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read for whom the subscription is."""
    if left[0].low not in FOR or not left[1:] or "@" not in left[1].low:
        return 0
    said["who"] = left[1].low
    return 2


def read_fallback(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read where messages go that cannot be delivered."""
    if left[0].low not in _ELSE or not left[1:]:
        return 0
    place = 1
    if left[1].low in _BY | _TO:
        place = 2
    if not left[place:]:
        return 0
    said["fallback"] = way(left[place].low)
    return place + 1


# What

_FILTERS = {
    "matching": "matching",
    "containing": "matching",
    "about": "matching",
    "only": "matching",
    "with": "matching",
    "mit": "matching",
    "nur": "matching",
    "without": "without",
    "except": "without",
    "excluding": "without",
    "ohne": "without",
    "außer": "without",
}
_ID = re.compile(r"[0-9a-f]{6,32}")


def read_filter(left: Sequence[Word], said: Said, names: Names) -> int:
    """Read the phrases that messages must have, or must not have."""
    field = _FILTERS.get(left[0].low)
    if field is None or not left[1:]:
        return 0
    count = 2
    while not left[1].quoted and left[count:] and not begins_clause(left[count:], said, names):
        count += 1
    said[field] = joined(left[1:count])
    return count


def begins_clause(left: Sequence[Word], said: Said, names: Names) -> bool:
    """Whether something else begins: then what stands before, without quotation marks, is at its
    end."""
    if left[0].quoted or (left[0].low in _FILTERS and left[1:]):
        return True
    return any(clause(left, dict(said), names) for clause in _SHORT)


def read_thread(left: Sequence[Word], said: Said, _names: Names) -> int:
    """Read the thread that messages must belong to."""
    if left[0].low not in ("thread", "faden") or not left[1:] or not _ID.fullmatch(left[1].low):
        return 0
    said["thread"] = left[1].low
    return 2


# When

_STARTS = frozenset({"immediately", "instantly", "sofort", "gleich", *time_words.DAY_SETS})
_CRON = re.compile(r"[\d*/,-]+")
MAX_INTERVAL_WORDS = 10
"""Words that an interval may have."""


def starts_time(left: Sequence[Word]) -> bool:
    """Whether a time may begin here."""
    words = [word.low for word in left[:MAX_INTERVAL_WORDS]]
    return words[0] in _STARTS or time_phrase.begins(words)


def read_interval(left: Sequence[Word], said: Said, names: Names) -> int:
    """Read when messages come."""
    if "interval" in said:
        return 0
    count = count_interval(left)
    rest = left[count:]
    whole = count and (not rest or begins_clause(rest, said | {"interval": ""}, names))
    if not whole and starts_time(left):
        count = count_unread(left)
    if count:
        said["interval"] = joined(left[:count]).rstrip(",;")
    return count


def count_interval(left: Sequence[Word]) -> int:
    """How many words are an interval, as many as are; 0 for none."""
    low = [word.low for word in left[:MAX_INTERVAL_WORDS]]
    if _CRON.fullmatch(low[0]):
        return 5 if len(low) >= 5 and is_interval(" ".join(low[:5])) else 0
    if not starts_time(left):
        return 0
    for count in range(interval_end(left, low), 0, -1):
        if is_interval(" ".join(low[:count])):
            return count
    return 0


def interval_end(left: Sequence[Word], low: Sequence[str]) -> int:
    """How many words an interval can have at most: up to a quotation or a flag."""
    for place in range(1, len(low)):
        if not low[place] or begins_flag(left[place:]):
            return place
    return len(low)


def begins_flag(left: Sequence[Word]) -> bool:
    """Whether a flag begins, whose first words could pass for more of an interval."""
    return bool(read_flag("", _ONLINE, left, {}, ()) or read_flag("", _OWN, left, {}, ()))


def count_unread(left: Sequence[Word]) -> int:
    """As many words as seem to say when, and cannot be read: they are kept to be told."""
    stop = {*_BY, *_TO, *FOR, *_ELSE, *_FILTERS, ""}
    for place in range(1, len(left)):
        if left[place].low in stop:
            return place
    return len(left)


@lru_cache(1_000)
def is_interval(text: str) -> bool:
    """Whether a text is an interval."""
    try:
        Interval.parse(text)
    except BadInput:
        return False
    return True


_CLAUSES: Sequence[Clause] = (
    read_named,
    read_channel,
    partial(read_flag, "online", _ONLINE),
    partial(read_flag, "own", _OWN),
    read_by,
    read_to,
    read_who,
    read_fallback,
    read_filter,
    read_thread,
    read_interval,
    read_unknown,
)
_SHORT = [clause for clause in _CLAUSES if clause not in (read_filter, read_unknown)]
