"""What is mended before a feed is parsed. Each of these is read wrongly without its mend."""

import codecs

import pytest

from component.methods.feed.errors import HtmlPage
from component.methods.feed.parsing.document import document
from component.methods.feed.parsing.item import Feed, Item
from component.methods.feed.parsing.read import read
from component.methods.feed.parsing.salvage import well_formed
from tests.unit.methods.feed.parsing.test_read import NOW, URL, rss

ITEM = "<item><title>{}</title></item>"


def of(text: str | bytes, type: str = "") -> Feed:
    data = text if isinstance(text, bytes) else text.encode()
    return read(data, type, URL, NOW)


def atom(entry: str) -> Item:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{entry}</entry></feed>'
    return of(feed).items[0]


# Encodings


@pytest.mark.parametrize(
    ("declared", "written", "title"),
    [
        ("us-ascii", "cp1252", "“Café”"),
        ("iso-8859-1", "cp1252", "“Café” for 5 €"),
        ("iso-8859-9", "cp1254", "“İstanbul’da”"),
        ("iso-8859-11", "cp874", "“ไทย”"),
        ("gbk", "gb18030", "中文 㐀"),
        ("x-gbk", "gbk", "中文"),
        ("x-sjis", "shift_jis", "日本語"),
        ("x-euc-jp", "euc_jp", "日本語"),
    ],
)
def test_an_encoding_by_a_name_that_browsers_know(declared: str, written: str, title: str) -> None:
    """As IIS, PHP and CGI programs send it: the name of the smaller set, or an old one."""
    body = f"<rss><channel>{ITEM.format(title)}</channel></rss>".encode(written)
    start = f'<?xml version="1.0" encoding="{declared}"?>'.encode()
    assert of(start + body).items[0].title == title
    assert of(body, f"text/xml; charset={declared}").items[0].title == title


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("marked", [True, False])
def test_a_document_in_utf_16(encoding: str, marked: bool) -> None:
    """.NET's writers have a mark; some that write into strings first leave it out."""
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    start = marks[encoding] if marked else b""
    text = (
        f'<?xml version="1.0" encoding="utf-16"?><rss><channel>{ITEM.format("ü")}</channel></rss>'
    )
    assert of(start + text.encode(encoding)).items[0].title == "ü"


def test_a_summary_cut_within_a_character() -> None:
    """As by PHP's substr, which counts bytes: the rest is in the encoding that is declared."""
    cut = "日本語".encode("shift_jis")[:-1]
    data = b'<?xml version="1.0" encoding="shift_jis"?><rss><channel><item><title>'
    data += "今日".encode("shift_jis") + b"</title><description>" + cut
    assert of(data + b"</description></item></channel></rss>").items[0].title == "今日"


# Entities


def test_entities_of_html_in_plain_text() -> None:
    """A title of Atom is plain text, where a blog's template has put HTML's entities."""
    assert atom("<title>Caf&eacute; &ndash; R&D</title>").title == "Café – R&D"


def test_what_is_in_cdata_is_left_as_it_is() -> None:
    assert atom("<title><![CDATA[R&D at AT&T &amp;]]></title>").title == "R&D at AT&T &amp;"


# The document


def test_a_comment_that_speaks_of_html() -> None:
    """As feeds have that are shown with a style sheet."""
    comment = "<!-- Not an <html> page: see <!DOCTYPE html [ and so on. -->"
    assert of(f"{comment}<rss><channel>{ITEM.format('a')}</channel></rss>").items[0].title == "a"


@pytest.mark.parametrize(
    "page",
    [
        "<title>Blog</title>{}<p>Hello",
        "<meta charset=utf-8>{}",
        "\n<head>{}</head>",
        "{}<body>",
    ],
)
def test_a_page_without_html_elements(page: str) -> None:
    """HTML does not ask for them, and minifiers leave them out."""
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    with pytest.raises(HtmlPage) as caught:
        of(page.format(link))
    assert [feed.url for feed in caught.value.feeds] == ["https://example.org/feed.xml"]


