"""A bus that answers besides, to private messages, what its XMPP side knows and no command of its
own tells: who is online, whom a room admits, who was put out."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from component.cli.prosody import COMPONENT, HOST, free_port
from tests.journeys.test_servers import Place
from tests.support.people import Person
from tests.support.servers import Bus

BOT = f"bot@{COMPONENT}"

_numbers = itertools.count(1)

# A room's word is believed for no time here, so that what nobody sees change can be asked again.
_ANSWERING = """
from component import app
from component.__main__ import main
from component.xmpp.muc import access

access.KEPT = 0.0
attach = app.Xmpp.attach


def attached(xmpp, hub, text, *more):
    answer, lost = text.answer, []
    xmpp.rooms.lost.append(lambda room, jid: lost.append(f"{room} {jid}"))

    async def answering(asked):
        number, verb, names = "", "", []
        if asked.text.startswith("#"):
            number, verb, *names = [*asked.text.split(), "", ""][:4]
        names = [one for one in names if one]
        if verb == "watch":
            xmpp.online.watch(*names)
            return f"{number} done"
        if verb == "online":
            return f"{number} {xmpp.online.is_online(*names)}"
        if verb == "admits":
            return f"{number} {await xmpp.rooms.admits(*names)}"
        if verb == "lost":
            return f"{number} {', '.join(lost)}"
        return await answer(asked)

    text.answer = answering
    attach(xmpp, hub, text, *more)


app.Xmpp.attach = attached
main()
"""


@contextmanager
def answering(place: Place, name: str) -> Iterator[Bus]:
    """Such a bus with a room and a shoutbox `name`, ready."""
    port, data = free_port(), place.data / name
    data.mkdir(exist_ok=True)
    (data / "shoutbus.toml").write_text(place.config(name, port))
    with (data / "bus.log").open("ab") as out:
        command = [sys.executable, "-c", _ANSWERING, "run", "--config", str(data / "shoutbus.toml")]
        bus = Bus(
            f"http://{HOST}:{port}",
            subprocess.Popen(command, stdout=out, stderr=out),
            data / "bus.log",
        )
    try:
        bus.ready()
        yield bus
    finally:
        bus.stop()


async def ask(me: Person, question: str) -> str:
    """What such a bus answers to someone."""
    number = f"#{next(_numbers)}"
    me.tell(BOT, f"{number} {question}")
    answer = await me.until(
        lambda: next(
            (one["body"] for one in me.heard if f"{one['body']} ".startswith(f"{number} ")), None
        ),
        question,
    )
    return str(answer).removeprefix(number).strip()


async def answers(me: Person, question: str, answer: str) -> None:
    """Return once the bus answers so."""
    for _ in range(200):
        if (found := await ask(me, question)) == answer:
            return
    raise AssertionError(f"{question}: {found}, and never {answer}")
