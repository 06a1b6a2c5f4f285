"""Broken XML: a broken item takes no other with it."""

import pytest

from component.methods.feed.parsing.salvage import pieces, well_formed
from tests.unit.methods.feed.parsing.test_read import get, rss

GOOD = "<item><title>{0}</title><link>https://example.org/{0}</link></item>"


@pytest.mark.parametrize(
    "broken",
    [
        "<item><title>X<link>y</link></item>",
        "<item><title>X</title><description>y</item>",
        "<item><title>X</title><description><p>y</p</description></item>",
        "<item><title>X</title><a b=c d>y</a></item>",
        "<item><title>X</title></title></item>",
        "<item><title>X</title><?xml version='1.0'?></item>",
        "<item><title>X</title><![CDATA[ y </item>]]> </item></item>",
        "<item><title>X</title><!-- -- --></item>",
    ],
)
def test_items_beside_a_broken_one_are_read(broken: str) -> None:
    titles = [
        item.title
        for item in get(rss(GOOD.format(1) + GOOD.format(2) + broken + GOOD.format(3))).items
    ]
    assert titles[:2] + titles[-1:] == ["1", "2", "3"]
    assert len(titles) == 4


@pytest.mark.parametrize(
    "odd",
    [
        "<links>x</links>",
        "<authors>x</authors><tags>y</tags><source_>z</source_>",
        "<tags/>",
        "<content>plain</content><content/>",
        "<media:credit/><media:rating>x</media:rating><media:player/>",
        "<psc:chapters/>",
        "<image/><image>",
        "<category/></category></tags>",
        "<georss:point>north</georss:point>",
        "<cc:license/><creativeCommons:license/>",
        "<guid isPermaLink='true'/><link/>",
        "<enclosure/><source/><textinput><name>x</name>",
        "&#xFFFFFFFF;&#99999999999999999999;",
    ],
)
def test_elements_that_a_parser_trips_over_take_no_other_item_with_them(odd: str) -> None:
    titles = [
        item.title
        for item in get(rss(GOOD.format(1) + f"<item>{odd}</item>" + GOOD.format(2))).items
    ]
    assert titles[:1] + titles[-1:] == ["1", "2"]


def test_an_item_that_was_cut_off_waits_for_the_next_time() -> None:
    data = rss(GOOD.format(1) + GOOD.format(2))
    for end in range(data.index(b"</item>") + 7, data.rindex(b"</item>") + 6):
        assert [item.title for item in get(data[:end]).items] == ["1"]


def test_items_that_never_end() -> None:
    assert [
        item.title for item in get(rss("<item><title>1</title><item><title>2</title>")).items
    ] == ["1", "2"]


def test_what_is_whole_stays_together() -> None:
    xml = (
        rss(GOOD.format(1) + GOOD.format(2) + "<item><x></item>" + GOOD.format(3))
        .decode()
        .partition("?>")[2]
    )
    assert not well_formed(xml)
    assert [well_formed(piece) for piece in pieces(xml)] == [True, True, False, True]
