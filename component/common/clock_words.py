"""Times of day as people say them, in English and German: 9, 22:30, 9.30, 5 p.m., 9 Uhr, noon, half
past nine, halb zehn; and the parts of a day.

Digits are read by the clock of 24 hours. What is said in words (half past nine) is that of the
morning from seven to noon; else it needs the part of the day, for it may be meant in either half.
"""

import re
from dataclasses import dataclass

from component.common.time_words import NUMBERS, WEEKDAYS, any_of, number, numbered

DAY_MINUTES = 24 * 60
NAMES = numbered(
    (
        (12 * 60, "noon midday mittag mittags"),
        (0, "midnight mitternacht mitternachts"),
    )
)
"""Times of day that have a name, in minutes."""

_PARTS = {
    "morning": ((60, 12 * 60),),
    "afternoon": ((12 * 60, 19 * 60),),
    "evening": ((16 * 60, DAY_MINUTES),),
    "night": ((20 * 60, DAY_MINUTES), (0, 5 * 60)),
}
PARTS = {
    "morning": "morning",
    "morgen": "morning",
    "morgens": "morning",
    "früh": "morning",
    "vormittag": "morning",
    "vormittags": "morning",
    "afternoon": "afternoon",
    "nachmittag": "afternoon",
    "nachmittags": "afternoon",
    "evening": "evening",
    "abend": "evening",
    "abends": "evening",
    "night": "night",
    "nacht": "night",
    "nachts": "night",
}
"""What people call the parts of a day."""
_AFTER_MIDNIGHT = 5 * 60
_SPOKEN = range(7 * 60, 12 * 60)
"""Minutes of the day that words such as “half past nine” are sure to mean."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, in minutes since midnight, as it was said.

    One that is `either` may belong to both halves of the day (9, half past nine), one that is
    `spoken` is in words, and one that is `bare` is a number and nothing else.
    """

    minutes: int
    either: bool = False
    spoken: bool = False
    bare: bool = False

    def alone(self) -> int | None:
        """The minutes where no part of the day is named; None where both halves are possible."""
        if self.spoken and self.minutes not in _SPOKEN:
            return None
        return self.minutes

    def within(self, part: str, *, on_day: bool) -> int | None:
        """The minutes in a part of the day, 0 to 1439; None where that is not one time.

        `on_day` tells that a day is named: the night of a day is in two days.
        """
        possible = {self.minutes}
        if self.either:
            possible.add((self.minutes + 12 * 60) % DAY_MINUTES)
        fitting = []
        for minutes in possible:
            if any(start <= minutes < end for start, end in _PARTS[part]):
                fitting.append(minutes)
        if len(fitting) != 1:
            return None
        if part == "night" and on_day and fitting[0] < _AFTER_MIDNIGHT:
            return None
        return fitting[0]


# Patterns, for text in the form that `normal` gives

_GERMAN_DAYS = [name for name in WEEKDAYS if name.startswith(tuple("mdfs")) and "day" not in name]
_AM_IS_ON = (
    rf"(?! (?:{any_of(_GERMAN_DAYS)}|wochenende|morgen|vormittag|nachmittag|abend|\d\d?\."
    r"|(?:nächste|kommende|erste|letzte)n)\b)"
)
"""In “um 12 am Montag”, am is on."""
_HALF = re.compile(rf"([0-9]) ([ap])m\b{_AM_IS_ON}")
_DOTTED = re.compile(r"(?<![^\W\d_])([ap])\. ?m\b\.?")
_OCLOCK = re.compile(r"o['’]clock\b")
_COMMA = re.compile(r"[,;](?= |$)")
_DASHES = str.maketrans("–—−", "---")

_HOURS = any_of(word for word, value in NUMBERS.items() if value <= 12 and len(word) > 2)
_HOUR = rf"(?:{_HOURS}|\d\d?)"
_STEP = rf"(?:(?:a )?quarter|viertel|(?:{any_of(NUMBERS)})|\d\d?(?= min| nach| vor| past))"
CLOCK = (
    r"(?P<lead>(?:at|um|@) ?)?(?:"
    rf"(?P<name>{any_of(NAMES)})"
    rf"|(?:(?P<step>{_STEP})(?: minut(?:es?|en?))? (?P<turn>past|to|nach|vor)"
    rf"|(?P<turned>half past|halb|dreiviertel)) (?P<base>{_HOUR})(?: ?(?P<spoken_half>[ap]m))?"
    r"(?: (?:uhr|oclock))?"
    rf"|(?P<word>{_HOURS})(?: ?(?P<word_half>[ap]m))?(?P<word_clock> (?:uhr|oclock))?"
    r"|(?P<hour>\d\d?)(?:(?:[:.]|h(?=\d))(?P<minute>[0-5]\d))?(?P<half>[ap]m)?"
    r"(?P<oclock> ?(?:uhr|oclock)|h)?(?: (?P<after>(?<=uhr )[0-5]\d)(?![\w:.]))?)"
)
"""A pattern for times of day; `from_match` reads what it found."""
_CLOCK = re.compile(CLOCK)


