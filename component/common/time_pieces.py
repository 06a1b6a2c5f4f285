"""The pieces of times, in English and German: a day, a time of day, a part of the day, a
repetition. Each is one row of `_PIECES`: a pattern, and what it says; the first that fits counts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from component.common import clock_words, time_words
from component.common.clock_words import CLOCK, PARTS, Clock
from component.common.time_words import (
    DAY_NAMES,
    DAY_SETS,
    DURATION,
    EVERY,
    LAST,
    MONTHS,
    NUMBERS,
    ORDINALS,
    PLURAL_DAYS,
    PLURAL_SETS,
    UNIT,
    UNITS,
    WEEKDAYS,
    any_of,
)

USUAL = {"morning": 9 * 60, "evening": 18 * 60}
"""What “every morning” and “every evening” mean, in minutes since midnight."""

Said = Mapping[str, Any]
"""What a piece says: fields of a phrase, and `clock` as a `Clock`; `part` of the day, and its
`usual` time; `every` and `of_month`, which only together mean each month; `in_days`, where a delay
is in days."""

_EVERY = any_of(EVERY)
_PART = any_of(PARTS)
_ON = r"(?:(?:on|am) )?(?:the )?"
_WHICH = {"next": "next", "näch": "next", "comi": "", "komm": "", "this": "this", "dies": "this"}
_SETS = any_of(DAY_SETS.keys() - {"daily", "täglich"})
_RANGE = rf"(?:from |von )?(?:{DAY_NAMES})\.?(?: ?- ?| (?:to|through|bis) )(?:{DAY_NAMES})"
_ITEM = rf"(?:{_RANGE}|(?:{DAY_NAMES})|{_SETS})\b\.?"
_JOIN = rf"(?: ?[,/&+] ?| (?:(?:and|und) )?)(?:(?:on|am) )?(?:the )?(?:(?:{_EVERY}) )?"


def _weekdays(match: re.Match[str]) -> Said | None:
    words = re.sub(r"[,/&+]|\b(?:from|von)\b", " ", match["days"]).replace(". ", " ").rstrip(".")
    numbers = time_words.weekdays(words)
    names = set(words.split())
    if numbers is None or (names & EVERY and not match["every"]):
        return None
    said: dict[str, Any] = {"weekdays": numbers}
    is_range = re.search(rf"\b(?:{_RANGE})\b", match["days"])
    if match["every"] or is_range or names & PLURAL_DAYS or names & PLURAL_SETS.keys():
        said["cycle"] = "week"
    if match["which"]:
        said["which"] = _WHICH[match["which"][:4]]
    return {**said, **_part(match)}


def _part(match: re.Match[str]) -> Said:
    part = match["part"]
    return {"part": PARTS[part]} if part else {}


def _ahead(match: re.Match[str]) -> Said:
    words = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1}
    return {"ahead": words.get(match["day"], 2), **_part(match)}


def _this_part(match: re.Match[str]) -> Said:
    return {"ahead": 0, "part": match["part"] or "evening"}


def _of_day(match: re.Match[str]) -> Said:
    return {"part": PARTS[match["noun"] or match["adverb"]]}


def _every_part(match: re.Match[str]) -> Said:
    part = PARTS[match["part"]]
    return {"cycle": "day", "part": part, "usual": USUAL.get(part)}


def _clock(match: re.Match[str]) -> Said | None:
    clock = clock_words.from_match(match)
    return {"clock": clock} if clock else None


def _delay(match: re.Match[str]) -> Said | None:
    text = match["delay"] or match["from_now"]
    seconds = time_words.duration(text)
    if not seconds:
        return None
    return {"delay": seconds, "in_days": time_words.in_days(text)}


def _iso_date(match: re.Match[str]) -> Said:
    said: dict[str, Any] = {"date": tuple(map(int, match.group("year", "month", "day")))}
    if match["hour"]:
        said["clock"] = Clock(int(match["hour"]) * 60 + int(match["minute"]))
    return said


def _date(match: re.Match[str]) -> Said:
    year = int(match["year"] or 0)
    if 0 < year < 100:
        year += 2000
    month = match["month"]
    return {"date": (year, MONTHS.get(month) or int(month), int(match["day"]))}


def _month_day(match: re.Match[str]) -> Said | None:
    day = int(match["number"])
    if not 1 <= day <= 31:
        return None
    return {"month_day": day, **_every(match)}


def _month_day_word(match: re.Match[str]) -> Said | None:
    day = ORDINALS[match["word"]]
    if day == LAST:
        return None
    return {"month_day": day, **_every(match)}


def _nth(match: re.Match[str]) -> Said | None:
    which = ORDINALS[match["nth"]]
    if match["day"] in WEEKDAYS:
        return {"nth": (which, WEEKDAYS[match["day"]]), **_every(match)}
    return {"month_day": which, **_every(match)}


def _every(match: re.Match[str]) -> Said:
    return {"every": True} if match["every"] else {}


def _step(match: re.Match[str]) -> Said | None:
    if match["half"]:
        return {"step": (30, 60)}
    unit = UNITS[match["unit"]]
    if unit > UNITS["hour"]:
        return None
    return {"step": (time_words.number(match["count"] or "1"), unit)}


def _always(**said: Any) -> Callable[[re.Match[str]], Said]:
    return lambda _match: said


_MONTH = any_of(MONTHS)
_RULES: Sequence[tuple[str, Callable[[re.Match[str]], Said | None]]] = (
    (
        rf"{_ON}(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)"
        r"(?:t(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::00)?)?",
        _iso_date,
    ),
    (rf"{_ON}(?P<day>\d\d?)\. ?(?P<month>\d\d?)\.(?P<year>(?:\d\d)?\d\d| \d{{4}})?", _date),
    (
        rf"{_ON}(?P<day>\d\d?)(?:st|nd|rd|th|\.)? (?:of )?(?P<month>{_MONTH})\.?"
        r"(?P<year> \d{4})?",
        _date,
    ),
    (
        rf"{_ON}(?P<month>{_MONTH})\.? (?:the )?(?P<day>\d\d?)(?:st|nd|rd|th)?"
        r"(?! (?:uhr|oclock))(?P<year> \d{4})?",
        _date,
    ),
    (rf"in (?P<delay>{DURATION})|(?P<from_now>{DURATION}) from now", _delay),
    (rf"(?:{_EVERY}) (?P<part>{_PART})", _every_part),
    (r"tonight|this (?P<part>morning|afternoon|evening)", _this_part),
    (
        rf"{_ON}(?P<day>today|heute|tomorrow|morgen|day after tomorrow|übermorgen|uebermorgen)"
        rf"(?: (?P<part>{_PART}))?",
        _ahead,
    ),
    (
        r"(?:in the|at|am|in der|in the early) (?P<noun>morning|afternoon|evening|night|morgen|früh"
        r"|vormittag|nachmittag|abend|nacht)"
        r"|(?P<adverb>morgens|früh|vormittags|nachmittags|abends|nachts)",
        _of_day,
    ),
    (
        rf"{_ON}(?:(?P<every>{_EVERY}) )?(?P<nth>{any_of(ORDINALS)})"
        rf" (?P<day>{DAY_NAMES}|day|tag)",
        _nth,
    ),
    (
        rf"{_ON}(?:(?P<every>{_EVERY}) |(?P<which>next|this|coming|nächste[nr]?|kommende[nr]?"
        rf"|diese[nr]?) )?(?P<days>{_ITEM}(?:{_JOIN}{_ITEM})*)(?:[ -]?(?P<part>{_PART}))?",
        _weekdays,
    ),
    (rf"{_ON}(?:(?P<every>{_EVERY}) )?(?P<number>\d\d?)(?:st|nd|rd|th|\.)", _month_day),
    (rf"(?:(?:on )?the|am|(?P<every>{_EVERY})) (?P<word>{any_of(ORDINALS)})", _month_day_word),
    (CLOCK, _clock),
    (
        r"daily|täglich|(?:every|each) day|jeden tag|once (?:a|per) day|einmal (?:am|pro) tag"
        r"|einmal täglich",
        _always(cycle="day"),
    ),
    (
        r"weekly|wöchentlich|(?:every|each) week|jede woche|once (?:a|per) week"
        r"|einmal (?:die|in der|pro) woche",
        _always(cycle="week"),
    ),
    (
        r"monthly|monatlich|(?:of |in )?(?:every|each) month|(?:in )?jede[nms] monats?",
        _always(cycle="month"),
    ),
    (r"(?:of|in) the month|im monat|des monats", _always(of_month=True)),
    (r"(?:of )?(?:every|each) year|yearly|annually|jährlich|jedes jahr", _always(cycle="year")),
    (r"hourly|stündlich", _always(step=(1, 3600))),
    (
        rf"(?:{_EVERY}) (?:(?P<half>half an hour|half hour|halbe stunde)"
        rf"|(?:(?P<count>\d{{1,3}}|{any_of(NUMBERS)}) ?)?(?P<unit>{UNIT}))",
        _step,
    ),
)
_PIECES = [(re.compile(rf"(?:{pattern})(?= |$)"), say) for pattern, say in _RULES]


def collect(text: str) -> dict[str, Any] | None:
    """What all pieces of a text say, in the form that `clock_words.normal` gives; None where a word
    belongs to none, or two contradict each other."""
    said: dict[str, Any] = {}
    place = 0
    while place < len(text):
        found = _piece(text, place)
        if found is None:
            return None
        more, place = found
        for name, value in more.items():
            if said.setdefault(name, value) != value:
                return None
        place += 1
    return said


def _piece(text: str, place: int) -> tuple[Said, int] | None:
    """The piece at a place, and where it ends."""
    for pattern, say in _PIECES:
        match = pattern.match(text, place)
        said = say(match) if match else None
        if match and said is not None:
            return said, match.end()
    return None
