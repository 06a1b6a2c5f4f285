"""Lines that ask for a subscription, read in any order of words. Pure: names are given."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from component.bus.model.subscription import Interval
from component.common import time_words
from component.common.errors import BadInput
from component.common.i18n import _


@dataclass(frozen=True, slots=True)
class Read:
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


LONGEST = 600
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
    found = _TOKEN.findall(line.translate(QUOTES))
    return [Word(one.replace('"', ""), one.startswith('"')) for one in found]


Said = dict[str, Any]
Names = Container[str]
Clause = Callable[[Sequence[Word], Said, Names], int]
"""Reads what stands first; gives how many words that are, 0 where it is something else."""


def read(line: str, names: Names) -> Read:
    """What a line asks for: `lobby daily at 9 by mail matching "release"`; `names` are channels',
    in small letters. Raises BadInput where it is too long."""
    if len(line) > LONGEST:
        raise BadInput(
            _("That has {count} characters; at most {most} fit.", count=len(line), most=LONGEST)
        )
    said: Said = {}
    left = words_in(line)
    while left:
        count = next(filter(None, (clause(left, said, names) for clause in _CLAUSES)), 0)
        if not count:
            said.setdefault("rest", left[0].said)
        left = left[max(count, 1) :]
    return Read(**said)


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


def _named(left: Sequence[Word], said: Said, _names: Names) -> int:
    name, equals, value = left[0].said.partition("=")
    field = _ALSO.get(name.lower())
    if left[0].quoted or not equals or field is None:
        return 0
    said[field] = (
        value.lower() in _YES if field in _FLAGS else way(value) if field == "by" else value
    )
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
_LOOKED_AT = 9
"""Words that such a clause may have."""


def _flag(
    field: str, pattern: re.Pattern[str], left: Sequence[Word], said: Said, _names: Names
) -> int:
    found = pattern.match(" ".join(one.low for one in left[:_LOOKED_AT]))
    if not found:
        return 0
    said[field] = True
    return len(found[0].split(" "))


# The channel

_ARTICLES = frozenset({"the", "to", "die", "der", "den", "das", "me", "mich", "for", "für"})
_CHANNEL = re.compile(r"[a-z][a-z0-9]*:\S+")
_LONGEST_NAME = 8
"""Words that a channel's name may have."""


def _channel(left: Sequence[Word], said: Said, names: Names) -> int:
    if "channel" in said:
        return 0
    start = 0
    while left[start + 1 :] and left[start].low in _ARTICLES and not _name(left[start:], names):
        start += 1
    count = _name(left[start:], names)
    if count:
        said["channel"] = " ".join(one.said for one in left[start : start + count]).rstrip(",")
    return start + count if count else 0


def _name(left: Sequence[Word], names: Names) -> int:
    """How many words name a channel; 0 for none."""
    for count in range(min(len(left), _LONGEST_NAME), 0, -1):
        if " ".join(one.said for one in left[:count]).rstrip(",").casefold() in names:
            return count
    return int(bool(_CHANNEL.fullmatch(left[0].low)))


def _unknown(left: Sequence[Word], said: Said, _names: Names) -> int:
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


def _by(left: Sequence[Word], said: Said, _names: Names) -> int:
    if left[0].low not in _BY or not left[1:]:
        return 0
    if count := _address(left[1:], said):
        return count + 1
    said["by"] = way(left[1].low)
    told = left[3:] and left[2].low in _TO
    place = 3 if told else 2
    more = _address(left[place:], said, any=bool(told))
    return place + more if more else 2


def _to(left: Sequence[Word], said: Said, _names: Names) -> int:
    more = _address(left[1:], said) if left[1:] and left[0].low in _TO else 0
    return 1 + more if more else 0


def _address(left: Sequence[Word], said: Said, *, any: bool = False) -> int:
    """How many words are an address, `any` where it must be one; a number may have blanks."""
    if not left or left[0].quoted or not (any or _ADDRESS.fullmatch(left[0].said.rstrip(","))):
        return 0
    count = 1
    if _NUMBER.match(left[0].said):
        while left[count:] and _DIGITS.fullmatch(left[count].low):
            count += 1
    said["address"] = tidy(" ".join(one.said for one in left[:count]).rstrip(","))
    return count


