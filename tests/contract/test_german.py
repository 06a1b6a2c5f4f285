"""What people read whose language is German: forms, menus, answers, and every kind of refusal.

On the surfaces themselves; that no sentence is without its German is held in `test_words.py`.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.action import Bus, discover
from commands.menu import GROUPS
from commands.text import Text
from component.bus.model.delivery import State
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Audit, Drop, Put
from component.bus.model.roles import Role
from component.bus.ports.method import RoomState
from component.common.i18n import tell
from component.xmpp.handlers import IqFault, TypedLine
from component.xmpp.muc.listener import OUT
from tests.contract.forms import Client, X, a_seeded_bus, boxes, lines, sampled, session_of, told
from tests.contract.test_rules import keeps_the_rules
from tests.support.fakes import FakeRooms

ACTIONS = discover()
LOBBY = Channel("shoutbox", "lobby")


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


def a_text(bus: Bus) -> Text:
    return Text(bus, lambda _jid: Role.ADMIN, lambda: 0.0)


async def _says(surface: Text, line: str, language: str = "de") -> str:
    return str(await surface.answer(TypedLine("admin@x", "Nick", line, False, language)))


@pytest.mark.parametrize("node", [*ACTIONS, *GROUPS])
async def test_a_german_form_keeps_the_rules(bus: Bus, node: str) -> None:
    client = Client(bus, seen=keeps_the_rules, language="de")
    first = await client.send(node)
    if first.get("status") == "executing":
        wrong = await client.send(node, {var: ["\t"] for var in sampled(first)}, session_of(first))
        if wrong.get("status") == "executing":
            await client.send(node, sampled(first), session_of(wrong))


async def test_the_menu_in_german(bus: Bus) -> None:
    client = Client(bus, language="de")
    offered = dict(client.adhoc.listed("bot@bus", "admin@x/pda", "de-AT"))
    assert offered["channels"] == "Feeds und Kanäle…"
    assert offered["me"] == "Meine Einstellungen…"
    assert client.adhoc.named("routes", "admin@x/pda", "de") == "Routen…"
    first = await client.send("channels")
    assert told(first).startswith("Feeds und Kanäle…\n")
    choices = {
        one.get("label"): one.findtext(f"{X}value")
        for box in boxes(first)
        for one in box.iter(f"{X}option")
    }
    assert choices["Kanal pausieren"] == "channel-pause"
    # By its title, as a client may send it
    second = await client.send("channels", {"command": ["Kanal pausieren"]}, session_of(first))
    assert [box.get("label") for box in boxes(second)] == ["Kanal", "Pausiert"]
    again = await client.send(
        "channels", {"channel": ["muc:nowhere@x"], "paused": ["on"]}, session_of(first)
    )
    assert lines(again).startswith("Kanal: „muc:nowhere@x“ steht nicht zur Auswahl.")
    done = await client.send(
        "channels", {"channel": ["shoutbox:lobby"], "paused": ["on"]}, session_of(first)
    )
    assert told(done).startswith("shoutbox:lobby ist pausiert. ")


async def test_refusals_in_german(bus: Bus) -> None:
    guest = Client(bus, lambda _jid: Role.GUEST, language="de")
    for node, words in (
        ("nothing", "Den Befehl „nothing“ gibt es nicht"),
        ("status", "erfordert die Rolle Operator; deine Rolle ist Gast."),
        ("routes", "Deine Rolle, Gast, erlaubt das nicht."),
    ):
        with pytest.raises(IqFault, match=words):
            await guest.send(node)


async def test_help_in_german(bus: Bus) -> None:
    text = a_text(bus)
    first = (await _says(text, "help", "de-CH")).splitlines()
    assert first[0].startswith(
        "Ich leite Nachrichten zwischen Räumen, Shoutboxen und Personen weiter. Das sind meine "
        "Befehle:"
    )
    assert first[1].startswith("Nachrichten: shout, last, search")
    assert "„help all“ zeigt alle mit ihren Titeln." in first[-3]
    answer = (await _says(text, "help alle", "de-CH")).splitlines()
    assert answer[0].startswith(
        "Ich leite Nachrichten zwischen Räumen, Shoutboxen und Personen weiter. Das sind meine "
        "Befehle:"
    )
    assert answer[1:-2] == [
        f"{name}: {tell(ACTIONS[name].title, 'de')}" for name in sorted(ACTIONS)
    ]
    assert answer[-2] == "„help processors“ listet die Prozessoren auf, die eine Route haben kann."
    assert answer[-1].startswith("Die Shoutboxen findest du unter ")


async def test_a_conversation_in_german(bus: Bus) -> None:
    text = a_text(bus)
    assert (await _says(text, "route add")).startswith(
        "Von?\nder Kanal, aus dem Nachrichten kommen\n"
    )
    assert (await _says(text, "shoutbox:loby")).startswith(
        "Fehler: „shoutbox:loby“ steht nicht zur Auswahl. Ähnlich: shoutbox:lobby."
    )
    assert (await _says(text, "shoutbox:lobby")).startswith(
        "Nach?\nder Kanal, in den Nachrichten gehen\n"
    )
    assert (await _says(text, "zurück")).startswith("Von?")
    assert await _says(text, "abbrechen") == "Es wurde nichts geändert."
    asked = await _says(text, "channel remove shoutbox:lobby")
    assert asked.splitlines()[0].startswith("shoutbox:lobby (Lobby <b>& 100 %)")
    assert asked.splitlines()[1] == "Bestätigen?"
    assert asked.endswith(
        "(„zurück“ geht einen Schritt zurück, „abbrechen“ bricht ab, ohne etwas zu ändern)"
    )
    assert (await _says(text, "ja")).startswith(
        "shoutbox:lobby wurde entfernt. Entfernte Routen: 1; neue unzustellbare Nachrichten:"
    )
    assert not bus.hub.find(Channel("shoutbox", "lobby"))


# Faults of the core, on each surface


@pytest.mark.parametrize(
    ("node", "values", "answer"),
    [
        (
            "deadletter-list",
            {"channel": "Foyer"},
            "Den Kanal Foyer gibt es nicht, oder du hast keinen Zugriff darauf.",
        ),
        (
            "deadletter-list",
            {"channel": "Foo:x"},
            "Den Kanal Foo:x gibt es nicht, oder du hast keinen Zugriff darauf.",
        ),
        (
            "last",
            {"channel": "pigeon:x"},
            "Den Kanal pigeon:x gibt es nicht, oder du hast keinen Zugriff darauf.",
        ),
        (
            "role-grant",
            {"jid": "juliet", "role": "member"},
            "„juliet“ ist keine JID. Schreib sie wie juliet@example.org.",
        ),
        (
            "deadletter-list",
            {"channel": "x" * 4001},
            "Der Text hat 4001 Zeichen. Höchstens 4000 sind erlaubt.",
        ),
    ],
)
async def test_bad_values_in_german(
    bus: Bus, node: str, values: dict[str, str], answer: str
) -> None:
    client = Client(bus, language="de")
    asked = await client.send(node)
    filled = await client.send(
        node, {name: [value] for name, value in values.items()}, session_of(asked)
    )
    assert answer in " ".join((lines(filled) or told(filled)).split())
    line = " ".join(
        [node.replace("-", " "), *(f'{name}="{value}"' for name, value in values.items())]
    )
    assert answer in await _says(a_text(bus), line)


async def test_a_channel_with_a_bad_address_in_german(bus: Bus) -> None:
    answer = (
        "„lobby“ ist keine Adresse eines Kanals der Methode muc. Schreib sie wie "
        "muc:team@rooms.example.org."
    )
    assert (await _says(a_text(bus), "channel add muc lobby")).startswith(f"Fehler: {answer}")
    client = Client(bus, language="de")
    first = await client.send(
        "channel-add", {"method": ["muc"]}, session_of(await client.send("channel-add"))
    )
    second = await client.send("channel-add", {"address": ["lobby"]}, session_of(first))
    assert answer in lines(second)


async def test_an_unknown_method_in_german(bus: Bus) -> None:
    answer = "„pigeon“ steht nicht zur Auswahl."
    assert (await _says(a_text(bus), "channel add pigeon x")).startswith(
        f"Fehler: Methode: {answer}"
    )
    client = Client(bus, language="de")
    first = await client.send(
        "channel-add", {"method": ["pigeon"]}, session_of(await client.send("channel-add"))
    )
    assert answer in lines(first)
    written = '[[channel]]\nname = "pigeon:coop"\n'
    assert "die Methode „pigeon“ gibt es nicht" in await _says(a_text(bus), f"import\n{written}")


async def test_a_conflict_in_german(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two change one channel at once: the second is told."""
    stale = bus.hub.find(LOBBY)
    assert stale
    change = bus.settings.change

    async def later(changes: Sequence[Put | Drop], audit: Audit) -> None:
        monkeypatch.undo()
        await change([Put(replace(stale, title="Someone was faster"))], audit)
        await change(changes, audit)

    monkeypatch.setattr(bus.settings, "change", later)
    answer = await _says(a_text(bus), "channel pause shoutbox:lobby")
    changed = (
        "Fehler: Jemand anders hat das inzwischen geändert. Es wurde nichts gespeichert; sieh es "
        "dir an und versuch es noch einmal."
    )
    assert answer.splitlines()[0] == changed


