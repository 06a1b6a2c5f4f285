"""The moment that a text names. Pure.

Every part of the text has to be understood, and in one way only; a part that is missing is not
filled in from today. What is left out by custom is: a time of day (midnight) and a zone (UTC).

    [weekday] date [weekday] [time [zone]] [zone]

with the time before the date in some feeds, and before the year in others (C's asctime).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from component.methods.feed.parsing.date_words import MONTHS, WEEKDAYS, ZONES

MAX_CHARS = 100
"""Characters of a date, with its white space folded."""
MAX_OFFSET_HOURS = 14
"""The zone farthest from UTC, in the Line Islands."""
CENTURY_FROM = 50
"""Years of two figures from here on are of the 20th century (RFC 5322 section 4.3)."""

_HALF = r"[ap]\.?m\b\.?|uhr\b"
_CLOCK = re.compile(
    r"(?:(?<=\d)T ?|(?<![\d:+.-]))"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d{1,9})?)?(?!\d)"
    rf"(?: ?(?P<half>{_HALF}))?",
    re.IGNORECASE,
)
_HOUR = re.compile(
    rf"(?<![\d:+.-])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))? ?(?P<half>{_HALF})", re.IGNORECASE
)
_HOUR_AND_OFFSET = re.compile(r"(?<=\b\d{4} )(?P<hour>\d{1,2})(?= [+-]\d{4}$)")
_NAMES = "|".join(sorted(ZONES, key=len, reverse=True))
_ZONE = re.compile(
    rf"(?:(?:(?:{_NAMES})[ :]?)?(?P<sign>\+\+?|--?)(?P<hours>\d{{1,2}})"
    rf"(?::?(?P<minutes>\d\d)(?::00)?)?(?![\d:])(?: ?\([^()]*\)| ?\[[^\[\]]*\]| (?:{_NAMES})\b)?"
    rf"|\(?(?P<name>{_NAMES})\b\)?)"
).pattern
_ZONE_AFTER_CLOCK = re.compile(rf" ?:?(?:{_ZONE}|(?P<zero>00(?:00)?)\b)", re.IGNORECASE)
_ZONE_AT_END = re.compile(rf"(?:(?<= )|(?<=\d)(?=Z|[+-]\d\d:\d\d)){_ZONE}$", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b({'|'.join(WEEKDAYS)})\b\.?", re.IGNORECASE)
_ANY_WORD = re.compile(r"[^\W\d_]+[.,:]* ")
# What joins a date and a time.
_JOINED = re.compile(r"[ ,;@|-]*(?:\b(?:at|um|om|à)\b)?[ ,;@|-]*$", re.IGNORECASE)

# Without separators (ISO 8601 basic), and with the words for year, month and day between.
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d))?(?!\d)", re.IGNORECASE)
_MARKED = re.compile(r"(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일] ?")

_BETWEEN = r"(?: ?[.,]* |[.,/-]| - )"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª)?"
_MONTH = r"(?P<month>[^\W\d_]+)"
_NAMED = (
    re.compile(
        rf"{_DAY}{_BETWEEN}?(?:(?:of|de) )?{_MONTH}{_BETWEEN}?(?:(?:of|de) )?"
        r"(?P<year>\d{4}|\d\d)",
        re.IGNORECASE,
    ),
    re.compile(rf"{_MONTH}{_BETWEEN}?{_DAY}{_BETWEEN}(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"(?P<year>\d{{4}}){_BETWEEN}?{_MONTH}{_BETWEEN}?{_DAY}", re.IGNORECASE),
)
_NUMBERS = re.compile(
    r"(?P<first>\d{1,4})(?P<between> ?[./-] ?| )(?P<second>\d{1,2})(?P=between)(?P<third>\d{1,4})"
)


class NoDate(ValueError):
    """The text is not a date, or it can be read in several ways."""


@dataclass(frozen=True, slots=True)
class Split:
    """A text taken apart: what stands before the time of day and what behind it."""

    before: str
    clock: timedelta
    after: str


def moment(text: str) -> datetime:
    """The moment that a text names, in UTC. Raises NoDate."""
    text = " ".join(text[: 2 * MAX_CHARS].split())
    if len(text) > MAX_CHARS:
        raise NoDate
    text = _MARKED.sub(r"\1-\2-\3 ", text.replace("−", "-").replace("–", "-"))
    try:
        split = split_of(_BASIC.sub(separated, text, count=1))
        split, offset = without_zone(split)
        day = day_of(split)
        return datetime.combine(day, time(), UTC) + split.clock - offset
    except (ValueError, OverflowError) as error:
        raise NoDate from error


def separated(basic: re.Match[str]) -> str:
    """A date and time without separators, with them."""
    year, month, day, *clock = basic.groups()
    if basic.start() or not clock[0]:
        return f"{year}-{month}-{day}"
    return f"{year}-{month}-{day}T{':'.join(clock)}"


def split_of(text: str) -> Split:
    """The text around its time of day, which is midnight where it has none. Raises NoDate."""
    clocks = list(_CLOCK.finditer(text)) or list(_HOUR.finditer(text))
    if not clocks:
        clocks = list(_HOUR_AND_OFFSET.finditer(text))
    if not clocks:
        return Split("", timedelta(), text)
    last = clocks[-1]
    before = text[: last.start()]
    for earlier in clocks[:-1]:
        # Some write a midnight that says nothing between the date and the time.
        if time_of(earlier):
            raise NoDate
        before = text[: earlier.start()]
    return Split(_JOINED.sub("", before), time_of(last), text[last.end() :])


def time_of(clock: re.Match[str]) -> timedelta:
    """The time of day since midnight, by 24 or 12 hours. Raises NoDate."""
    found = clock.groupdict()
    hour = int(found["hour"])
    minute = int(found.get("minute") or 0)
    second = int(found.get("second") or 0)
    half = (found.get("half") or "").lower()
    if half.startswith(("a", "p")):
        hour = hour_of_half(hour, after_noon=half.startswith("p"))
    whole = timedelta(hours=hour, minutes=minute, seconds=second)
    # A second may be a leap one, and midnight may be the day's end (ISO 8601).
    if minute > 59 or second > 60 or whole > timedelta(hours=24):
        raise NoDate
    return whole


def hour_of_half(hour: int, *, after_noon: bool) -> int:
    """An hour of 24 from one of 12. One that is of 24 already has to agree. Raises NoDate."""
    if 1 <= hour <= 12:
        return hour % 12 + 12 * after_noon
    if (hour > 12) is not after_noon:
        raise NoDate
    return hour


def without_zone(split: Split) -> tuple[Split, timedelta]:
    """The text without its zone, and how far that is ahead of UTC. Raises NoDate."""
    if split.before or split.clock:
        zone = _ZONE_AFTER_CLOCK.match(split.after)
        if zone:
            rest = split.after[zone.end() :]
            if rest[:1].isalnum():
                raise NoDate
            return Split(split.before, split.clock, rest), offset_of(zone)
    zone = _ZONE_AT_END.search(split.after)
    if not zone:
        return split, timedelta()
    return Split(split.before, split.clock, split.after[: zone.start()]), offset_of(zone)


def offset_of(zone: re.Match[str]) -> timedelta:
    """How far a zone is ahead of UTC. An offset counts more than a name. Raises NoDate."""
    if zone["name"]:
        return timedelta(minutes=ZONES[zone["name"].upper()])
    if not zone["sign"]:
        return timedelta()
    hours, minutes = int(zone["hours"]), int(zone["minutes"] or 0)
    if hours > MAX_OFFSET_HOURS or minutes > 59:
        raise NoDate
    offset = timedelta(hours=hours, minutes=minutes)
    if zone["sign"].startswith("-"):
        return -offset
    return offset


def day_of(split: Split) -> date:
    """The day in what is left of a text. Raises NoDate."""
    left = f"{split.before} {split.after.lstrip(' ,;-')}"
    weekday = _WEEKDAY.search(left)
    if weekday:
        left = left[: weekday.start()] + " " + left[weekday.end() :]
    left = " ".join(left.split()).strip(" ,.").removesuffix(" -")
    numbers = _NUMBERS.fullmatch(left)
    if not numbers:
        return named_day(left)
    known = None
    if weekday:
        known = WEEKDAYS[weekday[1].lower()]
    return numbered_day(numbers, known)


def named_day(text: str) -> date:
    """The day in a text that names its month. Raises NoDate."""
    word = _ANY_WORD.match(text)
    for form in _NAMED:
        found = form.fullmatch(text)
        if not found and word:  # a day of the week in another language
            found = form.fullmatch(text, word.end())
        if found and found["month"].lower() in MONTHS:
            month = MONTHS[found["month"].lower()]
            return date(full_year(found["year"]), month, int(found["day"]))
    raise NoDate


def full_year(figures: str) -> int:
    """A year of four figures. One of two is of the years from 1950 to 2049."""
    year = int(figures)
    if len(figures) > 2:
        return year
    if year < CENTURY_FROM:
        return 2000 + year
    return 1900 + year


def numbered_day(numbers: re.Match[str], weekday: int | None) -> date:
    """The day in three numbers, whose order the numbers, the full stops or the day of the week
    must make sure. Raises NoDate."""
    days = list(dict.fromkeys(readings(numbers["first"], numbers["second"], numbers["third"])))
    fitting = [day for day in days if day.weekday() == weekday]
    if "." in numbers["between"] and days:
        # The day comes first, unless the day of the week says otherwise.
        if fitting and days[0] not in fitting:
            raise NoDate
        return days[0]
    if len(days) > 1:
        days = fitting
    if len(days) != 1:
        raise NoDate
    return days[0]


def readings(first: str, second: str, third: str) -> Iterator[date]:
    """What three numbers can mean: day, month and year, month first, year first."""
    orders = [(third, second, first), (third, first, second), (first, second, third)]
    if len(first) == 4:
        orders = orders[2:]
    elif len(third) == 4:
        orders = orders[:2]
    for year, month, day in orders:
        if len(year) not in (2, 4) or len(day) > 2:
            continue
        try:
            yield date(full_year(year), int(month), int(day))
        except ValueError:
            continue
