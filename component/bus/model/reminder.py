"""A reminder: what is said, where and when, and when it comes again. Pure: the time is given."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from component.bus.model.message import Channel
from component.common.i18n import Words, _
from component.common.schedule import Schedule
from component.common.value_types import Span

MOST = 50
"""Reminders that a person may have open."""
MAX_TEXT = 1_000
"""Characters of what is to be said."""
LATE = 60_000
"""Milliseconds behind its time from which a reminder says so."""
_LOOKS_BACK = (3_600_000, 86_400_000, 8 * 86_400_000, 32 * 86_400_000, 367 * 86_400_000)
"""Milliseconds, each further back, within which the last of many missed times is looked for."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What is to be said in `channel` at `due` (ms since 1970), and then at each time of `schedule`
    by the clocks of `zone`; `who` (a bare JID) asked for it, is called `name`, and spoke
    `language`. `id` is the store's."""

    who: str
    name: str
    channel: Channel
    body: str
    due: int
    schedule: str = ""
    zone: str = "UTC"
    language: str = "en"
    id: int = 0

    @property
    def origin(self) -> str:
        """Names this one time: what has it is accepted once."""
        return f"reminder:{self.id}@{self.due}"

    def next(self, now: int) -> int | None:
        """When it comes again, whatever was missed; None where it is over. Raises BadInput where it
        can't be read."""
        if not self.schedule:
            return None
        return self._after(max(now, self.due))

    def _after(self, at: int) -> int:
        return Schedule.parse(self.schedule).after(at, ZoneInfo(self.zone))

    def latest(self, now: int) -> int:
        """The last of its times up to `now`: of several missed times, the one that is sent."""
        if not self.schedule:
            return self.due
        for back in _LOOKS_BACK:  # a few steps from near, not a year's from the first
            time = self._after(now - back) if now - back > self.due else self.due
            if time <= now:
                while (following := self._after(time)) <= now:
                    time = following
                return time
        return self.due

    def said(self, now: int, *, to_self: bool) -> Words:
        """The words of it, with how late they come where they were missed."""
        told = _("Reminder: {words}", words=self.body)
        if not to_self:
            told = _("Reminder from {name}: {words}", name=self.name, words=self.body)
        late = now - self.latest(now)
        if late < LATE:
            return told
        minutes = late // 60_000
        length = Span(minutes * 60) if minutes < 1440 else Span(minutes // 60 * 3600)
        return _("{reminder} ({late} late)", reminder=told, late=length)
