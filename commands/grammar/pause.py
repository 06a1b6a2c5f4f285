"""Lines that pause subscriptions: which, and until when. Pure: the time is given."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.grammar.subscription import FOR, QUOTES
from component.common import time_words
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.schedule import once
from component.common.value_types import YEAR

_UNTIL = re.compile(r"(?:^|\s)(until|till|til|bis|for|für)\s+", re.IGNORECASE)
_ENDLESS = re.compile(rf"(?:^|\s)(?:{time_words.ENDLESS.pattern})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Which subscriptions are paused ("" for all), and until when; "" for until they are wanted
    again."""

    which: str = ""
    until: str = ""


def read_pause(line: str) -> Pause:
    """Read what a line says: `until Monday`, `lobby for 2h`, `3`, `2h`."""
    text = " ".join(line.translate(QUOTES).replace('"', "").split())
    endless = _ENDLESS.search(text)
    if endless:
        return Pause(text[: endless.start()].strip())
    match = _UNTIL.search(text)
    if match:
        which, time = text[: match.start()].strip(), text[match.end() :]
        return Pause(which, f"in {time}" if match[1].lower() in FOR else time)
    if time_words.duration(text) is None:
        return Pause(text)
    return Pause(until=f"in {text}")


def until(text: str, now: int, zone: ZoneInfo) -> int:
    """Read a time, by the clocks of `zone`; in ms since 1970, 0 for none. Raises BadInput."""
    words = text.strip()
    if _UNTIL.match(words):
        words = _UNTIL.sub("", words, count=1)
    if not words or _ENDLESS.search(text.strip()):
        return 0
    seconds = time_words.duration(words)
    due = once(words, now, zone) if seconds is None else now + seconds * 1000
    if due - now > YEAR.ms:
        raise BadInput(
            _("“{text}” is more than a year ahead. Choose an earlier time.", text=text[:40])
        )
    return due
