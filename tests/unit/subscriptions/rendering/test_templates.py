"""How letters are arranged, cut, called and drawn: what is pure of them, and the operator's
templates."""

from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Author, Channel, Kind, Message, id_from
from component.common.errors import BadInput
from component.common.sanitize import is_clean
from component.subscriptions.rendering import subject
from component.subscriptions.rendering.digest import (
    MAX_CHARS,
    MAX_MESSAGES,
    Bounds,
    Digest,
    Places,
    Selection,
    arranged,
    chosen,
    entry,
    merged,
    shares,
    strangers,
)
from component.subscriptions.rendering.footer import HERE, footed, scrubbed
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.preview import faults, places, preview, samples
from component.subscriptions.rendering.recent import Recent
from component.subscriptions.rendering.renderer import MAIL
from component.subscriptions.rendering.short import followed, short
from component.subscriptions.rendering.templates import NAMES, Faults, Templates
from component.subscriptions.rendering.times import Times
from tests.support.fakes import FakeClock

LOBBY, TEAM = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
WEB = "https://shouts.example.org"
WHERE = places(WEB)
BERLIN = Times("Europe/Berlin", "en")
NIGHT = 1_764_025_200_000
"""00:00 of 25 November 2025 in Berlin, ms."""
EYES = ReaderLocale("en", "Europe/Berlin")


def said(
    body: str,
    at: int = NIGHT,
    answers: Message | None = None,
    channel: Channel = LOBBY,
    kind: Kind = Kind.CHAT,
    **more: str,
) -> Message:
    author = Author(more.get("name", "Juliet"), more.get("key", "juliet@example.org"))
    one = Message.new(channel, author, body, at, id=id_from(f"{body[:50]} {at}"), kind=kind)
    return replace(one, replies=answers.id, thread=answers.thread or answers.id) if answers else one


def told(
    *wanted: Selection, bounds: Bounds = MAIL, times: Times = BERLIN, quotes: bool = False
) -> Digest:
    shown = chosen(merged(wanted), bounds)
    lines = dict.fromkeys(strangers(shown), "Nurse: before") if quotes else {}
    return arranged(shown, lines, WHERE, times, bounds.longest)


def outline(digest: Digest) -> list[str]:
    """A line for each thing, as deep as it stands."""
    lines = []
    for section in digest.sections:
        lines.append(section.title)
        for day in section.days:
            lines += [f" {day.heading}"] if day.heading else []
            for thread in day.threads:
                lines.append(
                    f"  {thread.first.time} {thread.first.text}"
                    if thread.first
                    else f"  > {thread.quote}"
                )
                lines += [f"    {one.time} {one.text}" for one in thread.replies]
    return lines


# Arranged


def test_answers_stand_under_what_they_answer() -> None:
    first, other = said("cake?"), said("door", NIGHT + 60_000)
    late = said("apple", NIGHT + 120_000, first)
    later = said("both", NIGHT + 180_000, late)
    assert outline(told(Selection(LOBBY, [first, other, late, later]))) == [
        "shoutbox:lobby",
        "  00:00 cake?",
        "    00:02 apple",
        "    00:03 both",
        "  00:01 door",
    ]


def test_an_answer_to_what_was_told_before_stands_under_a_line_of_it() -> None:
    reply = said("yes", NIGHT, said("before", NIGHT - 1))
    assert outline(told(Selection(LOBBY, [reply]), quotes=True)) == [
        "shoutbox:lobby",
        "  > Nurse: before",
        "    00:00 yes",
    ]
    # And by itself where that is gone
    assert outline(told(Selection(LOBBY, [reply]))) == ["shoutbox:lobby", "  00:00 yes"]


