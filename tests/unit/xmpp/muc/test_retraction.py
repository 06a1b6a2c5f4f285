"""What is asked of a room, and of clients, to take a line back: the stanzas of XEP-0425 and
XEP-0424."""

from component.xmpp.muc.retraction import MODERATE, MODERATE_0, moderation, retraction


def test_moderation_as_it_is_now() -> None:
    asked = moderation({MODERATE, MODERATE_0, "else"}, "stanza-1", "no <b>")
    assert asked is not None
    assert (asked.tag, asked.get("id")) == ("{urn:xmpp:message-moderate:1}moderate", "stanza-1")
    assert [one.tag for one in asked] == [
        "{urn:xmpp:message-retract:1}retract",
        "{urn:xmpp:message-moderate:1}reason",
    ]
    assert asked[1].text == "no <b>"


def test_moderation_before_version_0_3() -> None:
    asked = moderation({MODERATE_0}, "stanza-1", "no")
    assert asked is not None
    assert (asked.tag, asked.get("id")) == ("{urn:xmpp:fasten:0}apply-to", "stanza-1")
    (inside,) = asked
    assert [one.tag for one in inside] == [
        "{urn:xmpp:message-retract:0}retract",
        "{urn:xmpp:message-moderate:0}reason",
    ]


def test_no_moderation() -> None:
    assert moderation({"urn:xmpp:mam:2"}, "stanza-1", "no") is None


def test_a_retraction_is_for_clients_and_goes_no_further() -> None:
    """It has no words: they would be its author's to clients that do not know it."""
    asked = retraction("groupchat", "bot@x/bus", "team@rooms.x", "stanza-1")
    assert {"id", "from", "to", "type"} == set(asked.attrib)
    retract, store, said = asked
    assert (retract.tag, retract.get("id")) == ("{urn:xmpp:message-retract:1}retract", "stanza-1")
    assert store.tag == "{urn:xmpp:hints}store"
    assert (said.tag, said.attrib) == ("{urn:shoutbus:said:0}said", {})
