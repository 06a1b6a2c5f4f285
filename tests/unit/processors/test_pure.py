"""What the processors do that change or stop a message and keep nothing."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.ledger import Ledger
from component.bus.model.message import MAX_BODY, Author, AuthorKind, Message, id_from
from component.bus.model.processor import Moment, Processor, Stop
from component.bus.model.route import Stage
from component.common.errors import BadInput, TooLong
from component.common.pattern import MAX_PATTERN, Pattern
from component.processors import build, make, settings_of
from tests.support.fakes import said

MOMENT = Moment(
    2_000, Ledger().at((1, 1)), lambda message: f"https://bus.example.org/m/{message.id}"
)
LONG = "a" * (MAX_BODY - 1) + "b"
"""As long as a message may be, and (a+)+$ does not fit all of it."""


def built(name: str, **settings: str | list[str]) -> Processor:
    return build(
        name, {key: [value] if isinstance(value, str) else value for key, value in settings.items()}
    )


def refusal(name: str, **settings: str | list[str]) -> str:
    with pytest.raises(BadInput) as told:
        built(name, **settings)
    return str(told.value)


def body(processor: Processor, message: Message | str) -> str:
    """What is said behind it, or why nothing is; all else of the message is as it was."""
    message = said(message) if isinstance(message, str) else message
    outcome = processor(message, MOMENT)
    if isinstance(outcome, Stop):
        assert not outcome.tell
        return f"stopped: {outcome.why}"
    assert isinstance(outcome, Message)
    assert (outcome.id, outcome.origin, outcome.channel) == (
        message.id,
        message.origin,
        message.channel,
    )
    assert (outcome.author, outcome.at) == (message.author, message.at)
    return outcome.body


def seconds(do: Callable[[], object]) -> float:
    start = time.process_time()
    do()
    return time.process_time() - start


# Match and exclude


def passes(message: Message | str, **criteria: str | list[str]) -> bool:
    """Whether match passes it; exclude does where match does not."""
    message = said(message) if isinstance(message, str) else message
    matched, excluded = (built(name, **criteria)(message, MOMENT) for name in ("match", "exclude"))
    assert isinstance(matched, Stop) is not isinstance(excluded, Stop)
    assert message in (matched, excluded)
    return matched == message


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Buy SPAM now", ["spam"], True),
        ("spam", ["spam"], True),
        ("spam!", ["spam"], True),
        ("(spam)", ["spam"], True),
        ("one\nspam\ntwo", ["spam"], True),
        ("spammer", ["spam"], False),
        ("antispam", ["spam"], False),
        ("spam_1", ["spam"], False),
        ("spamspam spam", ["spam"], True),
        ("nothing of it", ["spam", "eggs"], False),
        ("green eggs", ["spam", "eggs"], True),
        ("two of green eggs here", ["green eggs"], True),
        ("GRÖSSE", ["größe"], True),
        ("größen", ["größe"], False),
        ("ägg", ["gg"], False),
        ("cafe\u0301", ["café"], True),
        ("cafe\u0301", ["cafe"], False),
        ("I write C++ here", ["c++"], True),
        ("a.c", ["a.c"], True),
        ("abc", ["a.c"], False),
        ("x|y", ["x|z"], False),
        ("\\pL", ["\\pL"], True),
        ("привет, мир", ["МИР"], True),
    ],
)
def test_words(text: str, words: list[str], found: bool) -> None:
    assert passes(text, words=words) is found


@pytest.mark.parametrize(
    ("author", "given", "found"),
    [
        (Author("Juliet", "juliet@example.org"), "juliet", True),
        (Author("Juliet", "juliet@example.org"), "Juliet@Example.org", True),
        (Author("Juliet", "juliet@example.org"), "romeo", False),
        (Author("Juliet", "juliet@example.org"), "jul", False),
        (Author("Juliet", "guest:0123", AuthorKind.GUEST), "Juliet (web)", True),
        (Author("Juliet", "guest:0123", AuthorKind.GUEST), "Juliet", True),
        (Author("Juliet", "guest:0123", AuthorKind.GUEST), "guest:0123", False),
        (Author("romeo@example.org", "mallory@example.org"), "romeo@example.org", False),
        (Author("Nick", "room@rooms.example.org/Nick"), "room@rooms.example.org/nick", True),
    ],
)
def test_authors(author: Author, given: str, found: bool) -> None:
    assert passes(said(author=author), author=given) is found
    assert passes(said(author=author), author=["someone", given, "other@x"]) is found


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("error 500", r"error \d+", True),
        ("error", r"error \d+", False),
        ("ERROR", "error", False),
        ("ERROR", "(?i)error", True),
        ("one\ntwo", "^two", False),
        ("one\ntwo", "(?m)^two$", True),
        ("größe", r"^\pL+$", True),
        ("a{2}", r"a\{2\}", True),
    ],
)
def test_patterns(text: str, pattern: str, found: bool) -> None:
    assert passes(text, pattern=pattern) is found


@pytest.mark.parametrize(
    ("text", "link", "attachment"),
    [
        ("see https://example.org", True, False),
        ("看https://example.org", True, False),
        ("HTTP://EXAMPLE.ORG/A.PNG", True, True),
        ("https://up.example.org/f/1234/photo.jpg", True, True),
        ("look:\nhttps://up.example.org/f/1234/photo.jpg\nnice", True, True),
        ("https://up.example.org/a.tar.gz?v=1#top", True, True),
        ("aesgcm://up.example.org/f/photo.jpg#0123456789abcdef", True, True),
        ("look at https://up.example.org/f/photo.jpg", True, False),
        ("https://example.org/page", True, False),
        ("https://example.org", True, False),
        ("https://example.org/v1.0/page", True, False),
        ("write to mailto:juliet@example.org", True, False),
        ("xmpp:team@rooms.example.org?join", True, False),
        ("photo.jpg", False, False),
        ("https://", False, False),
        ("javascript:alert(1)", False, False),
        ("no link at all", False, False),
    ],
)
def test_links_and_attachments(text: str, link: bool, attachment: bool) -> None:
    assert passes(text, has_link="1") is link
    assert passes(text, has_attachment="yes") is attachment


def test_all_that_is_given_must_hold() -> None:
    both = {"words": "spam", "author": "Juliet", "has_link": "1", "pattern": "s.am"}
    assert passes("spam https://x.example", **both)
    assert not passes("spam", **both)
    assert not passes("eggs https://x.example", **both)
    assert not passes(said("spam https://x.example", author=Author("Romeo", "romeo@x")), **both)
    assert not passes("spam https://x.example", **{**both, "pattern": "^eggs"})


def test_it_says_which() -> None:
    assert (
        body(built("match", words="spam", author="Juliet"), "eggs")
        == "stopped: The message does not match: words."
    )
    assert (
        body(built("match", author="Romeo", words="spam"), "eggs")
        == "stopped: The message does not match: author."
    )
    assert (
        body(built("exclude", words="eggs", has_link="0"), "eggs")
        == "stopped: The message is excluded: words."
    )
    both = built("exclude", words="eggs", author="Juliet")
    assert body(both, "eggs") == "stopped: The message is excluded: author, words."


@pytest.mark.parametrize("name", ["match", "exclude"])
def test_criteria_are_refused_in_words(name: str) -> None:
    assert (
        refusal(name)
        == "No criterion is set. Set words, author, pattern, has_link or has_attachment."
    )
    assert refusal(name, words=["", " "], has_link="no").startswith(
        "No criterion is set. Set words, author, pattern, has_link or has_attachment."
    )
    assert (
        refusal(name, words=["w" * 101])
        == f"{name}, words: Each entry must have 1 to 100 characters; this one has 101."
    )
    assert (
        refusal(name, words=["\u200b"])
        == f"{name}, words: Each entry must have 1 to 100 characters; this one has 0."
    )
    assert (
        refusal(name, author=["a, b"])
        == f"{name}, author: “a, b” contains a comma. Write each entry separately."
    )
    assert (
        refusal(name, author=[f"a{n}" for n in range(101)])
        == "101 entries are too many. The maximum is 100."
    )
    assert (
        refusal(name, has_link="perhaps")
        == f"{name}, has_link: “perhaps” is not a valid answer. Write yes or no."
    )


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=60))
def test_any_word_in_any_text(word: str, text: str) -> None:
    """Whatever is looked for is found where it stands alone, and never a fault."""
    try:
        processor = built("match", words=[word])
    except BadInput:
        return
    phrase = dict(make_settings("match", words=[word]))["words"][0]
    processor(said(f"x {text}"), MOMENT)
    assert body(processor, f"x {phrase} y") == f"x {phrase} y"


def make_settings(name: str, **settings: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The settings as they are kept."""
    return settings_of(built(name, **settings))