def test_what_came_to_two_channels_is_told_in_the_first() -> None:
    one, two = said("one"), said("two", NIGHT + 1)
    digest = told(
        Selection(LOBBY, [one]), Selection(TEAM, [one, two]), Selection(Channel("feed", "x"), [two])
    )
    assert outline(digest) == [
        "shoutbox:lobby",
        "  00:00 one",
        "muc:team@rooms.example.org",
        "  00:00 two",
    ]
    assert digest.count == 2


@pytest.mark.parametrize(
    ("zone", "headings", "period"),
    [
        (
            "Europe/Berlin",
            ["Monday, 24 November 2025", "Tuesday, 25 November 2025"],
            "Monday, 24 November 2025 – Tuesday, 25 November 2025",
        ),
        ("America/New_York", [""], "Monday, 24 November 2025"),
        ("Nowhere/Atall", [""], "Monday, 24 November 2025"),
    ],
)
def test_days_are_those_of_the_reader(zone: str, headings: Sequence[str], period: str) -> None:
    digest = told(
        Selection(LOBBY, [said("a", NIGHT - 60_000), said("b", NIGHT)]), times=Times(zone, "en")
    )
    assert [day.heading for day in digest.sections[0].days] == headings
    assert digest.period == period


def test_an_answer_on_another_day_says_which() -> None:
    first = said("cake?", NIGHT - 60_000)
    digest = told(
        Selection(LOBBY, [first, said("yes", NIGHT, first)]), times=Times("Europe/Berlin", "de")
    )
    assert outline(digest) == [
        "shoutbox:lobby",
        " Montag, 24. November 2025",
        "  23:59 cake?",
        "    25.11.2025, 00:00 yes",
    ]


def test_times_across_the_change_of_the_clocks() -> None:
    """01:59:59 and 03:00:00 on 29 March 2026 in Berlin are a second apart; 02:30 comes twice on 25
    October."""
    spring = 1_774_746_000_000
    times = Times("Europe/Berlin", "en")
    assert [times.time(spring - 1_000), times.time(spring)] == ["01:59", "03:00"]
    autumn = 1_792_888_200_000
    assert [times.time(autumn), times.time(autumn + 3_600_000)] == ["02:30", "02:30"]
    assert ZoneInfo("Europe/Berlin")


# How much


def test_a_digest_shows_so_many_and_counts_the_rest() -> None:
    digest = told(
        Selection(LOBBY, [said("x", NIGHT + count) for count in range(MAX_MESSAGES + 7)], rest=30)
    )
    assert sum(len(day.threads) for day in digest.sections[0].days) == MAX_MESSAGES
    assert (digest.sections[0].more, digest.count, digest.exact) == (37, MAX_MESSAGES + 37, True)


def test_a_small_channel_is_not_crowded_out() -> None:
    many = [said("x", NIGHT + count) for count in range(500)]
    digest = told(Selection(LOBBY, many), Selection(TEAM, [said("y"), said("z")]))
    assert [section.more for section in digest.sections] == [500 - (MAX_MESSAGES - 2), 0]


def test_where_nobody_counted_it_says_more() -> None:
    digest = told(Selection(LOBBY, [said("x")], rest=None))
    assert (digest.sections[0].more, digest.count, digest.exact) == (None, 1, False)


@pytest.mark.parametrize("word", ["word ", "<&\"'>", "https://a.example/x?y=1&z=2 ", "𝕏"])
def test_five_megabytes_make_a_letter_that_clients_show(word: str) -> None:
    wanted = [
        said((word * 262_000)[: 262_000 - count].strip(), NIGHT + count) for count in range(20)
    ]
    page = _page("digest.html", wanted)
    assert len(page.encode()) < 95_000
    assert page.count("read the full text") == min(20, page.count('class="said"')) > 0


def _page(
    name: str,
    messages: Sequence[Message],
    templates: Templates | None = None,
    where: Places = WHERE,
) -> str:
    drawn = preview(templates or Templates(), name, EYES, messages, where, WEB)
    assert drawn.fault is None
    return drawn.text