async def test_a_role_that_does_not_reach_in_german(bus: Bus) -> None:
    text = Text(bus, lambda _jid: Role.GUEST, lambda: 0.0)
    refused = "Fehler: „status“ erfordert die Rolle Operator; deine Rolle ist Gast."
    assert await text.answer(TypedLine("", "Nick", "status", True, "de")) == refused
    private = "Fehler: „status“ geht nur in einem privaten Chat. Schreib an bot@bus.example.org."
    assert await a_text(bus).answer(TypedLine("admin@x", "Nick", "status", True, "de")) == private


async def test_states_in_german(bus: Bus) -> None:
    message = Message.new(LOBBY, Author("Juliet", "juliet@x"), "Hallo", 1)
    await bus.hub.accept(message)
    told = await _says(a_text(bus), f"trace {message.id}")
    assert told.splitlines()[1].startswith("shoutbox:lobby: empfangen ")
    assert told.splitlines()[2].startswith("muc:a_very-long-name&so@rooms.example.org: zugestellt ")


def test_every_state_and_role_has_its_german() -> None:
    states = ["empfangen", "ausstehend", "zugestellt", "unzustellbar", "verworfen"]
    assert [one.words.told("de") for one in State] == states
    assert [one.words.told("de") for one in Role] == ["Gast", "Mitglied", "Operator", "Admin"]
    assert [str(one.words) for one in State] == [
        "received",
        "pending",
        "delivered",
        "undeliverable",
        "dropped",
    ]
    assert [str(one.words) for one in Role] == [one.label for one in Role]


