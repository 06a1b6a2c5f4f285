"""Fortunes: the databases of Debian's fortune-mod packages, read by their index (strfile(1)), one fortune at a time.

A database is a text file with fortunes between lines of `%`, and beside it `NAME.dat`: a header of 24 bytes (version,
count, longest, shortest, flags, delimiter; big-endian) and where each fortune begins.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from component.errors import NotFound, Unavailable, words
from component.text import scrub
from component.words import _

PLACES = (Path("/usr/share/games/fortunes"), Path("/usr/share/fortune"))
"""Where packages put them; offensive ones in the folder `off` below."""
MOST = 10_000
"""Bytes of one fortune."""

_HEADER = struct.Struct(">5Lc3x")
_ROTATED = 0x4
"""Flag: letters stand rotated by 13, so that nobody reads them by chance."""
_OVERSTRUCK = re.compile("[^\b\n]\b")
"""Letters underlined on a printer: a line, back, the letter."""
_ROT13 = bytes.maketrans(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM",
)


@dataclass(frozen=True, slots=True)
class Database:
    """One file of fortunes and its index; `offensive` where it is kept apart for that."""

    name: str
    file: Path
    offensive: bool = False

    def draw(self, luck: Random) -> str:
        """A fortune; reads the index's entry and the fortune alone. Raises Unavailable where the files are no good."""
        try:
            with self.file.with_name(f"{self.file.name}.dat").open("rb") as index:
                _version, count, _longest, _shortest, flags, mark = _HEADER.unpack(index.read(_HEADER.size))
                if not count:
                    raise Unavailable(_("The fortunes “{name}” are empty.", name=self.name))
                index.seek(_HEADER.size + 4 * luck.randrange(count))
                (at,) = struct.unpack(">L", index.read(4))
            with self.file.open("rb") as text:
                text.seek(at)
                raw = text.read(MOST)
        except OSError as error:
            raise Unavailable(
                _("The fortunes “{name}” can't be read: {why}.", name=self.name, why=words(error))
            ) from error
        except struct.error as error:
            raise Unavailable(
                _("The index of the fortunes “{name}” is broken: strfile makes it anew.", name=self.name)
            ) from error
        return self._told(raw, mark, rotated=bool(flags & _ROTATED))

    def _told(self, raw: bytes, mark: bytes, *, rotated: bool) -> str:
        end = raw.find(b"\n" + mark + b"\n") if not raw.startswith(mark + b"\n") else 0
        one = (raw if end < 0 else raw[:end]).removesuffix(b"\n" + mark)  # the last of a file ends with it
        text = (one.translate(_ROT13) if rotated else one).decode("utf-8", "replace")
        told = scrub(_plain(text)).strip("\n").expandtabs()
        if not told.strip():
            raise Unavailable(_("The index of the fortunes “{name}” is broken: strfile makes it anew.", name=self.name))
        return told


def _plain(text: str) -> str:
    """Text as a screen shows it, not a printer: the bell is not rung either."""
    while (fewer := _OVERSTRUCK.sub("", text)) != text:
        text = fewer
    return text.translate({7: None, 8: None})


def databases(places: Sequence[Path] = PLACES) -> Sequence[Database]:
    """All that are installed, by name; those in `off` are offensive. Of two with one name the first one counts."""
    found: dict[tuple[str, bool], Database] = {}
    for place in places:
        for folder, offensive in ((place, False), (place / "off", True)):
            for index in sorted(folder.glob("*.dat")) if folder.is_dir() else ():
                file = index.with_suffix("")
                if file.is_file():
                    found.setdefault((file.name, offensive), Database(file.name, file, offensive))
    return [found[key] for key in sorted(found)]


def chosen(names: Sequence[str], *, offensive: bool, places: Sequence[Path] = PLACES) -> Sequence[Database]:
    """The databases of these names, all where none is named; offensive ones only where asked for.

    Raises NotFound that names what there is.
    """
    there = [one for one in databases(places) if offensive or not one.offensive]
    if not there:
        raise NotFound(_("There are no fortunes on this machine: install the package fortunes."))
    wanted = [one for one in there if one.name in names] if names else there
    lost = sorted({*names} - {one.name for one in wanted})
    if lost:
        have = ", ".join(sorted({one.name for one in there}))
        raise NotFound(_("There are no fortunes “{name}” here; there are {names}.", name=lost[0][:40], names=have))
    return wanted


def draw(among: Sequence[Database], luck: Random) -> str:
    """A fortune of one of them: each database as likely as it has fortunes (its index's size tells)."""
    sizes = [max(1, one.file.with_name(f"{one.file.name}.dat").stat().st_size - _HEADER.size) for one in among]
    return luck.choices(among, sizes)[0].draw(luck)
