"""A reader's language and clocks."""

from dataclasses import dataclass
from typing import Protocol

from component.bus.model.records import Preference
from component.bus.model.subscription import Subscription
from component.subscriptions.rendering.times import Times


class Preferences(Protocol):
    """What people chose; `component.bus.engine.admin.Settings` has it."""

    def language(self, jid: str, asked: str) -> str:
        """The language of a bare JID."""

    def preference(self, jid: str) -> Preference:
        """Everything that a bare JID chose."""


@dataclass(frozen=True, slots=True)
class ReaderLocale:
    """A language, and the name of a time zone."""

    language: str
    zone: str

    @property
    def times(self) -> Times:
        """The reader's clocks."""
        return Times(self.zone, self.language)


def locale_of(subscription: Subscription) -> ReaderLocale:
    """The locale in which a subscription is read."""
    return ReaderLocale(subscription.language, subscription.zone)


def locale_of_person(jid: str, preferences: Preferences) -> ReaderLocale:
    """The locale that a bare JID chose."""
    zone = preferences.preference(jid).zone or "UTC"
    return ReaderLocale(preferences.language(jid, ""), zone)
