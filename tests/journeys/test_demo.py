"""The demo as one who tries it meets it: what it writes, what it keeps, how it ends."""

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from component.cli.prosody import answers
from tests.journeys.test_commands_people import ask
from tests.support import servers
from tests.support.people import person
from tests.support.servers import SHOUTBUS, Bus, call, eventually


def test_demo_json_tells_all_one_needs(demo: tuple[Bus, dict[str, Any]]) -> None:
    bus, told = demo
    assert told.keys() == {"web", "xmpp", "bot", "accounts", "rooms", "token", "mail"}
    assert told["xmpp"].keys() == {
        "host",
        "port",
        "domain",
        "component",
        "rooms_domain",
        "component_port",
    }
    assert [account["role"] for account in told["accounts"]] == ["admin", "member", "member"]
    assert all(account.keys() == {"jid", "password", "role"} for account in told["accounts"])
    assert told["bot"] == f"bot@{told['xmpp']['component']}"
    assert told["rooms"] == [f"{name}@{told['xmpp']['rooms_domain']}" for name in ("lobby", "team")]
    page = servers.call(told["web"]).text
    assert "Lobby" in page
    assert "Team" in page
    for pair in ("lobby", "team"):
        words = f"into the pair {pair}"
        trace = bus.post(f"shoutbox:{pair}", words).json["trace"].removeprefix(bus.url)
        eventually(
            lambda trace=trace: bus.get(trace).json["deliveries"][1]["state"] == "delivered",  # type: ignore[misc]
            f"{pair} is joined",
        )
    assert bus.get("/api/v1/channels/chat:juliet@localhost/messages").status == 200, (
        "the token is the admin's"
    )


async def test_mail_is_caught_and_told_of(demo: tuple[Bus, dict[str, Any]]) -> None:
    """What the demo says to write, with no setting up."""
    bus, told = demo
    (line,) = re.findall(r"write\s+“(subscribe .*? by mail)”", bus.log.read_text())
    juliet = told["accounts"][1]
    async with person("juliet", juliet["password"], told["xmpp"]["port"]) as me:
        await ask(me, line, "Address")
        await ask(me, "juliet@example.org", "No messages are sent until")
        mail = re.compile(
            rf"Mail to juliet@example\.org: .*\n  ({told['mail']}/\S+\.eml)(?:\n  (http\S+))?"
        )
        asked = await asyncio.to_thread(
            eventually,
            lambda: mail.search(bus.log.read_text()),
            "the request is told of",
        )
        file, link = asked.groups()
        assert f"\n{link}\n" in Path(file).read_text("utf-8")
        page = await asyncio.to_thread(call, link)
        (number,) = re.findall(r'name="number" value="(\d+)"', page.text)
        sent = urlencode({"whole": "yes", "number": number}).encode()
        assert (await asyncio.to_thread(call, link, sent, "POST")).status == 200
        for words in ("caught one", "caught two"):
            bus.post("shoutbox:lobby", words)
        later = await asyncio.to_thread(
            eventually,
            lambda: mail.search(bus.log.read_text(), asked.end()),
            "the digest is told of",
        )
        assert "caught two" in Path(later[1]).read_text("utf-8")
        await ask(me, "stop", "has ended")


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with servers.demo(data):
        for name in (
            "demo.json",
            "secrets.json",
            "shoutbus.toml",
            "shoutbus.db",
            "prosody/prosody.cfg.lua",
            "mail",
        ):
            assert (data / name).stat().st_mode & 0o077 == 0, name
        assert data.stat().st_mode & 0o077 == 0


def test_a_second_start_keeps_what_was_said(tmp_path: Path) -> None:
    with servers.demo(tmp_path / "var") as (bus, first):
        assert bus.post("shoutbox:lobby", "before").status == 201
    assert bus.process.returncode == 0
    assert not asyncio.run(answers(first["xmpp"]["port"])), "ctrl-c stops the server too"
    with servers.demo(tmp_path / "var") as (bus, second):
        assert bus.bodies("shoutbox:lobby") == ["before"]
        assert (first["accounts"], first["token"]) == (second["accounts"], second["token"])


def test_a_second_demo_picks_other_ports_and_never_the_same_folder(tmp_path: Path) -> None:
    with servers.demo(tmp_path / "one") as (_, first):
        with servers.demo(tmp_path / "two") as (bus, second):
            ports = [
                told["xmpp"][port]
                for told in (first, second)
                for port in ("port", "component_port")
            ]
            assert len(set(ports)) == 4
            assert f"it is {second['xmpp']['port']}" in bus.log.read_text()
        refused = subprocess.run(
            [SHOUTBUS, "demo", "--data", str(tmp_path / "one")],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert refused.returncode == 1
    assert "already" in refused.stderr
