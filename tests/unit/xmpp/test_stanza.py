"""Stanzas as text and elements: what is read, what is written, and that nothing escapes its
quotes."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common.sanitize import scrub
from component.xmpp.elements import answer, element, error, form, message, serialize
from component.xmpp.stanza import (
    Fault,
    bare,
    body_of,
    domain,
    local,
    resource,
    stanza_id,
    statuses,
)


def _read(xml: str) -> Element:
    return ElementTree.fromstring(xml)


def _stanza(inside: str) -> Element:
    return _read(f'<message xmlns="jabber:component:accept">{inside}</message>')


@pytest.mark.parametrize(
    ("jid", "parts"),
    [
        ("juliet@example.org/phone", ("juliet@example.org", "juliet", "example.org", "phone")),
        ("Juliet@Example.ORG/Phone", ("juliet@example.org", "juliet", "example.org", "Phone")),
        ("example.org", ("example.org", "", "example.org", "")),
        ("example.org/a@b", ("example.org", "", "example.org", "a@b")),
        (
            "room@rooms.example.org/a/b 😀",
            ("room@rooms.example.org", "room", "rooms.example.org", "a/b 😀"),
        ),
        ("", ("", "", "", "")),
    ],
)
def test_parts_of_a_jid(jid: str, parts: tuple[str, str, str, str]) -> None:
    assert (bare(jid), local(jid), domain(jid), resource(jid)) == parts


TEXT = st.text(st.characters(exclude_categories=["Cs"])).map(scrub)


@given(TEXT, TEXT)
def test_nothing_escapes_its_quotes(one: str, two: str) -> None:
    built = element("urn:x", "a", form({"field": two}), b=one)
    found = _read(serialize(built))
    assert [child.tag for child in found.iter()] == [
        "{urn:x}a",
        "{jabber:x:data}x",
        "{jabber:x:data}field",
        "{jabber:x:data}value",
    ]
    assert (found[0][0][0].text or "") == two
    assert found.get("b", "").split() == one.split()


def test_an_element() -> None:
    assert serialize(element("urn:x", "a", b="1", c="")) == '<a xmlns="urn:x" b="1" />'
    inside = element("urn:x", "b"), None, element("urn:y", "c", text="<")
    assert (
        serialize(element("urn:x", "a", *inside))
        == '<a xmlns="urn:x"><b /><c xmlns="urn:y">&lt;</c></a>'
    )


def test_a_stanza_is_in_the_streams_namespace() -> None:
    built = message("bot@x/bus", 'a"b@x', type="chat")
    assert serialize(built) == '<message type="chat" from="bot@x/bus" to="a&quot;b@x" />'


def test_an_answer_goes_back_with_the_id() -> None:
    asked = _read('<iq xmlns="jabber:component:accept" from="a@x/1" to="bot@x" id="7"/>')
    back = answer(asked, "result")
    assert back.tag == asked.tag
    assert back.attrib == {"from": "bot@x", "to": "a@x/1", "id": "7", "type": "result"}


def test_an_error_is_read_as_written() -> None:
    read = Fault.read(_stanza(serialize(error("cancel", "item-not-found", "No <such> “thing”."))))
    assert read == Fault("item-not-found", "No <such> “thing”.")
    assert str(read) == "item-not-found: No <such> “thing”."
    assert (
        str(Fault.read(_stanza(serialize(error("wait", "remote-server-timeout", "")))))
        == "remote-server-timeout"
    )


@pytest.mark.parametrize("inside", ["", "<error/>", "<error><other xmlns='urn:x'/></error>"])
def test_an_error_that_names_nothing(inside: str) -> None:
    assert Fault.read(_stanza(inside)) == Fault("undefined-condition")


def test_a_body() -> None:
    assert body_of(_stanza("<body>a &lt; b</body>")) == "a < b"
    assert body_of(_stanza("<body/>")) == ""
    assert body_of(_stanza("<subject>x</subject>")) == ""
    assert (
        body_of(_stanza('<body xmlns="jabber:client">from an archive</body>')) == "from an archive"
    )
    assert (
        body_of(
            _stanza('<f xmlns="urn:xmpp:forward:0"><body xmlns="jabber:client">forged</body></f>')
        )
        == ""
    )


def test_statuses() -> None:
    muc = "http://jabber.org/protocol/muc#user"
    assert statuses(_stanza(f'<x xmlns="{muc}"><status code="110"/><status code="201"/></x>')) == {
        "110",
        "201",
    }
    assert statuses(_stanza('<x xmlns="urn:other"><status code="110"/></x>')) == frozenset()


def test_only_the_rooms_own_stanza_id_counts() -> None:
    sid = "urn:xmpp:sid:0"
    stanza = _stanza(
        f'<stanza-id xmlns="{sid}" by="evil@x" id="1"/><stanza-id xmlns="{sid}" by="Room@x" '
        'id="2"/>'
    )
    assert stanza_id(stanza, "room@x") == "2"
    assert stanza_id(stanza, "other@x") == ""
