"""A database of the form before the first release is converted once, and loses nothing."""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from component.bus.model.delivery import State
from component.bus.model.message import Channel
from component.bus.model.subscription import Proof, Standing
from component.bus.ports.store import Store
from component.cli.migrate import migrate
from component.common.errors import StoreError
from component.storage import convert_store, open_store
from component.storage.sqlite.conversion import TABLES

DUMP = Path(__file__).parents[1] / "fixtures" / "databases" / "before_release.sql"
ROOM = Channel("muc", "team@rooms.example.org")
TEAM, NEWS = Channel("shoutbox", "team"), Channel("story", "news")
LATE = 2**50


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the first form."""
    file = tmp_path / "bus.db"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(DUMP.read_text("utf-8"))
    return file


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(file)) as database:
        yield database


def count(file: Path, table: str) -> int:
    with opened(file) as database:
        (found,) = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
    return int(found)


def left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_every_table_has_its_rows(old: Path) -> None:
    before = {after: count(old, table) for table, after in TABLES.items()}
    assert all(before.values()), "something in every table"
    converted = convert_store(f"sqlite:{old}")
    assert converted
    assert converted.rows == before == {table: count(old, table) for table in before}
    assert {table: count(converted.copy, table) for table in TABLES} == {
        table: before[after] for table, after in TABLES.items()
    }
    assert left(old.parent) == {"bus.db", "bus.db.before-migration"}
    with opened(old) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        assert database.execute("pragma foreign_key_check").fetchall() == []


def test_no_table_is_forgotten(old: Path) -> None:
    with opened(old) as database:
        tables = {
            str(row[0])
            for row in database.execute("select name from sqlite_schema where type = 'table'")
        }
    assert tables - {"sqlite_sequence"} == TABLES.keys()


async def converted(old: Path) -> Store:
    convert_store(f"sqlite:{old}")
    return await open_store(f"sqlite:{old}")


async def test_messages_and_deliveries_are_as_they_were(old: Path) -> None:
    with opened(old) as database:
        rows = database.execute("select * from sent order by seq").fetchall()
        names = [row[1] for row in database.execute("pragma table_info(sent)")]
    store = await converted(old)
    states = {"came": State.RECEIVED, "done": State.DELIVERED}
    for values in rows:
        row = dict(zip(names, values, strict=True))
        hops = await store.messages.trace(row["id"])
        (hop,) = [one for one in hops if one.seq == row["seq"]]
        message = hop.message
        assert str(hop.channel) == row["destination"]
        assert hop.state == states.get(row["state"], row["state"])
        assert (hop.attempts, hop.error, hop.changed) == (
            row["attempts"],
            row["error"],
            row["changed"],
        )
        assert [message.id, message.origin, str(message.channel)] == [
            row["id"],
            row["origin"],
            row["channel"],
        ]
        assert [message.author.name, message.author.key] == [row["author_name"], row["author_key"]]
        assert [message.body, message.at] == [row["body"], row["at"]]
        assert [message.corrects, message.replies, message.thread] == [
            row["corrects"],
            row["replies"],
            row["thread"],
        ]
        assert await store.messages.id_from(row["origin"]) == row["id"]
    await store.close()


async def test_what_was_pending_is_pending(old: Path) -> None:
    with opened(old) as database:
        pending = database.execute(
            "select channel, count(*) from deliveries where state = 'pending' group by channel"
        ).fetchall()
    store = await converted(old)
    backlog = await store.deliveries.backlog()
    assert {str(channel): depth for channel, depth in backlog.items()} == dict(pending)
    for channel, depth in backlog.items():
        assert len(await store.deliveries.pending(channel, 0, 99)) == depth
    assert len(await store.dead_letters.newest()) == 1
    await store.close()


async def test_all_else_can_be_read(old: Path) -> None:
    store = await converted(old)
    assert len(await store.configuration.channels()) == 15
    routes = await store.configuration.routes()
    assert [stage.name for route in routes for stage in route.stages] == [
        "match",
        "digest",
        "dedupe",
        "tag",
        "delay",
    ]
    assert len(await store.configuration.tokens()) == len(await store.configuration.grants()) == 2
    assert [mute.name for mute in await store.configuration.mutes()] == ["Troll", "Tybalt"]
    assert {line.interface for _number, line in await store.audit.newest(limit=99)} == {
        "text",
        "form",
        "web",
        "api",
    }
    assert len(await store.people.preferences()) == len(await store.contacts.page(None, 9)) == 2
    assert [held.message.body for held in await store.held.first(9)] == [
        "Waits ten minutes",
        "A changed body",
    ]
    assert {entry.key: entry.value for entry in await store.held.processor_state()} == {
        "abc": 1_780_000_010_000,
        "xyz": {"n": [1, "ä"]},
    }
    position = await store.source_state.archive_position(ROOM)
    assert position
    assert position.stanza_id == "1780000016-4"
    assert await store.source_state.recall(Channel("fortune", "computers")) == ["2026-05-28T09:00"]
    stories = await store.stories.find(NEWS, hidden=True)
    assert [(one.told.title, one.version, one.deleted) for one in stories] == [
        ("(deleted by an operator)", 0, True),
        ("A better headline", 1, False),
    ]
    assert [one.body for one in await store.reminders.find()] == ["the milk", "stand up"]
    assert len(await store.secret()) == 32
    await store.close()


async def test_subscriptions_and_addresses_can_be_read(old: Path) -> None:
    store = await converted(old)
    counts = await store.subscriptions.counts()
    assert counts == {Standing.ASKED: 1, Standing.FAILED: 1, Standing.ON: 5, Standing.PAUSED: 1}
    german = await store.subscriptions.get(2)
    assert german
    assert (german.only, german.without, german.own) == ("bus, train", "/weather|rain/", True)
    assert (german.name, german.language) == ("Juliet", "de")
    names = await store.subscriptions.listeners(TEAM, ["nürse"], 0, 9)
    assert [one.who for one in names] == ["nurse@example.org"]
    notified = await store.fan_out.notified([2, 5])
    assert {number: len(seqs) for number, seqs in notified.items()} == {2: 2, 5: 1}
    addresses = await store.addresses.find()
    assert sorted(one.proof for one in addresses) == sorted(
        [
            Proof.ASKED,
            Proof.ASKED,
            Proof.BOUNCED,
            Proof.CONFIRMED,
            Proof.CONFIRMED,
            Proof.REFUSED,
        ]
    )
    box = Channel("mail", "new@example.net")
    requests = await store.addresses.request_counts(box, "juliet@example.org", 0, LATE)
    assert (requests.mailbox, requests.person, requests.domain) == (1, 1, 1)
    await store.close()


def test_what_the_messages_are(old: Path) -> None:
    convert_store(f"sqlite:{old}")
    with opened(old) as database:
        kinds = dict(database.execute("select kind, count(*) from messages group by kind"))
        authors = dict(
            database.execute("select author_kind, count(*) from messages group by author_kind")
        )
        request = database.execute(
            "select who, requested_by from confirmation_requests "
            "join messages on messages.id = message_id"
        ).fetchall()
    assert kinds["confirmation"] == kinds["digest"] == kinds["reminder"] == 1
    assert (kinds["aggregate"], kinds["feed-item"], kinds["announcement"]) == (1, 3, 3)
    assert authors == {"bus": 3, "guest": 2, "person": 8, "source": 7, "token": 2}
    assert request == [("juliet@example.org", "juliet@example.org")]


async def test_new_numbers_go_on_from_the_old(old: Path) -> None:
    with opened(old) as database:
        highest = dict(database.execute("select name, seq from sqlite_sequence"))
    store = await converted(old)
    ((number, _line),) = await store.audit.newest(limit=1)
    assert number == highest["audit"]
    await store.close()
    with opened(old) as database:
        now = dict(database.execute("select name, seq from sqlite_sequence"))
    assert now["deliveries"] == highest["deliveries"]
    assert now["processor_state"] == highest["notes"]


async def test_it_is_not_opened_before(old: Path) -> None:
    with pytest.raises(StoreError, match="shoutbus migrate"):
        await open_store(f"sqlite:{old}")
    assert count(old, "facts") == 3
    assert convert_store(f"sqlite:{old}")
    await (await open_store(f"sqlite:{old}")).close()


def test_a_second_time_there_is_nothing_to_do(old: Path) -> None:
    assert convert_store(f"sqlite:{old}")
    before = old.read_bytes()
    assert convert_store(f"sqlite:{old}") is None
    assert old.read_bytes() == before
    assert left(old.parent) == {"bus.db", "bus.db.before-migration"}


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_older_versions_of_it_are_brought_up_first(tmp_path: Path, version: int) -> None:
    from component.storage.sqlite.database import script_of

    file = tmp_path / "bus.db"
    first = (DUMP.parent / "first_version.sql").read_text("utf-8")
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(first)
        for number in range(2, version + 1):
            database.executescript(script_of(f"conversion/before_{number}.sql"))
        database.execute(f"pragma user_version = {version}")
    converted = convert_store(f"sqlite:{file}")
    assert converted
    assert (converted.rows["messages"], converted.rows["deliveries"]) == (1, 2)
    with opened(converted.copy) as database:
        assert database.execute("pragma user_version").fetchone() == (version,)


@pytest.mark.parametrize("content", [b"no database at all " * 300, b""])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bus.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="not a database"):
        convert_store(f"sqlite:{file}")
    assert file.read_bytes() == content
    assert left(tmp_path) == {"bus.db"}


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bus.db"
    with opened(file) as database:
        database.execute("create table things (a)")
        database.commit()
    with pytest.raises(StoreError, match="is not a database of Shoutbus"):
        convert_store(f"sqlite:{file}")
    with pytest.raises(StoreError, match="is not a database of Shoutbus"):
        await open_store(f"sqlite:{file}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        convert_store(f"sqlite:{tmp_path / 'bus.db'}")
    assert left(tmp_path) == set()


def test_a_damaged_file_is_refused(old: Path) -> None:
    content = bytearray(old.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\x07" * (4096 * 3)
    old.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        convert_store(f"sqlite:{old}")
    assert old.read_bytes() == content
    assert left(old.parent) == {"bus.db"}


def test_a_bus_that_runs_is_told_of(old: Path) -> None:
    with opened(old) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("select count(*) from messages").fetchone()
        with pytest.raises(StoreError, match="Stop Shoutbus first"):
            convert_store(f"sqlite:{old}")
    assert convert_store(f"sqlite:{old}")


def test_what_is_in_the_log_is_converted(old: Path, tmp_path: Path) -> None:
    """As after a kill -9: the last commits are in the write-ahead log alone."""
    with opened(old) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma wal_autocheckpoint = 0")
        database.execute("insert into contacts values ('a@x', 'b@x')")
        database.commit()
        copy = tmp_path / "killed"
        copy.mkdir()
        for file in (old, old.with_name("bus.db-wal")):
            shutil.copy(file, copy / file.name)
    converted = convert_store(f"sqlite:{copy / 'bus.db'}")
    assert converted
    assert converted.rows["contacts"] == 3
    assert left(copy) == {"bus.db", "bus.db.before-migration"}


def test_an_earlier_copy_is_not_overwritten(old: Path) -> None:
    earlier = old.with_name("bus.db.before-migration")
    earlier.write_text("mine")
    converted = convert_store(f"sqlite:{old}")
    assert converted
    assert converted.copy.name == "bus.db.before-migration-2"
    assert earlier.read_text() == "mine"


def test_the_file_stays_private(old: Path) -> None:
    old.chmod(0o640)
    converted = convert_store(f"sqlite:{old}")
    assert converted
    assert [file.stat().st_mode & 0o777 for file in (old, converted.copy)] == [0o640, 0o640]


FULL = """
import resource, signal, sys
from component.storage import convert_store
from component.common.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    convert_store(f"sqlite:{sys.argv[1]}")
except StoreError as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("limit", [4096, 65536, 131072])
def test_a_full_disk_leaves_it_as_it_was(old: Path, limit: int) -> None:
    content = old.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(old), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "was not converted; nothing was changed" in done.stdout
    assert old.read_bytes() == content
    assert left(old.parent) == {"bus.db"}
    assert convert_store(f"sqlite:{old}")


