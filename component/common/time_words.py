"""The one vocabulary of times, in English and German, and its readers: durations, clock times,
weekdays, repetitions and spans of the day.

Schedules, reminders, pauses, mutes, quiet hours and subscriptions all read times with this module,
so a word that one of them knows is known to the others. A reader takes text and gives numbers, or
None where the text is something else; the caller words the error. Upper and lower case are alike.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

# Vocabulary


def _numbered(lines: Iterable[tuple[int, str]]) -> Mapping[str, int]:
    table = {}
    for number, words in lines:
        for word in words.split():
            table[word] = number
    return table


UNITS = _numbered(
    (
        (1, "s sec secs second seconds sek sekunde sekunden"),
        (60, "m min mins minute minutes minuten"),
        (3_600, "h hr hrs hour hours std stunde stunden"),
        (86_400, "d day days tag tage tagen"),
        (604_800, "w week weeks woche wochen"),
    )
)
"""Units of durations, in seconds."""

WEEKDAYS = _numbered(
    enumerate(
        (
            "monday mondays mon montag montags mo",
            "tuesday tuesdays tue dienstag dienstags di",
            "wednesday wednesdays wed mittwoch mittwochs mi",
            "thursday thursdays thu donnerstag donnerstags do",
            "friday fridays fri freitag freitags fr",
            "saturday saturdays sat samstag samstags sonnabend sonnabends sa",
            "sunday sundays sun sonntag sonntags so",
        )
    )
)
"""Names of weekdays, 0 for Monday."""

_ALL_DAYS = frozenset(range(7))
WORKDAYS = frozenset(range(5))
_WEEKEND = frozenset({5, 6})
_PLURAL_SETS = {
    "daily": _ALL_DAYS,
    "täglich": _ALL_DAYS,
    "weekdays": WORKDAYS,
    "werktags": WORKDAYS,
    "weekends": _WEEKEND,
    "wochenenden": _WEEKEND,
}
DAY_SETS = {
    "weekday": WORKDAYS,
    "werktag": WORKDAYS,
    "weekend": _WEEKEND,
    "wochenende": _WEEKEND,
    **_PLURAL_SETS,
}
"""Words for several weekdays at once."""
_ANY_DAY = {"day": _ALL_DAYS, "tag": _ALL_DAYS}

_CLOCK_NAMES = _numbered(
    (
        (12 * 60, "noon midday mittag mittags"),
        (0, "midnight mitternacht mitternachts"),
    )
)

EVERY = frozenset({"every", "each", "alle", "je", "jede", "jeden", "jeder", "jedes"})
"""Words that begin a repetition."""
_CYCLES = frozenset({"hourly", "stündlich", "weekly", "wöchentlich"})
_PLURAL_DAYS = frozenset(word for word in WEEKDAYS if word.endswith("s"))
_REPEATING = EVERY | _CYCLES | _PLURAL_DAYS | _PLURAL_SETS.keys()

FILLERS = frozenset({*EVERY, "on", "at", "and", "the", "am", "um", "und", "uhr"}) - {"alle", "je"}
"""Words that say nothing more inside a time."""
OPEN_ENDS = frozenset({*FILLERS, *EVERY, "in"}) - {"uhr"}
"""Words that no time ends with."""

# Durations

_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_PART = re.compile(
    rf"(?:(?P<count>[0-9]{{1,6}})\s*(?P<unit>{_UNIT})"
    rf"|(?:an?|ein|eine[mnr]?)\s+(?P<single>{_UNIT})"
    r"|(?P<half>half\s+an\s+hour|(?:eine[nr]?\s+)?halbe[nr]?\s+stunde))(?![^\W\d_])",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(?:(?:and|und)\s+)?", re.IGNORECASE)


def duration(text: str) -> int | None:
    """Read a duration such as 90s, 1d 12h, 10 minutes, an hour and 30 minutes; in seconds."""
    seconds, _units, end = _add_parts(text.strip(), descending=False)
    if not end or end < len(text.strip()):
        return None
    return seconds


def leading_duration(text: str) -> tuple[int, str] | None:
    """Read the duration that a text begins with: its seconds, and the rest of the text.

    A further part belongs to the duration where its unit is smaller: of "1d 12h 3 strikes" that is
    "1d 12h".
    """
    seconds, _units, end = _add_parts(text, descending=True)
    if not end or re.match(r"\w", text[end:]):
        return None
    return seconds, text[end:].strip()


def _add_parts(text: str, *, descending: bool) -> tuple[int, int, int]:
    """Seconds in all, the last unit in seconds, and where the last part ends (0 for no part)."""
    seconds, last, end = 0, 0, 0
    part = _PART.match(text)
    while part:
        count, unit = _counted(part)
        if descending and last and unit >= last:
            break
        seconds, last, end = seconds + count * unit, unit, part.end()
        joint = _JOINT.match(text, end)
        part = joint and _PART.match(text, joint.end())
    return seconds, last, end


def _counted(part: re.Match[str]) -> tuple[int, int]:
    """How many units, and the unit in seconds."""
    if part["half"]:
        return 30, 60
    if part["single"]:
        return 1, UNITS[part["single"].lower()]
    return int(part["count"]), UNITS[part["unit"].lower()]


ENDLESS = re.compile(
    r"(?:for ?ever|ever|indefinitely|until further notice|until unmuted|(?:für )?immer"
    r"|bis auf weiteres)(?!\w)",
    re.IGNORECASE,
)
"""What people write for a time without an end."""

# Clock times

DAY_MINUTES = 24 * 60
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-5][0-9]))?\s*(am|pm|uhr)?", re.IGNORECASE)
_EXACT = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2}(?:[ap]m)?|[ap]m)")
_SPAN = re.compile(
    r"(?:from |von )?(\S+?(?: (?:[ap]m|uhr))?)\s*(?:-|–|to|until|till|bis)\s*"
    r"(\S+(?: (?:[ap]m|uhr))?)"
)


def clock(text: str) -> int | None:
    """Read a time of day such as 9, 22:30, 9.30, 9pm, 9 Uhr, noon; in minutes, 24:00 included."""
    low = text.strip().lower()
    if low in _CLOCK_NAMES:
        return _CLOCK_NAMES[low]
    match = _CLOCK.fullmatch(low)
    if not match:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3] in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour %= 12
        if match[3] == "pm":
            hour += 12
    minutes = hour * 60 + minute
    return minutes if minutes <= DAY_MINUTES else None


def clock_span(text: str) -> tuple[str, str] | None:
    """Split the hours of a day, such as 22:00-07:00, 22 to 7, von 22 Uhr bis 7 Uhr, in two times
    that are still to be read."""
    match = _SPAN.fullmatch(" ".join(text.lower().split()))
    if not match:
        return None
    return match[1], match[2]


# Weekdays

_NAMES = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_DAY_RANGE = re.compile(
    rf"\b({_NAMES})\.?\s*(?:-|–|\bto\b|\bthrough\b|\bbis\b)\s*({_NAMES})\b", re.IGNORECASE
)


def tokens(text: str) -> Sequence[str]:
    """The words of a time in small letters, without fillers: "Mo bis Fr um 9 pm" gives mo-fr and
    9pm."""
    joined = _DAY_RANGE.sub(r"\1-\2", text.lower())
    joined = re.sub(r"([0-9])\s+(am|pm)\b", r"\1\2", joined)
    return [word for word in re.split(r"[\s,;]+", joined) if word and word not in FILLERS]


def days(word: str) -> frozenset[int] | None:
    """Read one token as weekdays, 0 for Monday: a name, a range of names, or a set of days."""
    sets = DAY_SETS.get(word) or _ANY_DAY.get(word)
    if sets:
        return sets
    first, dash, last = word.replace(".", "").partition("-")
    start = WEEKDAYS.get(first)
    end = WEEKDAYS.get(last if dash else first)
    if start is None or end is None:
        return None
    length = (end - start) % 7 + 1
    return frozenset((start + step) % 7 for step in range(length))


# Repetitions

_CRON = re.compile(r"[0-9*/,-]+(?:\s+[0-9*/,-]+)\s+\S+\s+\S+\s+\S+")
_EVERY_UNIT = re.compile(rf"(?:{'|'.join(EVERY)})\s+(?:([0-9]{{1,3}})\s*)?({_UNIT})")
_PHRASES = (
    (re.compile(r"(?:every|each) morning|once (?:a|per) day"), "daily at 9"),
    (re.compile(r"(?:every|each) evening"), "daily at 18"),
    (re.compile(r"jeden morgen|einmal (?:am|pro) tag|einmal täglich"), "täglich um 9"),
    (re.compile(r"jeden abend"), "täglich um 18"),
    (re.compile(r"once (?:a|per) week"), "weekly"),
    (re.compile(r"einmal (?:die|in der|pro) woche"), "wöchentlich"),
)
_WEEKLY = re.compile(r"(?:weekly|wöchentlich|every week|each week|jede woche)\b\s*")


def canonical(text: str) -> str:
    """A repetition in the words it is kept in: "every morning" is kept as "daily at 9"."""
    low = " ".join(text.lower().split())
    for phrase, kept in _PHRASES:
        if phrase.fullmatch(low):
            return kept
    return " ".join(text.split())


def every(text: str) -> tuple[int, int] | None:
    """Read "every 20 minutes" and the like: how many, and the unit in seconds (an hour or less)."""
    match = _EVERY_UNIT.fullmatch(text.lower())
    if not match or UNITS[match[2]] > UNITS["hour"]:
        return None
    return int(match[1] or 1), UNITS[match[2]]


def weekly(text: str) -> str | None:
    """Read "weekly on Monday" and the like: what follows the first words."""
    match = _WEEKLY.match(text.lower())
    return text[match.end() :] if match else None


def is_cron(text: str) -> bool:
    """Whether a text has the shape of cron's five fields."""
    low = text.lower()
    return bool(_CRON.fullmatch(low)) and not FILLERS.intersection(low.split())