@pytest.mark.parametrize("junk", ["<!-- cached --><br>", "<script>x()</script>", "0", "<b>Notice"])
def test_what_stands_behind_the_end_costs_nothing(junk: str) -> None:
    """A cache, a host's advertisement, a chunk's length or PHP, behind a channel that has its title
    behind its items."""
    feed = of(f"<rss><channel>{ITEM.format('a')}<title>T</title></channel></rss>\n{junk}")
    assert (feed.title, [item.title for item in feed.items]) == ("T", ["a"])


def test_prefixes_without_a_namespace_are_few() -> None:
    more = "".join(f"<p{number}:x/>" for number in range(60_000))
    assert of(rss(ITEM.format("a") + more)).items[0].title == "a"


@pytest.mark.parametrize("start", [range(1_001), range(1_001, 0, -1)])
def test_a_document_with_too_many_items_is_whole_when_some_are_cut(start: range) -> None:
    """Only what is broken is read in pieces, at many times the cost."""
    items = "".join(f"<item><pubDate>{1_600_000_000 + at}</pubDate></item>" for at in start)
    assert well_formed(document(rss(items).decode(), URL).xml)


# Addresses


@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_address_in_either_kind_of_quotes(quote: str) -> None:
    entry = '<entry xml:base="https://example.org/feed.php"><id>https://example.org/?p=1</id>'
    empty = f"{entry}<link href={quote}{quote}/></entry>"
    feed = of(f'<feed xmlns="http://www.w3.org/2005/Atom">{empty}</feed>')
    assert feed.items[0].link == "https://example.org/?p=1"
    assert atom(f"<link href={quote}http://a.example/\n b{quote}/>").link == "http://a.example/b"


def test_an_address_that_cannot_be_seen_is_none() -> None:
    assert atom("<link href='http://a.example/\u202e'/>").link == ""


# HTML as elements, and items in items


@pytest.mark.parametrize("element", ["content", "summary"])
@pytest.mark.parametrize("type", ['"html"', "'html'", '"text/html"', "'text/html'"])
def test_html_that_is_not_escaped(element: str, type: str) -> None:
    markup = f"<{element} type={type}><p>a &lt;b> c &lt;/b></p></{element}>"
    assert atom(f"<title>t</title>{markup}").text == "a c"


def test_a_title_of_html_that_is_not_escaped() -> None:
    assert atom('<title type="html"><span>a &lt;i>b&lt;/i></span></title>').title == "a b"


def test_a_text_that_shows_how_atom_is_written() -> None:
    code = '<content type="html"><p>a</p></content>'
    text = of(rss(f"<item><description><![CDATA[Say {code}]]></description></item>")).items[0].text
    assert text == "Say\na"


@pytest.mark.parametrize("inner", ["<x:item>B</x:item>", "<entry/>"])
def test_an_element_that_is_not_an_item_stays_in_its_item(inner: str) -> None:
    item = f"<item>{inner}<title>A</title></item>"
    assert [item.title for item in of(rss(item)).items] == ["A"]


@pytest.mark.parametrize(
    "odd",
    [
        "<gml:pos>48.2 16.4</gml:pos>",
        "<textinput><description>Search</description></textinput>",
        "<authors/><author src='x'/>",
        "<title>X<width unit='px'>88</width></title>",
    ],
)
def test_a_sound_item_that_feedparser_fails_at_takes_no_other_with_it(odd: str) -> None:
    """It raises a KeyError, an IndexError or a TypeError, though the document is well-formed."""
    items = f"{ITEM.format(1)}<item>{odd}</item>{ITEM.format(2)}"
    assert [item.title for item in of(rss(items)).items] == ["1", "2"]


def test_a_name_in_front_of_a_dash_and_an_address() -> None:
    creator = "<dc:creator>Juliet - &lt;juliet@example.org&gt;</dc:creator>"
    assert of(rss(f"<item><title>t</title>{creator}</item>")).items[0].author == "Juliet"