def test_a_full_digest_stays_below_what_mail_clients_cut() -> None:
    page = _page(
        "digest.html", [said(f"{count} {'word ' * 200}", NIGHT + count) for count in range(300)]
    )
    assert 40_000 < len(page.encode()) < 75_000


def test_a_digest_in_chat_is_short() -> None:
    text = _page(
        "digest-chat.txt", [said(f"{count} {'word ' * 30}", NIGHT + count) for count in range(300)]
    )
    assert 2_000 < len(text) < 3_500
    assert "… and 2" in text
    assert f"more: {WEB}/shoutbox/lobby" in text
    assert text.endswith("Reply “stop” to unsubscribe.\n")


@given(st.lists(st.integers(0, 300), max_size=12), st.integers(0, 500))
def test_shares_are_fair(wants: list[int], most: int) -> None:
    given_out = shares(wants, most)
    assert sum(given_out) <= most
    assert all(0 <= got <= want for got, want in zip(given_out, wants, strict=True))
    assert sum(given_out) == sum(wants) or sum(given_out) > most - max(len(wants), 1)
    short_of = [got for got, want in zip(given_out, wants, strict=True) if got < want]
    assert not short_of or max(given_out) - min(short_of) <= 1


# One message


@pytest.mark.parametrize(
    ("body", "text", "cut"),
    [
        ("short", "short", False),
        ("x" * MAX_CHARS, "x" * MAX_CHARS, False),
        ("x" * (MAX_CHARS + 1), "x" * (MAX_CHARS - 1) + "…", True),
        ("word " * 300, ("word " * 240).strip() + "…", True),
    ],
)
def test_long_ones_are_cut(body: str, text: str, cut: bool) -> None:
    one = entry(said(body), LOBBY, WHERE, "")
    assert (one.text, one.cut) == (text, cut)


def test_what_feeds_and_archives_say_has_a_headline_that_leads_there() -> None:
    feed = Channel("feed", "planet")
    item = said("News\nhttps://a.example/1\nMore of it", channel=feed, kind=Kind.FEED_ITEM)
    one = entry(item, feed, WHERE, "")
    assert (one.heading, one.target, one.text) == ("News", "https://a.example/1", "More of it")
    archive = replace(WHERE, permalink=lambda message, channel: f"{WEB}/stories/{message.id}")
    article = said("Title\n\nText")
    story = entry(article, Channel("story", "news"), archive, "")
    assert (story.heading, story.target, story.text) == (
        "Title",
        f"{WEB}/stories/{article.id}",
        "Text",
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("https://bank.example\nhttps://evil.example", Kind.FEED_ITEM),
        ("www.bank.example\nhttps://evil.example", Kind.FEED_ITEM),
        ("My bank\nhttps://evil.example", Kind.CHAT),
        ("My bank\njavascript:alert(1)", Kind.FEED_ITEM),
        ("My bank\nhttps://evil.example and so on", Kind.FEED_ITEM),
        ("My bank\nhttps://evil.example", Kind.AGGREGATE),
        ("My bank\nhttps://evil.example", Kind.GREETING),
    ],
)
def test_nobody_calls_an_address_by_the_name_of_another(body: str, kind: Kind) -> None:
    feed = Channel("feed", "planet")
    one = entry(said(body, channel=feed, kind=kind), feed, WHERE, "")
    assert (one.heading, one.target, one.text) == ("", "", body)


def test_line_ends_of_every_kind_stay_below_their_author() -> None:
    text = _page("digest.txt", [said("a\u2028b\x85c\nJuliet: d"), said("e", NIGHT + 1)])
    assert "00:00 Juliet: a\n      b\n      c\n      Juliet: d\n" in text


EVIL = (
    '<script>alert(1)</script><img src=https://t.example/x.png onerror=alert(2)>" '
    "onclick='x'{{ 7 * 191 }}{% raw %}"
)


