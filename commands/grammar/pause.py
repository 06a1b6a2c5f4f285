"""Lines that pause subscriptions: which, and until when. Pure: the time is given."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.grammar.subscription import FOR, QUOTES
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.schedule import once
from component.common.value_types import Span

YEAR = Span(366 * 86400)
"""How long a pause may be."""
_UNTIL = re.compile(r"(?:^|\s)(until|till|til|bis|for|für)\s+", re.IGNORECASE)
_FILLING = re.compile(
    r"^(?:zum|zu|on|am|um|next|nächsten|nächste|kommenden)\s+(?!\d)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Pause:
    """Which subscriptions are paused ("" for all), and until when; "" for until they are wanted
    again."""

    which: str = ""
    until: str = ""


def read_pause(line: str) -> Pause:
    """What a line says: `until Monday`, `lobby for 2h`, `3`, `2h`."""
    text = " ".join(line.translate(QUOTES).replace('"', "").split())
    if found := _UNTIL.search(text):
        time = text[found.end() :]
        return Pause(
            text[: found.start()].strip(), f"in {time}" if found[1].lower() in FOR else time
        )
    try:
        Span.parse(text)
    except BadInput:
        return Pause(text)
    return Pause(until=f"in {text}")


def until(text: str, now: int, zone: ZoneInfo) -> int:
    """The time written, in ms since 1970, by the clocks of `zone`; 0 for none. Raises BadInput."""
    words = _UNTIL.sub("", text.strip()) if _UNTIL.match(text.strip()) else text.strip()
    if not words:
        return 0
    try:
        due = now + Span.parse(words).ms
    except BadInput:
        due = once(_FILLING.sub("", words), now, zone)
    if due - now > YEAR.ms:
        raise BadInput(
            _("“{text}” is more than a year ahead. Choose an earlier time.", text=text[:40])
        )
    return due
