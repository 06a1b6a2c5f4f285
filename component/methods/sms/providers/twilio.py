"""Twilio's Messages API: https://www.twilio.com/docs/messaging/api/message-resource.

Errors are JSON with `code`, `message` and `status`
(https://www.twilio.com/docs/usage/twilios-response). The HTTP status decides: Twilio advises not to
build on its error codes, which it refines again and again. Three codes that say "later" come with a
status that does not, and are listed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from component.methods.sms.providers.http import (
    HttpAnswer,
    Outcome,
    Request,
    Verdict,
    coded,
    number_in,
    read_object,
)
from component.methods.sms.setup import SmsSetup

URL = "https://api.twilio.com"
MESSAGING_SERVICE = "MG"
"""Begins the id of a messaging service, which may replace the sender."""

CODE_OUTCOMES: Mapping[int, Outcome] = {
    14107: Outcome.RETRY,  # message rate limit exceeded
    20429: Outcome.RETRY,  # too many requests
    21611: Outcome.RETRY,  # the sender's queue is full
}
"""Of https://www.twilio.com/docs/api/errors."""
MESSAGE_OUTCOMES: Mapping[str, Outcome] = {
    "canceled": Outcome.REFUSED,
    "failed": Outcome.REFUSED,
    "undelivered": Outcome.REFUSED,
}
"""By the status of a message that was created; any other status is on its way."""


@dataclass(frozen=True, slots=True)
class Twilio:
    """An account (its SID), its auth token, and the number, name or messaging service that
    sends."""

    account: str
    token: str = field(repr=False)
    sender: str
    url: str = URL

    @classmethod
    def of(cls, setup: SmsSetup) -> Self:
        """The account in the settings."""
        return cls(setup.account, setup.secret, setup.sender, setup.url or URL)

    def request(self, number: str, text: str) -> Request:
        """A POST that creates a message."""
        sender = "MessagingServiceSid" if self.sender.startswith(MESSAGING_SERVICE) else "From"
        return Request(
            "POST",
            f"{self.url.rstrip('/')}/2010-04-01/Accounts/{self.account}/Messages.json",
            form={"To": number, sender: self.sender, "Body": text},
            user=self.account,
            password=self.token,
        )

    def judge(self, answer: HttpAnswer) -> Verdict:
        """By the status, the error's code, or the status of the message that was created."""
        said = read_object(answer.body)
        if answer.outcome is not Outcome.ACCEPTED:
            outcome = CODE_OUTCOMES.get(number_in(said, "code"), answer.outcome)
            return Verdict(outcome, coded(said.get("message"), said.get("code")))
        outcome = MESSAGE_OUTCOMES.get(str(said.get("status")), Outcome.ACCEPTED)
        return Verdict(outcome, coded(said.get("error_message"), said.get("error_code")))
