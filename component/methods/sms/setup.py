"""The settings of SMS: who sends them, where to, and what they may cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from yarl import URL

from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _
from component.common.jids import nameprep
from component.common.value_types import Zone
from component.methods.sms.gsm import MAX_PARTS

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A telephone number as E.164 (section 6) and RFC 3966 write it for all the world."""
_PREFIX = re.compile(r"\+[1-9][0-9]{0,7}")


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the numbers of a country, or of a part of one, begin with: +49."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The prefix written; raises BadInput."""
        digits = text.replace(" ", "")
        if not _PREFIX.fullmatch(digits):
            raise BadInput(_("“{text}” is not a country code. Write it as +49.", text=text[:40]))
        return cls(digits)

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class Gateway:
    """The domain of an SMS gateway on XMPP: sms.example.org."""

    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The domain written; raises BadInput."""
        name = nameprep(text.strip())
        if not name:
            raise BadInput(
                _("“{text}” is not a domain. Write it as sms.example.org.", text=text[:60])
            )
        return cls(name)

    def __str__(self) -> str:
        return self.domain


class ProviderName(StrEnum):
    """Who sends, where it is not a gateway on XMPP."""

    TWILIO = "twilio"
    VONAGE = "vonage"
    KANNEL = "kannel"
    SMPP = "smpp"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name written; raises BadInput."""
        try:
            return cls(text.strip().lower())
        except ValueError as error:
            names = ", ".join(cls)
            raise BadInput(
                _("“{text}” is not a provider. Write one of {names}.", text=text[:40], names=names)
            ) from error


SMPP_PORTS: Mapping[str, int] = {"smpp": 2775, "smpps": 3550}
"""The port where a URL names none; smpps is SMPP over TLS."""
_SCHEMES: Mapping[ProviderName, Sequence[str]] = {
    ProviderName.TWILIO: ("https", "http"),
    ProviderName.VONAGE: ("https", "http"),
    ProviderName.KANNEL: ("http", "https"),
    ProviderName.SMPP: tuple(SMPP_PORTS),
}
_NEEDED: Mapping[ProviderName, Sequence[str]] = {
    ProviderName.TWILIO: ("account", "secret", "sender"),
    ProviderName.VONAGE: ("account", "secret", "sender"),
    ProviderName.KANNEL: ("account", "secret", "url"),
    ProviderName.SMPP: ("account", "secret", "url", "sender"),
}
_RETIRED_SCHEMES: Mapping[str, ProviderName] = {
    "twilio": ProviderName.TWILIO,
    "vonage": ProviderName.VONAGE,
    "nexmo": ProviderName.VONAGE,
    "form": ProviderName.KANNEL,
    "forms": ProviderName.KANNEL,
    "smpp": ProviderName.SMPP,
    "smpps": ProviderName.SMPP,
}


class Retired:
    """A setting that is no longer read: a provider's URL, as the library that sent SMS before wrote
    it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise BadInput with what to write instead."""
        provider = _RETIRED_SCHEMES.get(urlsplit(text.strip()).scheme)
        if provider is None:
            names = ", ".join(ProviderName)
            raise BadInput(
                _(
                    "provider URLs are no longer read, and this provider is not supported. Write "
                    "provider (one of {names}) and its settings.",
                    names=names,
                )
            )
        raise BadInput(
            _(
                "provider URLs are no longer read. Write provider = “{provider}”, and {settings}.",
                provider=provider,
                settings=", ".join(_NEEDED[provider]),
            )
        )


@dataclass(frozen=True, slots=True)
class SmsSetup:
    """`[sms]`: who sends (`gateway` or `provider`), the `countries` that numbers may belong to, the
    `parts` a message may have, and how many a day go to all (`budget`) and to one number
    (`per_number`); a day is one in `zone`. `plain` is the one of `gsm.cheap`.

    `account`, `secret`, `sender` and `url` are the provider's; `via` is no longer read.
    """

    countries: Annotated[
        tuple[Prefix, ...],
        Ask(_("Countries"), _("the country codes that SMS can be sent to, for example +49")),
    ]
    gateway: Annotated[Gateway | None, Ask(_("Gateway"), _("an SMS gateway on XMPP"))] = None
    provider: Annotated[ProviderName | None, Ask(_("Provider"), _("who sends the SMS"))] = None
    account: Annotated[str, Ask(_("Account"), _("the user name or id at the provider"))] = ""
    secret: Annotated[str, Ask(_("Secret"), _("the password or token at the provider"))] = field(
        default="", repr=False
    )
    sender: Annotated[
        str, Ask(_("Sender"), _("the number or name that sends, like +15551234567"))
    ] = ""
    url: Annotated[str, Ask(_("Address"), _("where the provider is asked, as a URL"))] = ""
    via: Annotated[Retired | None, Ask(_("Provider"))] = None
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
        if (self.gateway is None) == (self.provider is None):
            raise BadInput(
                _(
                    "[sms] needs either gateway or provider: write gateway = “sms.example.org”, or "
                    "provider = “twilio” with its settings."
                )
            )
        if self.provider:
            self._check_provider(self.provider)
        if not 1 <= self.parts <= min(MAX_PARTS, 10):
            raise BadInput(_("parts must be between 1 and 10."))
        for name, value in (("budget", self.budget), ("per_number", self.per_number)):
            if not 1 <= value <= 1_000_000:
                raise BadInput(_("{name} must be between 1 and 1000000.", name=name))

    def _check_provider(self, provider: ProviderName) -> None:
        missing = [name for name in _NEEDED[provider] if not getattr(self, name)]
        if missing:
            raise BadInput(
                _(
                    "{provider} needs {settings} in [sms].",
                    provider=provider,
                    settings=", ".join(missing),
                )
            )
        if self.url:
            check_url(self.url, _SCHEMES[provider])

    @property
    def secrets(self) -> Sequence[str]:
        """What may not be shown."""
        return (self.secret,)

    def admits(self, number: str) -> bool:
        """Whether a number is in one of the countries."""
        return any(number.startswith(prefix.digits) for prefix in self.countries)


def check_url(text: str, schemes: Sequence[str]) -> None:
    """Raise BadInput unless a text is a URL of one of the schemes, with a host and without a user
    or password."""
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in schemes or not url.host or url.user or url.password:
        raise BadInput(
            _(
                "url must be an address that begins with {schemes}, without a user or password.",
                schemes=" / ".join(f"{scheme}://" for scheme in schemes),
            )
        )
