"""Words that seem to say when though no time can be made of them: beside a time they are more of
it, and the line is understood only in part. Such a line asks; it never guesses.

The words of times themselves are in `component.common.time_words`. Here are only those that stand
beside them. Pure.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache, lru_cache

from commands.typed.everyday import EVERYDAY
from component.common.clock_words import NAMES, PARTS
from component.common.time_phrase import MAX_SHORT
from component.common.time_words import EVERY, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS
from component.common.value_types import ABBREVIATIONS, zones

# Words

AHEAD = frozenset({"today", "tomorrow", "tonight", "heute", "morgen", "übermorgen"})
_PAST = frozenset({"yesterday", "gestern", "vorgestern"})
_DAYS = frozenset({day for day in WEEKDAYS if len(day) > MAX_SHORT} | AHEAD | _PAST)
_WHEN = _DAYS | PARTS.keys() | NAMES.keys()
"""Words that say a day or a part of one, and little else."""
_ON = frozenset({"at", "on", "in", "am", "um"})
_HALVES = frozenset({"pm", "a.m", "p.m"})
_WHICH = frozenset(
    "next this coming nächste nächsten nächster nächstes diese diesen dieser dieses kommende "
    "kommenden kommender".split()
)
_OTHER = frozenset({"other", "last", *ORDINALS})
_SPANS = frozenset(unit for unit in UNITS if UNITS[unit] >= UNITS["day"]) | frozenset(
    "month months quarter year years monat monate monaten quartal jahr jahre jahren".split()
)
"""Units of a day and more."""
_OFTEN = frozenset(
    "twice thrice biweekly bi-weekly fortnightly bimonthly quarterly zweimal dreimal "
    "zweiwöchentlich vierzehntägig vierteljährlich halbjährlich".split()
)
"""How often, in ways that no schedule has."""
_RELATIONS = frozenset(
    "until till til bis before after by from between zwischen around roughly circa "
    "ca gegen ungefähr etwa ab seit since except excluding außer not nicht sharp exactly "
    "punkt".split()
)
"""Words that tie a time to another, or make it less or more than itself."""
_JOINING = frozenset({"and", "or", "und", "oder"})
_OPEN = _RELATIONS.union(
    _JOINING,
    "for of with without than the a an my your our für von mit ohne vor nach".split(),
    "der die das den dem ein eine einen".split(),
)
"""Words that a text does not end with."""
_WEEKS = _SPANS - {unit for unit in UNITS if UNITS[unit] == UNITS["day"]}
_MORE = _HALVES | _WHICH | EVERY | _WEEKS | {"other"}
"""Words that are more of a time right behind it."""
_BESIDE = _OTHER | _SPANS
"""Words that may follow “every”."""
_MARKS = frozenset({"to", "an"})
"""Words that lead to what is to be said, and to nothing else behind a zone."""
_ARTICLES = frozenset(word for word, number in NUMBERS.items() if number == 1)
LEADS = _ON | AHEAD | EVERY | _WHICH
"""Words that begin a time, and little else."""

_SLASHED = re.compile(r"\d{1,4}/\d{1,2}(?:/\d{1,4})?")
_CLOCK_LIKE = re.compile(r"\d{1,2}(?:[:.]\d\d)+(?:[ap]m)?")
_SIGNS = ".,:;!?"


def plain(word: str) -> str:
    """A word to be compared: in small letters, without the signs behind it."""
    return word.lower().rstrip(_SIGNS)


def says_when(word: str) -> bool:
    """Whether a word, as `plain` gives it, is one of times, or nearly one: mondy, noonish."""
    if word in _WHEN or word in _OFTEN or _SLASHED.fullmatch(word):
        return True
    stem = word.removesuffix("ish").rstrip("-")
    return (stem != word and (stem in _WHEN or stem in NUMBERS)) or is_slip(word)


# Slips

_LIKENESS = 0.85
_LEAST_LETTERS = 5


@lru_cache(4096)
def is_slip(word: str) -> bool:
    """Whether a word is nearly one of times, and no other that people use."""
    if word in EVERYDAY or not _LEAST_LETTERS <= len(word) + 1 <= 20:
        return False
    near = get_close_matches(word, _long_words(), 1, _LIKENESS)
    return bool(near) and near[0] != word


@cache
def _long_words() -> Sequence[str]:
    words = _DAYS | PARTS.keys() | EVERY | MONTHS.keys()
    return sorted(word for word in words if len(word) >= _LEAST_LETTERS)


# Zones

_OFFSET = re.compile(r"(?:utc|gmt)?[+-]\d{1,2}(?::?\d\d)?|utc|gmt")


def names_zone(word: str) -> bool:
    """Whether a word, as it was written, names a time zone: CET, UTC+1, Europe/Berlin."""
    low = plain(word)
    if _OFFSET.fullmatch(low) or "/" in low:
        return "/" not in low or low in zones()
    return word.rstrip(_SIGNS).isupper() and (low in zones() or low in ABBREVIATIONS)


@cache
def _places() -> frozenset[str]:
    places = set()
    for name in zones():
        area, _slash, place = name.rpartition("/")
        if area:
            places.add(place)
    return frozenset(places)


# Beside a time


def goes_on(left: Sequence[str], time: str, *, is_open: bool) -> bool:
    """Whether the words behind a time are more of it: `at 9 | and 17`, `at 9 | on mondy`,
    `at 9 | UTC`.

    `is_open` tells that the time has no time of day, which may follow.
    """
    words = [plain(word) for word in (*left[:4], "", "", "")]
    first = words[0]
    if first in _JOINING:
        return _joins(words[1:])
    if first in _ON:
        return _on_more(words)
    if first in _RELATIONS or _is_more(first) or _CLOCK_LIKE.fullmatch(first):
        return True
    is_list = is_open or time.endswith(",")
    return _is_zone(left, words) or (is_list and _is_number(first))


def _is_zone(left: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a time zone stands first: UTC, Berlin time, or a place before the mark."""
    first, second, third = words[:3]
    if names_zone(left[0]) or (second in ("time", "zeit") and third in _MARKS):
        return True
    return second in _MARKS and left[0].istitle() and first in _places()


