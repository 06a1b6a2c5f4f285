"""Who wrote something: a name out of the many forms in which feeds write names and mail addresses.
Pure."""

import re

from component.methods.feed.parsing.plain import plain

MARK = "\u2060"
"""A character that nobody sees, put behind the @ of an author so that feedparser does not look for
an address there: it knows only top-level domains of four letters, and takes a name in the fediverse
for an address. `plain` removes it."""

MAX_CHARS = 1_000
"""Characters of a name that are looked at."""

# An @ in front makes it a handle of the fediverse, which is a name. A host need not have a dot.
_ADDRESS = re.compile(
    r"(?:mailto:)?(?P<address>[^\s<>()\[\]@,;:\"?]+@[^\s<>()\[\]@,;\"?&]+)(?:\?\S*?)?"
).pattern
_FORMS = (
    re.compile(_ADDRESS, re.IGNORECASE),
    re.compile(rf"{_ADDRESS} ?\((?P<name>.*)\)", re.IGNORECASE),
    re.compile(rf"(?P<name>.*?) ?(?:<|&lt;|\(|\[){_ADDRESS}(?:>|&gt;|\)|\])", re.IGNORECASE),
    re.compile(rf"{_ADDRESS}[ ,;:]+(?P<name>[^@]+)", re.IGNORECASE),
    re.compile(rf"(?P<name>[^@]+)[ ,;:]+{_ADDRESS}", re.IGNORECASE),
)


def person(text: str) -> str:
    """The name in a text such as `juliet@example.org (Juliet)`, without markup; the address where
    there is no name."""
    text = " ".join(text[:MAX_CHARS].replace(MARK, "").split())
    if "@" not in text:
        return plain(text)
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            return plain(unquoted(found.groupdict().get("name") or "")) or found["address"]
    return plain(text)


def unquoted(name: str) -> str:
    """A name without the quotation marks around it (RFC 5322 section 3.2.4)."""
    name = name.strip(" ,;-")
    if len(name) > 1 and name[0] == name[-1] == '"':
        return name[1:-1]
    return name
