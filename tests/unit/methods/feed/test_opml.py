"""Lists of feeds from other readers, good and bad, and back."""

import json
from gzip import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common.errors import BadInput
from component.common.sanitize import one_line
from component.fetch.decompress import gunzipped
from component.methods.feed.opml import (
    DEEPEST,
    MAX_BYTES,
    MAX_OUTLINES,
    Entry,
    Opml,
    is_web,
    parse,
    write,
)
from tests.support.calls import counting_calls
from tests.support.cases import case_id, data, rows

SPEC = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="2.0">
  <head><title>mySubscriptions.opml</title>
    <dateCreated>Sat, 18 Jun 2005 12:11:52 GMT</dateCreated></head>
  <body>
    <outline text="CNET News.com" description="Tech news"
      htmlUrl="http://news.com.com/" language="unknown"
      title="CNET News.com" type="rss" version="RSS2"
      xmlUrl="http://news.com.com/2547-1_3-0-5.xml"/>
    <outline text="Caf\xe9" title="" type="rss" xmlUrl="http://cafe.example/rss"/>
    <outline text="News"><outline text="World &amp; more">
      <outline type="rss" text="NYT"
        xmlUrl="https://nyt.example/rss" htmlUrl="javascript:alert(1)"/>
    </outline></outline>
    <outline text="A link" type="link" url="http://example.org/"/>
  </body>
