"""What the form says by which anyone subscribes to a shoutbox with nothing but a mail address. No
HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval, Standing, Subscription
from component.common.errors import BadInput
from component.common.i18n import Words, _, tell
from component.common.value_types import Zone

WAY = "mail"
"""The method that it is for."""
INTERVALS: Mapping[str, Words] = {
    "daily": _("daily at 9"),
    "weekly": _("weekly on Monday at 9"),
    "hourly": _("hourly"),
    "now": _("immediately"),
}
"""What may be chosen, each as it is written in the language of the page."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, whether or not it will do."""

    mail: str = ""
    interval: str = "daily"
    zone: str = ""

    @classmethod
    def of(cls, form: Mapping[str, Sequence[str]]) -> "Typed":
        """The form's; what is not there is empty."""
        return cls(
            *(next(iter(form.get(name, ())), "")[:320] for name in ("mail", "interval", "zone"))
        )

    @property
    def address(self) -> str:
        """The mail address in small letters: no one whom a mail reaches tells addresses apart by
        them, and else each way to write one would be asked anew."""
        return self.mail.strip().lower()

    def wanted(self, channel: Channel, target: Channel, language: str) -> Subscription:
        """The subscription that is wanted; raises BadInput."""
        if self.interval not in INTERVALS:
            raise BadInput(_("Choose how often to receive messages."))
        interval = Interval.parse(tell(INTERVALS[self.interval], language))
        return Subscription(
            "", channel, target, interval, self._zone(), language, standing=Standing.ASKED
        )

    def _zone(self) -> str:
        """The browser's, which the script fills in: nobody can mend it, so one that is not known
        here is none."""
        try:
            return Zone.parse(self.zone).name
        except BadInput:
            return "UTC"
