"""Lines that are held until their author says what is to be done with them."""

from collections import OrderedDict
from dataclasses import dataclass

LIFE = 300.0
"""Seconds a line is held."""
MAX_HELD = 2_000
"""Lines in all; the oldest are dropped first."""

YES = frozenset({"yes", "y", "ja", "j"})
NO = frozenset({"no", "n", "nein"})
SEND = frozenset({"send", "senden", "sende"})
CANCEL = ("cancel", "abbrechen")
"""Ends a conversation."""
BACK = ("back", "zurück", "zurueck")
"""Goes back to the question before."""
ANSWERS = frozenset({*YES, *NO, *SEND, *CANCEL, *BACK})
"""What only makes sense as an answer: never a message by itself."""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line, as it may be meant ("" where that is unknown), the id of the message that it replies
    to, and when it came. `first` where it is held because its author posts for the first time."""

    line: str
    meant: str = ""
    replies: str = ""
    at: float = 0.0
    first: bool = False


class HeldLines:
    """The held lines, one for each person; times are in a clock's seconds."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, HeldLine] = OrderedDict()

    def hold(self, jid: str, held: HeldLine) -> None:
        """Hold a line, in place of another one of this person."""
        self._lines[jid] = held
        self._lines.move_to_end(jid)
        if len(self._lines) > MAX_HELD:
            self._lines.popitem(last=False)

    def take(self, jid: str, now: float) -> HeldLine | None:
        """Someone's line, which is held no longer."""
        held = self._lines.pop(jid, None)
        if held is None or now - held.at > LIFE:
            return None
        return held


def answer_word(line: str) -> str:
    """A line as an answer of one word, in small letters."""
    return line.strip().rstrip(".!").casefold()
