"""A bus that answers besides, to private messages, what its XMPP side knows and no command of its
own tells: who is online, whom a room admits, who was put out."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from component.cli.prosody import COMPONENT, free_port
from tests.journeys.test_servers import Place
from tests.support.own_bus import own_bus
from tests.support.people import Person
from tests.support.servers import Bus

BOT = f"bot@{COMPONENT}"

_numbers = itertools.count(1)


@contextmanager
def answering(place: Place, name: str) -> Iterator[Bus]:
    """Such a bus with a room and a shoutbox `name`, ready."""
    port = free_port()
    module = "tests.support.answering_bus"
    with own_bus(place.data / name, place.config(name, port), port, module) as bus:
        yield bus


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
