"""What feeds write as a date. Pure.

Read are RFC 822 and ISO 8601 by the standard library, and beside them time zones that RFC 822 does
not have, months in other languages, and numbers. feedparser is taught the same
(`registerDateHandler`), and reads some more.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

import feedparser  # type: ignore[import-untyped]

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
_NO_YEAR = re.compile(r"-|0000|\d{5,}-|.*\s-?0\d{3}\s+\d\d?:")
_NUMBER = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})")
_NAMED = re.compile(
    r"(?:[^\W\d_]+[.,]*\s+)?(\d{1,2})\.?\s+(?:de\s+)?([^\W\d_]+)\.?,?\s+(?:de\s+)?(\d{4})\b(.*)"
)
_ZONE = re.compile(r"\d\s*\(?([A-Z]{3,4})\)?$")
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-]\d\d):?(\d\d)$")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE,
)


def stamp(text: str, now: int) -> int:
    """`text` in milliseconds since 1970 UTC; `now` where it lies in the future, 0 where it is not a
    date."""
    text = folded(text)
    if _NO_YEAR.match(text):
        return 0
    try:
        at = number(text)
        if not at:
            moment = moment_of(text)
            at = milliseconds(moment)
    except (ValueError, OverflowError):
        return 0
    return believed(at, now)


def stamp_of(parsed: "time.struct_time | None", text: str, now: int) -> int:
    """As `stamp`, of a date that feedparser understood; `text` is what the feed wrote."""
    if parsed is None or _NO_YEAR.match(folded(text)):
        return 0
    try:
        moment = datetime(*parsed[:6], tzinfo=UTC)
    except (ValueError, OverflowError):
        return 0
    return believed(milliseconds(moment), now)


def folded(text: str) -> str:
    """The start of a text, its white space folded."""
    return " ".join(text[:100].split())


def believed(at: int, now: int) -> int:
    """A time that is neither nonsense (0) nor in the future (`now`)."""
    if at < EARLIEST:
        return 0
    return min(at, now)


def milliseconds(moment: datetime | None) -> int:
    """Milliseconds since 1970; 0 for None."""
    if moment is None:
        return 0
    return int(moment.timestamp()) * 1000


def number(text: str) -> int:
    """Seconds or milliseconds since 1970, as milliseconds; 0 where the text is something else."""
    digits = _NUMBER.fullmatch(text)
    if not digits:
        return 0
    if digits[1]:
        return int(digits[1]) * 1000
    return int(digits[2])


def moment_of(text: str) -> datetime | None:
    """The moment that a text names, with its time zone; None where it is not understood."""
    iso = _ISO.fullmatch(text)
    if iso:
        moment = datetime.fromisoformat(f"{iso[1]}T{iso[2] or '00:00'}{(iso[3] or 'Z').upper()}")
        return moment.astimezone(UTC)
    read = parsedate_tz(_OFFSET.sub(r"\1\2", in_english(text)))
    if read is None:
        return None
    offset = timedelta(seconds=read[9] or 0)
    zone = _ZONE.search(text)
    if zone and zone[1] in _ZONES:
        offset = timedelta(minutes=_ZONES[zone[1]])
    return datetime(*read[:6], tzinfo=UTC) - offset


def in_english(text: str) -> str:
    """A date as RFC 822 has it, where it names its month in another language."""
    parts = _NAMED.fullmatch(text)
    if not parts:
        return text
    month = _MONTH.get(parts[2].lower())
    if month is None:
        return text
    return f"{parts[1]} {_ENGLISH[month]} {parts[3]} {parts[4].strip() or '00:00:00 GMT'}"


def understood(text: str) -> time.struct_time | None:
    """What feedparser asks of a date handler: the moment in UTC, or None."""
    moment = moment_of(folded(text))
    if moment is None:
        return None
    return moment.utctimetuple()


feedparser.registerDateHandler(understood)