async def test_what_is_off_and_paused_in_german(bus: Bus) -> None:
    text, way = a_text(bus), "shoutbox:lobby → muc:a_very-long-name&so@rooms.example.org"
    assert await _says(text, "route pause 1") == f"{way} ist jetzt aus."
    assert await _says(text, "route pause 1 aus") == f"Nichts zu ändern: {way} ist schon aus."
    assert (await _says(text, "route list")).splitlines()[1] == f"1: {way} (aus)"
    assert await _says(text, "route pause 1 an") == f"{way} ist jetzt an."
    await _says(text, "channel pause shoutbox:lobby")
    assert (
        "shoutbox:lobby title=Lobby <b>& 100 % (pausiert)"
        in (await _says(text, "channel list")).splitlines()
    )


@pytest.mark.parametrize(
    ("node", "field", "labels"),
    [
        ("role-grant", "role", ["(auswählen)", "Mitglied", "Operator", "Admin"]),
        ("route-pause", "state", ["aus", "an"]),
        ("channel-pause", "paused", ["an", "aus"]),
    ],
)
async def test_choices_in_german(bus: Bus, node: str, field: str, labels: list[str]) -> None:
    form = await Client(bus, language="de").send(node)
    box = next(one for one in boxes(form) if one.get("var") == field)
    assert [one.get("label") for one in box.iter(f"{X}option")] == labels


async def test_a_choice_by_its_german_name(bus: Bus) -> None:
    assert (
        await _says(a_text(bus), "role grant juliet@x Operator")
        == "juliet@x hat jetzt die Rolle Operator."
    )
    told = await _says(a_text(bus), "preferences confirm=immer")
    assert told.endswith("immer. Deine Zeitzone: UTC.")
    assert bus.settings.preference("admin@x").confirm == "always"


async def test_the_state_of_the_bus_in_german(bus: Bus) -> None:
    assert isinstance(bus.rooms, FakeRooms)
    bus.rooms.states["out@rooms.x"] = RoomState(False, OUT["301"], False, "", 0)
    room = "a_very-long-name&so@rooms.example.org"
    bus.rooms.states[room] = RoomState(False, OUT["307"], False, "", 0)
    assert f"{room}: nicht im Raum: der Bot wurde aus dem Raum geworfen" in await _says(
        a_text(bus), "room list"
    )
    rooms = {
        "out@rooms.x": {"state": "out", "trouble": "…"},
        "new@rooms.x": {"state": "joining", "trouble": ""},
    }
    xmpp = {"state": "up", "trouble": "", "rooms": rooms, "seconds": 60.0}

    async def health() -> dict[str, Any]:
        return {"status": "degraded", "uptime": 60, "xmpp": xmpp}

    told = (await _says(a_text(replace(bus, health=health)), "status")).splitlines()
    assert told[0] == "Shoutbus 1.2.3, läuft seit 1 min: eingeschränkt"
    assert told[1].startswith("XMPP: verbunden seit ")
    assert "  out@rooms.x: der Bot ist aus dem Raum verbannt" in told
    assert "  new@rooms.x: wird betreten" in told


async def test_a_language_that_is_not_there_is_answered_in_english(bus: Bus) -> None:
    for language in ("fr", "", "en-GB", "dex"):
        assert (
            await _says(a_text(bus), "whoami", language) == "You are admin@x, with the role admin."
        )