class Seen(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.targets |= {value or "" for name, value in attrs if name in ("href", "src")}


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".html")])
def test_markup_in_names_titles_and_texts_stays_text(name: str) -> None:
    evil = [
        said(f'{EVIL}\njavascript:alert(3) https://a.example/"onmouseover="alert(4)', name=EVIL),
        said("x", NIGHT + 1),
        said(EVIL, NIGHT + 2, name=f"x' {EVIL}"),
    ]
    page = _page(name, evil, where=replace(WHERE, title=lambda _channel: EVIL))
    seen = Seen(page)
    known = {*"html head meta title style body div p a bdi br ul li".split(), "h1", "h2", "h3"}
    assert seen.tags <= known
    assert not {one for one in seen.attributes if one.startswith("on")}
    assert all(one.startswith("https://") for one in seen.targets)
    assert "1337" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_is_clean_and_loads_nothing(name: str) -> None:
    for language in ("en", "de"):
        drawn = preview(
            Templates(), name, ReaderLocale(language, "UTC"), samples(NIGHT), WHERE, WEB
        )
        assert drawn.fault is None
        assert is_clean(drawn.text)
        assert drawn.text.strip()
        for loading in ("<img", "<link", "<script", "@import", "url(", "<iframe", "src="):
            assert loading not in drawn.text


def test_stories_are_drawn_with_their_titles_linked() -> None:
    item = said(
        "Fresh news\nhttps://a.example/1?b=2&c=3",
        channel=Channel("feed", "planet"),
        kind=Kind.FEED_ITEM,
    )
    page = _page("digest.html", [item])
    assert (
        '<a href="https://a.example/1?b=2&amp;c=3" rel="noopener noreferrer nofollow '
        'ugc">Fresh news</a>' in page
    )
    assert "Fresh news\n      https://a.example/1?b=2&c=3\n" in _page("digest.txt", [item])


# Subjects and lists


@pytest.mark.parametrize(
    ("titles", "count", "exact", "en", "de"),
    [
        (["Lobby"], 12, True, "Lobby: 12 messages", "Lobby: 12 Nachrichten"),
        (["Lobby"], 1, True, "Lobby: 1 message", "Lobby: 1 Nachricht"),
        (
            ["Lobby", "Planet"],
            31,
            True,
            "Lobby, Planet: 31 messages",
            "Lobby, Planet: 31 Nachrichten",
        ),
        (
            list("abcde"),
            5,
            True,
            "a, b, c and 2 more: 5 messages",
            "a, b, c und 2 weitere: 5 Nachrichten",
        ),
        (["Lobby"], 100, False, "Lobby: more than 100 messages", "Lobby: mehr als 100 Nachrichten"),
        (["Lobby"], 0, False, "Lobby: new messages", "Lobby: neue Nachrichten"),
        (["L" * 90], 12, True, "L" * 64 + "…: 12 messages", "L" * 61 + "…: 12 Nachrichten"),
    ],
)
def test_subjects_of_digests(
    titles: Sequence[str], count: int, exact: bool, en: str, de: str
) -> None:
    channels = [Channel("shoutbox", f"a{number}") for number, _title in enumerate(titles)]
    named = replace(WHERE, title=dict(zip(channels, titles, strict=True)).__getitem__)
    digest = arranged([Selection(one, [said("x")]) for one in channels], {}, named, BERLIN, 100)
    digest = replace(digest, count=count, exact=exact)
    assert [subject.of_digest(digest, language) for language in ("en", "de")] == [en, de]
    assert len(en) <= subject.MAX_CHARS


@pytest.mark.parametrize(
    ("title", "body", "called"),
    [
        ("Lobby", "hello\nworld", "[Lobby] hello"),
        ("Lobby", "\n \u200b\n  second", "[Lobby] second"),
        ("Lob\r\nBcc: x@y", "a\rb", "[Lob Bcc: x@y] a b"),
        ("Lobby", "x" * 100, "[Lobby] " + "x" * 69 + "…"),
        ("L" * 100, "x", "[" + "L" * 38 + "…] x"),
    ],
)
def test_subjects_of_messages(title: str, body: str, called: str) -> None:
    assert subject.of_message(title, body) == called
    assert len(called) <= subject.MAX_CHARS


