"""Reading feeds: what comes along with the items, what is refused and in which words, and what is
capped."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from component.methods.feed.errors import (
    BrokenFeed,
    DtdRefused,
    EmptyFeed,
    EncodingRefused,
    FeedError,
    HtmlPage,
    NoFeed,
    TooLarge,
)
from component.methods.feed.parsing.item import (
    AUTHOR,
    BYTES,
    ITEMS,
    TAGS,
    TEXT,
    TITLE,
    Feed,
    Item,
    Link,
)
from component.methods.feed.parsing.page import discover
from component.methods.feed.parsing.plain import plain
from component.methods.feed.parsing.read import read

NOW = 1_767_225_600_000
URL = "https://example.org/feed"


def rss(items: str, head: str = "", encoding: str = "utf-8") -> bytes:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>T</title>'
        f"<link>https://example.org/</link>{head}{items}</channel></rss>"
    ).encode(encoding)


def get(data: bytes, type: str = "application/rss+xml") -> Feed:
    return read(data, type, URL, NOW)


# What a feed says of itself


def test_how_often_a_feed_wants_to_be_asked() -> None:
    assert get(rss("", "<ttl>90</ttl>")).ttl == 90
    assert get(rss("", "<ttl>0</ttl>")).ttl is None
    assert get(rss("", "<ttl>soon</ttl>")).ttl is None
    assert get(rss("", "<ttl>99999999</ttl>")).ttl == 10_080
    often = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    assert get(rss("", often)).ttl == 360
    assert get(rss("", often.replace(">4<", ">99999<"))).ttl == 1


def test_hours_in_which_a_feed_never_changes() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in (0, 1, 23, 24, "x", -5))
    assert get(rss("", f"<skipHours>{hours}</skipHours>")).skip_hours == {0, 1, 23}
    assert get(rss("", "<hour>5</hour>")).skip_hours == frozenset()


def test_hub_and_own_address() -> None:
    links = (
        '<atom:link rel="hub" href="https://hub.example.org/"/><atom:link rel="self" '
        'href="/other"/>'
    )
    feed = get(rss("", links))
    assert (feed.hub, feed.own) == ("https://hub.example.org/", "https://example.org/other")
    assert get(rss("", links.replace("https://hub", "ftp://hub"))).hub == ""


def test_text_and_tags() -> None:
    item = (
        "<item><title>t</title><category>a</category><category>b</category><category>a</category>"
    )
    feed = get(
        rss(f"{item}<description>&lt;p&gt;One&lt;p&gt;Two &amp;amp; three</description></item>")
    )
    assert feed.items[0].text == "One\nTwo & three"
    assert feed.items[0].tags == ("a", "b")


def test_a_published_item_that_changed_has_both_times() -> None:
    entry = (
        "<entry><published>2024-03-01T00:00:00Z</published><updated>2024-03-02T00:00:00Z</"
        "updated></entry>"
    )
    feed = get(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'.encode())
    assert (feed.items[0].at, feed.items[0].updated) == (1_709_251_200_000, 1_709_337_600_000)


# What is no feed


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFeed),
        (b" \r\n\t ", EmptyFeed),
        (b"\xef\xbb\xbf\n", EmptyFeed),
        (b"Not found", NoFeed),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NoFeed),
        (b"%PDF-1.7", NoFeed),
        (b'<?xml version="1.0"?><opml version="2.0"><body/></opml>', NoFeed),
        (
            b'<?xml version="1.0"?><urlset '
            b'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>',
            NoFeed,
        ),
        (b'{"error": "not found"}', NoFeed),
        (b'{"version": 1, "items": []}', NoFeed),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": [', BrokenFeed),
        (b"{" * 100_000, BrokenFeed),
        (b'<rss version="2.0"><channel><title>T</titel', BrokenFeed),
        (b"<rss><channel><<<<", BrokenFeed),
        (b"<html><head><title>Hi</title></head><body>Hi</body></html>", HtmlPage),
        (b"<!doctype html><p>Hi", HtmlPage),
        (
            b"<!DOCTYPE html><html><body><pre><rss><channel></channel></rss></pre></body></html>",
            HtmlPage,
        ),
        (b"a" * (BYTES + 1), TooLarge),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value[:20]),
)
def test_what_is_no_feed_is_told_in_words(data: bytes, error: type[FeedError]) -> None:
    with pytest.raises(FeedError) as caught:
        get(data)
    assert type(caught.value) is error
    assert re.fullmatch(r"[A-Z].+[.]", str(caught.value))


def test_a_page_names_its_feeds() -> None:
    page = (
        '<!DOCTYPE html><html><head><base href="https://example.org/blog/">'
        '<link rel="alternate" type="application/rss+xml" title="Posts &amp; more" href="feed.xml">'
        "<link rel=alternate type=application/atom+xml href=/atom>"
        '<link type="application/feed+json" rel="ALTERNATE home" '
        'href="https://cdn.example.net/feed.json" />'
        '<link rel="alternate" type="application/rss+xml" href="feed.xml">'
        '<link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" href="/feed.css">'
        '<link rel="alternate" type="application/json" href="/wp-json/oembed">'
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">'
        '<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">'
        '<!-- <link rel="alternate" type="application/rss+xml" href="/commented"> -->'
    )
    with pytest.raises(
        HtmlPage, match=r"links to these feeds: https://example\.org/blog/feed\.xml, https://"
    ) as caught:
        read(page.encode(), "text/html", "https://example.org/", NOW)
    assert caught.value.feeds == (
        Link("https://example.org/blog/feed.xml", "application/rss+xml", "Posts & more"),
        Link("https://example.org/atom", "application/atom+xml"),
        Link("https://cdn.example.net/feed.json", "application/feed+json"),
    )


def test_a_base_that_is_none_is_left() -> None:
    page = '<base href="javascript:x"><link rel="alternate" type="application/rss+xml" href="f">'
    assert discover(page, "https://example.org/a/") == [
        Link("https://example.org/a/f", "application/rss+xml")
    ]


# What is refused


@pytest.mark.parametrize(
    "name", ["utf-7", "UTF7", "unicode-1-1-utf-7", "x-utf-7", "SCSU", "BOCU-1", "cesu-8"]
)
def test_encodings_made_to_deceive_are_refused(name: str) -> None:
    with pytest.raises(EncodingRefused):
        get(b"<rss/>", f"text/xml; charset={name}")
    with pytest.raises(EncodingRefused):
        get(f'<?xml version="1.0" encoding="{name}"?><rss/>'.encode())


@pytest.mark.parametrize(
    "name", ["hex", "zlib", "idna", "punycode", "unicode_escape", "rot13", "nonsense", "x" * 40]
)
def test_encodings_that_are_none_are_passed_over(name: str) -> None:
    rss = "<rss><channel><title>ü</title></channel></rss>"
    data = f'<?xml version="1.0" encoding="{name}"?>{rss}'.encode()
    assert read(data, f"text/xml; charset={name}", URL, NOW).title == "ü"


DTDS = [
    '<!DOCTYPE rss [<!ENTITY a "b">]>',
    '<!doctype rss [ <!entity a SYSTEM "file:///etc/passwd"> ]>',
    '<!DOCTYPE rss SYSTEM "http://127.0.0.1/x.dtd" [<!ENTITY % p SYSTEM '
    '"http://127.0.0.1/y"> %p;]>',
    "<!DOCTYPE rss [<!ELEMENT rss ANY>]>",
    '<!-- <rss> --><!DOCTYPE rss [<!ENTITY a "b">]>',
    '<!DOCTYPE rss\n[\n<!ENTITY a "b">]>',
    '<?pi <rss?><!DOCTYPE rss [<!ENTITY a "b">]>',
    'junk<!DOCTYPE rss [<!ENTITY a "b">]>',
]


@pytest.mark.parametrize("dtd", DTDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-16-be"])
def test_definitions_are_refused_whatever_they_are_written_in(dtd: str, encoding: str) -> None:
    data = f'<?xml version="1.0"?>{dtd}<rss><channel><title>&a;</title></channel></rss>'.encode(
        encoding
    )
    with pytest.raises(DtdRefused):
        get(data)


def test_a_dtd_in_a_text_is_a_text() -> None:
    text = '<![CDATA[<!DOCTYPE x [<!ENTITY a "b">]>]]>'
    assert (
        get(rss(f"<item><title>How XXE works: {text}</title></item>"))
        .items[0]
        .title.startswith("How XXE works")
    )


def test_no_file_is_opened_for_an_external_dtd() -> None:
    data = (
        b'<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss><channel><title>T '
        b"&xxe;</title></channel></rss>"
    )
    assert get(data).title == "T &xxe;"


# Caps


def test_everything_has_its_cap() -> None:
    tags = "".join(f"<category>{number} {'c' * 100}</category>" for number in range(50))
    long = (
        f"<item><title>{'t ' * 500}</title><author>{'a ' * 500}</author><description>"
        f"{'d ' * 5000}</description>"
    )
    item = get(rss(f"{long}{tags}<link>https://example.org/{'l' * 400}</link></item>")).items[0]
    assert (len(item.title), len(item.author), len(item.text)) == (TITLE, AUTHOR, TEXT)
    assert item.title.endswith("…")
    assert len(item.tags) == TAGS
    with pytest.raises(ValueError, match="t"):
        Item(title="t" * (TITLE + 1))


def test_an_endless_id_is_still_one_of_its_own() -> None:
    first, second = (
        f'<item><guid isPermaLink="false">{"/ " * 1500}{number}</guid></item>' for number in (1, 2)
    )
    ids = {one.id for one in get(rss(first + second)).items}
    assert len(ids) == 2
    assert all(len(one) < 100 for one in ids)


def test_an_endless_link_is_none() -> None:
    assert (
        get(rss(f"<item><title>t</title><link>https://example.org/{'/l' * 1500}</link></item>"))
        .items[0]
        .link
        == ""
    )


def _numbered(numbers: range, dated: bool = True) -> str:
    return "".join(
        f"<item><title>{number}</title><pubDate>"
        f"{1_600_000_000 + number * 60 if dated else ''}</pubDate></item>"
        for number in numbers
    )


def test_of_very_many_items_the_first_are_read_and_where_those_are_the_oldest_the_last() -> None:
    newest_first = get(rss(_numbered(range(3000, 0, -1))))
    assert [newest_first.items[0].title, newest_first.items[-1].title] == ["3000", "2001"]
    oldest_first = get(rss(_numbered(range(3001))))
    assert [oldest_first.items[0].title, oldest_first.items[-1].title] == ["2001", "3000"]
    undated = get(rss(_numbered(range(3000), dated=False)))
    assert [undated.items[0].title, undated.items[-1].title] == ["0", "999"]
    assert len(undated.items) == ITEMS


# HTML to text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<br>b", "a\nb"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("one\n two", "one two"),
        ("<pre>one\n  two</pre>", "one\ntwo"),
        ("a<script>alert(1)</script>b<style>p{}</style>c<!-- d -->e", "abce"),
        ("a<script>never closed", "a"),
        ("a<!-- never closed", "a"),
        ("<a title=\"a > b\" href='x'>c</a>", "c"),
        ("<a href=it's>c</a>", "c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("&lt;b&gt; &amp;amp; &nbsp;x&#8217;&#150;", "<b> &amp; x’–"),
        ("&#0;&#xD800;&#x1;", "\ufffd\ufffd"),
        ("a\x00b\u202ec\u200bd", "a\ufffdbcd"),
        ("<p></p>\n<p> </p>", ""),
        ("<" * 50, "<" * 50),
    ],
)
def test_html_is_told_as_people_see_it(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.text("<>/!-&;a \"'=[]", max_size=200))
def test_what_was_told_has_no_tag_in_it(html: str) -> None:
    told = plain(html)
    assert told == "\n".join(" ".join(line.split()) for line in told.split("\n"))
    assert "&" in html or not re.search(r"<[a-z][^<>\"']*>", told)


# Whatever comes


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from(["utf-8", "utf-16", "cp1251"]))
def test_a_feed_with_noise_in_it_is_read_or_refused(
    noise: bytes, place: int, encoding: str
) -> None:
    good = rss("<item><title>One</title></item><item><title>Two</title></item>", encoding=encoding)
    try:
        feed = get(good[:place] + noise + good[place:])
    except FeedError:
        return
    assert all(len(item.title) <= TITLE for item in feed.items)
