"""Vonage's SMS API: https://developer.vonage.com/en/api/sms.

It answers 200 with a status for each part of a text. The statuses are those of
https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from component.methods.sms.gsm import Alphabet, alphabet_of
from component.methods.sms.providers.http import (
    HttpAnswer,
    Outcome,
    Request,
    Verdict,
    coded,
    read_object,
)
from component.methods.sms.setup import SmsSetup

URL = "https://rest.nexmo.com"

STATUS_OUTCOMES: Mapping[str, Outcome] = {
    "0": Outcome.ACCEPTED,
    "1": Outcome.RETRY,  # throttled
    "2": Outcome.REFUSED,  # missing parameters
    "3": Outcome.REFUSED,  # invalid parameters
    "4": Outcome.REFUSED,  # invalid credentials
    "5": Outcome.RETRY,  # internal error
    "6": Outcome.REFUSED,  # invalid message, such as an unknown prefix
    "7": Outcome.REFUSED,  # number barred
    "8": Outcome.REFUSED,  # the account is suspended
    "9": Outcome.REFUSED,  # not enough credit
    "10": Outcome.RETRY,  # too many connections
    "11": Outcome.REFUSED,  # the account may not use this API
    "12": Outcome.REFUSED,  # message too long
    "14": Outcome.REFUSED,  # invalid signature
    "15": Outcome.REFUSED,  # invalid sender
    "22": Outcome.REFUSED,  # invalid network code
    "23": Outcome.REFUSED,  # invalid callback URL
    "29": Outcome.REFUSED,  # the number is not on the list of a trial account
    "32": Outcome.REFUSED,  # signature and secret are both given
    "33": Outcome.REFUSED,  # the number has unsubscribed
}
"""A status that is not listed is a refusal."""


@dataclass(frozen=True, slots=True)
class Vonage:
    """An API key, its secret, and the number or name that sends."""

    key: str
    secret: str = field(repr=False)
    sender: str
    url: str = URL

    @classmethod
    def of(cls, setup: SmsSetup) -> Self:
        """The account in the settings."""
        return cls(setup.account, setup.secret, setup.sender, setup.url or URL)

    def request(self, number: str, text: str) -> Request:
        """A POST with the number as Vonage writes it: without the +."""
        is_gsm = alphabet_of(text) is Alphabet.GSM
        form = {
            "to": number.removeprefix("+"),
            "from": self.sender.removeprefix("+"),
            "text": text,
            "type": "text" if is_gsm else "unicode",
        }
        return Request(
            "POST",
            f"{self.url.rstrip('/')}/sms/json",
            form=form,
            user=self.key,
            password=self.secret,
        )

    def judge(self, answer: HttpAnswer) -> Verdict:
        """By the HTTP status, then by the statuses of all parts."""
        parts = parts_in(answer)
        if answer.outcome is not Outcome.ACCEPTED:
            return Verdict(answer.outcome, title_in(answer))
        if not parts:
            return Verdict(Outcome.UNKNOWN)
        return judge_parts(parts)


def parts_in(answer: HttpAnswer) -> Sequence[Mapping[str, Any]]:
    """What the answer says of each part."""
    messages = read_object(answer.body).get("messages")
    if not isinstance(messages, list):
        return ()
    return [part for part in messages if isinstance(part, dict)]


def judge_parts(parts: Sequence[Mapping[str, Any]]) -> Verdict:
    """One verdict for all parts. Where some were sent and others can be sent later, nothing is
    certain: a second try would send the first ones again."""
    by_outcome: dict[Outcome, Mapping[str, Any]] = {}
    for part in parts:
        outcome = STATUS_OUTCOMES.get(str(part.get("status")), Outcome.REFUSED)
        by_outcome.setdefault(outcome, part)
    for outcome in (Outcome.REFUSED, Outcome.RETRY):
        part = by_outcome.get(outcome, {})
        if part:
            is_part_sent = outcome is Outcome.RETRY and Outcome.ACCEPTED in by_outcome
            reason = coded(part.get("error-text"), part.get("status"))
            return Verdict(Outcome.UNKNOWN if is_part_sent else outcome, reason)
    return Verdict(Outcome.ACCEPTED)


def title_in(answer: HttpAnswer) -> str:
    """What an answer that is not a 200 says, as a problem document (RFC 9457)."""
    said = read_object(answer.body)
    return str(said.get("detail") or said.get("title") or said.get("error_title") or "")