def _who(left: Sequence[Word], said: Said, _names: Names) -> int:
    if left[0].low not in FOR or not left[1:] or "@" not in left[1].low:
        return 0
    said["who"] = left[1].low
    return 2


def _fallback(left: Sequence[Word], said: Said, _names: Names) -> int:
    if left[0].low not in _ELSE or not left[1:]:
        return 0
    place = 2 if left[1].low in _BY | _TO else 1
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


def _filter(left: Sequence[Word], said: Said, names: Names) -> int:
    field = _FILTERS.get(left[0].low)
    if field is None or not left[1:]:
        return 0
    count = 2
    while not left[1].quoted and left[count:] and not _begins(left[count:], said, names):
        count += 1
    said[field] = " ".join(one.said for one in left[1:count])
    return count


def _begins(left: Sequence[Word], said: Said, names: Names) -> bool:
    """Whether something else begins: then what stands before, without quotation marks, is at its
    end."""
    if left[0].quoted or (left[0].low in _FILTERS and left[1:]):
        return True
    return any(clause(left, dict(said), names) for clause in _SHORT)


def _thread(left: Sequence[Word], said: Said, _names: Names) -> int:
    if left[0].low not in ("thread", "faden") or not left[1:] or not _ID.fullmatch(left[1].low):
        return 0
    said["thread"] = left[1].low
    return 2


# When

_STARTS = frozenset({"immediately", "instantly", "sofort", "gleich", *time_words.DAY_SETS})
_CRON = re.compile(r"[\d*/,-]+")
_LONGEST = 10
"""Words that an interval may have."""


def _starts(left: Sequence[Word]) -> bool:
    """Whether a time may begin here."""
    words = [word.low for word in left[:_LONGEST]]
    return words[0] in _STARTS or time_words.begins(words)


def _interval(left: Sequence[Word], said: Said, names: Names) -> int:
    if "interval" in said:
        return 0
    count = _count(left)
    whole = count and (not left[count:] or _begins(left[count:], said | {"interval": ""}, names))
    if not whole and _starts(left):
        count = _unread(left)
    if count:
        said["interval"] = " ".join(one.said for one in left[:count]).rstrip(",;")
    return count


def _count(left: Sequence[Word]) -> int:
    """How many words are an interval, as many as are; 0 for none."""
    low = [one.low for one in left[:_LONGEST]]
    if _CRON.fullmatch(low[0]):
        return 5 if _is_interval(" ".join(low[:5])) and len(low) >= 5 else 0
    if not _starts(left):
        return 0
    end = next(
        (place for place in range(1, len(low)) if not low[place] or _ends(left[place:])), len(low)
    )
    fitting = (count for count in range(end, 0, -1) if low[count - 1] not in time_words.OPEN_ENDS)
    return next((count for count in fitting if _is_interval(" ".join(low[:count]))), 0)


def _ends(left: Sequence[Word]) -> bool:
    """Whether a flag begins, whose first words could pass for more of an interval."""
    return bool(_flag("", _ONLINE, left, {}, ()) or _flag("", _OWN, left, {}, ()))


def _unread(left: Sequence[Word]) -> int:
    """As much as seems to say when, and can't be read: it is told as that."""
    stop = {*_BY, *_TO, *FOR, *_ELSE, *_FILTERS, ""}
    return next((place for place in range(1, len(left)) if left[place].low in stop), len(left))


@lru_cache(1_000)
def _is_interval(text: str) -> bool:
    try:
        Interval.parse(text)
    except BadInput:
        return False
    return True


_CLAUSES: Sequence[Clause] = (
    _named,
    _channel,
    partial(_flag, "online", _ONLINE),
    partial(_flag, "own", _OWN),
    _by,
    _to,
    _who,
    _fallback,
    _filter,
    _thread,
    _interval,
    _unknown,
)
_SHORT = [clause for clause in _CLAUSES if clause not in (_filter, _unknown)]
