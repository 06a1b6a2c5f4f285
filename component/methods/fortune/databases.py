"""The fortune databases of Debian's fortune-mod packages, read through their index (strfile(1)).

A database is a text file with fortunes between lines of `%`, and beside it `NAME.dat`: a header of
24 bytes (version, count, longest, shortest, flags, delimiter; big-endian) and where each fortune
begins.
"""

import re
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self

from component.common.errors import BadInput, NotFound, Unavailable, words
from component.common.i18n import Words, _, joined
from component.common.sanitize import scrub

PLACES = (Path("/usr/share/games/fortunes"), Path("/usr/share/fortune"))
"""Where packages put them; offensive ones in the folder `off` below."""
MAX_FORTUNE_BYTES = 10_000
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


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a database: that of its file in one of the folders."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name written; raises BadInput, also where it would lead out of the folders."""
        if not _NAME.fullmatch(text):
            raise BadInput(
                _(
                    "“{text}” is not the name of a fortune database. Write it as computers, "
                    "without a folder.",
                    text=text[:40],
                )
            )
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Database:
    """One file of fortunes and its index; `offensive` where it is kept apart for that."""

    name: str
    file: Path
    offensive: bool = False

    def draw(self, luck: Random) -> str:
        """A fortune. Reads only the entry in the index and the fortune itself.

        Raises Unavailable where the files cannot be read or are broken.
        """
        try:
            with self.index.open("rb") as index:
                header = _HEADER.unpack(index.read(_HEADER.size))
                _version, count, _longest, _shortest, flags, mark = header
                if not count:
                    raise Unavailable(_("The fortune database “{name}” is empty.", name=self.name))
                index.seek(_HEADER.size + 4 * luck.randrange(count))
                (at,) = struct.unpack(">L", index.read(4))
            with self.file.open("rb") as text:
                text.seek(at)
                raw = text.read(MAX_FORTUNE_BYTES)
        except OSError as error:
            raise Unavailable(
                _(
                    "The fortune database “{name}” cannot be read: {why}.",
                    name=self.name,
                    why=words(error),
                )
            ) from error
        except struct.error as error:
            raise self.broken() from error
        raw = first_fortune(raw, mark)
        if flags & _ROTATED:
            raw = raw.translate(_ROT13)
        fortune = scrub(plain(raw.decode("utf-8", "replace"))).strip("\n").expandtabs()
        if not fortune.strip():
            raise self.broken()
        return fortune

    @property
    def index(self) -> Path:
        """The file that strfile made."""
        return self.file.with_name(f"{self.file.name}.dat")

    def size(self) -> int:
        """How long its index is in bytes, which grows with the number of fortunes; at least 1."""
        try:
            return max(1, self.index.stat().st_size - _HEADER.size)
        except OSError:
            return 1

    def broken(self) -> Unavailable:
        """The error that says so."""
        return Unavailable(
            _(
                "The index of the fortune database “{name}” is damaged. Rebuild it with strfile.",
                name=self.name,
            )
        )


def first_fortune(raw: bytes, mark: bytes) -> bytes:
    """What stands before the first line of `mark`; the last fortune of a file ends with it."""
    if raw.startswith(mark + b"\n"):
        return b""
    end = raw.find(b"\n" + mark + b"\n")
    if end >= 0:
        raw = raw[:end]
    return raw.removesuffix(b"\n" + mark)


def plain(text: str) -> str:
    """Text as a screen shows it, without a printer's overstrikes and without the bell."""
    fewer = _OVERSTRUCK.sub("", text)
    while fewer != text:
        text = fewer
        fewer = _OVERSTRUCK.sub("", text)
    return text.translate({7: None, 8: None})


def databases(places: Sequence[Path] = PLACES) -> Sequence[Database]:
    """All that are installed, sorted by name; those in `off` are offensive. Of two with the same
    name the first one counts."""
    by_name: dict[tuple[str, bool], Database] = {}
    for place in places:
        for folder, offensive in ((place, False), (place / "off", True)):
            for index in sorted(folder.glob("*.dat")):
                file = index.with_suffix("")
                if file.is_file():
                    database = Database(file.name, file, offensive)
                    by_name.setdefault((file.name, offensive), database)
    return [by_name[key] for key in sorted(by_name)]


def chosen(
    names: Sequence[str], *, offensive: bool, places: Sequence[Path] = PLACES
) -> Sequence[Database]:
    """The databases of these names, or all if `names` is empty; offensive ones only if asked for.

    Raises NotFound that lists the databases that exist.
    """
    allowed = [one for one in databases(places) if offensive or not one.offensive]
    if not allowed:
        raise NotFound(
            _("No fortunes are installed on this machine. Install the package fortunes.")
        )
    existing = {database.name for database in allowed}
    for name in sorted(names):
        if name not in existing:
            raise NotFound(
                _(
                    "The fortune database “{name}” does not exist. Available are {names}.",
                    name=name[:40],
                    names=", ".join(sorted(existing)),
                )
            )
    return named(allowed, names)


def named(among: Sequence[Database], names: Collection[str]) -> Sequence[Database]:
    """The databases of these names; all if `names` is empty."""
    if not names:
        return among
    return [database for database in among if database.name in names]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A fortune and the `name` of its database, both "" if none could be drawn; what is wrong, by
    database; and which of the doubted databases work again."""

    text: str
    name: str
    faults: Mapping[str, Words]
    well: Collection[str] = ()


def draw(
    names: Sequence[str],
    luck: Random,
    *,
    offensive: bool = False,
    doubted: Collection[str] = (),
    places: Sequence[Path] = PLACES,
) -> Drawn:
    """A fortune from one of these databases (from all if `names` is empty).

    A database is as likely as it has fortunes. If it is broken, that is reported among the faults
    and another database is tried. The `doubted` ones are tried in any case.
    """
    faults: dict[str, Words] = {}
    existing = existing_ones(names, faults, offensive=offensive, places=places)
    working = [one for one in existing if one.name not in doubted or attempt(one, luck, faults)]
    works_again = {database.name for database in working}.intersection(doubted)
    while working:
        (database,) = luck.choices(working, [one.size() for one in working])
        text = attempt(database, luck, faults)
        if text:
            return Drawn(text, database.name, faults, sorted(works_again))
        working.remove(database)
    return Drawn("", "", faults)


def existing_ones(
    names: Sequence[str], faults: dict[str, Words], *, offensive: bool, places: Sequence[Path]
) -> Sequence[Database]:
    """The named databases that exist. What is missing goes into `faults`, by name; under "" if no
    database is installed at all."""
    try:
        installed = chosen((), offensive=offensive, places=places)
    except NotFound as error:
        faults[""] = joined([error.sentence], "")
        return []
    for name in names:
        try:
            chosen([name], offensive=offensive, places=places)
        except NotFound as error:
            faults[name] = joined([error.sentence], "")
    return named(installed, names)


def attempt(database: Database, luck: Random, faults: dict[str, Words]) -> str:
    """A fortune, or "" where the database is broken: that goes into `faults`."""
    try:
        return database.draw(luck)
    except Unavailable as error:
        faults[database.name] = joined([error.sentence], "")
        return ""
