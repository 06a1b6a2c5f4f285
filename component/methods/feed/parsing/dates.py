"""When something was said, of what feeds write as a date. Pure.

feedparser reads most; added are the time zones that RFC 822 does not have, months in other
languages, and numbers.
"""

import calendar
import re
import time

from feedparser.datetimes import _parse_date  # type: ignore[import-untyped]

EARLIEST = 31_536_000_000
"""1971, in milliseconds: what is before it is a clock that was never set, or nonsense."""

# By the minutes that they are ahead of UTC. Of two zones with one name the one with more feeds in
# it.
_ZONES = {
    "BST": 60,
    "WEST": 60,
    "CET": 60,
    "MEZ": 60,
    "CEST": 120,
    "MESZ": 120,
    "EET": 120,
    "SAST": 120,
    "EEST": 180,
    "MSK": 180,
    "TRT": 180,
    "IST": 330,
    "WIB": 420,
    "ICT": 420,
    "SGT": 480,
    "HKT": 480,
    "AWST": 480,
    "JST": 540,
    "KST": 540,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "BRT": -180,
    "ART": -180,
    "AKST": -540,
    "AKDT": -480,
    "HST": -600,
}
_MONTHS = (
    "jan ene gen janv janvier januar januari enero gennaio janeiro январь января янв ιαν sty "
    "oca led",
    "feb fev fév févr février februar februari febrero febbraio fevereiro fevr февраль "
    "февраля фев φεβ lut şub úno",
    "mar mär mrt mars märz maart marzo março maerz март марта мар μαρ březen bře",
    "apr abr avr avril april abril aprile апрель апреля апр απρ kwi nis",
    "may mai mag mei mayo maggio maio май мая μαΐ μάι μαϊ maj maja",
    "jun juin juni junio giu giugno junho июнь июня июн ιουν cze haz",
    "jul juil juillet juli julio lug luglio julho июль июля июл ιουλ lip tem",
    "aug ago août aout augustus august agosto август августа авг αυγ sie ağu",
    "sep set sept september septembre septiembre settembre setembro сентябрь сентября сен "
    "σεπ wrz eyl",
    "oct okt ott out oktober octobre octubre ottobre outubro октябрь октября окт οκτ paź eki",
    "nov november novembre noviembre novembro ноябрь ноября ноя νοε lis kas",
    "dec dez dic déc dezember décembre diciembre dicembre dezembro desember decembre декабрь "
    "декабря дек δεκ gru ara",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS) for name in names.split()}
_ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# Years that are none, which some readings make something of.
_NO_YEAR = re.compile(r"-|0000|\d{5,}-")
_NUMBER = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})")
_NAMED = re.compile(
    r"(?:[^\W\d_]+[.,]*\s+)?(\d{1,2})\.?\s+(?:de\s+)?([^\W\d_]+)\.?,?\s+(?:de\s+)?(\d{4})\b(.*)"
)
_ZONE = re.compile(r"\d\s*\(?([A-Z]{3,4})\)?$")
_WITHOUT_COLON = re.compile(
    r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?([+-]\d\d):?(\d\d)?$"
)


def stamp(text: str, now: int) -> int:
    """`text` in milliseconds since 1970 UTC, `now` where that is yet to come, 0 where it is no
    date."""
    text = " ".join(text[:100].split())
    try:
        at = 0 if _NO_YEAR.match(text) else _number(text) or _parsed(text)
    except (ValueError, OverflowError):
        return 0
    return min(at, now) if at >= EARLIEST else 0


def _number(text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if not found:
        return 0
    return int(found[1]) * 1000 if found[1] else int(found[2])


def _parsed(text: str) -> int:
    offset = _WITHOUT_COLON.match(text)
    if offset:
        text = f"{offset[1].replace(' ', 'T')}{offset[2]}:{offset[3] or '00'}"
    read: time.struct_time | None = _parse_date(_in_english(text))
    if not read:
        return 0
    zone = _ZONE.search(text)
    ahead = _ZONES.get(zone[1], 0) if zone else 0
    return (calendar.timegm(read) - ahead * 60) * 1000


def _in_english(text: str) -> str:
    """A date with the month in words, whatever language they are in, as RFC 822 has it."""
    found = _NAMED.fullmatch(text)
    month = _MONTH.get(found[2].lower()) if found else None
    if not found or month is None:
        return text
    return f"{found[1]} {_ENGLISH[month]} {found[3]} {found[4].strip() or '00:00:00 GMT'}"
