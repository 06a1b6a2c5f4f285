"""Which items are news: none is told twice whatever happens to its marks, and none is missed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from component.methods.feed.canonical import canonical
from component.methods.feed.dedup import SPARE, News, Seen, news, packed, unpacked
from component.methods.feed.parsing.item import ITEMS, Feed, Item
from tests.support.calls import counting_calls

NOW = 1_767_225_600_000
DAY = 86_400_000


def item(number: int) -> Item:
    return Item(
        id=f"tag:example.org,2024:{number}",
        link=f"https://example.org/post/{number}",
        title=f"Post {number}",
        at=NOW - (1000 - number) * DAY,
        text=f"What post {number} says.",
    )


def feed(*items: Item) -> Feed:
    return Feed(title="T", items=items)


def look(items: list[Item], seen: Seen | None, at_once: int = 10_000) -> News:
    found = news(feed(*items), seen, NOW, at_once=at_once)
    return replace(found, seen=unpacked(json.loads(json.dumps(packed(found.seen)))))


def titles(found: News) -> list[str]:
    return [one.item.title for one in found.new]


START = [item(3), item(2), item(1)]


def test_a_feed_starts_silently() -> None:
    found = news(feed(*START), None, NOW)
    assert (found.new, found.rest, found.updated) == ((), 0, ())
    assert look(START, found.seen).new == ()


def test_or_with_the_last_few() -> None:
    found = news(feed(*START), None, NOW, first=2)
    assert titles(found) == ["Post 2", "Post 3"]
    assert found.rest == 0
    assert look(START, found.seen).new == ()
    assert titles(news(feed(*START), None, NOW, first=50)) == ["Post 1", "Post 2", "Post 3"]


def test_new_ones_are_told_once_and_oldest_first() -> None:
    seen = look(START, None).seen
    found = look([item(5), item(4), *START], seen)
    assert titles(found) == ["Post 4", "Post 5"]
    assert look([item(5), item(4), *START], found.seen).new == ()


def test_after_a_long_outage_the_newest_are_told_and_the_rest_counted() -> None:
    seen = look(START, None).seen
    found = look([item(number) for number in range(50, 3, -1)], seen, at_once=10)
    assert titles(found) == [f"Post {number}" for number in range(41, 51)]
    assert found.rest == 37
    assert look([item(number) for number in range(50, 3, -1)], found.seen).new == ()


def test_none_at_once_is_none() -> None:
    seen = look(START, None).seen
    found = look([item(4), *START], seen, at_once=0)
    assert (found.new, found.rest) == ((), 1)


CHANGES = {
    "guid": lambda one: replace(one, id=one.id and f"changed-{one.id}"),
    "guid dropped": lambda one: replace(one, id=""),
    "link dropped": lambda one: replace(one, link=""),
    "link changed": lambda one: replace(one, link=f"https://example.org/new/{one.link[-3:]}"),
    "date": lambda one: replace(one, at=NOW),
    "date dropped": lambda one: replace(one, at=0),
    "trackers": lambda one: replace(
        one, link=f"{one.link}?utm_source=rss&utm_medium=feed&fbclid=x"
    ),
    "source of a reader": lambda one: replace(one, link=f"{one.link}?source=rss-0a1b2c------2"),
    "scheme": lambda one: replace(one, link=one.link.replace("https:", "http:")),
    "slash": lambda one: replace(one, link=one.link and f"{one.link}/"),
    "www": lambda one: replace(one, link=one.link.replace("://", "://www.")),
    "title": lambda one: replace(one, title=f"{one.title} (corrected)"),
    "case of the title": lambda one: replace(one, title=f"  {one.title.upper()} "),
    "text": lambda one: replace(one, text=f"{one.text} More."),
}
TOLD = ("title", "text")


@pytest.mark.parametrize("change", CHANGES)
def test_an_item_is_known_after_a_change(change: str) -> None:
    found = look(START, None)
    for items in (
        [CHANGES[change](one) for one in START],
        [START[0], CHANGES[change](START[1]), START[2]],
    ):
        after = look(items, found.seen)
        assert after.new == ()
        assert bool(after.updated) is (change in TOLD)


def test_a_bare_item_is_known_by_its_title_and_time() -> None:
    bare = Item(id="1", title="A ball", at=NOW)
    seen = look([bare], None).seen
    assert look([replace(bare, id="2")], seen).new == ()
    assert titles(look([replace(bare, id="2", at=NOW - DAY)], seen)) == ["A ball"]
    assert titles(look([replace(bare, id="2", title="A duel")], seen)) == ["A duel"]
    assert titles(look([bare, replace(bare, id="2")], seen)) == ["A ball"]


def test_a_bare_item_with_a_link_is_known_on_another_host_and_not_by_another_path() -> None:
    bare = Item(id="1", title="A ball", link="https://example.org/a?n=1", at=NOW)
    seen = look([bare], None).seen
    assert look([replace(bare, id="2", link="http://new.example.net/a?n=1")], seen).new == ()
    for link in ("https://example.org/b?n=1", "https://example.org/a?n=2"):
        assert titles(look([replace(bare, id="2", link=link)], seen)) == ["A ball"]


def test_what_was_kept_by_an_earlier_version_is_read() -> None:
    kept = packed(look([item(1)], None).seen)
    kept["marks"] = [mark[:7] for mark in kept["marks"]]
    assert look([item(1)], unpacked(kept)).new == ()


def test_a_changed_item_has_the_key_under_which_it_was_told() -> None:
    told = look([item(4), *START], look(START, None).seen)
    changed = replace(item(4), title="Post 4, corrected", link="https://example.org/other")
    after = look([changed, *START], told.seen)
    assert [(one.key, one.item) for one in after.updated] == [(told.new[0].key, changed)]
    assert look([changed, *START], after.seen).updated == ()


def test_a_site_that_moved_tells_nothing() -> None:
    moved = [
        replace(one, id=f"https://new.example/{one.title}", link=f"https://new.example/{one.title}")
        for one in START
    ]
    assert look(moved, look(START, None).seen).new == ()


def test_ids_that_repeat_are_not_relied_on() -> None:
    same = [replace(one, id="1") for one in START]
    seen = look(same, None).seen
    assert seen.loose
    found = look([replace(item(4), id="1"), *same], seen)
    assert titles(found) == ["Post 4"]
    assert look([replace(item(5), id="1")], found.seen, 10).new[0].item.title == "Post 5"
    keys = [mark.key for mark in found.seen.marks]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("page", ["https://status.example.org/", "https://example.org/news", ""])
@pytest.mark.parametrize("named", [True, False])
def test_one_page_for_all_items(page: str, named: bool) -> None:
    """A status page: links to one place, titles that come again where there are ids, and items that
    leave."""

    def outage(number: int) -> Item:
        title = "Outage" if named else f"Outage {number}"
        return Item(
            f"incident-{number}" if named else "",
            page,
            title,
            at=number * DAY,
            text="We look into it.",
        )

    seen = look([outage(1001), outage(1000)], None).seen
    for number in range(1002, 1010):
        found = look([outage(number), outage(number - 1)], seen)
        assert [one.item for one in found.new] == [outage(number)]
        assert found.updated == ()
        seen = found.seen
    found = look([outage(1012), outage(1011), outage(1010)], seen)
    assert [one.item for one in found.new] == [outage(1010), outage(1011), outage(1012)]


def test_one_item_at_a_time_on_the_front_page() -> None:
    def outage(number: int) -> Item:
        return Item(
            f"incident-{number}",
            "https://status.example.org/",
            "Outage",
            at=number * DAY,
            text="Well.",
        )

    seen = look([outage(1)], None).seen
    assert titles(look([outage(2)], seen)) == ["Outage"]
    assert look([replace(outage(1), text="Solved.")], seen).new == ()


def test_an_entry_that_a_planet_has_twice_is_told_once() -> None:
    found = look([item(4), item(4), *START], look(START, None).seen)
    assert titles(found) == ["Post 4"]


def test_one_id_with_two_titles_in_one_feed_is_told_once_each() -> None:
    twice = [item(4), replace(item(4), title="Post 4 as it was")]
    found = look([*twice, *START], look(START, None).seen)
    assert len(found.new) == 2
    assert not found.seen.loose
    assert look([*twice, *START], found.seen).new == ()


def test_items_with_nothing_but_a_title_or_a_text() -> None:
    bare = [Item(title="One"), Item(title="Two"), Item(text="Only text")]
    seen = look(bare, None).seen
    assert look(bare[::-1], seen).new == ()
    found = look([Item(title="Three"), Item(text="Other text"), *bare], seen)
    assert [one.item.title or one.item.text for one in found.new] == ["Other text", "Three"]


def test_an_item_that_left_and_returns_is_known() -> None:
    seen = look(START, None).seen
    for number in range(4, 60):
        seen = look([item(number)], seen).seen
    assert look(START, seen).new == ()


def test_what_is_known_stays_small() -> None:
    seen = look(START, None).seen
    for turn in range(30):
        seen = look([item(turn * 100 + number) for number in range(100)], seen).seen
    assert len(seen.marks) <= 2 * 100 + SPARE
    assert len(json.dumps(packed(seen))) < 150 * len(seen.marks)
    many = look([item(number) for number in range(5000, 5000 + ITEMS)], seen)
    assert len(many.seen.marks) <= 2 * ITEMS + SPARE


def test_oldest_first_without_dates_goes_by_place() -> None:
    seen = look(START, None).seen
    fresh = [replace(item(number), at=0) for number in (6, 5, 4)]
    assert titles(look([*fresh, *START], seen)) == ["Post 4", "Post 5", "Post 6"]
    assert titles(look([*START[::-1], *fresh[::-1]], seen)) == ["Post 4", "Post 5", "Post 6"]


@st.composite
def _days(draw: st.DrawFn) -> list[list[Item]]:
    """A feed as it is day by day: articles come and leave, and their marks change; each article is
    there once a day."""
    changes = [
        change
        for name, change in CHANGES.items()
        if name not in ("link dropped", "link changed", "title")
    ]
    days, top = [], 3
    for _ in range(draw(st.integers(1, 6))):
        top += draw(st.integers(0, 4))
        bottom = draw(st.integers(1, top))
        shown = []
        for number in range(top, bottom - 1, -1):
            one = item(number)
            for change in draw(st.lists(st.sampled_from(changes), max_size=3, unique=True)):
                one = change(one)
            shown.append(one)
        days.append(draw(st.permutations(shown)) if draw(st.booleans()) else shown)
    return days


@settings(max_examples=300, deadline=None)
@given(_days())
def test_none_is_told_twice_and_none_is_missed(days: list[list[Item]]) -> None:
    def number(one: Item) -> str:
        return "".join(letter for letter in one.title if letter.isdigit())

    seen = look(START, None).seen
    known = {number(one) for one in START}
    keys: set[str] = {mark.key for mark in seen.marks}
    for shown in days:
        found = look(list(shown), seen)
        told = [number(one.item) for one in found.new]
        assert sorted(told) == sorted({number(one) for one in shown} - known)
        assert not keys & {one.key for one in found.new}
        known |= set(told)
        keys |= {one.key for one in found.new}
        seen = found.seen


def test_a_thousand_items_with_one_id_are_soon_told_apart() -> None:
    seen: Seen | None = None
    for round in range(3):
        same = [
            Item(
                id="same",
                link=f"https://example.org/{round}/{one}",
                title=f"{round} {one}",
                at=NOW - one,
            )
            for one in range(ITEMS)
        ]
        with counting_calls() as calls:
            found = look(same, seen)
        assert len(calls) < 300 * ITEMS  # and not a multiple of their square
        seen = found.seen
        keys = [mark.key for mark in seen.marks]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("query", ["&".join(["a="] * 650), "&".join(["%41=%42"] * 240)])
def test_addresses_with_hundreds_of_fields_are_compared_as_they_are(query: str) -> None:
    address = f"https://example.org/1?{query}"
    with counting_calls() as calls:
        assert canonical(address) == address
    assert len(calls) < 100
    many = []
    for number in range(ITEMS):
        address = f"https://example.org/{number}?{query}"
        many.append(Item(id=address, link=address, title=str(number)))
    assert look(many, look(many[:1], None).seen).rest == 0
