"""Sentences for people, with `{fields}`, which are translated for each reader.

The code contains the English sentences, `locale/*.po` (gettext's format) the other languages. A
test checks that every sentence is in the catalogue.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence: its English template and the values of its fields."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.told("en")

    def told(self, language: str) -> str:
        """The sentence in `language`; English if it is not translated."""
        template = catalogue(language).get(self.template) or self.template
        if not self.values:
            return template
        filled = dict(self.values)
        for name, value in filled.items():
            if isinstance(value, Words):
                filled[name] = value.told(language)
        return template.format(**filled)


def _(template: str, **values: Any) -> Words:
    """A sentence of the catalogue."""
    return Words(template, values)


def tell(words: "Words | str", language: str) -> str:
    """A sentence in a language; plain text is data, which is the same in every language."""
    if isinstance(words, Words):
        return words.told(language)
    return words


def joined(parts: "Sequence[Words | str]", between: str) -> Words:
    """Several sentences as one, with `between` between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Words(between.join(f"{{{name}}}" for name in values), values)


def best(asked: str) -> str:
    """The language to answer in, for an `xml:lang` (RFC 5646) such as de-AT."""
    language = asked.partition("-")[0].lower()
    if language in LANGUAGES:
        return language
    return "en"


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """The translations into a language; empty if there are none."""
    if language == "en":
        return {}
    # Imported when it is needed: it is as large as the rest of the bus.
    from babel.messages.pofile import read_po

    path = resources.files("component.common").joinpath("locale", f"{language}.po")
    if not path.is_file():
        return {}
    translations = {}
    with path.open("rb") as file:
        for message in read_po(file):
            if message.id:
                translations[str(message.id)] = str(message.string)
    return translations
