"""Answers find their thread on accepting; and who can answer what in private."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from component.bus.model.delivery import State
from component.bus.model.message import Channel, Message
from component.bus.model.subscription import Subscription
from component.handlers import can_read
from component.storage import open_store
from tests.support.fakes import FROM, OTHER, TO, Bench, offered, said
from tests.support.saving import committed


def answering(to: Message, body: str = "an answer", thread: str = "") -> Message:
    return replace(said(body), replies=to.id, thread=thread)


async def test_an_answer_stands_in_the_thread_of_what_it_answers(bench: Bench) -> None:
    hub = await bench.start()
    first = (await hub.accept(said("first"))).message
    second = (await hub.accept(answering(first))).message
    third = (await hub.accept(answering(second))).message
    assert (first.replies, first.thread) == ("", "")
    assert (second.replies, second.thread) == (first.id, first.id)
    assert (third.replies, third.thread) == (second.id, first.id)
    assert (await bench.store.messages.trace(third.id))[0].message == third
    assert {one.message.thread for one in await bench.store.messages.trace(third.id)} == {first.id}


async def test_an_answer_to_nothing_known_begins_a_thread_there(bench: Bench) -> None:
    hub = await bench.start()
    unknown = said("never accepted")
    assert (await hub.accept(answering(unknown))).message.thread == unknown.id


async def test_who_names_the_thread_is_not_overtaken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is heard in a room comes with its thread: looking it up would let what was said behind
    it go ahead, and with that the mark of how far the archive was read."""
    hub = await bench.start()
    first = (await hub.accept(said("first"))).message

    async def never(_id: str) -> str:
        raise AssertionError

    monkeypatch.setattr(bench.store, "thread_of", never, raising=False)
    behind = [answering(first, "answer", first.id), said("behind it")]
    await asyncio.gather(*(hub.accept(one) for one in behind))
    assert [one.message.body for one in await bench.store.deliveries.log(FROM)] == [
        "first",
        "answer",
        "behind it",
    ]


async def test_who_can_have_read_what(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    ports = store.messages, store.subscriptions
    message, jid = said(), "romeo@example.org"
    chat = Channel("chat", jid)
    await committed(store, [offered(message, (FROM, State.RECEIVED), (OTHER, State.DELIVERED))])
    assert await can_read(*ports, message.id, FROM, jid)
    assert await can_read(*ports, message.id, OTHER, jid)
    assert not await can_read(*ports, message.id, TO, jid)
    assert not await can_read(*ports, message.id, chat, jid)
    assert not await can_read(*ports, "f" * 32, FROM, jid)
    await store.subscriptions.add(Subscription(jid, TO, chat), 10)
    assert not await can_read(*ports, message.id, chat, jid)
    await store.subscriptions.add(Subscription(jid, OTHER, chat), 10)
    assert await can_read(*ports, message.id, chat, jid)
    assert not await can_read(
        store.messages, store.subscriptions, message.id, chat, "mallory@example.org"
    )
    brought = said("brought")
    await committed(
        store,
        [offered(brought, (FROM, State.RECEIVED), (Channel("chat", "nurse@x"), State.DELIVERED))],
        (),
        (),
    )
    assert await can_read(
        store.messages, store.subscriptions, brought.id, Channel("chat", "nurse@x"), "nurse@x"
    )
    await store.close()
