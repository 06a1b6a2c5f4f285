"""What every engine keeps of stories: see `store.Store`."""

from dataclasses import replace

import pytest

from component.bus.engine.commits import Offer
from component.bus.model.delivery import State
from component.bus.model.message import DELETED, Channel, Message
from component.bus.model.records import Audit
from component.bus.model.story import Story
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import Conflict, StoreError
from tests.contract.engines import Engine
from tests.support.fakes import FROM, offered, said
from tests.support.saving import committed

NEWS, OTHER = Channel("story", "news"), Channel("story", "other")
AUDIT = Audit(9_000, "admin@x", "text", "story-edit", "story:news 1", "title")


async def tell(
    store: Store, *bodies: str, channel: Channel = NEWS, state: State = State.DELIVERED
) -> list[Story]:
    """Messages that were said elsewhere and brought there; oldest first."""
    messages = [said(body) for body in bodies]
    await committed(
        store,
        [offered(one, (one.channel, State.RECEIVED), (channel, state)) for one in messages],
        (),
        (),
    )
    return [found for one in messages if (found := await store.stories.of_message(channel, one.id))]


async def now(store: Store, story: Story) -> Story:
    found = await store.stories.get(story.seq)
    assert found
    return found


def saying(story: Story, body: str) -> Story:
    return replace(story, message=replace(story.message, body=body))


async def test_what_was_brought_there_is_a_story(store: Store) -> None:
    one, two = await tell(store, "One\n\nText.", "Two")
    assert await store.stories.find(NEWS) == [two, one]
    assert (one.channel, one.message.channel, one.message.body, one.at) == (
        NEWS,
        FROM,
        "One\n\nText.",
        1_000,
    )
    assert (one.published, one.deleted, one.changed, one.version) == (True, False, 0, 0)
    assert await store.stories.get(one.seq) == one
    assert await store.stories.find(OTHER) == []


async def test_what_was_said_there_is_one_too(store: Store) -> None:
    message = said("One", NEWS)
    await committed(store, [offered(message, (NEWS, State.RECEIVED))], (), ())
    assert [story.message for story in await store.stories.find(NEWS)] == [message]


@pytest.mark.parametrize("state", [State.PENDING, State.DEAD, State.DROPPED])
async def test_what_did_not_arrive_is_none(store: Store, state: State) -> None:
    assert await tell(store, "One", state=state) == []
    assert await store.stories.find(NEWS, hidden=True) == []


async def test_a_message_in_two_archives(store: Store) -> None:
    message = said("One")
    await committed(
        store, [offered(message, (NEWS, State.DELIVERED), (OTHER, State.DELIVERED))], (), ()
    )
    here, there = (
        await store.stories.of_message(NEWS, message.id),
        await store.stories.of_message(OTHER, message.id),
    )
    assert here
    assert there
    await store.stories.update(saying(here, "Here"), AUDIT)
    assert (await now(store, here)).message.body == "Here"
    assert (await now(store, there)).message.body == "One"
    assert (await store.deliveries.log(FROM)) == []


async def test_as_a_route_changed_it(store: Store) -> None:
    message = said("One")
    changed = replace(message, body="[lobby] One")

    def plan() -> Plan:
        return Plan([(message, FROM, State.RECEIVED, ""), (changed, NEWS, State.DELIVERED, "")])

    await committed(store, [Offer(message, plan)], (), ())
    (story,) = await store.stories.find(NEWS)
    assert story.message == changed


async def test_pages(store: Store) -> None:
    told = await tell(store, *(str(number) for number in range(10)))
    assert await store.stories.find(NEWS, limit=3) == told[:6:-1]
    assert await store.stories.find(NEWS, before=told[7].seq, limit=3) == told[6:3:-1]
    assert await store.stories.find(NEWS, before=told[0].seq) == []
    assert await store.stories.find(NEWS, before=2**70) == told[::-1]
    assert await store.stories.find(NEWS, before=-1) == []


