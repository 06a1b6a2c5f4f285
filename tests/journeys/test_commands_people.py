"""Commands to the bot on a real server: a token made and used, a shout heard and traced, a dead
letter retried."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from component.cli.prosody import COMPONENT
from tests.support.people import Person, person
from tests.support.servers import Bus, Server, call, eventually

BOT = f"bot@{COMPONENT}"
GONE = "gone@localhost"


async def ask(who: Person, line: str, answer: str) -> str:
    """Write to the bot; the answer that comes, which must match."""
    seen = len(who.heard)
    who.tell(BOT, line)

    def found() -> str | None:
        bodies = [str(one["body"]) for one in who.heard[seen:] if one["from"].bare == BOT]
        return next((body for body in bodies if re.search(answer, body)), None)

    return str(await who.until(found, f"{answer!r} to {line!r}"))


def post(bus: Bus, secret: str, body: str) -> int:
    headers = {"Authorization": f"Bearer {secret}", "Content_Type": "application/json"}
    return call(
        f"{bus.url}/api/v1/channels/shoutbox:lobby/messages",
        json.dumps({"body": body}).encode(),
        **headers,
    ).status


async def test_a_line_that_only_looks_like_a_command(server: Server, bus: Bus) -> None:
    async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
        await ask(juliet, "last lobbi", "Did you mean “last lobby”?")
        await ask(juliet, "no", "Nothing was posted.")
        await ask(juliet, "last night was fun", r"^Post “last night was fun” to .*\(yes/no\)")
        await ask(juliet, "yes", "Posted to")
        juliet.tell(BOT, "/me waves")
        await ask(juliet, "/ping", "pong")
        eventually(
            lambda: bus.bodies("shoutbox:lobby") == ["last night was fun", "/me waves"],
            "both came as written",
        )


async def test_a_token_works_from_its_making_to_its_end(
    server: Server, bus: Bus, tmp_path: Path
) -> None:
    async with person("admin", server.passwords["admin"], server.c2s) as admin:
        answer = await ask(admin, "token create news juliet@localhost", "The secret of")
        secret = answer.splitlines()[1]
        assert post(bus, secret, "from the news") == 201
        told = await ask(admin, "last shoutbox:lobby", "The last 1 messages in")
        assert told.endswith("news: from the news")
        await ask(admin, "token revoke news sure", "Revoked the token")
        assert post(bus, secret, "too late") == 401
        told = await ask(admin, "audit", "changes, newest first")
        assert "token-create: ∅ → news: juliet@localhost" in told
        for file in (tmp_path / "bus").iterdir():
            assert secret.encode() not in file.read_bytes(), file


async def test_a_shout_is_heard_and_traced(server: Server, bus: Bus) -> None:
    async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
        room = "lobby@rooms.localhost"
        await juliet.join(room, "Juliet")
        answer = await ask(juliet, "shout shoutbox:lobby good evening", "Posted to shoutbox:lobby")
        await juliet.hears("juliet: good evening")
        start = re.findall(r"trace ([0-9a-f]{12})", answer)[0]
        eventually(lambda: _done(bus, start), "the room's word is on disk")
        told = await ask(juliet, f"trace {start}", "by juliet")
        assert re.search(rf"muc:{room}: delivered", told)
        assert (await ask(juliet, "last shoutbox:lobby", "The last")).endswith(
            "juliet: good evening"
        )
        await ask(juliet, f"last muc:{room}", "Error: The channel")
        await ask(juliet, f"shout muc:{room} no", "Error: The channel")


def _done(bus: Bus, start: str) -> bool:
    """Whether a message of the lobby, by the start of its id, has arrived everywhere."""
    lobby = bus.get("/api/v1/channels/shoutbox:lobby/messages").json["messages"]
    (whole,) = [one["id"] for one in lobby if one["id"].startswith(start)]
    return all(
        hop["state"] in ("received", "delivered")
        for hop in bus.get(f"/api/v1/messages/{whole}").json["deliveries"]
    )


async def test_a_dead_letter_is_retried_once_there_is_someone(
    server: Server, bus: Bus, tmp_path: Path
) -> None:
    async with person("admin", server.passwords["admin"], server.c2s) as admin:
        await ask(admin, f"shout chat:{GONE} are you there?", "Posted to chat:gone@localhost")
        eventually(lambda: _dead(tmp_path), "it bounced")
        told = await ask(admin, "deadletter list", "1 dead letters")
        number = re.findall(
            rf"^(\d+): .* chat:{GONE} “admin: are you there\?”", told, re.MULTILINE
        )[0]
        await server.prosody.prepare([("gone", "gone-secret")])
        async with person("gone", "gone-secret", server.c2s) as gone:
            await ask(admin, f"deadletter retry {number}", "Retrying 1. “trace")
            await gone.hears("admin: are you there?")
        await ask(admin, "deadletter list", "0 dead letters")


def _dead(place: Path) -> bool:
    """Whether a dead letter is on disk."""
    file = f"file:{place / 'bus' / 'bus.db'}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as database:
        return bool(database.execute("select 1 from deliveries where state = 'dead'").fetchall())


async def test_a_new_role_is_seen_at_once(server: Server, bus: Bus) -> None:
    """Clients ask what is offered when the bot comes online: Pidgin kept yesterday's menu."""
    async with (
        person("admin", server.passwords["admin"], server.c2s) as admin,
        person("juliet", server.passwords["juliet"], server.c2s) as juliet,
    ):
        juliet.send_raw(f'<presence type="subscribe" to="{BOT}"/>')
        shown = ("available", BOT)
        await juliet.until(
            lambda: shown in [(one["type"], one["from"].bare) for one in juliet.presences],
            "a contact",
        )
        seen = len(juliet.presences)
        await ask(juliet, "route list", "requires the role operator; your role is")
        await ask(admin, "role grant juliet@localhost operator", "operator")

        def offline_and_back() -> bool:
            """The server's own probe may bring another one before."""
            shown = [str(one["type"]) for one in juliet.presences[seen:] if one["from"].bare == BOT]
            return ["unavailable", "available"] in [
                shown[place : place + 2] for place in range(len(shown))
            ]

        await juliet.until(offline_and_back, "unavailable, then available")
        await ask(juliet, "route list", "2 routes|3 routes")
