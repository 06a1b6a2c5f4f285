"""Values of fields: what a written text means for a type, and how a value is written."""

import re
from collections.abc import Sequence
from typing import Any

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.jids import bare_jid

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,11}")
YES = frozenset({"1", "true", "yes", "ja", "y", "on"})
NO = frozenset({"", "0", "false", "no", "nein", "n", "off"})


class Jid(str):
    """A bare JID, as a server has it."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Jid":
        """The JID written; raises BadInput."""
        return cls(bare_jid(text))


def typed(kind: Any, text: str) -> Any:
    """A text as a value of a type: yes or no, a whole number, what the type's own `parse` makes of
    it, or the text itself; raises BadInput."""
    if kind is bool:
        return yes_or_no(text)
    if kind is int:
        return whole_number(text)
    if hasattr(kind, "parse"):
        return kind.parse(text)
    return text


def whole_number(text: str) -> int:
    """The number written; raises BadInput."""
    if not WHOLE_NUMBER.fullmatch(text):
        raise BadInput(_("“{text}” is not a whole number.", text=text[:40]))
    return int(text)


def yes_or_no(text: str) -> bool:
    """Whether a text says yes; raises BadInput if it says neither yes nor no."""
    folded = text.casefold()
    if folded not in YES | NO:
        raise BadInput(_("“{text}” is not a valid answer. Write yes or no.", text=text[:40]))
    return folded in YES


def is_yes(value: Sequence[str]) -> bool:
    """Whether a field's written value says yes."""
    return bool(value) and value[0].strip().casefold() in YES


def written(value: Any) -> tuple[str, ...]:
    """A value as people write it; a list has several texts."""
    if isinstance(value, bool):
        return ("1",) if value else ("0",)
    if isinstance(value, tuple | list):
        return tuple(map(str, value))
    if value is None or value == "":
        return ()
    return (str(value),)
