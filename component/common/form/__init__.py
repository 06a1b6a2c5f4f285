"""Forms: a frozen dataclass is one declaration for every surface.

    @dataclass(frozen=True)
    class Form:
        source: Annotated[Channel, Ask("From", "where messages come from", choices=sources)]
        both: Annotated[bool, Ask("Both ways")] = False

A field's type says how it is asked and parsed: text, number, yes or no, JID, one or several of its
choices, or what the type's own `parse(text)` makes of a line (a channel, a time). No surface is
known here.
"""

from component.common.form.choices import CHOOSE, NONE, Choice, ambiguous
from component.common.form.declaration import (
    MAX_CHOICES,
    MAX_PROSE,
    MAX_VALUE,
    MULTIPLE,
    Ask,
    Choices,
    Field,
    fields,
)
from component.common.form.filled import Faults, Nothing, build, kept, parse, settings_of
from component.common.form.values import Jid, is_yes, written

__all__ = [
    "CHOOSE",
    "MAX_CHOICES",
    "MAX_PROSE",
    "MAX_VALUE",
    "MULTIPLE",
    "NONE",
    "Ask",
    "Choice",
    "Choices",
    "Faults",
    "Field",
    "Jid",
    "Nothing",
    "ambiguous",
    "build",
    "fields",
    "is_yes",
    "kept",
    "parse",
    "settings_of",
    "written",
]