</opml>"""
"""After the example in the specification of OPML 2.0."""


def outlines(*inner: str, version: str = "2.0") -> bytes:
    return f'<opml version="{version}"><body>{"".join(inner)}</body></opml>'.encode()


def test_a_list_as_the_specification_has_it() -> None:
    assert parse(SPEC) == Opml(
        "mySubscriptions.opml",
        (
            Entry("http://news.com.com/2547-1_3-0-5.xml", "CNET News.com", "http://news.com.com/"),
            Entry("http://cafe.example/rss", "Café"),
            Entry("https://nyt.example/rss", "NYT", "", ("News", "World & more")),
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        '<outline xmlUrl="http://a/f"/>',
        '<OUTLINE xmlurl="http://a/f"/>',
        '<outline XMLURL=" http://a/f\n"/>',
        '<outline xmlUrl="feed://a/f"/>',
        '<outline xmlUrl="feed:http://a/f"/>',
    ],
)
def test_lists_as_they_are_written(line: str) -> None:
    assert parse(outlines(line, version="1.0")).entries == (Entry("http://a/f"),)


def test_a_feed_may_stand_around_others() -> None:
    found = parse(
        outlines(
            '<outline text="a" xmlUrl="http://a/"><outline text="b" xmlUrl="http://b/"/></outline>'
        )
    )
    assert found.entries == (Entry("http://a/", "a"), Entry("http://b/", "b"))


def test_what_is_there_twice_or_no_web_address_is_skipped() -> None:
    urls = [
        "http://a/f",
        "http://a/f",
        "javascript:x",
        "file:///etc/passwd",
        "http://[",
        "x",
        "http://" + "a" * 3000,
    ]
    found = parse(outlines(*(f'<outline xmlUrl="{url}"/>' for url in urls)))
    assert (found.entries, found.skipped) == ((Entry("http://a/f"),), 6)


@pytest.mark.parametrize("row", rows("opml/expected.tsv"), ids=case_id)
def test_a_list_seen_in_the_wild(row: dict[str, str]) -> None:
    file = data("opml/" + row["input"])
    if row["expected"].startswith("error"):
        with pytest.raises(BadInput, match="on line 3"):
            parse(file)
        return
    found = [[entry.title, entry.url] for entry in parse(file).entries]
    assert found == json.loads(row["expected"])
    assert parse(compress(file)) == parse(file)


@pytest.mark.parametrize(
    "line",
    [
        '<outline text="a < b" xmlUrl="http://a/f"/>',
        "<outline text='a &lt b' xmlUrl='http://a/f'/>",
        '<outline text="a &#0;&#11;< b" xmlUrl="http://a/f"/>',
        '<!-- & --><outline text="a &lt; b" xmlUrl="http://a/f"/>',
    ],
)
def test_a_list_is_mended_as_a_feed_is(line: str) -> None:
    found = parse(b"\n PHP Notice: no & in it\n" + outlines(line)).entries
    assert [(entry.title.replace("&lt ", "< "), entry.url) for entry in found] == [
        ("a < b", "http://a/f")
    ]


def test_a_reference_as_windows_has_it() -> None:
    """As readers for Windows have written it into lists."""
    line = '<outline text="Juliet&#146;s &#x96; Blog" xmlUrl="http://a/f"/>'
    assert [entry.title for entry in parse(outlines(line)).entries] == ["Juliet’s – Blog"]


@pytest.mark.parametrize(
    ("declared", "written", "title"),
    [
        ("ISO-8859-1", "cp1252", "Juliet’s “Blog”"),
        ("ISO-8859-9", "cp1254", "İstanbul’da"),
        ("ISO-8859-11", "cp874", "“ไทย”"),
    ],
)
def test_an_encoding_that_means_the_larger_one(declared: str, written: str, title: str) -> None:
    """As readers for Windows have declared their lists."""
    line = f'<outline text="{title}" xmlUrl="http://a/f"/>'
    start = f'<?xml version="1.0" encoding="{declared}"?>'.encode()
    file = start + outlines(line).decode().encode(written)
    assert [entry.title for entry in parse(file).entries] == [title]


def test_what_stands_around_a_list_is_passed_over() -> None:
    found = parse(b"Notice: x\n<?xml version='1.0'?>" + outlines("<outline/>") + b"\n<p>Bye")
    assert (found.entries, found.skipped) == ((), 0)


def test_work_grows_with_the_list() -> None:
    costs = []
    for size in (100, 1_000):
        line = '<outline text="a & b" htmlUrl="http://a/?x&y" xmlUrl="http://a/{n}&c"/>'
        lines = [line.format(n=n) for n in range(size)]
        with counting_calls() as calls:
            parse(b"<!-- -->" * size + outlines(*lines))
        costs.append(len(calls))
    assert costs[1] < 11 * costs[0]


BOMB = b"""<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<opml version="2.0"><body><outline text="&b;" xmlUrl="http://a/"/></body></opml>"""
XXE = (
    b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body><outline '
    b'text="&x;"/></body></opml>'
)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "not OPML: no element found on line 1"),
        (b"\x00\xff\xfe", "not OPML"),
        (b"\n<opml><body>\n<outline text='a 'b' c'/></body></opml>", "on line 3"),
        (b"\x1f\x8b\x08 no gzip", "The file cannot be decompressed."),
        (compress(b"x" * (MAX_BYTES + 1)), "larger than 5 MiB"),
        (b"<opml><body>", "no element found|no OPML"),
        (b"<html><body/></html>", "The file is not OPML, because it does not contain <opml>."),
        (
            b"<rss version='2.0'><channel/></rss>",
            "The file is not OPML, because it does not contain <opml>.",
        ),
        (b"<!DOCTYPE html><html/>", "document type"),
        (BOMB, "document type"),
        (XXE, "document type"),
        (b'<?xml version="1.0" encoding="x-no-such"?><opml/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><opml/>', "encoding"),
        (b"x" * (MAX_BYTES + 1), "larger than 5 MiB"),
        (outlines("<outline>" * DEEPEST), f"The file has more than {DEEPEST} levels of nesting."),
        (outlines("<outline/>" * (MAX_OUTLINES + 1)), f"more than {MAX_OUTLINES} outlines"),
    ],
)
def test_what_is_no_list_is_refused_in_words(file: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse(file)


def test_as_many_as_may_be() -> None:
    assert (
        len(
            parse(
                outlines(*(f'<outline xmlUrl="http://a/{it}"/>' for it in range(MAX_OUTLINES)))
            ).entries
        )
        == MAX_OUTLINES
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(some: bytes) -> None:
    packed = compress(outlines(some.decode("latin-1")))
    for whole in (some, b"<opml>" + some + b"</opml>", packed, gunzipped(packed, MAX_BYTES)):
        try:
            parse(whole)
        except BadInput:
            continue


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(one_line)
urls = (
    st.builds("http://a.example/{}?x=1&y={}".format, st.integers(), words)
    .map(one_line)
    .filter(is_web)
)
entries = st.builds(
    Entry, urls, words, st.just("") | urls, st.lists(words.filter(bool), max_size=3).map(tuple)
)


@given(words, st.lists(entries, max_size=8, unique_by=lambda one: one.url))
def test_what_is_written_is_read(title: str, some: list[Entry]) -> None:
    found = parse(write(title, some))
    expected = {Entry(one.url, one.title or one.url, one.site, one.folders) for one in some}
    assert (found.title, {*found.entries}, found.skipped) == (title, expected, 0)


def test_a_list_reads_well() -> None:
    some = [
        Entry("http://a/?b&c", 'A "quoted" <title>', "http://a/", ("News",)),
        Entry("http://b/"),
        Entry("http://c/", "C", "", ("News",)),
    ]
    assert write("Ours", some).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml '
        'version="2.0">\n<head><title>Ours</title></head>\n<body>\n'
        '<outline type="rss" text="http://b/" title="http://b/" xmlUrl="http://b/"/>\n'
        '<outline text="News">\n'
        '<outline type="rss" text="A &quot;quoted&quot; &lt;title&gt;" title="A '
        '&quot;quoted&quot; &lt;title&gt;" '
        'xmlUrl="http://a/?b&amp;c" htmlUrl="http://a/"/>\n'
        '<outline type="rss" text="C" title="C" '
        'xmlUrl="http://c/"/>\n</outline>\n</body>\n</opml>\n'
    )
