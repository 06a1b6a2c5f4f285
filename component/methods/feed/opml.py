"""Lists of feeds as other readers write and read them (OPML 1.0 and 2.0,
http://opml.org/spec2.opml). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.parsers import expat

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.sanitize import escape, one_line

MOST = 10_000
"""Outlines in a file."""
LARGEST = 5 * 1024 * 1024
DEEPEST = 50
_TEXT = 500
_URL = 2048


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
    if len(data) > LARGEST:
        raise BadInput(_("The file is larger than {most} MiB.", most=LARGEST // 1024 // 1024))
    reading = _Reading()
    try:
        reading.parser.Parse(data, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise BadInput(
            _("The file is not OPML: {why} on line {line}.", why=why, line=error.lineno)
        ) from error
    except (LookupError, ValueError) as error:  # the encoding that it names
        raise BadInput(_("The encoding of the file is unknown. Save the file as UTF-8.")) from error
    if not reading.is_opml:
        raise BadInput(_("The file is not OPML, because it does not contain <opml>."))
    return Opml(one_line(reading.title)[:_TEXT], tuple(reading.entries.values()), reading.skipped)


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
        # Entities can grow without end, or name files of ours.
        raise BadInput(
            _("The file contains a document type (DTD), which OPML does not need. Remove it.")
        )

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
        if self._outlines > MOST:
            raise BadInput(_("The file has more than {most} outlines.", most=MOST))
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
