"""Words for people: a sentence with `{fields}`, told in the language of who hears it.

English stands in the code, other languages in `locale/*.po` (gettext's format). A test holds every
sentence to the catalogue.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence: its English template and what fills it."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.told("en")

    def told(self, language: str) -> str:
        """The sentence in `language`; English where it has none."""
        template = _catalogue(language).get(self.template) or self.template
        filled = {
            name: value.told(language) if isinstance(value, Words) else value
            for name, value in self.values.items()
        }
        return template.format(**filled) if filled else template


def _(template: str, **values: Any) -> Words:
    """Words in the catalogue."""
    return Words(template, values)


def tell(words: "Words | str", language: str) -> str:
    """Words in a language; what is plain text is data, and the same in every language."""
    return words.told(language) if isinstance(words, Words) else words


def joined(parts: "Sequence[Words | str]", between: str) -> Words:
    """Several as one, with `between` between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Words(between.join(f"{{{name}}}" for name in values), values)


def best(asked: str) -> str:
    """The language to answer in, of an `xml:lang` (RFC 5646) such as de-AT."""
    start = asked.partition("-")[0].lower()
    return start if start in LANGUAGES else "en"


@functools.cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language == "en":
        return {}
    from babel.messages.pofile import (
        read_po,
    )  # only for who needs it: it is as large as the rest of the bus

    catalogue = resources.files("component.common").joinpath("locale", f"{language}.po")
    if not catalogue.is_file():
        return {}  # better told in English than not at all
    with catalogue.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}