# Patterns


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"]
)
def test_patterns_that_blow_up_elsewhere_take_linear_time(pattern: str) -> None:
    one = Pattern(pattern)
    assert seconds(lambda: one.found(LONG)) < 1.0
    assert seconds(lambda: one.found(LONG[:1000])) < 0.1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("z(.*y)?", "z" * MAX_BODY),  # each match looks through all that is left: quadratic
        ("", "é" * (MAX_BODY // 2)),
        ("a[ab]{400}c", "ab" * (MAX_BODY // 2)),
        ("(?:a|b)", "ab" * (MAX_BODY // 2)),
    ],
)
def test_what_would_take_long_is_refused_before_it_does(pattern: str, text: str) -> None:
    one = make(Stage(1, "rewrite", (("pattern", (pattern or "()",)), ("by", ("x",)))))

    def rewrite() -> None:
        with pytest.raises(TooLong, match="The message is too long for the pattern"):
            one(said(text), MOMENT)

    assert seconds(rewrite) < 2.0


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(x", "missing )"),
        ("[a-z", "missing ]"),
        ("a**", "bad repetition operator"),
        ("(?=a)b", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        (r"\pL{500}", "pattern too large"),
        ("((a{100}){100}){100}", "invalid repetition size"),
        ("x" * (MAX_PATTERN + 1), "1 to 500 characters"),
        (r"\C", "A pattern cannot contain “\\C”, because it would split characters. Remove it."),
        (r"\\\C", "A pattern cannot contain “\\C”, because it would split characters. Remove it."),
    ],
)
def test_bad_patterns_are_refused_in_words(pattern: str, why: str) -> None:
    for name in ("match", "exclude", "rewrite"):
        told = refusal(name, pattern=pattern)
        assert told.startswith(f"{name}, pattern: ")
        assert why in told
        assert told.endswith(".")


def test_a_backslash_before_a_c_is_no_half_letter() -> None:
    assert passes("\\C", pattern=r"\\C")


def test_a_pattern_is_its_text() -> None:
    assert Pattern("a+") == Pattern("a+") != Pattern("a*")
    assert hash(Pattern("a+")) == hash(Pattern("a+"))
    with pytest.raises(BadInput):
        Pattern("\ud800")


# Prefix, template, tag


def test_prefix() -> None:
    assert body(built("prefix", text="[lobby]"), "hello\nyou") == "[lobby] hello\nyou"
    assert refusal("prefix", text=" ") == "prefix, text: This field is required."
    with pytest.raises(TooLong):
        built("prefix", text="[lobby]")(said(LONG), MOMENT)


def test_template() -> None:
    message = said("hello", at=1_700_000_000_000)
    line = built("template", line="{date} {time} {channel} {author}: {body} {id} {link}")
    assert body(line, message) == (
        f"2023-11-14 22:13 shoutbox:lobby Juliet: hello {message.id} "
        f"https://bus.example.org/m/{message.id}"
    )
    assert body(built("template", line="{body} – {body}"), "twice") == "twice – twice"
    assert body(built("template", line="something was said"), "hello") == "something was said"
    assert (
        body(
            built("template", line="{author}"),
            said(author=Author("Ann", "guest:1", AuthorKind.GUEST)),
        )
        == "Ann (web)"
    )


@pytest.mark.parametrize(
    "text", ["{author}", "{{body}}", "{0.__class__}", "{", "}", "{{cycler.__init__}}", "\\1 %s"]
)
def test_what_is_said_is_never_taken_for_a_field(text: str) -> None:
    assert body(built("template", line="{author} says {body}."), text) == f"Juliet says {text}."
    author = Author("{body}", "juliet@example.org")
    assert (
        body(built("template", line="{author}: {body}"), said(text, author=author))
        == f"{{body}}: {text}"
    )


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{0.__class__}", "{0.__class__}"),
        ("{body.__class__}", "{body.__class__}"),
        ("{{body}}", "{{body}}"),
        ("{{ }}", "{{ }}"),
        ("{{cycler.__init__}}", "{{cycler.__init__}}"),
        ("{}", "{}"),
        ("{subject}", "{subject}"),
        ("{Body}", "{Body}"),
        ("{body!r}", "{body!r}"),
        ("{body:>10}", "{body:>10}"),
        ("{ body }", "{ body }"),
        ("{body", "{body"),
        ("body}", "}"),
        ("{body}}", "}"),
        ("{bo{body}dy}", "{bo"),
        ("{" * 500, "{" * 40),
    ],
)
def test_other_fields_are_refused_in_words(line: str, wrong: str) -> None:
    assert refusal("template", line=line) == (
        f"template, line: “{wrong}” is not a field. Use {{author}}, {{body}}, {{title}}, "
        "{channel}, {time}, {date}, {id}, {link}, and no other braces."
    )


def test_a_template_can_not_grow_without_bound() -> None:
    assert (
        refusal("template", line="{body}" * 21)
        == "template, line: A template can have at most 20 fields."
    )
    assert "1 to 1000 characters" in refusal("template", line="x" * 1001)
    with pytest.raises(TooLong):
        built("template", line="{body}" * 20)(said(LONG), MOMENT)


@pytest.mark.parametrize(
    ("text", "tagged"),
    [
        ("hello", "hello #news"),
        ("hello #news", "hello #news"),
        ("#NEWS: hello", "#NEWS: hello"),
        ("(#news)", "(#news)"),
        ("#newsletter", "#newsletter #news"),
        ("#news-letter", "#news-letter #news"),
        ("fake#news", "fake#news #news"),
        ("##news", "##news #news"),
        ("news", "news #news"),
    ],
)
def test_tag(text: str, tagged: str) -> None:
    for word in ("news", "#news"):
        once = body(built("tag", word=word), text)
        assert once == tagged
        assert body(built("tag", word=word), once) == once


@pytest.mark.parametrize("word", ["two words", "#", "##a", "a.b", "<b>", "x" * 51, "a,b"])
def test_what_is_no_tag(word: str) -> None:
    assert refusal("tag", word=word).startswith("tag, word: “")


def test_tags_in_other_scripts() -> None:
    assert body(built("tag", word="größe"), "hi") == "hi #größe"
    assert body(built("tag", word="новости"), "hi") == "hi #новости"


# Rewrite


@pytest.mark.parametrize(
    ("pattern", "by", "text", "rewritten"),
    [
        ("hello", "bye", "hello, hello", "bye, bye"),
        (r"(\w+)@(\w+)", r"\2 at \1", "x juliet@home y", "x home at juliet y"),
        (r"#(\d+)", r"https://bugs.example.org/\1", "see #42", "see https://bugs.example.org/42"),
        ("(a)|(b)", r"[\1\2]", "ab", "[a][b]"),
        ("l+", r"<\0>", "hello", "he<ll>o"),
        (r"\s*,\s*", r",\s", "a,b ,c", "a, b, c"),
        (r"\s/\s", r"\n", "a / b", "a\nb"),
        ("x", r"\\1", "x", "\\1"),
        ("x", "{author} %s $1 ü", "x", "{author} %s $1 ü"),
        ("ö", "oe", "schön größer", "schoen groeßer"),
        ("😀", ":)", "so 😀 é", "so :) é"),
        ("(?i)secret", "", "a secret b", "a  b"),
        ("x*", "-", "abc", "-a-b-c-"),
        ("nothing", "x", "hello", "hello"),
        ("(.)", r"\1\1", "é€", "éé€€"),
    ],
)
def test_rewrite(pattern: str, by: str, text: str, rewritten: str) -> None:
    assert body(built("rewrite", pattern=pattern, by=by), text) == rewritten


def test_what_becomes_empty_is_stopped() -> None:
    assert (
        body(built("rewrite", pattern=".*"), "all of it")
        == "stopped: The message is empty after rewriting."
    )
    assert (
        body(built("rewrite", pattern=r"\pL", by=r"\s"), "abc")
        == "stopped: The message is empty after rewriting."
    )


@pytest.mark.parametrize(
    ("by", "wrong", "known"),
    [
        (r"\2", r"\2", r"\0, \1, \n, \s, \\"),
        (r"\1\9", r"\9", r"\0, \1, \n, \s, \\"),
        (r"\x41", r"\x", r"\0, \1, \n, \s, \\"),
        (r"\g<1>", r"\g", r"\0, \1, \n, \s, \\"),
        ("a\\", "\\", r"\0, \1, \n, \s, \\"),
        (r"\²", r"\²", r"\0, \1, \n, \s, \\"),
    ],
)
def test_bad_groups_are_refused_in_words(by: str, wrong: str, known: str) -> None:
    assert (
        refusal("rewrite", pattern="(a)b", by=by)
        == f"“{wrong}” is not available here. Use {known}."
    )


def test_a_replacement_can_not_grow_without_bound() -> None:
    assert "at most 1000 characters and 20 groups" in refusal("rewrite", pattern="a", by="x" * 1001)
    assert "at most 1000 characters and 20 groups" in refusal("rewrite", pattern="a", by=r"\0" * 21)
    words = "After rewriting, the message would have more than 262144 characters."
    for pattern, by, text in (
        ("a", "x" * 1000, "a" * 1000),
        (".+", r"\0" * 20, "a" * (MAX_BODY // 10)),
        ("^", "x", "a" * MAX_BODY),
    ):
        with pytest.raises(TooLong) as told:
            built("rewrite", pattern=pattern, by=by)(said(text), MOMENT)
        assert str(told.value) == words
    assert len(body(built("rewrite", pattern="^a", by="x"), "a" * MAX_BODY)) == MAX_BODY


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=60))
def test_any_rewriting_is_done_or_refused_in_words(pattern: str, by: str, text: str) -> None:
    try:
        outcome = built("rewrite", pattern=pattern, by=by)(said(f"x{text}"), MOMENT)
    except BadInput:
        return
    assert isinstance(outcome, Message | Stop)


# Truncate


def test_truncate() -> None:
    twenty = built("truncate", length="20")
    message = said("one two three four five six")
    assert body(twenty, message) == f"one two three four… https://bus.example.org/m/{message.id}"
    assert body(twenty, "exactly twenty chars") == "exactly twenty chars"
    message = said("x" * 21)
    assert body(twenty, message) == f"{'x' * 20}… https://bus.example.org/m/{message.id}"
    message = said("twelve chars\n\n\n\n\n\n\n\n\n\n\nmore")
    assert body(twenty, message).startswith("twelve chars… https://")


@pytest.mark.parametrize(
    "text", ["x" * 19 + "e\u0301" * 4, "x" * 19 + "👩\u200d🚀" * 4, "x" * 18 + "❤\ufe0f" * 9]
)
def test_letters_are_not_cut_in_two(text: str) -> None:
    kept = body(built("truncate", length="20"), text).split("…")[0]
    assert kept in ("x" * 19, "x" * 18, "x" * 18 + "❤\ufe0f")


@given(st.text(min_size=1, max_size=80), st.integers(20, 40))
def test_what_is_kept_is_its_beginning(text: str, length: int) -> None:
    try:
        message = said(text)
    except BadInput:
        return
    after = body(built("truncate", length=str(length)), message)
    if len(message.body) <= length:
        assert after == message.body
    else:
        kept, link = after.rsplit("… ", 1)
        assert link == MOMENT.link(message)
        assert message.body.startswith(kept)
        assert len(kept) <= length


@pytest.mark.parametrize("length", ["0", "19", "10001", "-5", "99999999999", "many", "2.5", ""])
def test_lengths_that_will_not_do(length: str) -> None:
    told = refusal("truncate", length=length)
    assert (
        "from 20 to 10000" in told
        or "is not a whole number." in told
        or "This field is required." in told
    )


# Quotes


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("> Anna wrote:\n> We should bake a cake\nGreat idea!", "Great idea!"),
        ("> a\n\nmine\n> b\nmine too", "mine\nmine too"),
        (">> nested\n> once\nyes", "yes"),
        (">no space\nyes", "yes"),
        ("a > b", "a > b"),
        (" > indented is no quotation", " > indented is no quotation"),
        ("mine\n```\n> in a block\n```\n> quoted", "mine\n```\n> in a block\n```"),
        ("```\n> never closed", "```\n> never closed"),
        ("> ```\nmine\n> ```", "mine"),
        ("  keep\n\n  my spaces", "  keep\n\n  my spaces"),
        ("> all of it", "stopped: The message contains only a quotation."),
        ("> a\n\n \n> b", "stopped: The message contains only a quotation."),
    ],
)
def test_quotes(text: str, left: str) -> None:
    assert body(built("quotes"), text) == left


