"""What feedparser gives, read without surprises.

feedparser's dictionaries warn about some keys, find others under a second name, and hold a text
where a list is expected if the feed is odd. `Parsed` reads them plainly.
"""

import re
from typing import Any

from component.methods.feed.parsing.address import absolute, is_web
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.people import person
from component.methods.feed.parsing.plain import line, plain, tidy, unescaped

_REGISTRY = re.compile(r"^https?://www\.iana\.org/assignments/(?:relation|link-relations)/")
HTML = ("text/html", "application/xhtml+xml")


class Parsed:
    """A feed, an entry, a link or a person, as feedparser gives it."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def text(self, key: str) -> str:
        """The text of that name; "" where there is no text."""
        value = dict.get(self._data, key)
        if isinstance(value, str):
            return value.strip()
        return ""

    def time(self, key: str, now: int) -> int:
        """A date in milliseconds since 1970; `now` where it lies in the future, 0 where there is
        no date that is understood."""
        return stamp(self.text(key), now)

    def child(self, key: str) -> "Parsed":
        """The thing of that name; an empty one where there is no such thing."""
        value = dict.get(self._data, key)
        if isinstance(value, dict):
            return Parsed(value)
        return Parsed({})

    def children(self, key: str) -> "list[Parsed]":
        """The things of that name."""
        value = dict.get(self._data, key)
        if not isinstance(value, list):
            return []
        return [Parsed(each) for each in value if isinstance(each, dict)]

    def shown(self, key: str) -> str:
        """A text as people see it: HTML is rendered where the feed, or feedparser, says it is."""
        if self.child(f"{key}_detail").text("type") in HTML:
            return plain(self.text(key))
        return tidy(self.text(key))

    def title(self, *, atom: bool) -> str:
        """Its title in one line. RSS does not say whether a title is HTML, and nobody means to show
        entities; Atom says."""
        title = self.shown("title")
        if not atom:
            title = unescaped(title)
        return line(title)

    def people(self) -> str:
        """Who wrote it, by name, or by mail address where there is no name."""
        names = [one.text("name") or one.text("email") for one in self.children("authors")]
        distinct = dict.fromkeys(map(person, names))
        return ", ".join(filter(None, distinct))

    def relations(self) -> set[str]:
        """What a link says it is, also where it says so by an IRI (RFC 4287 section 4.2.7.2)."""
        names = self.text("rel").split()
        return {_REGISTRY.sub("", name) for name in names}

    def related(self, rel: str, base: str) -> str:
        """The first address that is related so (RFC 4287 section 4.2.7.2); "" where none is."""
        for link in self.children("links"):
            address = absolute(link.text("href"), base)
            if address and rel in link.relations():
                return address
        return ""

    def alternate(self, base: str) -> str:
        """The first address of the thing itself, as HTML rather than in another form."""
        fallback = ""
        for link in self.children("links"):
            address = absolute(link.text("href"), base)
            if not address or link.relations() - {"alternate"}:
                continue
            if link.text("type") in HTML:
                return address
            fallback = fallback or address
        return fallback

    def page(self, base: str, id: str) -> str:
        """Where an entry can be read: its own link, its guid or id where that is a link, its
        enclosure."""
        original = absolute(self.text("feedburner_origlink"), base)
        if original:
            return original
        permanent = ""
        for address in (self.text("link"), id):
            if is_web(address):
                permanent = permanent or absolute(address, base)
        return self.alternate(base) or permanent or self.related("enclosure", base)

    def summary(self) -> str:
        """The summary of an entry, or all of it where it has no summary."""
        if self.child("summary_detail").text("type"):
            summary = self.shown("summary")
            if summary:
                return summary
        for content in self.children("content"):
            text = ""
            if content.text("type") in HTML:
                text = plain(content.text("value"))
            elif content.text("type") == "text/plain":
                text = tidy(content.text("value"))
            if text:
                return text
        return ""
