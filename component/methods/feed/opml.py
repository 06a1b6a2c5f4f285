"""Lists of feeds as other readers write and read them (OPML 1.0 and 2.0,
http://opml.org/spec2.opml). Pure."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.parsers import expat

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.sanitize import escape, one_line
from component.fetch.decompress import Garbled, TooMuch, gunzipped
from component.methods.feed.errors import EncodingRefused
from component.methods.feed.parsing.encoding import declared_encoding, text_of
from component.methods.feed.parsing.mend import mended

MAX_OUTLINES = 10_000
"""Outlines in a file."""
MAX_BYTES = 5 * 1024 * 1024
DEEPEST = 50
_TEXT = 500
_URL = 2048
_ROOT = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|(?P<doctype><!DOCTYPE|<!ENTITY)|(?P<element><[A-Za-z_])",
    re.IGNORECASE | re.DOTALL,
)
_END = re.compile(r"</opml\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A feed in a list: its address, title, site, and the folders it is in, the outermost first."""

    url: str
    title: str = ""
    site: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opml:
    """A list of feeds, each once; `skipped` counts what could not be taken: no web address, or
    there already."""

    title: str
    entries: tuple[Entry, ...]
    skipped: int = 0


def parse(data: bytes) -> Opml:
    """The feeds in a file; raises BadInput for one that can't be read."""
    before, body = apart(text_in(data))
    reading = _Reading()
    try:
        reading.parser.Parse(mended(body), True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        line = before.count("\n") + error.lineno
        raise BadInput(
            _("The file is not OPML: {why} on line {line}.", why=why, line=line)
        ) from error
    if not reading.is_opml:
        raise BadInput(_("The file is not OPML, because it does not contain <opml>."))
    return Opml(one_line(reading.title)[:_TEXT], tuple(reading.entries.values()), reading.skipped)


def text_in(data: bytes) -> str:
    """The text of a file, which may be packed by gzip; raises BadInput."""
    too_large = BadInput(_("The file is larger than {most} MiB.", most=MAX_BYTES // 1024 // 1024))
    if len(data) > MAX_BYTES:
        raise too_large
    try:
        data = gunzipped(data, MAX_BYTES)
        name = declared_encoding(data)
        if name:
            codecs.lookup(name)
        return text_of(data, "")
    except TooMuch as error:
        raise too_large from error
    except Garbled as error:
        raise BadInput(_("The file cannot be decompressed. Save it again.")) from error
    except (LookupError, EncodingRefused) as error:
        raise BadInput(_("The encoding of the file is unknown. Save the file as UTF-8.")) from error


def apart(text: str) -> tuple[str, str]:
    """What stands before the root element, and the document from there to its end. Raises BadInput
    for one with a document type: entities can grow without end, or name files of ours."""
    start = 0
    for match in _ROOT.finditer(text):
        if match["doctype"]:
            raise document_type()
        if match["element"]:
            start = match.start()
            break
    end = len(text)
    for tag in _END.finditer(text, start):
        end = tag.end()
    return text[:start], text[start:end]


def document_type() -> BadInput:
    """The refusal of a document type."""
    return BadInput(
        _("The file contains a document type (DTD), which OPML does not need. Remove it.")
    )


@dataclass
class _Reading:
    """A file on its way through the parser."""

    entries: dict[str, Entry] = field(default_factory=dict)
    skipped: int = 0
    title: str = ""
    is_opml: bool = False
    _path: list[str] = field(default_factory=list)
    _folders: list[str] = field(default_factory=list)
    _outlines: int = 0

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, *_what: object) -> None:
        raise document_type()

    def _start(self, name: str, found: dict[str, str]) -> None:
        if not self._path:
            self.is_opml = name.lower() == "opml"
        self._path.append(name.lower())
        if len(self._path) > DEEPEST:
            raise BadInput(_("The file has more than {most} levels of nesting.", most=DEEPEST))
        if name.lower() == "outline":
            self._outline({key.lower(): one_line(value) for key, value in found.items()})

    def _outline(self, found: dict[str, str]) -> None:
        self._outlines += 1
        if self._outlines > MAX_OUTLINES:
            raise BadInput(_("The file has more than {most} outlines.", most=MAX_OUTLINES))
        title = (found.get("title") or found.get("text", ""))[:_TEXT]
        url = found.get("xmlurl", "")
        if url:
            self._take(
                Entry(
                    url, title, _site(found.get("htmlurl", "")), tuple(filter(None, self._folders))
                )
            )
        self._folders.append("" if url else title)

    def _take(self, entry: Entry) -> None:
        url = "http" + entry.url[4:] if entry.url.startswith("feed://") else entry.url
        url = url.removeprefix("feed:")
        if is_web(url) and url not in self.entries:
            self.entries[url] = Entry(url, entry.title, entry.site, entry.folders)
        else:
            self.skipped += 1

    def _end(self, name: str) -> None:
        self._path.pop()
        if name.lower() == "outline":
            self._folders.pop()

    def _text(self, text: str) -> None:
        if self._path == ["opml", "head", "title"] and len(self.title) < _TEXT:
            self.title += text


def is_web(url: str) -> bool:
    """Whether it is an address that could be fetched."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and len(url) <= _URL
        )
    except ValueError:
        return False


def _site(url: str) -> str:
    return url if is_web(url) else ""


def write(title: str, entries: Iterable[Entry]) -> bytes:
    """The feeds as a file of OPML 2.0, in folders."""
    root = _Folder()
    for entry in entries:
        at = root
        for name in entry.folders:
            at = at.folders.setdefault(name, _Folder())
        at.entries.append(entry)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"<head><title>{_attribute(title)}</title></head>",
        "<body>",
        *root.lines(),
        "</body>",
        "</opml>",
        "",
    ]
    return "\n".join(lines).encode()


@dataclass
class _Folder:
    folders: dict[str, "_Folder"] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def lines(self) -> list[str]:
        inner = [_line(entry) for entry in self.entries]
        for name, folder in self.folders.items():
            inner += [f'<outline text="{_attribute(name)}">', *folder.lines(), "</outline>"]
        return inner


def _line(entry: Entry) -> str:
    title = _attribute(entry.title or entry.url)
    site = f' htmlUrl="{_attribute(entry.site)}"' if entry.site else ""
    return (
        f'<outline type="rss" text="{title}" title="{title}" '
        f'xmlUrl="{_attribute(entry.url)}"{site}/>'
    )


def _attribute(text: str) -> str:
    return escape(one_line(text))
