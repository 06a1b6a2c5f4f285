"""Fortunes of the real packages, and of files made by hand that are broken in each way."""

import struct
from pathlib import Path
from random import Random

import pytest

from component.common.errors import BadInput, NotFound, Unavailable
from component.common.i18n import Words
from component.methods.fortune.databases import PLACES, Database, Name, chosen, databases, draw


def luck(seed: int) -> Random:
    return Random(seed)  # noqa: S311 — the same luck each time is what is wanted


def made(folder: Path, name: str, *fortunes: str, flags: int = 0) -> Database:
    """A database as strfile(1) makes it."""
    folder.mkdir(parents=True, exist_ok=True)
    text, starts = b"", []
    for one in fortunes:
        starts.append(len(text))
        text += one.encode() + b"\n%\n"
    (folder / name).write_bytes(text)
    header = struct.pack(">5Lc3x", 2, len(fortunes), 99, 1, flags, b"%")
    (folder / f"{name}.dat").write_bytes(
        header + struct.pack(f">{len(starts) + 1}L", *starts, len(text))
    )
    return Database(name, folder / name)


def printed(text: str) -> str:
    """As it stands on a screen: a letter that was gone back over is another's."""
    shown: list[str] = []
    for letter in text.replace("\a", ""):
        if letter != "\b":
            shown.append(letter)
        elif shown:
            shown.pop()
    return "".join(shown)


@pytest.mark.parametrize("database", databases(), ids=lambda one: one.name)
def test_every_fortune_of_the_packages_is_told_whole(database: Database) -> None:
    """Each draw is one of the file's fortunes, whatever the luck."""
    text = printed(database.file.read_bytes().decode("utf-8", "replace"))
    all_of_it = {one.strip("\n").expandtabs() for one in f"\n{text}".split("\n%\n")}
    for seed in range(100):
        assert database.draw(luck(seed)) in all_of_it


def test_every_fortune_may_come(tmp_path: Path) -> None:
    database = made(tmp_path, "three", "one", "two\n\t-- lines", "three % no mark\n%not either")
    told = {database.draw(luck(seed)) for seed in range(60)}
    assert told == {"one", "two\n        -- lines", "three % no mark\n%not either"}


def test_rotated_ones_are_told_plainly(tmp_path: Path) -> None:
    assert made(tmp_path, "rot", "Nhpu, 1!", flags=4).draw(luck(0)) == "Auch, 1!"


def test_offensive_ones_only_where_asked_for(tmp_path: Path) -> None:
    made(tmp_path, "nice", "hello")
    made(tmp_path / "off", "rude", "pfui")
    assert [one.name for one in chosen((), offensive=False, places=[tmp_path])] == ["nice"]
    assert [one.name for one in chosen((), offensive=True, places=[tmp_path])] == ["nice", "rude"]
    with pytest.raises(NotFound, match="The fortune database “rude” does not exist"):
        chosen(["rude"], offensive=False, places=[tmp_path])
    assert draw(["rude"], luck(0), offensive=True, places=[tmp_path]).text == "pfui"
    assert draw(["rude"], luck(0), places=[tmp_path]).text == ""


def test_none_installed(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No fortunes are installed on this machine"):
        chosen((), offensive=True, places=[tmp_path, tmp_path / "nowhere"])


def test_large_databases_come_more_often(tmp_path: Path) -> None:
    made(tmp_path, "large", *(f"large {number}" for number in range(99)))
    made(tmp_path, "small", "small")
    told = [draw((), luck(seed), places=[tmp_path]).name for seed in range(300)]
    assert 0 < told.count("small") < 30


def test_one_that_is_no_good_is_told_and_another_drawn_from(tmp_path: Path) -> None:
    made(tmp_path, "bad", "never told").file.unlink()
    (tmp_path / "bad").mkdir()  # a folder in its place is found no more
    made(tmp_path, "good", "hello")
    made(tmp_path, "empty")
    faults: dict[str, Words] = {}
    for seed in range(50):
        drawn = draw((), luck(seed), places=[tmp_path])
        assert (drawn.text, drawn.name) == ("hello", "good")
        faults |= drawn.faults
    assert {name: str(why) for name, why in faults.items()} == {
        "empty": "The fortune database “empty” is empty."
    }
    drawn = draw((), luck(0), doubted=["empty", "good", "gone"], places=[tmp_path])
    assert (drawn.text, [*drawn.faults]) == ("hello", ["empty"])


def test_none_that_is_any_good(tmp_path: Path) -> None:
    made(tmp_path, "empty")
    drawn = draw(["empty", "gone"], luck(0), places=[tmp_path])
    assert (drawn.text, drawn.name, {*drawn.faults}) == ("", "", {"empty", "gone"})
    drawn = draw(["gone", "lost"], luck(0), places=[tmp_path / "nowhere"])
    assert (drawn.text, [*drawn.faults]) == ("", [""])  # one trouble, whatever was asked for


@pytest.mark.parametrize("text", ["computers", "de", "people.u8", "a-b_c+d"])
def test_names(text: str) -> None:
    assert str(Name.parse(text)) == text


@pytest.mark.parametrize("text", ["", "../x", "off/x", ".x", "a b", "x" * 65, "ä", "a\n"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(BadInput, match="Write it as computers, without a folder"):
        Name.parse(text)


@pytest.mark.parametrize("broken", [b"", b"x" * 10, struct.pack(">5Lc3x", 2, 5, 9, 1, 0, b"%")])
def test_a_broken_index(tmp_path: Path, broken: bytes) -> None:
    database = made(tmp_path, "one", "hello")
    database.file.with_name("one.dat").write_bytes(broken)
    with pytest.raises(Unavailable, match="The index of the fortune database “one” is damaged"):
        database.draw(luck(3))


def test_an_index_that_leads_nowhere_and_an_empty_one(tmp_path: Path) -> None:
    database = made(tmp_path, "one", "hello")
    index = database.file.with_name("one.dat")
    index.write_bytes(struct.pack(">5Lc3x", 2, 1, 9, 1, 0, b"%") + struct.pack(">L", 5_000))
    with pytest.raises(Unavailable, match="damaged"):
        database.draw(luck(0))
    index.write_bytes(struct.pack(">5Lc3x", 2, 0, 9, 1, 0, b"%"))
    with pytest.raises(Unavailable, match="empty"):
        database.draw(luck(0))


def test_files_that_went(tmp_path: Path) -> None:
    database = made(tmp_path, "one", "hello")
    database.file.unlink()
    with pytest.raises(Unavailable, match="cannot be read: no such file"):
        database.draw(luck(0))


def test_the_package_is_there() -> None:
    assert any(one.file.is_relative_to(PLACES[0]) for one in databases())