def repeats(text: str) -> bool:
    """Whether a time, if it is one, comes again and again."""
    low = " ".join(text.lower().split())
    if low.partition(" ")[0] in _REPEATING or is_cron(low):
        return True
    return canonical(low) != low


# Where a time stands in a line

_NEXT = re.compile(r"\b(?:next|nächste[nr]?|kommende[nr]?) (?:the )?(?=\D|\d{4}-)", re.IGNORECASE)
_ON = re.compile(r"\b(?:on|am) (?:the )?(?=\D|\d{4}-)", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:zum|zu)\s+(?!\d)", re.IGNORECASE)
_STARTS = frozenset({"at", "um", "on", "am", "once", "einmal"})
_LONG_DAYS = frozenset(word for word in WEEKDAYS if len(word) > 3)


def bare(text: str) -> str:
    """A time without "next" in front of a day, and without a full stop."""
    return _NEXT.sub("", " ".join(text.split()).rstrip(".,!?"))


def plain(text: str) -> str:
    """A time without the words in front of a day or a date, and without a full stop."""
    return _ON.sub("", _ARTICLE.sub("", bare(text)))


def begins(words: Sequence[str]) -> bool:
    """Whether a time may begin with the first of these words, given in small letters.

    Short names of days (so, do, mo) and sets of days (weekend) have other uses: they count where a
    clock time such as 9:30 follows.
    """
    first = words[0]
    if first in _STARTS or first in _REPEATING or first in _LONG_DAYS or first in _CLOCK_NAMES:
        return True
    if _EXACT.fullmatch(first):
        return True
    return days(first) is not None and first not in _ANY_DAY and _has_clock(words[1:])


def _has_clock(words: Sequence[str]) -> bool:
    return any(_EXACT.fullmatch(word.strip(".,!?;")) for word in words)
