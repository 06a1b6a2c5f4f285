"""Template: what is said, put into a line with fields."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Self

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec
from component.bus.model.story import Told
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

MAX_LINE = 1_000
"""Characters of a template."""
MAX_FIELDS = 20
"""Fields in one: each may bring a whole body."""

_FIELDS: Mapping[str, Callable[[Message, Moment], str]] = {
    "author": lambda message, _moment: message.author.shown,
    "body": lambda message, _moment: message.body,
    "title": lambda message, _moment: Told.of(message.body).title,
    "channel": lambda message, _moment: str(message.channel),
    "time": lambda message, _moment: _at(message, "%H:%M"),
    "date": lambda message, _moment: _at(message, "%Y-%m-%d"),
    "id": lambda message, _moment: message.id,
    "link": lambda message, moment: moment.link(message),
}
_NAMES = "|".join(_FIELDS)
_FIELD = re.compile(rf"\{{({_NAMES})\}}")
_BRACED = re.compile(rf"\{{(?:{_NAMES})\}}|\{{+[^{{}}]*\}}*|\}}+")


def _at(message: Message, shape: str) -> str:
    return datetime.fromtimestamp(message.at / 1000, UTC).strftime(shape)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with `{fields}` of a fixed list: names only, nothing that is looked up or run."""

    text: str

    def __post_init__(self) -> None:
        if not 0 < len(self.text) <= MAX_LINE:
            raise BadInput(
                _(
                    "A template must have 1 to {most} characters; this one has {count}.",
                    most=MAX_LINE,
                    count=len(self.text),
                )
            )
        braced = _BRACED.findall(self.text)
        if wrong := [one for one in braced if not _FIELD.fullmatch(one)]:
            known = ", ".join(f"{{{name}}}" for name in _FIELDS)
            raise BadInput(
                _(
                    "“{text}” is not a field. Use {known}, and no other braces.",
                    text=wrong[0][:40],
                    known=known,
                )
            )
        if len(braced) > MAX_FIELDS:
            raise BadInput(_("A template can have at most {most} fields.", most=MAX_FIELDS))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The line written; raises BadInput."""
        return cls(text)

    def filled(self, message: Message, moment: Moment) -> str:
        """The line with its fields filled in. Braces in the values remain."""
        return _FIELD.sub(lambda found: _FIELDS[found[1]](message, moment), self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Template:
    """Says `line` in the place of what was said."""

    line: Annotated[
        Line,
        Ask(
            _("Text"),
            _("the text to post instead, for example {example}", example="{time} {author}: {body}"),
        ),
    ]

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Fill it."""
        return replace(message, body=self.line.filled(message, moment))


PROCESSOR = ProcessorSpec("template", _("Template"), Template)