@pytest.mark.parametrize(
    ("channels", "host", "name"),
    [
        (["shoutbox:lobby"], "shouts.example.org", "<lobby.shoutbox.shouts.example.org>"),
        (["muc:team@rooms.example.org"], "Example.org", "<team.rooms.example.org.muc.example.org>"),
        (["shoutbox:lobby", "feed:planet"], "example.org", "<digest.example.org>"),
        (["shoutbox:lobby"], "", "<lobby.shoutbox.localhost>"),
    ],
)
def test_names_of_lists(channels: Sequence[str], host: str, name: str) -> None:
    assert subject.list_id([Channel.parse(one) for one in channels], host) == name


@given(
    st.lists(
        st.text("aä<>\r\n é.@-_\u202e🍪", min_size=1, max_size=200),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_names_of_lists_are_ascii_and_differ(addresses: list[str]) -> None:
    try:
        channels = [Channel("muc", one) for one in addresses]
    except BadInput:
        return
    names = [subject.list_id([one], "example.org") for one in channels]
    for name in names:
        assert name.isascii()
        assert len(name) < 255
        assert not set(name[1:-1]) & set("<>\r\n @_")
        assert ".." not in name
    assert names[0] != names[1] or addresses[0].replace("@", ".") == addresses[1].replace("@", ".")


# SMS


def fits(most: int, text: str) -> bool:
    return len(text) <= most


@pytest.mark.parametrize(
    ("most", "told"),
    [
        (200, "Lobby: Juliet: a sentence of some length, with words"),
        (48, "Lobby: Juliet: a sentence... https://x.example"),
        (36, "Lobby: Juliet: a sentence of some..."),
        (2, "Lo"),
        (0, ""),
    ],
)
def test_the_longest_cut_that_fits(most: int, told: str) -> None:
    text = "Lobby: Juliet: a sentence of some length, with words"
    cut = short(text, "https://x.example", lambda one: fits(most, one))
    assert len(cut) <= most
    assert cut == told


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_cut_fits_and_is_as_long_as_it_can_be(text: str, most: int) -> None:
    cut = short(text, "https://x.example/1", lambda one: fits(most, one))
    assert len(cut) <= most
    assert cut == text or len(text) > most


def test_a_digest_by_sms_has_its_link_or_goes_without() -> None:
    assert (
        followed("Lobby: 12 messages", "https://x.example", lambda _text: True)
        == "Lobby: 12 messages, https://x.example"
    )
    assert (
        followed("Lobby: 12 messages", "https://x.example", lambda one: fits(20, one))
        == "Lobby: 12 messages"
    )
    assert followed("Lobby: 12 messages", "", lambda _text: True) == "Lobby: 12 messages"


# What stands under them


def test_a_footer_comes_even_where_a_template_forgets_it() -> None:
    assert footed(f"a {HERE} b {HERE}", "foot") == "a foot b\n"
    assert footed("<body>a</BODY></html>", "foot") == "<body>afoot\n</BODY></html>"
    assert footed("a\n\n", "foot") == "a\n\nfoot\n"


def test_nobody_can_write_where_the_footer_comes() -> None:
    assert scrubbed("\0foot") == "\ufffdfoot"
    page = _page("digest.txt", [said("foot"), said("x", NIGHT + 1)])
    assert page.count("-- \n") == 1


def test_recent_things_are_forgotten_by_number_and_by_time() -> None:
    clock = FakeClock()
    recent: Recent[int, str] = Recent(2, 1_000, clock)
    for number in range(3):
        recent.put(number, str(number))
    assert [recent.get(number) for number in range(3)] == [None, "1", "2"]
    clock.sleep(1)
    assert recent.get(2) is None


# The operator's templates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_theirs_go_before_ours(folder: Path) -> None:
    (folder / "digest.txt").write_text("{{ subject }}!\n{% include 'mine.txt' %}")
    (folder / "mine.txt").write_text(
        "{{ digest.sections[0].title }} {{ _('Your subscriptions') }}\n"
    )
    (folder / "frame.html").write_text(
        "<html><body style='color: red'>{% block letter %}{% endblock %}</body></html>"
    )
    templates = Templates(folder)
    assert _page("digest.txt", [said("x")], templates).startswith(
        "shoutbox:lobby: 1 message!\nshoutbox:lobby Your subscriptions\n\n-- \n"
    )
    page = _page("message.html", [said("x")], templates)
    assert page.startswith("<html><body style='color: red'>")
    assert "End this subscription" in page  # the footer that their frame forgot


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a\n{{ subjekt }}", 2, "'subjekt' is undefined"),
        ("a\n\n{% if %}", 3, "Expected an expression"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "access to attribute '__class__'"),
        ("\n{{ subject.format.__globals__ }}", 2, "unsafe"),
        ("{{ '{0.__class__}'.format(subject) }}", 1, "unsafe"),
        ("{% include '/etc/passwd' %}", 1, "/etc/passwd"),
        ("{% include '../x.txt' %}", 1, "../x.txt"),
        ("{% for n in range(10 ** 9) %}x{% endfor %}", 1, "Range too big"),
        ("\udce4".encode("utf-8", "surrogateescape").decode("latin-1"), 0, ""),
    ],
)
def test_one_that_fails_is_told_with_its_line_and_ours_is_used(
    folder: Path, text: str, line: int, why: str
) -> None:
    (folder / "digest.txt").write_text(text, "latin-1")
    drawn = preview(Templates(folder), "digest.txt", EYES, [said("x")], WHERE, WEB)
    assert drawn.fault
    assert drawn.text == _page("digest.txt", [said("x")])
    assert why in str(drawn.fault)
    if line:
        assert str(drawn.fault).startswith(f"digest.txt, line {line}: ")