@pytest.mark.parametrize("seq", [0, -1, 999, 2**70])
async def test_no_such_story(store: Store, seq: int) -> None:
    await tell(store, "One")
    assert await store.stories.get(seq) is None
    assert await store.stories.of_message(NEWS, "0" * 32) is None


async def test_an_edit(store: Store) -> None:
    one, two = await tell(store, "One", "Two")
    await store.stories.update(saying(one, "Another"), AUDIT)
    edited = await now(store, one)
    assert edited == replace(saying(one, "Another"), changed=9_000, version=1)
    assert await store.stories.find(NEWS) == [two, edited]
    assert [one.message.body for one in await store.deliveries.log(NEWS)] == ["Another", "Two"]
    assert [one.message.body for one in await store.deliveries.log(FROM)] == ["One", "Two"]
    assert [line for _number, line in await store.audit.newest()] == [AUDIT]


async def test_unpublished_and_published_again(store: Store) -> None:
    one, two = await tell(store, "One", "Two")
    await store.stories.update(replace(one, published=False), AUDIT)
    hidden = await now(store, one)
    assert await store.stories.find(NEWS) == [two]
    assert await store.stories.find(NEWS, hidden=True) == [two, hidden]
    assert (hidden.published, hidden.version, hidden.message) == (False, 1, one.message)
    await store.stories.update(replace(hidden, published=True), replace(AUDIT, at=10_000))
    assert await store.stories.find(NEWS) == [two, replace(one, changed=10_000, version=2)]


async def test_of_two_who_read_the_same_the_second_is_told(store: Store) -> None:
    (one,) = await tell(store, "One")
    await store.stories.update(saying(one, "First"), AUDIT)
    seen = await now(store, one)
    for late in (saying(one, "Second"), replace(one, published=False), replace(one, version=7)):
        with pytest.raises(Conflict, match="Nothing was saved; please review it and try again"):
            await store.stories.update(late, AUDIT)
    assert await now(store, one) == seen
    assert len(await store.audit.newest()) == 1


async def test_no_story_to_change(store: Store) -> None:
    (one,) = await tell(store, "One")
    with pytest.raises(Conflict):
        await store.stories.update(replace(one, seq=999), AUDIT)
    assert await store.audit.newest() == []


async def test_a_deleted_message(store: Store) -> None:
    one, two = await tell(store, "One", "Two")
    await store.stories.update(saying(one, "Another"), AUDIT)
    edited = await now(store, one)
    await store.messages.delete(one.message.id, DELETED, AUDIT)
    gone = await now(store, one)
    assert (gone.deleted, gone.message.body) == (True, DELETED)
    assert await store.stories.find(NEWS) == [two]
    assert [story.deleted for story in await store.stories.find(NEWS, hidden=True)] == [False, True]
    with pytest.raises(Conflict):
        await store.stories.update(edited, AUDIT)
    assert (await now(store, one)).message.body == DELETED


async def test_it_is_there_after_a_restart(engine: Engine) -> None:
    store = await engine.open()
    one, two = await tell(store, "One", "Two")
    await store.stories.update(saying(one, "Another"), AUDIT)
    await store.stories.update(replace(two, published=False), AUDIT)
    seen = await store.stories.find(NEWS, hidden=True)
    await store.close()
    again = await engine.open()
    assert await again.stories.find(NEWS, hidden=True) == seen
    await again.close()


async def test_a_full_disk_changes_nothing(engine: Engine) -> None:
    store = await engine.open()
    (one,) = await tell(store, "One")
    await engine.fill_disk(store)
    with pytest.raises(StoreError):
        await store.stories.update(saying(one, "Another " * 10_000), AUDIT)
    await engine.free_disk(store)
    assert await now(store, one) == one
    assert await store.audit.newest() == []
    await store.close()


NASTY = (
    '\'; drop table stories; --\n\n"quoted" \\ %s :seq ?1 {"a":null} \t é 佐藤 😀 \ufffd \U0010ffff'
)


async def test_words_come_back_as_they_were(store: Store) -> None:
    (one,) = await tell(store, "One")
    await store.stories.update(saying(one, NASTY), AUDIT)
    found: Message = (await now(store, one)).message
    assert found.body == NASTY
