"""Which items of a feed are new, given what was seen of it before. Pure.

No item is announced twice and none is missed: see `marks` for how an item is recognized. Each known
item is found by one item of a feed at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from component.methods.feed.marks import (
    PROOFS,
    PROOFS_WITHOUT_IDS,
    Mark,
    Parts,
    hashed,
    mark_of,
    may_be,
    shared_links,
    without_shared_link,
)
from component.methods.feed.parsing.item import ITEMS, Feed, Item

FIRST = 0
"""Items announced when a feed is read for the first time."""
AT_ONCE = 10
"""Items announced in one poll; of the others there is the number."""
SPARE = 300
"""Marks kept of items that the feed no longer has, beside as many as it has: they may come back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a feed's items, those seen last at the end. `loose` if its ids repeat."""

    marks: tuple[Mark, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An item and its key, which stays the same as long as the item is known."""

    key: str
    item: Item


@dataclass(frozen=True, slots=True)
class News:
    """What to announce.

    `new` are new items, oldest first, `rest` is how many more are new, `updated` are items that
    changed, and `seen` is what is known from now on.
    """

    new: tuple[Told, ...] = ()
    rest: int = 0
    updated: tuple[Told, ...] = ()
    seen: Seen = field(default_factory=Seen)


def news(
    feed: Feed, seen: Seen | None, now: int, *, first: int = FIRST, at_once: int = AT_ONCE
) -> News:
    """What is new in `feed` at `now` (milliseconds), given what was `seen` before.

    `seen` is None if the feed is read for the first time. Then the last `first` items are announced
    and the others are not counted. Later the newest `at_once` are announced.
    """
    before = seen or Seen()
    items = feed.items[:ITEMS]
    marks = distinct([mark_of(item, now) for item in items])
    loose = before.loose or ids_repeat(marks)
    known = Known(before.marks, loose)
    found = known.match(marks, shared_links(marks) | shared_links(before.marks))
    sorted_items = SortedItems({mark.key for mark in before.marks})
    for item, mark, old in zip(items, marks, found, strict=True):
        if mark.key:
            sorted_items.add(item, mark, old)
    new = sorted_items.oldest_first(items)
    limit = at_once
    if seen is None:
        limit = first
    announced = new[max(len(new) - limit, 0) :]
    rest = 0
    if seen is not None:
        rest = len(new) - len(announced)
    kept = known.left(len(items) + SPARE)
    now_seen = Seen((*kept, *sorted_items.marks), loose)
    return News(tuple(announced), rest, tuple(sorted_items.updated), now_seen)


class SortedItems:
    """The items of a feed, sorted into new and updated ones; `marks` are those of all."""

    def __init__(self, keys: set[str]) -> None:
        self.new: list[Told] = []
        self.updated: list[Told] = []
        self.marks: list[Mark] = []
        self._keys = keys
        self._tried: dict[str, int] = {}

    def add(self, item: Item, mark: Mark, old: Mark | None) -> None:
        """Take an item and the known one that it is, if any."""
        if old:
            key = old.key
            if (old.title, old.body) != (mark.title, mark.body):
                self.updated.append(Told(key, item))
        else:
            key = self.free(mark.key)
            self.new.append(Told(key, item))
        self._keys.add(key)
        self.marks.append(replace(mark, key=key))

    def free(self, key: str) -> str:
        """`key`, or another if it is taken: ids may repeat, a thousand times over."""
        number = self._tried.get(key, 1)
        candidate = key
        if number > 1:
            candidate = hashed(f"{key} {number}")
        while candidate in self._keys:
            number += 1
            candidate = hashed(f"{key} {number}")
        self._tried[key] = number
        return candidate

    def oldest_first(self, items: Sequence[Item]) -> list[Told]:
        """New items by their time, or by their place where one has none: most feeds list the
        newest first."""
        times = [item.at for item in items if item.at]
        rising = len(times) > 1 and times[0] < times[-1]
        ordered = list(self.new)
        if not rising:
            ordered.reverse()
        if all(told.item.at for told in ordered):
            ordered.sort(key=lambda told: told.item.at)
        return ordered


class Known:
    """Marks from earlier polls; each can be found once."""

    def __init__(self, marks: Iterable[Mark], loose: bool) -> None:
        self._left = dict(enumerate(marks))
        self._proofs = PROOFS
        if loose:
            self._proofs = PROOFS_WITHOUT_IDS

    def match(self, marks: Sequence[Mark], shared: set[str]) -> list[Mark | None]:
        """The known mark for each of `marks`, or None.

        The surest proofs come first, so that a guess never takes what belongs to another item.
        `shared` links count for nothing.
        """
        given = [without_shared_link(mark, shared) for mark in marks]
        known: dict[int, Mark] = {}
        for number, mark in self._left.items():
            known[number] = without_shared_link(mark, shared)
        found: list[Mark | None] = [None] * len(marks)
        for proof in self._proofs:
            table: dict[Parts, list[int]] = {}
            for number in self._left:
                table.setdefault(proof(known[number]), []).append(number)
            for place, mark in enumerate(given):
                parts = proof(mark)
                if found[place] is None and mark.key and parts:
                    found[place] = self.take(table.get(parts, []), mark)
        return found

    def take(self, numbers: Sequence[int], mark: Mark) -> Mark | None:
        """The latest of the numbered marks that may be `mark`; it is not found again."""
        for number in reversed(numbers):
            old = self._left.get(number)
            if old and may_be(old, mark):
                return self._left.pop(number)
        return None

    def left(self, limit: int) -> list[Mark]:
        """The last `limit` of those that were not found."""
        return list(self._left.values())[-limit:]


def ids_repeat(marks: Iterable[Mark]) -> bool:
    """Whether several items have the same id."""
    places: dict[str, str] = {}
    for mark in marks:
        if mark.id and mark.key and places.setdefault(mark.id, mark.place) != mark.place:
            return True
    return False


def distinct(marks: Iterable[Mark]) -> list[Mark]:
    """The marks, without a key where an equal one came before: planets list an entry twice."""
    names: set[tuple[str, str, str]] = set()
    result = []
    for mark in marks:
        name = (mark.id, mark.link, mark.title or mark.body)
        if name in names:
            result.append(replace(mark, key=""))
        else:
            result.append(mark)
        names.add(name)
    return result


def packed(seen: Seen) -> dict[str, Any]:
    """`seen` as JSON can carry it."""
    marks = [list(astuple(mark)) for mark in seen.marks]
    return {"marks": marks, "loose": seen.loose}


def unpacked(data: Mapping[str, Any]) -> Seen:
    """What `packed` made; raises KeyError, TypeError or ValueError where `data` is something
    else."""
    return Seen(tuple(Mark(*fields) for fields in data["marks"]), bool(data["loose"]))
