"""Which items of a feed are news, given what was seen of it. Pure; no item is told twice, none is
missed.

No single mark of an item can be relied on: guids change when a site moves, repeat where a generator
is broken, or are not there; links get trackers and https; dates are those of the last build. So an
item is known by any two of its marks that agree, by one of them where nothing speaks against it,
and each known item is found by one item of a feed at most.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from component.methods.feed.parsing.item import ITEMS, Feed, Item

FIRST = 0
"""Items told of a feed at first: none, by default."""
AT_ONCE = 10
"""Items told at one time; of the others there is the number."""
SPARE = 300
"""Items kept in mind that the feed has no more, beside as many as it has now: they may come
back."""

_FIELDS = 40
"""Fields of an address that are looked at; one with more is compared as it is written."""
_TRACKERS = re.compile(
    r"(utm|mtm|pk|piwik|matomo|hsa|vero|ga)_.*|fbclid|gclid|dclid|msclkid|yclid|igshid|"
    r"mc_[ce]id|_hs(enc|mi)|oly_(anon|enc)_id"
    r"|wt_?mc|cmpid|ito|at_(medium|campaign|custom\d)|s?share_?id|ref_src|__source|rss(_?id)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A known item: its key, under which it was told, and hashes of what it is known by, "" for
    what it lacks."""

    key: str
    id: str
    link: str
    title: str
    body: str
    at: int
    seen: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a feed's items, those seen last at the end. `loose` if its ids are known to
    repeat."""

    marks: tuple[Mark, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An item and its key, which stays the same as long as it is known."""

    key: str
    item: Item


@dataclass(frozen=True, slots=True)
class News:
    """What to tell: new items, oldest first; how many more are new; items that changed; and what is
    known now."""

    new: tuple[Told, ...] = ()
    rest: int = 0
    updated: tuple[Told, ...] = ()
    seen: Seen = field(default_factory=Seen)


def news(
    feed: Feed, seen: Seen | None, now: int, *, first: int = FIRST, at_once: int = AT_ONCE
) -> News:
    """What of `feed` is new at `now` (milliseconds), if `seen` was known; None if it is read for
    the first time.

    Then the last `first` items are told, and no number of others; later `at_once` at most, the
    newest ones.
    """
    before = seen or Seen()
    items = feed.items[:ITEMS]
    now_marks = _distinct([_mark(item, now) for item in items])
    loose = before.loose or _repeats(now_marks)
    known = _Known(before.marks, loose)
    shared = _shared(now_marks) | _shared(before.marks)
    found = known.match(now_marks, shared)
    fresh, updated, marks = _sorted_out(
        items, now_marks, found, {mark.key for mark in before.marks}
    )
    oldest_first = _in_order(items, fresh)
    most = first if seen is None else at_once
    told = oldest_first[len(oldest_first) - most :] if most < len(oldest_first) else oldest_first
    rest = 0 if seen is None else len(oldest_first) - len(told)
    kept = known.left(len(items) + SPARE)
    return News(tuple(told), rest, tuple(updated), Seen((*kept, *marks), loose))


def _sorted_out(
    items: Iterable[Item], marks: Iterable[Mark], found: Iterable[Mark | None], keys: set[str]
) -> tuple[list[tuple[int, Told]], list[Told], list[Mark]]:
    """New items with their places, changed ones, and the marks of all."""
    fresh: list[tuple[int, Told]] = []
    updated: list[Told] = []
    kept: list[Mark] = []
    turns: dict[str, int] = {}
    for place, (item, mark, old) in enumerate(zip(items, marks, found, strict=False)):
        if not mark.key:
            continue  # the feed has it twice
        key = old.key if old else _free(mark.key, keys, turns)
        keys.add(key)
        kept.append(replace(mark, key=key))
        if old is None:
            fresh.append((place, Told(key, item)))
        elif (old.title, old.body) != (mark.title, mark.body):
            updated.append(Told(key, item))
    return fresh, updated, kept


class _Known:
    """Marks from earlier, each to be found once."""

    def __init__(self, marks: Iterable[Mark], loose: bool) -> None:
        self._left = dict(enumerate(marks))
        self._loose = loose

    def match(self, given: list[Mark], shared: set[str]) -> list[Mark | None]:
        """The known one for each of `given`: sure ones first, so that a guess never takes what is
        another's.

        `shared` links say nothing.
        """

        def view(mark: Mark) -> Mark:
            return replace(mark, link="") if mark.link in shared else mark

        found: list[Mark | None] = [None] * len(given)
        marks, known = (
            [view(mark) for mark in given],
            {number: view(mark) for number, mark in self._left.items()},
        )
        for proof in _PROOFS if not self._loose else _LOOSE_PROOFS:
            table: dict[tuple[Any, ...], list[int]] = {}
            for number in self._left:
                if (name := proof(known[number])) is not None:
                    table.setdefault(name, []).append(number)
            for place, mark in enumerate(marks):
                name = proof(mark) if found[place] is None and mark.key else None
                if name is not None and (taken := self._take(table.get(name, []), mark)):
                    found[place] = taken
        return found

    def _take(self, numbers: list[int], mark: Mark) -> Mark | None:
        """The latest of those that may be `mark`."""
        for number in reversed(numbers):
            old = self._left.get(number)
            if old and _may_be(old, mark):
                return self._left.pop(number)
        return None

    def left(self, most: int) -> list[Mark]:
        """The last `most` of those that no item was found to be."""
        return list(self._left.values())[-most:]


