"""The settings of SMS: the one way they go, where to, and what they may cost."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Self
from urllib.parse import quote, unquote, urlsplit

from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _
from component.common.sanitize import BARE_JID
from component.common.value_types import Zone
from component.methods.sms.gsm import MOST, Alphabet, alphabet_of

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A telephone number as E.164 (section 6) and RFC 3966 write it for all the world."""
SAMPLE = "+4915112345678"
PLACE = "{to}"
"""Stands in a provider's URL where the number of who gets it belongs."""
CODING = "{coding}"
"""Stands there where a gateway must be told the alphabet: 0 for GSM's, 2 for UCS-2, as Kannel
counts them."""

_PREFIX = re.compile(r"\+[1-9][0-9]{0,7}")
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the numbers of a country, or of a part of one, begin with: +49."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The prefix written; raises BadInput."""
        found = text.replace(" ", "")
        if not _PREFIX.fullmatch(found):
            raise BadInput(_("“{text}” is not a country code. Write it as +49.", text=text[:40]))
        return cls(found)

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class Gateway:
    """The domain of an SMS gateway on XMPP: sms.example.org."""

    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The domain written; raises BadInput."""
        low = text.strip().lower()
        if not BARE_JID.fullmatch(f"x@{low}"):
            raise BadInput(
                _("“{text}” is not a domain. Write it as sms.example.org.", text=text[:60])
            )
        return cls(low)

    def __str__(self) -> str:
        return self.domain


@dataclass(frozen=True, slots=True)
class Via:
    """A provider by its URL as apprise writes them; the number that gets the message belongs at
    `PLACE`, or at the end of its path. Shown without its secrets."""

    url: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The URL written; raises BadInput where apprise makes nothing of it that sends to one
        number."""
        made = cls(_placed(text.strip()))
        try:
            one = made.to(SAMPLE)
            known = one is not None and SAMPLE[1:] in unquote(one.url()) and len(one) == 1
        except Exception as error:  # apprise's plugins raise what they like
            raise BadInput(_NO_PROVIDER) from error
        if not known:
            raise BadInput(_NO_PROVIDER)
        return made

    def to(self, number: str, text: str = "") -> Any:
        """apprise's plugin that sends a text to a number; None where there is none of that name."""
        import apprise  # heavy, and only for who uses it

        coding = "0" if alphabet_of(text) is Alphabet.GSM else "2"
        return apprise.Apprise.instantiate(
            self.url.replace(PLACE, quote(number, safe="")).replace(CODING, coding)
        )

    def hidden(self, text: str) -> str:
        """A text without what of the URL may be secret."""
        parts = urlsplit(self.url)
        pieces = re.split(r"[:@/?&=]", f"{parts.netloc}/{parts.path}?{parts.query}")
        for one in sorted({*pieces, *map(unquote, pieces)}, key=len, reverse=True):
            if len(one) >= _SHORTEST_SECRET and one not in (PLACE, parts.hostname):
                text = text.replace(one, "…")
        return text

    def __str__(self) -> str:
        return f"{urlsplit(self.url).scheme}://…"


_NO_PROVIDER = _(
    "The value is not an Apprise URL for SMS, or it already contains a recipient number. Write "
    "it as twilio://SID:TOKEN@FROM."
)


def _placed(url: str) -> str:
    if PLACE in url:
        return url
    path, mark, query = url.partition("?")
    return f"{path.rstrip('/')}/{PLACE}{mark}{query}"


@dataclass(frozen=True, slots=True)
class SmsSetup:
    """`[sms]`: the way (`gateway` or `via`), the `countries` that are sent to, the `parts` a
    message may have, and how many a day go to all (`budget`) and to one number (`per_number`); a
    day is one in `zone`. `plain` is `gsm.cheap`'s.
    """

    countries: Annotated[
        tuple[Prefix, ...],
        Ask(_("Countries"), _("the country codes that SMS can be sent to, for example +49")),
    ]
    gateway: Annotated[Gateway | None, Ask(_("Gateway"), _("an SMS gateway on XMPP"))] = None
    via: Annotated[Via | None, Ask(_("Provider"), _("the provider's URL in Apprise format"))] = None
    parts: Annotated[int, Ask(_("Parts"), _("the maximum number of SMS for one message"))] = 2
    budget: Annotated[int, Ask(_("Budget"), _("the maximum number of SMS per day"))] = 100
    per_number: Annotated[
        int, Ask(_("Limit per number"), _("the maximum number of SMS per day to one number"))
    ] = 20
    plain: Annotated[
        bool,
        Ask(
            _("GSM alphabet only"),
            _("replace or remove characters that are not in the GSM alphabet"),
        ),
    ] = False
    zone: Annotated[
        Zone | None, Ask(_("Time zone"), _("for example Europe/Berlin; the default is UTC"))
    ] = None

    def __post_init__(self) -> None:
        if (self.gateway is None) == (self.via is None):
            raise BadInput(
                _(
                    'sms requires either gateway = "sms.example.org" or via with a provider\'s '
                    "URL, but not both."
                )
            )
        if not 1 <= self.parts <= min(MOST, 10):
            raise BadInput(_("parts must be between 1 and 10."))
        for name, value in (("budget", self.budget), ("per_number", self.per_number)):
            if not 1 <= value <= 1_000_000:
                raise BadInput(_("{name} must be between 1 and 1000000.", name=name))

    def admits(self, number: str) -> bool:
        """Whether a number is in one of the countries."""
        return any(number.startswith(one.digits) for one in self.countries)
