"""Kannel's sendsms interface: https://www.kannel.org, user guide, section "Using the HTTP interface
to send SMS messages".

It answers 202 with "0: Accepted for delivery" or "3: Queued for later delivery", 4xx where the
request or the configuration does not allow it, and 503 for a temporary failure.
"""

from dataclasses import dataclass, field
from typing import Self

from component.methods.sms.gsm import Alphabet, alphabet_of
from component.methods.sms.providers.http import HttpAnswer, Outcome, Request, Verdict
from component.methods.sms.setup import SmsSetup

_CODING = {Alphabet.GSM: "0", Alphabet.UCS2: "2"}


@dataclass(frozen=True, slots=True)
class Kannel:
    """A `sendsms-user`, its password, where smsbox listens, and the sender, "" for the one that
    Kannel's configuration names."""

    user: str
    password: str = field(repr=False)
    url: str
    sender: str = ""

    @classmethod
    def of(cls, setup: SmsSetup) -> Self:
        """The account in the settings."""
        return cls(setup.account, setup.secret, setup.url, setup.sender)

    def request(self, number: str, text: str) -> Request:
        """A GET, as Kannel documents it."""
        query = {
            "username": self.user,
            "password": self.password,
            "to": number,
            "text": text,
            "charset": "UTF-8",
            "coding": _CODING[alphabet_of(text)],
        }
        if self.sender:
            query["from"] = self.sender
        return Request("GET", f"{self.url.rstrip('/')}/cgi-bin/sendsms", query=query)

    def judge(self, answer: HttpAnswer) -> Verdict:
        """By the status; the body says why."""
        if answer.outcome is Outcome.ACCEPTED:
            return Verdict(Outcome.ACCEPTED)
        said = answer.body.decode("utf-8", "replace")
        is_page = said.lstrip().startswith("<")
        return Verdict(answer.outcome, "" if is_page else said)
