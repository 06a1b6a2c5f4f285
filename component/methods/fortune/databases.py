"""Fortunes: the databases of Debian's fortune-mod packages, read by their index (strfile(1)), one
fortune at a time.

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


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """What a database is called: the name of its file, which stands in one of the folders."""

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
        """A fortune; reads the index's entry and the fortune alone. Raises Unavailable where the
        files are no good."""
        try:
            with self.file.with_name(f"{self.file.name}.dat").open("rb") as index:
                _version, count, _longest, _shortest, flags, mark = _HEADER.unpack(
                    index.read(_HEADER.size)
                )
                if not count:
                    raise Unavailable(_("The fortune database “{name}” is empty.", name=self.name))
                index.seek(_HEADER.size + 4 * luck.randrange(count))
                (at,) = struct.unpack(">L", index.read(4))
            with self.file.open("rb") as text:
                text.seek(at)
                raw = text.read(MOST)
        except OSError as error:
            raise Unavailable(
                _(
                    "The fortune database “{name}” cannot be read: {why}.",
                    name=self.name,
                    why=words(error),
                )
            ) from error
        except struct.error as error:
            raise Unavailable(
                _(
                    "The index of the fortune database “{name}” is damaged. Rebuild it with "
                    "strfile.",
                    name=self.name,
                )
            ) from error
        return self._told(raw, mark, rotated=bool(flags & _ROTATED))

    def _told(self, raw: bytes, mark: bytes, *, rotated: bool) -> str:
        end = raw.find(b"\n" + mark + b"\n") if not raw.startswith(mark + b"\n") else 0
        one = (raw if end < 0 else raw[:end]).removesuffix(
            b"\n" + mark
        )  # the last of a file ends with it
        text = (one.translate(_ROT13) if rotated else one).decode("utf-8", "replace")
        told = scrub(_plain(text)).strip("\n").expandtabs()
        if not told.strip():
            raise Unavailable(
                _(
                    "The index of the fortune database “{name}” is damaged. Rebuild it with "
                    "strfile.",
                    name=self.name,
                )
            )
        return told


def _plain(text: str) -> str:
    """Text as a screen shows it, not a printer: the bell is not rung either."""
    while (fewer := _OVERSTRUCK.sub("", text)) != text:
        text = fewer
    return text.translate({7: None, 8: None})


def databases(places: Sequence[Path] = PLACES) -> Sequence[Database]:
    """All that are installed, by name; those in `off` are offensive. Of two with one name the first
    one counts."""
    found: dict[tuple[str, bool], Database] = {}
    for place in places:
        for folder, offensive in ((place, False), (place / "off", True)):
            for index in sorted(folder.glob("*.dat")) if folder.is_dir() else ():
                file = index.with_suffix("")
                if file.is_file():
                    found.setdefault((file.name, offensive), Database(file.name, file, offensive))
    return [found[key] for key in sorted(found)]


def chosen(
    names: Sequence[str], *, offensive: bool, places: Sequence[Path] = PLACES
) -> Sequence[Database]:
    """The databases of these names, all where none is named; offensive ones only where asked for.

    Raises NotFound that names what there is.
    """
    there = [one for one in databases(places) if offensive or not one.offensive]
    if not there:
        raise NotFound(
            _("No fortunes are installed on this machine. Install the package fortunes.")
        )
    wanted = [one for one in there if one.name in names] if names else there
    lost = sorted({*names} - {one.name for one in wanted})
    if lost:
        have = ", ".join(sorted({one.name for one in there}))
        raise NotFound(
            _(
                "The fortune database “{name}” does not exist. Available are {names}.",
                name=lost[0][:40],
                names=have,
            )
        )
    return wanted


@dataclass(frozen=True, slots=True)
class Drawn:
    """A fortune and the `name` of its database, "" where there is none; what is wrong, by database;
    and which of the doubted ones are well again."""

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
    """A fortune of one of these databases (of all, where none is named): each as likely as it has
    fortunes.

    One that is no good is told among the faults, and another is drawn from. The `doubted` ones are
    tried in any case.
    """
    among, faults = _found(names, offensive, places)
    among = [one for one in among if one.name not in doubted or _tried(one, luck, faults)]
    well = [name for name in doubted if any(one.name == name for one in among)]
    while among:
        (one,) = luck.choices(among, [_size(each) for each in among])
        if text := _tried(one, luck, faults):
            return Drawn(text, one.name, faults, well)
        among.remove(one)
    return Drawn("", "", faults)


def _found(
    names: Sequence[str], offensive: bool, places: Sequence[Path]
) -> tuple[list[Database], dict[str, Words]]:
    """Those of the names; what is wrong stands under "" where there are none at all."""
    try:
        found = list(chosen((), offensive=offensive, places=places))
    except NotFound as error:
        return [], {"": joined([error.sentence], "")}
    faults: dict[str, Words] = {}
    for name in names:
        try:
            chosen([name], offensive=offensive, places=places)
        except NotFound as error:
            faults[name] = joined([error.sentence], "")
    return [one for one in found if not names or one.name in names], faults


def _tried(one: Database, luck: Random, faults: dict[str, Words]) -> str:
    try:
        return one.draw(luck)
    except Unavailable as error:
        faults[one.name] = joined([error.sentence], "")
        return ""


def _size(one: Database) -> int:
    """How many fortunes its index is long enough for, 1 where that can't be told; in bytes."""
    try:
        return max(1, one.file.with_name(f"{one.file.name}.dat").stat().st_size - _HEADER.size)
    except OSError:
        return 1
