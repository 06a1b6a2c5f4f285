"""`shoutbus demo`: a private Prosody and the bus on it, with something in it to try."""

import asyncio
import contextlib
import fcntl
import json
import re
import secrets
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import click
import structlog

from component import methods
from component.app import running
from component.cli.mail_sink import Catcher
from component.cli.prosody import (
    COMPONENT,
    DOMAIN,
    HOST,
    ROOMS,
    Prosody,
    answers,
    end_orphan,
    free_ports,
)
from component.common.errors import ConfigError
from component.config.config import load

log = structlog.get_logger()

ACCOUNTS = (("admin", "admin"), ("juliet", "member"), ("romeo", "member"))
USUAL = {"web": 8080, "c2s": 5222, "component": 5347, "http": 5280, "mail": 2525}
CALLED = {
    "web": "the shoutboxes'",
    "c2s": "the clients'",
    "component": "the component's",
    "http": "the uploads'",
    "mail": "the mail server's",
}
PATIENCE = 15.0
"""Seconds to wait for the bot to be in its rooms before saying that all runs."""
BACK = 15.0
"""Seconds after which a Prosody that died is started again, unless someone else did."""


async def demo(data: Path, told: asyncio.Event) -> None:
    """Run the demo with its files under `data` until `told`; raises ConfigError where it can't
    start."""
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    with _alone(data):
        await _demo(data, told)


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Two demos on one folder would end each other's server and share a database."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                [
                    f"A demo runs on {data} already: end it first, or choose another folder "
                    "(--data, or DATA= with make)."
                ]
            ) from error
        yield


async def _demo(data: Path, told: asyncio.Event) -> None:
    await end_orphan(data / "prosody")
    ports = dict(zip(USUAL, free_ports(*USUAL.values()), strict=True))
    kept = _kept(data)
    server = Prosody(
        data / "prosody", secrets.token_hex(24), ports["c2s"], ports["component"], ports["http"]
    )
    await server.prepare(
        [(one["jid"].partition("@")[0], one["password"]) for one in kept["accounts"]]
    )
    file = _settings(data, server.secret, ports, kept["token"])
    await server.start()
    watch = asyncio.create_task(_watch(server))
    mails = Catcher(HOST, ports["mail"], data / "mail", _mail)
    try:
        await mails.start()
        config = load(file, methods.discover())
        await server.ready()
        async with running(config) as bus:
            with contextlib.suppress(TimeoutError):  # the log then says which room, and /health
                await asyncio.wait_for(bus.xmpp.inside(), PATIENCE)
            described = _describe(config.web.public_url, ports, kept) | {"mail": str(data / "mail")}
            _write(data / "demo.json", described)
            click.echo(_words(described, ports, data))
            await told.wait()
    finally:
        watch.cancel()
        await mails.close()
        await server.stop()


async def _watch(server: Prosody) -> None:
    while server.process:
        await server.process.wait()
        log.warning("the private Prosody ended", starts_again_in=BACK)
        await asyncio.sleep(BACK)
        # Someone started it by hand: there is no event of theirs to wait for.
        while await answers(server.c2s):  # noqa: ASYNC110
            await asyncio.sleep(BACK)
        await server.start()


def _kept(data: Path) -> dict[str, Any]:
    """Passwords and the token: those of the start before, or new ones."""
    (data / "demo.json").unlink(missing_ok=True)  # the ports in it were the last run's
    try:
        before: dict[str, Any] = json.loads((data / "secrets.json").read_text("utf-8"))
        return {"accounts": before["accounts"], "token": before["token"]}
    except (OSError, ValueError, KeyError):
        accounts = [
            {"jid": f"{name}@{DOMAIN}", "password": secrets.token_hex(5), "role": role}
            for name, role in ACCOUNTS
        ]
        kept = {"accounts": accounts, "token": secrets.token_hex(24)}
        _write(data / "secrets.json", kept)
        return kept