def _may_be(old: Mark, new: Mark) -> bool:
    """Whether one can be the other after changes: not where all but the id differ, the day too."""
    differs = old.link != new.link and old.title != new.title
    return not (differs and old.at and new.at and old.at != new.at)


# What two marks share if they are one item, the surest first.


def _all(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.id, mark.link, mark.title, mark.body)


def _named(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.id, mark.link, mark.title) if mark.id else None


def _placed(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.id, mark.link) if mark.id and mark.link else None


def _titled(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.id, mark.title) if mark.id and mark.title else None


def _id(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.id,) if mark.id else None


def _linked(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.link, mark.title) if mark.link and mark.title else None


def _whole(mark: Mark) -> tuple[Any, ...] | None:
    """All that is said, at the same moment: the site moved."""
    return (mark.title, mark.body, mark.at) if mark.title and mark.body and mark.at else None


def _only_link(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.link,) if mark.link and not mark.id else None


def _only_link_and_body(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.link, mark.body) if mark.link and mark.body else None


def _only_title(mark: Mark) -> tuple[Any, ...] | None:
    return (mark.title,) if mark.title and not mark.id and not mark.link else None


_PROOFS = (
    _all,
    _named,
    _placed,
    _titled,
    _id,
    _linked,
    _only_link_and_body,
    _whole,
    _only_link,
    _only_title,
)
_LOOSE_PROOFS = (
    _all,
    _named,
    _placed,
    _linked,
    _only_link_and_body,
    _whole,
    _only_link,
    _only_title,
)


def _repeats(marks: list[Mark]) -> bool:
    """Whether one id stands for several items."""
    links: dict[str, str] = {}
    return any(
        mark.id and mark.key and links.setdefault(mark.id, _where(mark)) != _where(mark)
        for mark in marks
    )


def _where(mark: Mark) -> str:
    return mark.link or mark.title


def _shared(marks: Iterable[Mark]) -> set[str]:
    """Links that several items have, such as that of a page of news."""
    items: dict[str, set[tuple[str, str]]] = {}
    for mark in marks:
        if mark.link and mark.key:
            items.setdefault(mark.link, set()).add((mark.id, mark.title))
    return {link for link, names in items.items() if len(names) > 1}


def _distinct(marks: list[Mark]) -> list[Mark]:
    """`marks`, without a key where one like it went before: planets list an entry twice."""
    told: set[tuple[str, str, str]] = set()
    result = []
    for mark in marks:
        name = (mark.id, mark.link, mark.title or mark.body)
        result.append(replace(mark, key="") if name in told else mark)
        told.add(name)
    return result


def _mark(item: Item, now: int) -> Mark:
    id, link = _hash(_canonical(item.id) or item.id), _hash(_canonical(item.link))
    title, body = _hash(_folded(item.title)), _hash(_folded(item.text))
    key = _hash(
        f"{id} {link if not id else ''} {title if not (id or link) else ''} "
        f"{body if not (id or link) else ''}"
    )
    return Mark(key, id, link, title, body, item.at, now)


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest() if text else ""


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _canonical(address: str) -> str:
    """An address as it is compared: without its scheme, trackers and last slash; "" for a site's
    front page."""
    if not address.lower().startswith(("http://", "https://")):
        return address
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
        given = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return address
    query = [
        (name, value) for name, value in given if not (_tracks(name) or value.startswith("rss-"))
    ]
    fragment = "" if _tracks(parts.fragment.partition("=")[0]) else parts.fragment
    if not (query or fragment or parts.path.strip("/")):
        return ""  # a status page's items all lead there
    return f"//{host}{port}{parts.path.rstrip('/')}?{urlencode(sorted(query))}#{fragment}"


def _tracks(name: str) -> bool:
    return bool(_TRACKERS.fullmatch(name))


def _free(key: str, keys: set[str], turns: dict[str, int]) -> str:
    """`key`, or another where that is taken: ids that repeat. `turns` keeps what was tried: a
    thousand items may."""
    number = turns.get(key, 1)
    found = key if number == 1 else _hash(f"{key} {number}")
    while found in keys:
        number += 1
        found = _hash(f"{key} {number}")
    turns[key] = number
    return found


def _in_order(items: tuple[Item, ...], fresh: list[tuple[int, Told]]) -> list[Told]:
    """New items, oldest first: by their time, and without one by their place, as feeds have the
    newest first."""
    dated = [item.at for item in items if item.at]
    rising = len(dated) > 1 and dated[0] < dated[-1]
    ordered = fresh if rising else fresh[::-1]
    if all(told.item.at for _place, told in ordered):
        ordered = sorted(ordered, key=lambda one: one[1].item.at)
    return [told for _place, told in ordered]


def packed(seen: Seen) -> dict[str, Any]:
    """`seen` as JSON can carry it."""
    marks = [
        [one.key, one.id, one.link, one.title, one.body, one.at, one.seen] for one in seen.marks
    ]
    return {"marks": marks, "loose": seen.loose}


def unpacked(data: Mapping[str, Any]) -> Seen:
    """What `packed` made of it; raises KeyError, TypeError or ValueError where it is none."""
    return Seen(tuple(Mark(*one) for one in data["marks"]), bool(data["loose"]))