def _joins(words: Sequence[str]) -> bool:
    """Whether the words after “and” are a time or a part of one: 17, Tuesday, at 17, a
    half."""
    if words[0] in _ON or words[1] in ("half", "halbe"):
        return True
    return _is_number(words[0]) or _is_more(words[0])


def _on_more(words: Sequence[str]) -> bool:
    """Whether words such as “on the last Friday” and “at 10” are of times; “am to” is the half of
    the day."""
    on, word = words[:2]
    if word in ("the", "der", "den", "dem"):
        word = words[2]
    return word[:1].isdigit() or _is_more(word) or word in _OTHER or (on == "am" and word == "to")


def _is_number(word: str) -> bool:
    return word[:1].isdigit() or (word in NUMBERS and word not in _ARTICLES)


def _is_more(word: str) -> bool:
    """Whether a word beside a time is more of it, whatever follows."""
    return word in _MORE or says_when(word)


def count_leading(before: Sequence[str], *, names_day: bool) -> int:
    """How many of the words before a time at the end are more of it: `every other | Monday`,
    `before | Friday at 9`, `mondy | at 9`; 0 for none.

    `names_day` tells that the time names a day; a duration before it belongs to it then.
    """
    words = [plain(word) for word in before]
    if not words or not _leads_into(words, names_day=names_day):
        return 0
    count = 1
    while count < len(words) and _may_lead(words[-count - 1]):
        count += 1
    return count


def _leads_into(words: Sequence[str], *, names_day: bool) -> bool:
    last = words[-1]
    if last in _OPEN or last in _OTHER or says_when(last):
        return True
    second = words[-2] if len(words) > 1 else ""
    if second in _WHICH and last in _SPANS:
        return True
    if names_day and last in _SPANS and (second.isdigit() or second in NUMBERS):
        return True
    return _ends_with_repetition(words[-4:])


def _may_lead(word: str) -> bool:
    """Whether a word may belong to the time that words behind it are of."""
    is_small = word in _OPEN or word in _ON or word in NUMBERS or word == "half"
    return is_small or word in UNITS or word in _BESIDE or _is_more(word) or _is_number(word)


def _ends_with_repetition(words: Sequence[str]) -> bool:
    """Whether words end with the beginning of a repetition: every, every two weeks, evry
    day."""
    for place in range(len(words) - 1, -1, -1):
        if words[place] in EVERY or is_slip(words[place]):
            return True
        if not (words[place] in _BESIDE or _is_more(words[place]) or _is_number(words[place])):
            return False
    return False
