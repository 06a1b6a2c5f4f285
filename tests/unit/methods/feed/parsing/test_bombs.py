"""Feeds made to hurt: each is read, refused or stopped within its budget, and the loop that waits
goes on meanwhile."""

from gzip import compress

import pytest

from component.methods.feed.errors import DtdRefused, FeedError
from component.methods.feed.parsing.item import BYTES, ITEMS, Feed
from component.methods.feed.sandbox.workers import Limits, Workers
from tests.support.calls import counting_calls
from tests.unit.methods.feed.parsing.test_read import NOW, URL, get, rss

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
XXE = (
    "<!DOCTYPE rss [<!ENTITY x SYSTEM "
    '"file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>'
)


@pytest.mark.parametrize(
    "data",
    [
        "<!DOCTYPE rss [<!ENTITY l0 "
        f'"lol">{LAUGHS}]><rss><channel><title>&l9;</title></channel></rss>',
        "<!DOCTYPE rss [<!ENTITY a "
        f'"{"a" * 50_000}">]><rss><channel><title>{"&a;" * 50_000}</title></channel></rss>',
        "<!DOCTYPE rss [<!ENTITY % a \"<!ENTITY b SYSTEM 'http://127.0.0.1/'>\"> %a;]><rss/>",
        XXE,
        XXE.replace("file:///etc/passwd", "http://169.254.169.254/latest/"),
    ],
    ids=["laughs", "quadratic", "parameter", "file", "address"],
)
def test_entities_are_refused_before_any_parser_sees_them(data: str) -> None:
    with counting_calls() as calls, pytest.raises(DtdRefused):
        get(data.encode())
    assert len(calls) < 1000 + 2 * len(data)


QUICK = {
    "items": lambda: rss("<item><title>t</title></item>" * 100_000),
    "broken items": lambda: rss("<item><title>t<link>x</item>" * 100_000),
    "author": lambda: rss(f"<item><title>t</title><author>{'a' * 1_000_000}</author></item>"),
    "author and dots": lambda: rss(
        f"<item><title>t</title><author>{'a.' * 500_000}@</author></item>"
    ),
    "author in an element": lambda: rss(
        f"<item><title>t</title><author><x/>{'a' * 200_000}</author></item>"
    ),
    "author in CDATA": lambda: rss(
        f"<item><title>t</title><dc:creator><![CDATA[{'a' * 1_000_000}]]></dc:creator></item>"
    ),
    "title": lambda: rss(f"<item><title>{'t' * 5_000_000}</title></item>"),
    "comments": lambda: rss(
        f"<item><title>t</title><description><![CDATA[{'<!--' * 1_000_000}]]></description></item>"
    ),
    "tags": lambda: rss(
        f"<item><title>t</title><description><![CDATA[{'<a ' * 500_000}]]></description></item>"
    ),
    "quotes": lambda: rss(
        f'<item><title>t</title><description><![CDATA[{"<a x=" * 300_000}"]]></description></item>'
    ),
    "ampersands": lambda: rss(
        f"<item><title>t</title><description>{'&' * 1_000_000}</description></item>"
    ),
    "CDATA": lambda: rss(
        f"<item><title>t</title><description>{'<![CDATA[' * 500_000}</description></item>"
    ),
    "prolog": lambda: b"<!DOCTYPE " * 300_000 + rss("<item><title>t</title></item>"),
    "comments first": lambda: b"<!--" * 1_000_000 + rss("<item><title>t</title></item>"),
    "page": lambda: (
        b"<html><head>" + b'<link rel="alternate" type="application/rss+xml" href="/x">' * 100_000
    ),
    "page of links": lambda: b"<html><head>" + b"<link " * 1_000_000,
    "JSON": lambda: b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 1_000_000,
    "JSON number": lambda: (
        b'{"version":"https://jsonfeed.org/version/1","items":[{"id":' + b"9" * 1_000_000 + b"}]}"
    ),
    "items in items": lambda: rss(
        "<item><title>t</title>" + "<item><item/>" * 500 + "</item>" * 500 + "</item>"
    ),
    "empty items": lambda: rss("<item></item><item/>" * 300_000),
    "unescaped HTML": lambda: (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>'
        + b'<content type="html"><p>&lt;b&gt;</content>' * 20_000
        + b"</entry></feed>"
    ),
    "types": lambda: rss("<item><title>t</title></item>" + '<title type type type="html' * 50_000),
    "addresses": lambda: rss(
        "<item><title>t</title></item>" + "<a href = 'x\n <a href=\"\n" * 100_000
    ),
    "links": lambda: rss("<item><title>t</title></item>" + "<link>javascript:" * 200_000),
    "authors in CDATA": lambda: rss(
        "<item><title>t</title></item>" + "<author><![CDATA[a@b" * 200_000
    ),
    "scripts on a page": lambda: b"<html><head>" + b"<script><link <base " * 300_000,
    "bases on a page": lambda: b"<html><head>" + b'<base href="/x">' * 300_000,
    "gzip": lambda: compress(b" " * (20 * 1024 * 1024)),
    "gzip in members": lambda: compress(b" ") * 100_000,
    "hours": lambda: rss("", "<skipHours>" * 100_000),
}
STOPPED = {
    "nesting": lambda: rss("<item><title>t</title>" + "<a>" * 500_000 + "</item>"),
    "categories": lambda: rss(
        "<item>" + "".join(f"<category>c{n}</category>" for n in range(60_000)) + "</item>"
    ),
    "attributes": lambda: rss(
        "<item><title " + " ".join(f'a{n}="x"' for n in range(200_000)) + ">t</title></item>"
    ),
    "author in pieces": lambda: rss(
        f"<item><author>{('<![CDATA[' + 'a' * 200 + ']]>') * 5000}</author></item>"
    ),
}


async def _items(workers: Workers, data: bytes) -> int:
    """How many items it gave. What it costs, it costs the process that reads: this one does
    little."""
    assert len(data) <= BYTES
    with counting_calls() as calls:
        try:
            feed = await workers.read(data, "application/xml", URL, NOW)
        except FeedError:
            feed = Feed()
    assert len(calls) < 200_000
    return len(feed.items)


@pytest.mark.parametrize("kind", QUICK)
async def test_it_costs_no_more_than_it_should(kind: str) -> None:
    workers = Workers(limits=Limits(seconds=5, patience=30))
    try:
        assert await _items(workers, QUICK[kind]()) <= ITEMS
        assert len(workers.pids) == 1  # read or refused, and the process lives
    finally:
        await workers.close()


@pytest.mark.parametrize("kind", STOPPED)
async def test_or_it_is_stopped(kind: str) -> None:
    workers = Workers(limits=Limits(seconds=1, patience=10))
    try:
        assert await _items(workers, STOPPED[kind]()) <= ITEMS
        feed = await workers.read(rss("<item><title>next</title></item>"), "", URL, NOW)
        assert feed.items[0].title == "next"
    finally:
        await workers.close()
