"""The form that subscribes anyone to a shoutbox with nothing but a mail address. No HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval, Standing, Subscription
from component.common.errors import BadInput
from component.common.i18n import Words, _, tell
from component.common.value_types import Zone
from web.csrf import FormValues, first

METHOD = "mail"
"""The method that the form subscribes by."""
MAX_FIELD_CHARS = 320
INTERVALS: Mapping[str, Words] = {
    "daily": _("daily at 9"),
    "weekly": _("weekly on Monday at 9"),
    "hourly": _("hourly"),
    "now": _("immediately"),
}
"""The choices, each as an interval is written in the page's language."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What was typed, valid or not."""

    mail: str = ""
    interval: str = "daily"
    zone: str = ""

    @classmethod
    def of(cls, form: FormValues) -> "SignUp":
        """The form's fields; those that are missing are empty."""
        mail, interval, zone = (
            first(form, name)[:MAX_FIELD_CHARS] for name in ("mail", "interval", "zone")
        )
        return cls(mail, interval, zone)

    @property
    def address(self) -> str:
        """The mail address in lower case. No server that people use tells addresses apart by case,
        and each way to write one would be asked for confirmation again."""
        return self.mail.strip().lower()

    def subscription(self, channel: Channel, target: Channel, language: str) -> Subscription:
        """The subscription that is asked for; raises BadInput."""
        if self.interval not in INTERVALS:
            raise BadInput(_("Choose how often to receive messages."))
        interval = Interval.parse(tell(INTERVALS[self.interval], language))
        return Subscription(
            "", channel, target, interval, self.known_zone(), language, standing=Standing.ASKED
        )

    def known_zone(self) -> str:
        """The browser's time zone, which the script fills in; UTC if it is unknown here, as nobody
        could correct it."""
        try:
            return Zone.parse(self.zone).name
        except BadInput:
            return "UTC"
