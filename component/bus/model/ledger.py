"""What the processors keep between messages: in memory here, on disk with the message that changed
it.

Every change can be undone: a transaction that fails leaves no trace of the messages in it.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from component.bus.model.processor import MAX_HELD, MAX_NOTES, Notes

Place = tuple[int, int]
"""A route's id, and the id of a stage of it."""


@dataclass(frozen=True, slots=True)
class StateEntry:
    """An entry of a stage's notes; its `value` is None where the entry goes."""

    place: Place
    key: str
    value: Any


class Ledger:
    """The notes of every stage, and how many messages each holds back.

    With `under`, a draft: it begins as that one stands, and leaves it as it is.
    """

    def __init__(self, under: "Ledger | None" = None, max_held: int = MAX_HELD) -> None:
        self.held: Counter[Place] = Counter()
        """Messages that wait, by stage."""
        self.max_held = max_held
        """Messages that may wait at one stage."""
        if under:
            self.held.update(under.held)
            self.max_held = under.max_held
        self._under = under
        self._notes: dict[
            Place, OrderedDict[str, Any]
        ] = {}  # ordered: popping off a dict's front walks over its gaps
        self._undo: list[Callable[[], None]] = []
        self._changed: dict[tuple[Place, str], Any] = {}

    def load(self, notes: Iterable[StateEntry], held: Mapping[Place, int]) -> None:
        """Begin with what the store holds, oldest first."""
        self._notes.clear()
        for note in notes:
            self.page(note.place)[note.key] = note.value
        self.held = Counter(held)

    def retain(self, places: Iterable[Place]) -> None:
        """Forget the notes of all other stages: they are gone, or were given other settings."""
        kept = set(places)
        for place in [one for one in self._notes if one not in kept]:
            del self._notes[place]

    def at(self, place: Place) -> "Page":
        """The notes of one stage."""
        return Page(self, place)

    def page(self, place: Place) -> "OrderedDict[str, Any]":
        """The entries of one stage as they stand, for `write` to change."""
        page = self._notes.get(place)
        if page is None:
            page = OrderedDict(self._under.page(place)) if self._under else OrderedDict()
            self._notes[place] = page
        return page

    def hold(self, place: Place, count: int = 1) -> None:
        """So many more messages wait there; less than none: so many went on."""
        self.held[place] += count
        self._undo.append(lambda: self.held.subtract({place: count}))

    def write(self, place: Place, key: str, value: Any) -> None:
        """Put an entry, as the newest; with None, remove it."""
        page = self.page(place)
        before = page.pop(key, None)
        if value is not None:
            page[key] = value
        self._changed[place, key] = value
        self._undo.append(lambda: _restore(page, key, before))
        if len(page) > MAX_NOTES:
            self.write(place, next(iter(page)), None)

    def take(self) -> tuple[StateEntry, ...]:
        """What has changed since this was called last."""
        changed = tuple(
            StateEntry(place, key, value) for (place, key), value in self._changed.items()
        )
        self._changed.clear()
        return changed

    def keep(self) -> None:
        """What was changed is on disk."""
        self._undo.clear()
        self._changed.clear()

    def undo(self) -> None:
        """Nothing of it is."""
        while self._undo:
            self._undo.pop()()
        self._changed.clear()


def _restore(page: "OrderedDict[str, Any]", key: str, before: Any) -> None:
    page.pop(key, None)
    if before is not None:
        page[key] = before


@dataclass(frozen=True, slots=True)
class Page:
    """The state of one processor at one stage, as the processor sees it (`processor.Notes`)."""

    ledger: Ledger
    place: Place

    def get(self, key: str) -> Any:
        """The value of a key; None if there is no such key."""
        return self.ledger.page(self.place).get(key)

    def put(self, key: str, value: Any) -> None:
        """Set the value of a key."""
        self.ledger.write(self.place, key, value)

    def forget(self, key: str) -> None:
        """Remove a key."""
        if key in self.ledger.page(self.place):
            self.ledger.write(self.place, key, None)

    def oldest(self) -> tuple[str, Any] | None:
        """The oldest key and its value; None if there are no keys."""
        return next(iter(self.ledger.page(self.place).items()), None)


def forget_old(notes: Notes, before: int) -> None:
    """Remove entries that are times, kept in order, up to `before`.

    Two at a time: that is faster than they arrive, and the same work for each message.
    """
    for _again in range(2):
        oldest = notes.oldest()
        if oldest and oldest[1] <= before:
            notes.forget(oldest[0])
