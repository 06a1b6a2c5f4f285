"""The words of dates: months and days of the week in other languages, and zones. Data only."""

_MONTHS = (
    "january jan januar jänner januari ene enero gen gennaio janv janvier janeiro január "
    "январь января янв ιαν sty oca led",
    "february feb februar feber februari febrero febbraio fev fevr fevereiro fév févr février "
    "február февраль февраля фев φεβ lut şub úno",
    "march mar mär mrz märz maerz mrt maart mars marzo março március март марта мар μαρ bře březen",
    "april apr abr abril aprile avr avril április апрель апреля апр απρ kwi nis",
    "may mai mei mag maggio maio maj maja mayo május май мая μαΐ μάι μαϊ",
    "june jun juni junio junho juin giu giugno június jún июнь июня июн ιουν ιούν cze haz",
    "july jul juli julio julho juil juillet lug luglio július júl июль июля июл ιουλ ιούλ lip tem",
    "august aug augustus ago agosto août aout augusztus август августа авг αυγ sie ağu",
    "september sep sept septembre septiembre set settembre setembro szeptember сентябрь "
    "сентября сен σεπ wrz eyl",
    "october oct oktober okt octobre octubre ott ottobre out outubro október октябрь октября "
    "окт οκτ paź eki",
    "november nov novembre noviembre novembro ноябрь ноября ноя νοε lis kas",
    "december dec dezember dez desember decembre déc décembre dic dicembre diciembre dezembro "
    "декабрь декабря дек δεκ gru ara",
)
_WEEKDAYS = (
    "mon monday mo montag",
    "tue tues tuesday di die dienstag",
    "wed weds wednesday mi mit mittwoch",
    "thu thur thurs thursday do don donnerstag",
    "fri friday fr fre freitag",
    "sat saturday sa sam samstag sonnabend",
    "sun sunday so son sonntag",
)


def numbered(groups: tuple[str, ...], first: int) -> dict[str, int]:
    """Each word with the number of its group, counted from `first`."""
    numbers: dict[str, int] = {}
    for number, words in enumerate(groups, first):
        for word in words.split():
            numbers[word] = number
    return numbers


MONTHS = numbered(_MONTHS, 1)
"""The number of a month by its name in small letters."""
WEEKDAYS = numbered(_WEEKDAYS, 0)
"""The day of the week, 0 for Monday, by its name in English or German in small letters."""

ZONES = {
    "Z": 0,
    "UT": 0,
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 60,
    "BST": 60,
    "CET": 60,
    "MEZ": 60,
    "CEST": 120,
    "MEST": 120,
    "MESZ": 120,
    "EET": 120,
    "SAST": 120,
    "EEST": 180,
    "MSK": 180,
    "TRT": 180,
    "PKT": 300,
    "IST": 330,
    "NPT": 345,
    "WIB": 420,
    "ICT": 420,
    "SGT": 480,
    "HKT": 480,
    "AWST": 480,
    "JST": 540,
    "KST": 540,
    "ACST": 570,
    "AEST": 600,
    "ACDT": 630,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "BRT": -180,
    "ART": -180,
    "NDT": -150,
    "NST": -210,
    "ADT": -180,
    "AST": -240,
    "EDT": -240,
    "EST": -300,
    "CDT": -300,
    "CST": -360,
    "MDT": -360,
    "MST": -420,
    "PDT": -420,
    "PST": -480,
    "AKDT": -480,
    "AKST": -540,
    "HST": -600,
}
"""Minutes ahead of UTC. Of two zones with one name the one with more feeds in it."""
