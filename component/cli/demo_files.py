"""The files of the demo: passwords that it keeps, settings, the description for programs; and what
it prints."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Self

from component.cli.prosody import COMPONENT, DOMAIN, HOST, ROOMS, free_ports

ACCOUNTS = (("admin", "admin"), ("juliet", "member"), ("romeo", "member"))
"""The names and roles of the accounts."""
ADMIN = f"{ACCOUNTS[0][0]}@{DOMAIN}"

USUAL_PORTS = {"web": 8080, "c2s": 5222, "component": 5347, "http": 5280, "mail": 2525}
PORT_NAMES = {
    "web": "the shoutboxes'",
    "c2s": "the clients'",
    "component": "the component's",
    "http": "the uploads'",
    "mail": "the mail server's",
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the next start of the demo uses again: accounts and the API token."""

    accounts: Sequence[dict[str, str]]
    token: str

    @classmethod
    def keep(cls, data: Path) -> Self:
        """Those of an earlier start, or new ones, which are written."""
        file = data / "secrets.json"
        try:
            kept = json.loads(file.read_text("utf-8"))
            return cls(kept["accounts"], kept["token"])
        except (OSError, ValueError, KeyError):
            accounts = [new_account(name, role) for name, role in ACCOUNTS]
            token = secrets.token_hex(24)
            write_json(file, {"accounts": accounts, "token": token})
            return cls(accounts, token)

    def passwords(self) -> list[tuple[str, str]]:
        """Each account's local part and password."""
        return [(entry["jid"].partition("@")[0], entry["password"]) for entry in self.accounts]


def new_account(name: str, role: str) -> dict[str, str]:
    """An account with a new password."""
    return {"jid": f"{name}@{DOMAIN}", "password": secrets.token_hex(5), "role": role}


def choose_ports() -> dict[str, int]:
    """A free port for each purpose, the usual one if possible."""
    return dict(zip(USUAL_PORTS, free_ports(*USUAL_PORTS.values()), strict=True))


def write_settings(data: Path, secret: str, ports: dict[str, int], token: str) -> Path:
    """Write the bus's configuration, which is an example to learn from as well."""
    people = ", ".join(f'"{name}@{DOMAIN}"' for name, _role in ACCOUNTS)
    template = Template(resources.files("prosody").joinpath("demo.toml").read_text("utf-8"))
    text = template.substitute(
        host=HOST,
        component=COMPONENT,
        component_port=ports["component"],
        web_port=ports["web"],
        mail_port=ports["mail"],
        rooms=ROOMS,
        secret=secret,
        data=data,
        admin=ADMIN,
        people=people,
        token=token,
    )
    file = data / "shoutbus.toml"
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
    return file


def describe(url: str, ports: dict[str, int], kept: Secrets, data: Path) -> dict[str, Any]:
    """The demo for programs: addresses, accounts and the token."""
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
        "accounts": kept.accounts,
        "rooms": [f"lobby@{ROOMS}", f"team@{ROOMS}"],
        "token": kept.token,
        "mail": str(data / "mail"),
    }


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write a file for its owner only, all at once: programs that wait for it never read half of
    it."""
    half = file.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    half.replace(file)


def banner(description: dict[str, Any], ports: dict[str, int], data: Path) -> str:
    """What people read once the demo runs."""
    accounts = []
    for entry in description["accounts"]:
        accounts.append(f"    {entry['jid']}  password {entry['password']}  ({entry['role']})")
    listed = "\n".join(accounts)
    web, token = description["web"], description["token"]
    certificate = data / "prosody/certs" / f"{DOMAIN}.crt"
    text = f"""
Shoutbus is running.

  Shoutboxes  {web}
  Sign in     with Gajim, Pidgin, profanity or any XMPP client,
              server {HOST}, port {description["xmpp"]["port"]};
              accept the self-signed certificate ({certificate})
{listed}
  Rooms       {", ".join(description["rooms"])}
  The bot     {description["bot"]}: add it to your contacts and write “help” to it.
              Everything else you write to it is posted to the shoutbox Lobby
  Mail        The demo does not send mail. It writes each message to {description["mail"]}
              and logs it. To try it, write “subscribe lobby every 2 by mail” to the bot
  The API     curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" \\
                -d '{{"body": "Hello from curl"}}' \\
                {web}/api/v1/channels/shoutbox:lobby/messages
              described at {web}/api/openapi.json
  These details are also in {data / "demo.json"}. Ctrl-C stops the demo; its messages and
  passwords are kept.
"""
    for name, port in ports.items():
        if port != USUAL_PORTS[name]:
            usual = USUAL_PORTS[name]
            text += f"  Port        {PORT_NAMES[name]} {usual} is taken, it is {port}\n"
    return text