KILLED = """
import os, signal, sqlite3, sys
from component.storage import convert_store
steps = int(sys.argv[2])
def after(event, args):
    global steps
    if event in ("os.rename", "os.remove", "sqlite3.connect", "open", "os.chmod"):
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(after)
convert_store(f"sqlite:{sys.argv[1]}")
"""


def test_killed_at_any_step_it_is_one_form_or_the_other(old: Path, tmp_path: Path) -> None:
    fresh = old.read_bytes()
    rows = count(old, "messages")
    killed = 0
    for step in range(0, 60, 3):
        folder = tmp_path / str(step)
        folder.mkdir()
        file = folder / "bus.db"
        file.write_bytes(fresh)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(file), str(step)], capture_output=True, check=False
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        killed += done.returncode != 0
        convert_store(f"sqlite:{file}")
        assert count(file, "messages") == count(file, "confirmation_requests") + rows - 2
        assert any(name.startswith("bus.db.before-migration") for name in left(folder))
        if done.returncode == 0:
            break
    assert killed > 3


def test_the_command(old: Path, tmp_path: Path) -> None:
    config = tmp_path / "bus.toml"
    config.write_text(
        f'[xmpp]\nhost = "127.0.0.1"\ncomponent = "bus.example.org"\nsecret = "s"\n'
        f'rooms = "rooms.example.org"\n[store]\nurl = "sqlite:{old}"\n'
    )
    run = CliRunner()
    told = run.invoke(migrate, ["--config", str(config)])
    assert told.exit_code == 0
    assert told.output.startswith("The database was converted: ")
    assert "before-migration" in told.output
    again = run.invoke(migrate, ["--config", str(config)])
    assert again.output.startswith("The database already has the current form.")
    old.unlink()
    gone = run.invoke(migrate, ["--config", str(config)])
    assert gone.exit_code == 1
    assert "does not exist" in gone.output
