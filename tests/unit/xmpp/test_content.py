"""What a message holds: words, an invitation, something encrypted, or no words at all."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Author, Channel, Message
from component.xmpp.content import (
    ENCRYPTED,
    EVENTS,
    OMEMO,
    Content,
    content_of,
    encryption_of,
    invitation_of,
)
from component.xmpp.muc.replies import text_of
from component.xmpp.stanza import INVITE, MUC_USER, NS, body_of
from tests.support.cases import CASES, case_id, rows

SENDER = "juliet@example.org/phone"


def read(name: str) -> Element:
    """A stanza of the cases, as a component gets it."""
    xml = (CASES / "stanzas" / name).read_text("utf-8")
    return fromstring(xml.replace("'jabber:client'", "'jabber:component:accept'"))


def message(inside: str, body: str = "words", sender: str = SENDER, more: str = "") -> Element:
    """A message with a body and something else in it."""
    return fromstring(
        f"<message xmlns='jabber:component:accept' from='{sender}' {more}>"
        f"<body>{body}</body>{inside}</message>"
    )


def held(stanza: Element) -> str:
    """What a stanza holds, in the words of the cases."""
    content = content_of(stanza)
    if content is Content.ENCRYPTED:
        return "refuse: encrypted"
    invitation = invitation_of(stanza)
    if invitation:
        return f"invite: {invitation.room}"
    if content is Content.EVENT or stanza.get("type") == "headline":
        return "silent"
    text = text_of(stanza)
    line = Message.new(Channel("chat", "a@b"), Author("juliet", "a@b"), text, 1).line
    if line.startswith("* juliet "):
        return f"action: {line.removeprefix('* juliet ')}".replace("\n  ", "\n")
    return f"command: {text}" if text.startswith("/") else f"pass: {text}"


@pytest.mark.parametrize("case", rows("stanzas/expected.tsv"), ids=case_id)
def test_stanzas_seen_in_the_wild(case: dict[str, str]) -> None:
    assert held(read(case["input"])) == case["expected"]


@pytest.mark.parametrize(
    ("inside", "method"),
    [
        ("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>", "OTR"),
        ("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:x' name='Sixfold'/>", "Sixfold"),
        ("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:x'/>", "?"),
        ("<encryption xmlns='urn:xmpp:eme:0'/>", "?"),
        ("<x xmlns='jabber:x:encrypted'/>", "OpenPGP"),
        ("<openpgp xmlns='urn:xmpp:openpgp:0'>A</openpgp>", "OpenPGP"),
        ("<encrypted xmlns='urn:xmpp:omemo:2'><payload/></encrypted>", "OMEMO"),
        ("<encrypted xmlns='urn:example'><payload/></encrypted>", ""),
        ("<encrypted xmlns='urn:xmpp:omemo:2'/>", ""),
    ],
)
def test_the_method_is_named(inside: str, method: str) -> None:
    assert encryption_of(message(inside)) == method


@pytest.mark.parametrize(
    ("body", "is_otr"),
    [
        ("?OTRv2?", True),
        ("?OTRv23? Juliet wants to talk in private", True),
        ("?OTR?v2?", True),
        ("?OTR:AAMC", True),
        ("?OTR,1,3,?OTR:AAMC", True),
        ("\n?OTR:AAMC", True),
        ("?OTRv4?", True),
        ("?OTR Error: what you sent is not readable", True),
        ("?OTR|5a73a599|27e31597,1,3,AAMC", True),
        ("?OTR is what they use", False),
        ("what is ?OTR?", False),
        ("?OTTER?", False),
    ],
)
def test_otr_is_told_by_its_first_words(body: str, is_otr: bool) -> None:
    assert (encryption_of(message("", body)) == "OTR") is is_otr


@pytest.mark.parametrize(
    ("bodies", "own", "text"),
    [
        ([("", "a"), ("de", "b")], "", "a"),
        ([("de", "b"), ("", "a")], "", "a"),
        ([("de", "b"), ("fr", "c")], "", "b"),
        ([("de", "b"), ("fr", "c")], "fr", "c"),
        ([("de", "b"), ("", "a")], "fr", "a"),
        ([("de", ""), ("", "a")], "de", ""),
    ],
)
def test_the_body_in_the_own_language(bodies: list[tuple[str, str]], own: str, text: str) -> None:
    stanza = Element(f"{NS}message")
    if own:
        stanza.set("{http://www.w3.org/XML/1998/namespace}lang", own)
    for language, words in bodies:
        body = SubElement(stanza, f"{NS}body")
        body.text = words
        if language:
            body.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    assert body_of(stanza) == text


@pytest.mark.parametrize(
    ("body", "method"),
    [
        ("-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----", "OpenPGP"),
        ("-----BEGIN PGP SIGNED MESSAGE-----\n\nwords", ""),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----", ""),
        ("it begins with -----BEGIN PGP MESSAGE-----", ""),
    ],
)
def test_openpgp_in_the_body(body: str, method: str) -> None:
    assert encryption_of(message("", body)) == method


@pytest.mark.parametrize(
    "inside",
    [
        "<markable xmlns='urn:xmpp:chat-markers:0'/>",
        "<request xmlns='urn:xmpp:receipts'/><active xmlns='urn:example:chatstates'/>",
        "<x xmlns='jabber:x:signed'>AAAA</x>",
        "<reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:a@b'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>",
        "<reply xmlns='urn:xmpp:reply:0' id='1'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'/>",
        "<file-sharing xmlns='urn:xmpp:sfs:0'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>",
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:example:poll'/>",
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'>"
        "<body start='0' end='2'/></fallback>",
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><subject/></fallback>",
    ],
)
def test_what_stands_beside_words(inside: str) -> None:
    assert content_of(message(inside)) is Content.WORDS


@pytest.mark.parametrize(
    "inside",
    [
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
        "<fallback xmlns='urn:xmpp:fallback:0'/>",
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body/></fallback>",
        "<apply-to xmlns='urn:xmpp:fasten:0' id='1'>"
        "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
        f"<x xmlns='{MUC_USER}'><decline from='romeo@example.org'/></x>",
    ],
)
def test_whose_body_is_a_programs_word(inside: str) -> None:
    assert content_of(message(inside)) is Content.EVENT


@pytest.mark.parametrize("start", EVENTS)
def test_what_is_no_words(start: str) -> None:
    stanza = message("")
    space = start if start.endswith("}") else f"{start}7}}"
    SubElement(stanza, f"{space}it")
    assert content_of(stanza) is Content.EVENT


def test_who_invites() -> None:
    mediated = f"<x xmlns='{MUC_USER}'><invite from='Romeo@x.example/phone'/></x>"
    told = invitation_of(message(mediated, sender="party@rooms.example"))
    assert told
    assert (told.room, told.inviter) == ("party@rooms.example", "romeo@x.example")
    direct = f"<x xmlns='{INVITE}' jid='Party@rooms.example'/>"
    told = invitation_of(message(direct))
    assert told
    assert (told.room, told.inviter) == ("party@rooms.example", "juliet@example.org")
    assert invitation_of(message(direct, more="type='groupchat'")) is None
    assert invitation_of(message(f"<x xmlns='{INVITE}' jid='a b'/>")) is None


TAGS = st.sampled_from(
    [
        *ENCRYPTED,
        *(f"{{{one}}}encrypted" for one in OMEMO),
        *(f"{{{one}}}payload" for one in OMEMO),
        *(f"{one}7}}x" for one in EVENTS if not one.endswith("}")),
        f"{{{MUC_USER}}}x",
        f"{{{MUC_USER}}}invite",
        f"{{{INVITE}}}x",
        "{urn:xmpp:eme:0}encryption",
        "{urn:xmpp:fallback:0}fallback",
        f"{NS}body",
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["from", "jid", "for", "name", "namespace", "type"]), st.text(max_size=20)
)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.tuples(TAGS, ATTRIBUTES, st.text(max_size=20), st.just([])),
    lambda inner: st.tuples(TAGS, ATTRIBUTES, st.text(max_size=20), st.lists(inner, max_size=4)),
    max_leaves=8,
)


def grown(tree: Any) -> Element:
    """A tree as an element."""
    tag, attributes, text, inner = tree
    element = Element(tag, attributes)
    element.text = text
    element.extend(grown(one) for one in inner)
    return element


@given(st.lists(TREES, max_size=4), ATTRIBUTES)
def test_any_stanza_is_sorted(trees: list[Any], attributes: dict[str, str]) -> None:
    stanza = Element(f"{NS}message", attributes)
    stanza.extend(grown(tree) for tree in trees)
    assert content_of(stanza) in Content
    body_of(stanza)