def test_a_fault_is_told_once_and_again_when_the_file_changed(folder: Path) -> None:
    file = folder / "digest-sms.txt"
    file.write_text("{{ nothing }}")
    drawing = Faults(Templates(folder))
    for _ in range(3):
        assert drawing.draw("digest-sms.txt", "en", {"subject": "s"}) == "s"
    assert [str(one) for one in drawing.take()] == [
        "digest-sms.txt, line 1: 'nothing' is undefined"
    ]
    drawing.draw("digest-sms.txt", "en", {"subject": "s"})
    assert drawing.take() == []
    file.write_text("{{ nothing_again }}")
    drawing.draw("digest-sms.txt", "en", {"subject": "s"})
    assert len(drawing.take()) == 1
    file.write_text("now {{ subject }}")
    assert drawing.draw("digest-sms.txt", "en", {"subject": "s"}) == "now s"
    assert drawing.take() == []


def test_a_check_finds_every_fault(folder: Path) -> None:
    assert [str(one) for one in faults(Templates(folder / "none"), NIGHT)] == [
        f"{folder / 'none'} is not a folder, or it cannot be read."
    ]
    assert faults(Templates(folder), NIGHT) == []
    assert not faults(Templates(), NIGHT)
    (folder / "digset.html").write_text("")
    (folder / "logo.txt").write_text("")
    (folder / "frame.html").write_text("\n{{ x }}")
    (folder / "request.txt").write_text("{{ who }}{{ code }}{{ y }}")
    assert [str(one) for one in faults(Templates(folder), NIGHT)] == [
        "digset.html is not the name of a template. Did you mean digest.html?",
        "frame.html, line 2: 'x' is undefined",
        "request.txt, line 1: 'y' is undefined",
    ]
