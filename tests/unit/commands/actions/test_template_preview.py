"""`template-preview`, on a real store, with templates of the operator's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands.action import Bus
from commands.text import Text
from component.bus.model.delivery import State
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import ChannelSpec, Preference
from component.bus.model.roles import Role
from component.cli.check import find_faults
from component.subscriptions.rendering.templates import NAMES, Templates
from component.xmpp.handlers import TypedLine
from tests.support.fakes import a_bus, offered, prefers
from tests.support.saving import committed

LOBBY = Channel("shoutbox", "lobby")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    one = tmp_path / "letters"
    one.mkdir()
    return one


@pytest.fixture
async def bus(tmp_path: Path, folder: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as one:
        await one.store.configuration.seed([ChannelSpec(LOBBY, "Lobby")], (), ())
        await one.hub.reload()
        yield replace(one, templates=Templates(folder))


async def says(bus: Bus, line: str, role: Role = Role.OPERATOR) -> str:
    return str(
        await Text(bus, lambda _jid: role, lambda: 0.0).answer(TypedLine("op@x", "Op", line, False))
    )


@pytest.mark.parametrize("name", NAMES)
async def test_samples(bus: Bus, name: str) -> None:
    told = await says(bus, f"template preview {name}")
    assert told.startswith(f"Preview of {name}:\n")
    assert ("<!DOCTYPE html>" in told) is (name.endswith(".html") and name != "footer.html")


async def test_what_stands_in_a_channel_in_ones_language_and_zone(bus: Bus) -> None:
    await prefers(bus, Preference("op@x", "de", zone="Asia/Kolkata"))
    await bus.hub.accept(
        Message.new(LOBBY, Author("Romeo", "romeo@x"), "Guten Morgen", 1_764_000_000_000)
    )
    told = await says(bus, "template preview digest.txt shoutbox:lobby")
    assert told.startswith(
        "Vorschau von digest.txt:\nLobby: 1 Nachricht\nMontag, 24. November 2025, alle "
        "Uhrzeiten in Asia/Kolkata\n"
    )
    assert "21:30 Romeo: Guten Morgen" in told


@pytest.mark.parametrize("name", ["footer.txt", "digest.txt"])
async def test_the_subscription_is_of_the_channel_though_a_person_wrote_there(
    bus: Bus, name: str
) -> None:
    said = Message.new(
        Channel("chat", "romeo@x"), Author("Romeo", "romeo@x"), "Hello", 1_764_000_000_000
    )
    await committed(
        bus.store,
        [offered(said, (said.channel, State.RECEIVED), (LOBBY, State.DELIVERED))],
        (),
        (),
    )
    told = await says(bus, f"template preview {name} shoutbox:lobby")
    assert "Lobby" in told
    assert "chat:romeo@x" not in told


async def test_what_can_not_be_shown(bus: Bus) -> None:
    assert "shoutbox:lobby does not contain any messages yet." in await says(
        bus, "template preview digest.txt shoutbox:lobby"
    )
    assert "The channel muc:x does not exist, or you cannot access it." in await says(
        bus, "template preview digest.txt muc:x"
    )
    assert "Template: " in await says(bus, "template preview ../../etc/passwd")


async def test_a_fault_in_a_template_of_theirs(bus: Bus, folder: Path) -> None:
    (folder / "digest.txt").write_text("\n\n{{ dogest }}")
    told = await says(bus, "template preview digest.txt")
    assert told.startswith(
        "digest.txt cannot be used. The preview shows the built-in template: digest.txt, line 3: "
        "'dogest' is undefined\nLobby: 8 messages\n"
    )
    (folder / "digest.txt").write_text("Mine: {{ subject }}")
    assert (await says(bus, "template preview digest.txt")).startswith(
        "Preview of digest.txt:\nMine: Lobby: 8 messages\n"
    )


async def test_a_long_one_is_cut(bus: Bus) -> None:
    for count in range(10):
        await bus.hub.accept(
            Message.new(LOBBY, Author("Romeo", "romeo@x"), f"{count}{'&' * 3_000}", 1_000 + count)
        )
    told = await says(bus, "template preview digest.html shoutbox:lobby")
    assert "(shortened; the full text has " in told
    assert len(told) < 21_000


async def test_the_check_tells_of_faults_in_the_folder(tmp_path: Path, folder: Path) -> None:
    (folder / "request.html").write_text("{{ whom }}")
    file = tmp_path / "bus.toml"
    file.write_text(
        f'[letters]\nfolder = "{folder}"\n[store]\nurl = "sqlite:{tmp_path / "checked.db"}"\n'
    )
    told = [one for one in await find_faults(file) if one.startswith("[letters]")]
    assert told == ["[letters] request.html, line 1: 'whom' is undefined"]