def _settings(data: Path, secret: str, ports: dict[str, int], token: str) -> Path:
    """Write the bus's configuration, which is one to learn from too."""
    file = data / "shoutbus.toml"
    file.touch(mode=0o600)
    file.write_text(
        f"""\
# Made anew by each `shoutbus demo`.
[xmpp]
host = "{HOST}"
port = {ports["component"]}
component = "{COMPONENT}"
secret = "{secret}"
rooms = "{ROOMS}"

[web]
listen = "{HOST}:{ports["web"]}"

[store]
url = "sqlite:{data / "shoutbus.db"}"

[mail]  # the demo's own server, which sends nothing: each mail is a file in {data / "mail"}
sender = "Shoutbus <shoutbus@{COMPONENT}>"
host = "{HOST}"
port = {ports["mail"]}

[[admin]]
jid = "{ACCOUNTS[0][0]}@{DOMAIN}"

# What follows is put into the store once, when it is fresh.
[[channel]]
name = "shoutbox:lobby"
title = "Lobby"

[[channel]]
name = "muc:lobby@{ROOMS}"
title = "Lobby"
subject = "What is said here stands in the shoutbox too"

[[channel]]
name = "shoutbox:team"
title = "Team"

[[channel]]
name = "muc:team@{ROOMS}"
title = "Team"
invite = [{", ".join(f'"{name}@{DOMAIN}"' for name, _ in ACCOUNTS)}]

[[channel]]
name = "chat:*"

[[channel]]
name = "fortune:hourly"
title = "Fortune"
when = "hourly"

[[channel]]
name = "story:fortunes"
title = "Fortunes"

[[route]]
from = "fortune:hourly"
to = "muc:lobby@{ROOMS}"

[[route]]
from = "fortune:hourly"
to = "story:fortunes"

[[route]]
from = "shoutbox:lobby"
to = "muc:lobby@{ROOMS}"
both = true

[[route]]
from = "shoutbox:team"
to = "muc:team@{ROOMS}"
both = true

[[route]]
from = "chat:*"
to = "shoutbox:lobby"

[[token]]
name = "demo"
secret = "{token}"
jid = "{ACCOUNTS[0][0]}@{DOMAIN}"
""",
        "utf-8",
    )
    return file


def _describe(url: str, ports: dict[str, int], kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "web": url,
        "xmpp": {
            "host": HOST,
            "port": ports["c2s"],
            "domain": DOMAIN,
            "component": COMPONENT,
            "rooms_domain": ROOMS,
            "component_port": ports["component"],
        },
        "bot": f"bot@{COMPONENT}",
        "accounts": kept["accounts"],
        "rooms": [f"lobby@{ROOMS}", f"team@{ROOMS}"],
        "token": kept["token"],
    }


def _write(file: Path, content: dict[str, Any]) -> None:
    """All at once, so that who waits for the file never reads half of it; for its owner alone."""
    half = file.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    half.replace(file)


def _mail(file: Path, mail: EmailMessage) -> None:
    """Tell of a mail, and where it leads, for who has no mail program at hand."""
    text = mail.get_body(("plain",))
    link = re.search(r"http\S+/confirm/\S+", str(text.get_content())) if text else None
    click.echo(
        f"Mail to {mail['To']}: {mail['Subject']}\n  {file}" + (f"\n  {link[0]}" if link else "")
    )


def _words(told: dict[str, Any], ports: dict[str, int], data: Path) -> str:
    moved = [
        f"{CALLED[name]} {USUAL[name]} is taken, it is {port}"
        for name, port in ports.items()
        if port != USUAL[name]
    ]
    accounts = "\n".join(
        f"    {one['jid']}  password {one['password']}  ({one['role']})" for one in told["accounts"]
    )
    return f"""
Shoutbus runs.

  Shoutboxes  {told["web"]}
  Sign in     with Gajim, Pidgin, profanity or any XMPP client,
              server {HOST}, port {told["xmpp"]["port"]};
              accept the self-signed certificate ({data / "prosody/certs" / f"{DOMAIN}.crt"})
{accounts}
  Rooms       {", ".join(told["rooms"])}
  The bot     {told["bot"]}: add it to your contacts and write “help” to it;
              what else you write to it goes to the shoutbox Lobby, for all to read
  Mail        goes nowhere: each one is a file in {told["mail"]}, and is told of here. Write
              “subscribe lobby every 2 by mail” to the bot to try it
  The API     curl -H "Authorization: Bearer {told["token"]}" -H "Content-Type: application/json" \\
                -d '{{"body": "Hello from curl"}}' \\
                {told["web"]}/api/v1/channels/shoutbox:lobby/messages
              described at {told["web"]}/api/openapi.json
  All of this is in {data / "demo.json"}; ctrl-c stops it, and the next start keeps what was said.
{"".join(f"  Port        {line}{chr(10)}" for line in moved)}"""