def normal(text: str) -> str:
    """A text in small letters with one space between words, without commas; p.m. is pm."""
    low = _COMMA.sub("", " ".join(text.lower().split())).translate(_DASHES)
    low = _OCLOCK.sub("oclock", _DOTTED.sub(r"\1m", low))
    return _HALF.sub(r"\1\2m", low).rstrip("!?:")


def from_match(match: re.Match[str]) -> Clock | None:
    """What `CLOCK` found; None where that is not a time of day."""
    if match["name"]:
        return Clock(NAMES[match["name"]])
    if match["base"]:
        return _spoken(number(match["base"]), _turn(match), match["spoken_half"])
    if match["word"]:
        if not (match["lead"] or match["word_clock"] or match["word_half"]):
            return None
        return _spoken(number(match["word"]), 0, match["word_half"])
    return _digits(match)


def _turn(match: re.Match[str]) -> int:
    """Minutes past the hour that is named; below 0 for those before it."""
    if match["turned"]:
        return {"half past": 30, "halb": -30, "dreiviertel": -15}[match["turned"]]
    step = match["step"].removeprefix("a ")
    minutes = 15
    if step not in ("quarter", "viertel"):
        minutes = number(step)
    if match["turn"] in ("to", "vor"):
        return -minutes
    return minutes


def _spoken(hour: int, turn: int, half: str | None) -> Clock | None:
    if not 1 <= hour <= 12 or not -30 <= turn <= 30:
        return None
    minutes = hour % 12 * 60 + turn
    if half:
        return Clock((minutes + 12 * 60 * (half == "pm")) % DAY_MINUTES)
    return Clock(minutes % (12 * 60), either=True, spoken=True)


def _digits(match: re.Match[str]) -> Clock | None:
    hour, half = int(match["hour"]), match["half"]
    if match["minute"] and match["after"]:
        return None
    minutes = hour * 60 + int(match["minute"] or match["after"] or 0)
    if half:
        if not 1 <= hour <= 12 or match["oclock"]:
            return None
        return Clock(minutes % (12 * 60) + 12 * 60 * (half == "pm"))
    if minutes > DAY_MINUTES:
        return None
    either = 1 <= hour <= 12 and not match["hour"].startswith("0")
    bare = not (match["lead"] or match["minute"] or match["oclock"] not in (None, "h"))
    return Clock(minutes, either, bare=bare)


# Readers


def clock(text: str) -> int | None:
    """Read a time of day such as 9, 22:30, 9.30, 9pm, 9 Uhr, noon; in minutes, 24:00 included."""
    said = said_clock(normal(text))
    return said.alone() if said else None


def said_clock(text: str) -> Clock | None:
    """Read a time of day in the form that `normal` gives."""
    match = _CLOCK.fullmatch(text)
    return from_match(match) if match else None


_SPAN_START = re.compile(r"^(?:from|von|between|zwischen) ")
_BETWEEN = re.compile(r" ?- ?| (?:to|until|till|bis|and|und) ")


def clock_span(text: str) -> tuple[int, int] | None:
    """Read the hours of a day, such as 22:00-07:00, 22 to 7, 10pm-7am, von 22 Uhr bis 7 Uhr; in
    minutes.

    None where one end says am or pm and the other may be in either half of the day: 10-7am.
    """
    words = _SPAN_START.sub("", normal(text))
    for between in _BETWEEN.finditer(words):
        start = said_clock(words[: between.start()])
        end = said_clock(words[between.end() :])
        if start is None or end is None:
            continue
        mixed = start.either != end.either and re.search(r"[ap]m\b", words)
        minutes = start.alone(), end.alone()
        if mixed or minutes[0] is None or minutes[1] is None:
            return None
        return minutes[0], minutes[1]
    return None
