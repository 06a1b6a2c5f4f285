"""Word list: words that are refused, or masked."""

import functools
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from component.bus.model.criteria import Phrase
from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.errors import BadInput
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.sanitize import one_line, skeleton

MAX_WORDS = 500
"""Words of one list."""
MAX_WORD_CHARS = 60
"""Characters of a word."""
_JOINED = ("Mn", "Mc", "Me", "Cf")
"""Categories of what stands above letters, or can't be seen."""
_UNSEEN = "\u115f\u1160\u3164\uffa0\ufc5e-\ufc63\ufe70-\ufe7f\uff9e\uff9f"
"""Letters by name of which nothing is left in what a word looks like: fillers, and marks that stand
alone."""
_BETWEEN = "\0"  # no text holds it, and `skeleton` leaves it


def _ways(_bus: Any) -> Sequence[Choice]:
    return [Choice("refuse", "refuse"), Choice("mask", "mask")]


@functools.cache
def _marks() -> str:
    """What joins letters unseen or stands above them, for a class of a pattern."""
    marks = "".join(
        chr(one) for one in range(0x80, 0x10000) if unicodedata.category(chr(one)) in _JOINED
    )
    return f"{marks}\U000e0000-\U000e0fff"


@functools.cache
def _word() -> re.Pattern[str]:
    """Letters and digits, with what joins them: a dot or a hidden mark parts no word."""
    return re.compile(f"(?:[^\\W_]|[{_marks()}])+")


@functools.cache
def _padding() -> re.Pattern[str]:
    return re.compile(f"[{_marks()}{_UNSEEN}]+")


def _looks(words: Sequence[str]) -> list[str]:
    """What each word looks like, all folded in one go."""
    return skeleton(_BETWEEN.join(words)).split(_BETWEEN)


@dataclass(frozen=True)
class WordList:
    """Refuses messages with one of the `words`, or masks these. Whole words, in capitals or not,
    and drawn with letters that look alike."""

    words: Annotated[tuple[Phrase, ...], Ask(_("Text"), _("one word per line"))]
    then: Annotated[
        str,
        Ask(
            _("Excess"), _("the message is refused, or the word is masked with ***"), choices=_ways
        ),
    ]

    def __post_init__(self) -> None:
        if len(self.words) > MAX_WORDS:
            raise BadInput(
                _(
                    "The list has {count} words. The maximum is {most}.",
                    count=len(self.words),
                    most=MAX_WORDS,
                )
            )
        for word in self.words:
            if len(word) > MAX_WORD_CHARS or not _word().fullmatch(word) or not skeleton(word):
                raise BadInput(
                    _(
                        "“{word}” is not a single word of letters and digits.",
                        word=word[:MAX_WORD_CHARS],
                    )
                )

    @functools.cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(_looks(self.words))

    @functools.cached_property
    def _longest(self) -> int:
        """Letters of the longest word: what has more of them looks longer, too."""
        return max(map(len, self._listed))

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Look at each of its words once, however often it is said, and at none that is longer than
        any listed."""
        each = dict.fromkeys(_word().findall(message.body))
        said = [
            word
            for word in each
            if len(word) <= self._longest or len(_padding().sub("", word)) <= self._longest
        ]
        found = (
            [word for word, look in zip(said, _looks(said), strict=True) if look in self._listed]
            if said
            else []
        )
        if not found:
            return message
        if self.then == "mask":
            return replace(message, body=_masked(message.body, frozenset(found)))
        return Stop(
            _("“{word}” is not allowed there.", word=one_line(found[0])[:MAX_WORD_CHARS]), tell=True
        )


def _masked(body: str, words: Collection[str]) -> str:
    """Each of the words as stars, one for each letter that is seen."""

    def mask(match: re.Match[str]) -> str:
        word = match[0]
        return "*" * (sum(letter.isalnum() for letter in word) or 1) if word in words else word

    return _word().sub(mask, body)


PROCESSOR = ProcessorSpec("words", _("Word list"), WordList)
