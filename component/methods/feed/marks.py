"""By what an item of a feed is known from one poll to the next. Pure.

No single mark can be relied on: guids change when a site moves, repeat where a generator is broken,
or are missing; links get trackers and https; dates are those of the last build. So an item is known
by any two of its marks that agree, by one of them where nothing speaks against it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b

from component.methods.feed.canonical import canonical
from component.methods.feed.parsing.item import Item


@dataclass(frozen=True, slots=True)
class Mark:
    """A known item: the key under which it was announced, and hashes of what it is known by.

    A hash is "" where the item lacks that part. `at` is its own time and `seen` the time of the
    poll that saw it last, both in milliseconds. `path` is that of its link, without the host,
    where it has no text.
    """

    key: str
    id: str
    link: str
    title: str
    body: str
    at: int
    seen: int
    path: str = ""

    @property
    def place(self) -> str:
        """Its link, or its title where it has no link."""
        return self.link or self.title


def mark_of(item: Item, now: int) -> Mark:
    """The mark of an item that was seen at `now` (milliseconds)."""
    id = hashed(canonical(item.id) or item.id)
    link = hashed(canonical(item.link))
    title = hashed(folded(item.title))
    body = hashed(folded(item.text))
    if id:
        key = f"{id}   "
    elif link:
        key = f" {link}  "
    else:
        key = f"  {title} {body}"
    path = ""
    if not body:
        path = hashed(canonical(item.link).removeprefix("//").partition("/")[2])
    return Mark(hashed(key), id, link, title, body, item.at, now, path)


def hashed(text: str) -> str:
    """A hash of 16 hexadecimal digits; "" for no text."""
    if not text:
        return ""
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def folded(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.split()).casefold()


def may_be(old: Mark, new: Mark) -> bool:
    """Whether one can be the other after changes: not if all but the id differ, the time too."""
    if old.link == new.link or old.title == new.title:
        return True
    return not old.at or not new.at or old.at == new.at


def shared_links(marks: Iterable[Mark]) -> set[str]:
    """Links that several items have, such as that of a page of news: they identify nothing."""
    items: dict[str, set[tuple[str, str]]] = {}
    for mark in marks:
        if mark.link and mark.key:
            items.setdefault(mark.link, set()).add((mark.id, mark.title))
    return {link for link, names in items.items() if len(names) > 1}


def without_shared_link(mark: Mark, shared: set[str]) -> Mark:
    """The mark without its link, where that is one of the shared ones."""
    if mark.link in shared:
        return replace(mark, link="")
    return mark


# What two marks have in common if they are one item, the surest first. A proof is the tuple of
# parts that have to agree, or () where the mark lacks one of them.

Parts = tuple[str | int, ...]
Proof = Callable[[Mark], Parts]


def everything(mark: Mark) -> Parts:
    """All that is known of it."""
    return (mark.id, mark.link, mark.title, mark.body)


def all_but_body(mark: Mark) -> Parts:
    """Its id, link and title; the link and title may be missing."""
    if not mark.id:
        return ()
    return (mark.id, mark.link, mark.title)


def id_and_link(mark: Mark) -> Parts:
    """Both of them."""
    return complete(mark.id, mark.link)


def id_and_title(mark: Mark) -> Parts:
    """Both of them."""
    return complete(mark.id, mark.title)


def id_alone(mark: Mark) -> Parts:
    """Its id."""
    return complete(mark.id)


def link_and_title(mark: Mark) -> Parts:
    """Both of them."""
    return complete(mark.link, mark.title)


def link_and_body(mark: Mark) -> Parts:
    """Both of them."""
    return complete(mark.link, mark.body)


def words_and_time(mark: Mark) -> Parts:
    """All that it says, at the same moment: the site moved."""
    return complete(mark.title, mark.body, mark.at)


def path_title_and_time(mark: Mark) -> Parts:
    """The path of its link and its title, at the same moment, if it has no text: the site has
    another host."""
    return complete(mark.path, mark.title, mark.at)


def title_and_time(mark: Mark) -> Parts:
    """Its title, at the same moment, if it has neither link nor text: all that there is to read is
    the same."""
    if mark.link or mark.body:
        return ()
    return complete(mark.title, mark.at)


def only_link(mark: Mark) -> Parts:
    """Its link, if it has no id."""
    if mark.id:
        return ()
    return complete(mark.link)


def only_title(mark: Mark) -> Parts:
    """Its title, if it has neither id nor link."""
    if mark.id or mark.link:
        return ()
    return complete(mark.title)


def complete(*parts: str | int) -> Parts:
    """The parts, or () if one is missing."""
    if all(parts):
        return parts
    return ()


PROOFS: tuple[Proof, ...] = (
    everything,
    all_but_body,
    id_and_link,
    id_and_title,
    id_alone,
    link_and_title,
    link_and_body,
    words_and_time,
    path_title_and_time,
    title_and_time,
    only_link,
    only_title,
)

PROOFS_WITHOUT_IDS = tuple(proof for proof in PROOFS if proof not in (id_and_title, id_alone))
"""For feeds whose ids repeat."""
