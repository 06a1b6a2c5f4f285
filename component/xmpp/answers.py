"""How often the bot answers someone: what answers may be a program, which answers back.

Answers to commands are not counted, since no program gives any by accident. All other answers to
one peer end after a few in a row; and the same one is said once a minute.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

IN_A_ROW = 8
"""Answers to one peer without a command among its lines."""
PAUSE_S = 120.0
"""Seconds of silence after which a peer starts afresh."""
SAME_S = 60.0
"""Seconds in which the same answer is said once."""
REMEMBERED = 10_000
"""Peers."""
SAME_REMEMBERED = 20
"""Answers to one peer."""


@dataclass(slots=True)
class Given:
    """What one peer was answered: how often in a row, when it last wrote, and the answers with
    their times, in seconds."""

    count: int = 0
    heard: float = 0.0
    said: OrderedDict[bytes, float] = field(default_factory=OrderedDict)


class AnswerBudget:
    """Counts answers by peer: a bare JID, an occupant or a room. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given: OrderedDict[str, Given] = OrderedDict()

    def allows(self, peer: str, answer: str, *, expected: bool = False) -> bool:
        """Whether to say an answer. `expected`: it is the answer to a command or to what was asked
        for."""
        now = self._clock()
        given = self._given.setdefault(peer, Given())
        self._given.move_to_end(peer)
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        if expected or now - given.heard > PAUSE_S:
            given.count = 0
        given.heard = now
        if expected:
            return True
        given.count += 1
        return given.count <= IN_A_ROW and self._is_news(given, answer, now)

    def _is_news(self, given: Given, answer: str, now: float) -> bool:
        """Whether a peer was not told the same within the last minute."""
        key = hashlib.blake2b(answer.encode("utf-8", "replace"), digest_size=8).digest()
        before = given.said.get(key)
        if before is not None and now - before < SAME_S:
            return False
        given.said[key] = now
        given.said.move_to_end(key)
        if len(given.said) > SAME_REMEMBERED:
            given.said.popitem(last=False)
        return True
