"""Builds stanzas as ElementTree elements, and writes elements as XML.

Values reach the XML only through an element's attributes and text, which the serializer escapes, so
no value can end its quotes. Two hot paths write their XML as text instead: `Rooms.say` and
`DirectMessages.tell` (`tests/bench/stanzas.py` measures what that saves).
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from slixmpp.xmlstream.tostring import tostring

from component.bus.model.message import Message
from component.xmpp.stanza import CORRECT, DATA, SAID, STANZAS

STREAM = "jabber:component:accept"
"""The namespace of the stanzas themselves (XEP-0114)."""


def element(
    namespace: str, name: str, /, *children: Element | None, text: str = "", **attributes: str
) -> Element:
    """An element. Attributes that are "" and children that are None are left out."""
    built = Element(f"{{{namespace}}}{name}")
    for key, value in attributes.items():
        if value:
            built.set(key, value)
    if text:
        built.text = text
    for child in children:
        if child is not None:
            built.append(child)
    return built


def query(namespace: str, /, *children: Element | None, **attributes: str) -> Element:
    """The `query` that most IQs hold."""
    return element(namespace, "query", *children, **attributes)


def stanza(name: str, sender: str, to: str, /, *children: Element | None, **more: str) -> Element:
    """A stanza of our stream: `message`, `presence` or `iq`."""
    built = element(STREAM, name, *children, **more)
    built.set("from", sender)
    built.set("to", to)
    return built


def message(sender: str, to: str, /, *children: Element | None, **more: str) -> Element:
    """A message; `more` are its `type` and `id`."""
    return stanza("message", sender, to, *children, **more)


def presence(sender: str, to: str, /, *children: Element | None, type: str = "") -> Element:
    """A presence; without `type` the sender is available."""
    return stanza("presence", sender, to, *children, type=type)


def answer(asked: Element, kind: str, *children: Element | None) -> Element:
    """A stanza that answers `asked`: back to its sender, with its id and the type `kind`."""
    name = asked.tag.rpartition("}")[2]
    sender, to = asked.get("to", ""), asked.get("from", "")
    return stanza(name, sender, to, *children, id=asked.get("id", ""), type=kind)


def body(text: str) -> Element:
    """The text of a message."""
    return element(STREAM, "body", text=text)


def own_words() -> Element:
    """Marks a message as the bus's own words, which no bus passes on or answers."""
    return element(SAID, "said")


def error(kind: str, condition: str, sentence: str, *own: Element) -> Element:
    """An error (RFC 6120 section 8.3); `own` are conditions of the application's own."""
    text = None
    if sentence:
        text = element(STANZAS, "text", text=sentence)
    return element(STREAM, "error", element(STANZAS, condition), text, *own, type=kind)


def form(fields: Mapping[str, str], kind: str = "submit") -> Element:
    """A data form (XEP-0004) with one value a field."""
    built = element(DATA, "x", type=kind)
    for var, value in fields.items():
        built.append(element(DATA, "field", element(DATA, "value", text=value), var=var))
    return built


def replacing(message: Message) -> Element | None:
    """Says that a stanza corrects an earlier one (XEP-0308), whose id is its message's."""
    if not message.corrects:
        return None
    return element(CORRECT, "replace", id=message.corrects)


def serialize(*built: Element | None) -> str:
    """The XML of stanzas, or of what is inside one, as our stream carries it."""
    return "".join(tostring(item, xmlns=STREAM) for item in built if item is not None)
