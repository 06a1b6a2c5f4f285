"""Feeds as the web has them: each gives the items that stand beside it in `tests/fixtures/feeds`.

What is expected was written by hand, by what the feed says. A feed that is put there is tested the
moment it has its `.expected.json`.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from component.methods.feed.parsing.item import Feed, packed, unpacked
from component.methods.feed.parsing.read import read
from component.methods.feed.sandbox.workers import Workers

FOLDER = Path(__file__).parents[1] / "fixtures" / "feeds"
EXPECTED = sorted(FOLDER.glob("*.expected.json"))
NOW = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)


def _expected(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _told(feed: Feed) -> dict[str, Any]:
    items = [
        {"title": one.title, "link": one.link, "author": one.author, "at": _moment(one.at)}
        for one in feed.items
    ]
    return {"title": feed.title, "link": feed.link, "items": items}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


@pytest.mark.parametrize(
    "path", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json")
)
def test_a_feed_gives_its_items(path: Path) -> None:
    expected = _expected(path)
    feed = read((FOLDER / expected["file"]).read_bytes(), expected["type"], expected["url"], NOW)
    assert _told(feed) == {key: expected[key] for key in ("title", "link", "items")}
    assert unpacked(json.loads(json.dumps(packed(feed)))) == feed
    assert not [
        item
        for item in feed.items
        if "<p" in item.text or "&lt;" in item.text or "&amp;amp;" in item.text
    ]


def test_there_are_enough_and_each_has_what_is_expected() -> None:
    assert len(EXPECTED) >= 150
    described = {_expected(path)["file"] for path in EXPECTED}
    assert described == {
        path.name for path in FOLDER.iterdir() if not path.name.endswith(".expected.json")
    }


async def test_one_process_reads_them_all() -> None:
    workers = Workers()
    try:
        ran = set[int]()
        for path in EXPECTED:
            expected = _expected(path)
            data = (FOLDER / expected["file"]).read_bytes()
            feed = await workers.read(data, expected["type"], expected["url"], NOW)
            assert _told(feed)["items"] == expected["items"], expected["file"]
            ran |= set(workers.pids)
        assert len(ran) == 1  # none made it fall
    finally:
        await workers.close()