def test_quotes_have_no_settings() -> None:
    assert refusal("quotes", deep="1") == "quotes does not have settings, so “deep” cannot be set."


# Sample


@pytest.mark.parametrize("every", [2, 10, 100])
def test_sample(every: int) -> None:
    messages = [said("x", id=id_from(f"sample {number}")) for number in range(20_000)]
    processor, again = built("sample", every=str(every)), built("sample", every=str(every))
    passed = [message for message in messages if processor(message, MOMENT) == message]
    assert passed == [message for message in messages if again(message, MOMENT) == message]
    assert 0.75 < len(passed) * every / len(messages) < 1.25
    assert (
        body(built("sample", every="10000"), messages[0])
        == "stopped: The message is not in the sample of one in 10000."
    )


@pytest.mark.parametrize("every", ["0", "1", "-1", "10001", "some"])
def test_samples_that_will_not_do(every: str) -> None:
    told = refusal("sample", every=every)
    assert "from 2 to 10000" in told or "is not a whole number." in told


# Words


@pytest.mark.parametrize(
    "text", ["\ufdfa" * MAX_BODY, "\ufdfa " * (MAX_BODY // 2), "\u3164" * MAX_BODY, LONG]
)
def test_a_word_list_costs_little_whatever_is_said(text: str) -> None:
    """What one sign stands for may be eighteen letters."""
    processor = built("words", words=["bad"], then="refuse")
    body(processor, "warm")
    assert seconds(lambda: body(processor, text)) < 0.3


@pytest.mark.parametrize("padding", ["\u3164", "\u200b", "\u0301", "\uffa0", "\ufe70"])
def test_a_listed_word_is_found_however_it_is_padded(padding: str) -> None:
    processor = built("words", words=["bad"], then="mask")
    assert "*" in body(processor, f"so b{padding * 500}ad")
