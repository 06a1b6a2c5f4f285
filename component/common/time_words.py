"""The one vocabulary of times, in English and German, and the readers of durations and weekdays.

Schedules, reminders, pauses, mutes, quiet hours and subscriptions all read times with this module,
`clock_words` and `time_phrase`, so a word that one of them knows is known to the others. A reader
takes text and gives numbers, or None where the text is something else; the caller words the error.
Upper and lower case are alike.
"""

import re
from collections.abc import Iterable, Mapping

# Vocabulary


def numbered(lines: Iterable[tuple[int, str]]) -> Mapping[str, int]:
    """Words by number, as a table of numbers by word."""
    table = {}
    for number, words in lines:
        for word in words.split():
            table[word] = number
    return table


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


NUMBERS = numbered(
    (
        (1, "a an one ein eine einem einen einer eins"),
        (2, "two zwei"),
        (3, "three drei"),
        (4, "four vier"),
        (5, "five fünf"),
        (6, "six sechs"),
        (7, "seven sieben"),
        (8, "eight acht"),
        (9, "nine neun"),
        (10, "ten zehn"),
        (11, "eleven elf"),
        (12, "twelve zwölf"),
        (15, "fifteen fünfzehn"),
        (20, "twenty zwanzig"),
        (25, "twenty-five fünfundzwanzig"),
        (30, "thirty dreißig"),
        (40, "forty vierzig"),
        (45, "forty-five fünfundvierzig"),
        (50, "fifty fünfzig"),
        (60, "sixty sechzig"),
        (90, "ninety neunzig"),
    )
)
"""Numbers that people write as words."""

UNITS = numbered(
    (
        (1, "s sec secs second seconds sek sekunde sekunden"),
        (60, "m min mins minute minutes minuten"),
        (3_600, "h hr hrs hour hours std stunde stunden"),
        (86_400, "d day days tag tage tagen"),
        (604_800, "w week weeks woche wochen"),
    )
)
"""Units of durations, in seconds."""

WEEKDAYS = numbered(
    enumerate(
        (
            "monday mondays mon montag montags mo",
            "tuesday tuesdays tue tues dienstag dienstags di",
            "wednesday wednesdays wed weds mittwoch mittwochs mi",
            "thursday thursdays thu thur thurs donnerstag donnerstags do",
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
PLURAL_SETS = {
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
    **PLURAL_SETS,
}
"""Words for several weekdays at once; the plural ones repeat."""
_ANY_DAY = {"day": _ALL_DAYS, "tag": _ALL_DAYS}

PLURAL_DAYS = frozenset(
    word for word in WEEKDAYS if word.endswith(("days", "tags", "wochs", "abends"))
)
"""Names of weekdays that repeat: Mondays, montags."""

MONTHS = numbered(
    enumerate(
        (
            "january jan januar jänner",
            "february feb februar",
            "march mar märz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        1,
    )
)
"""Names of months, 1 for January."""

LAST = -1
ORDINALS = numbered(
    (
        (1, "first 1st erste ersten erster erstes 1."),
        (2, "second 2nd zweite zweiten zweiter zweites 2."),
        (3, "third 3rd dritte dritten dritter drittes 3."),
        (4, "fourth 4th vierte vierten vierter viertes 4."),
        (LAST, "last letzte letzten letzter letztes"),
    )
)
"""Which of a month's days of one name, or of all its days."""

EVERY = frozenset({"every", "each", "alle", "je", "jede", "jeden", "jeder", "jedes"})
"""Words that begin a repetition."""

_FILLERS = frozenset({*EVERY, "on", "at", "and", "the", "am", "um", "und"}) - {"alle", "je"}

# Durations

UNIT = any_of(UNITS)
_QUARTER = r"(?:a\s+)?quarter\s+of\s+an\s+hour|(?:eine[nr]?\s+)?viertelstunde"
_HALF = r"half\s+an\s+hour|(?:eine[nr]?\s+)?halbe[nr]?\s+stunde"
_COUNT = rf"[0-9]{{1,6}}|(?:{any_of(NUMBERS)})(?=\s)"
_PART = re.compile(
    rf"(?:(?P<quarter>{_QUARTER})|(?P<half>{_HALF})|(?P<count>{_COUNT})\s*(?P<unit>{UNIT}))"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(?:(?:and|und)\s+)?", re.IGNORECASE)
_UNNAMED = re.sub(r"\?P<\w+>", "?:", _PART.pattern)
DURATION = rf"{_UNNAMED}(?:{_JOINT.pattern}{_UNNAMED})*"
"""A pattern for durations in small letters."""


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
    if part["quarter"]:
        return 15, 60
    return number(part["count"].lower()), UNITS[part["unit"].lower()]


def number(word: str) -> int:
    """A number in digits or as a word of `NUMBERS`."""
    return NUMBERS.get(word) or int(word)


def in_days(text: str) -> bool:
    """Whether a duration is in days and weeks alone."""
    return all(_counted(part)[1] >= UNITS["day"] for part in _PART.finditer(text))


ENDLESS = re.compile(
    r"(?:for ?ever|ever|indefinitely|until further notice|until unmuted|(?:für )?immer"
    r"|bis auf weiteres)(?!\w)",
    re.IGNORECASE,
)
"""What people write for a time without an end."""

# Weekdays

DAY_NAMES = any_of(WEEKDAYS)
_DAY_RANGE = re.compile(
    rf"\b({DAY_NAMES})\.?\s*(?:-|–|\bto\b|\bthrough\b|\bbis\b)\s*({DAY_NAMES})\b", re.IGNORECASE
)


def weekdays(text: str) -> frozenset[int] | None:
    """Read weekdays, 0 for Monday: mon-fri; sat, sun; Mo bis Fr; weekdays."""
    joined = _DAY_RANGE.sub(r"\1-\2", text.lower())
    numbers: set[int] = set()
    for word in re.split(r"[\s,;]+", joined):
        if word and word not in _FILLERS:
            several = days(word)
            if several is None:
                return None
            numbers |= several
    return frozenset(numbers) or None


def days(word: str) -> frozenset[int] | None:
    """Read one word as weekdays, 0 for Monday: a name, a range of names, or a set of days."""
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
