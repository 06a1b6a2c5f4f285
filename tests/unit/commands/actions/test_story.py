"""`story-list`, `story-edit`, `story-unpublish`: as lines, as forms and as pages, on a real
store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands.action import Bus
from commands.actions.messages.story_edit import FITS
from commands.text import Text
from component.bus.model.delivery import State
from component.bus.model.message import Author, Channel
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.story import Story
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, boxes, lines, session_of, told
from tests.contract.pages import a_browser
from tests.support.fakes import a_bus, offered, said
from tests.support.saving import committed

NEWS, BOX = Channel("story", "news"), Channel("shoutbox", "lobby")
AUDIT = Audit(0, "", "", "")


class Desk:
    """An archive with two stories, and people who write to the bot."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "admin@x") -> str:
        return str(await self._text.answer(TypedLine(jid, jid.partition("@")[0], line, False)))

    async def tell(self, body: str, channel: Channel = NEWS) -> Story:
        message = said(body, channel, author=Author("Juliet", "juliet@x"), at=1_700_000_000_000)
        await self.bus.hub.accept(message, deliver=True)
        story = await self.bus.store.stories.of_message(channel, message.id)
        assert story
        return story

    async def now(self, story: Story) -> Story:
        found = await self.bus.store.stories.get(story.seq)
        assert found
        return found

    async def audit(self) -> list[tuple[str, str, str, str, str]]:
        found = [
            one
            for _number, one in await self.bus.store.audit.newest()
            if one.what.startswith("story")
        ]
        return [(one.who, one.interface, one.what, one.before, one.after) for one in found]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_bus(tmp_path) as bus:
        await bus.settings.change([Put(ChannelSpec(NEWS)), Put(ChannelSpec(BOX))], AUDIT)
        one = Desk(bus)
        await one.says("role grant romeo@x operator")
        yield one


LINK = "http://127.0.0.1:8080/stories/news"

# As lines


async def test_the_list(desk: Desk) -> None:
    assert await desk.says("story list story:news") == f"story:news, newest first (UTC), {LINK}: 0"
    one, two = await desk.tell("Opening\n\nWe open."), await desk.tell("Closing")
    gone = await desk.tell("Secret")
    await desk.says(f"story unpublish {two.seq}")
    await desk.bus.hub.delete(gone.message.id, AUDIT)
    assert (await desk.says("story list story:news")).splitlines() == [
        f"story:news, newest first (UTC), {LINK}: 3",
        f"{gone.seq}: deleted (Juliet, 2023-11-14 22:13:20)",
        f"{two.seq}: Closing (Juliet, 2023-11-14 22:13:20), unpublished",
        f"{one.seq}: Opening (Juliet, 2023-11-14 22:13:20)",
    ]
    assert (await desk.says("story list story:news 1")).startswith(
        f"story:news, newest first (UTC), {LINK}: 1\n"
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("story list story:nows", "is not one of the choices. Similar: story:news."),
        ("story list shoutbox:lobby", "not one of the choices"),
        ("story list story:news 0", "The number of stories must be between 1 and 200."),
        ("story list story:news 201", "The number of stories must be between 1 and 200."),
        ("story edit 999 title=x", "Story 999 does not exist. “story list” shows all stories."),
        ("story edit x title=x", "“x” is not a story"),
        ("story unpublish 999", "Story 999 does not exist. “story list” shows all stories."),
        (
            "story unpublish ../1x",
            "is not a story. Write its address, or its number from “story list”.",
        ),
        (
            "story unpublish 99999999999999999999",
            "is not a story. Write its address, or its number from “story list”.",
        ),
    ],
)
async def test_what_will_not_do(desk: Desk, line: str, told: str) -> None:
    await desk.tell("Opening")
    answer = await desk.says(line)
    assert answer.startswith("Error: ")
    assert told in answer
    assert await desk.audit() == []


async def test_what_is_in_a_shoutbox_is_no_story(desk: Desk) -> None:
    message = said("a shout", BOX)
    await desk.bus.hub.accept(message)
    (delivery,) = await desk.bus.store.deliveries.log(BOX)
    for line in (f"story edit {delivery.seq} title=x", f"story unpublish {delivery.seq}"):
        assert "does not exist. “story list” shows all stories." in await desk.says(line)
    assert (await desk.bus.store.deliveries.log(BOX))[0].message == message


async def test_a_title_by_line(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nWe open.\n\nSoon.")
    answer = await desk.says(f'story edit {one.seq} title="We   have opened"', "romeo@x")
    assert answer == f"Changed the story: {LINK}/{one.seq}-we-have-opened"
    assert (await desk.now(one)).message.body == "We have opened\n\nWe open.\n\nSoon."
    assert await desk.audit() == [
        ("romeo@x", "text", "story-edit", f"story:news {one.seq}", "title")
    ]
    assert (await desk.says(f"story edit {one.seq} Open at last")).startswith("Changed the story: ")
    assert (await desk.now(one)).told.title == "Open at last"


async def test_a_text_by_line(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nWe open.")
    await desk.says(f'story edit {one.seq} text="First.\n\n  Second:\nthird."')
    assert (await desk.now(one)).message.body == "Opening\n\nFirst.\n\n  Second:\nthird."
    await desk.says(f"story edit {one.seq} text=")
    assert (await desk.now(one)).message.body == "Opening"
    assert [line[-1] for line in await desk.audit()] == ["text", "text"]


async def test_a_story_by_its_address(desk: Desk) -> None:
    one = await desk.tell("Opening")
    assert (await desk.says(f"story unpublish http://127.0.0.1:8080{one.path}")).startswith(
        "Unpublished"
    )
    assert not (await desk.now(one)).published


async def test_asked_what_to_set(desk: Desk) -> None:
    one = await desk.tell("Opening\n\n" + "Long words. " * 500)
    asked = await desk.says(f"story edit {one.seq}")
    assert asked.startswith(
        "Which setting do you want to change? Write its name and value: title=Opening text=…\n"
    )
    assert (await desk.says('title="Closing"')).startswith("Changed the story: ")


@pytest.mark.parametrize("title", ["x" * 121, "\u200b"])
async def test_a_title_that_will_not_do(desk: Desk, title: str) -> None:
    one = await desk.tell("Opening")
    assert (await desk.says(f'story edit {one.seq} title="{title}"')).startswith("Error: ")
    assert await desk.now(one) == one


async def test_nothing_to_change(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nWe open.  \nNow.")
    assert (await desk.says(f"story edit {one.seq} title=Opening")).startswith("Nothing to change")
    assert (await desk.says(f"story unpublish {one.seq} again")).startswith(
        f"Nothing to change: {one.seq}: Opening"
    )
    assert await desk.now(one) == one
    assert await desk.audit() == []


async def test_unpublish_and_publish_again(desk: Desk) -> None:
    one = await desk.tell("Opening")
    assert (await desk.says(f"story unpublish {one.seq}", "romeo@x")) == (
        f"Unpublished the story. Its page now says that it was removed: {LINK}/{one.seq}-opening"
    )
    assert await desk.bus.store.stories.find(NEWS) == []
    assert (await desk.says(f"story unpublish {one.seq}")).startswith("Nothing to change")
    assert (
        await desk.says(f"story unpublish {one.seq} again")
        == f"Published the story again: {LINK}/{one.seq}-opening"
    )
    assert [story.seq for story in await desk.bus.store.stories.find(NEWS)] == [one.seq]
    assert await desk.audit() == [
        ("admin@x", "text", "story-unpublish", f"story:news {one.seq} unpublished", "published"),
        ("romeo@x", "text", "story-unpublish", f"story:news {one.seq} published", "unpublished"),
    ]


async def test_a_deleted_one_is_left_alone(desk: Desk) -> None:
    one = await desk.tell("Opening")
    await desk.says(f"message delete {one.message.id} sure")
    for line in (f"story edit {one.seq} title=x", f"story unpublish {one.seq}"):
        assert "was deleted. It cannot be restored." in await desk.says(line)


async def test_the_audit_log_keeps_no_words(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nSecret.")
    await desk.says(f'story edit {one.seq} title="Hidden" text="Hush."')
    await desk.says(f"story unpublish {one.seq}")
    kept = str(await desk.bus.store.audit.newest())
    for word in ("Opening", "Secret", "Hidden", "Hush"):
        assert word not in kept


# What others do with an archive


async def test_last_and_search_read_what_stands_there(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nWe open.")
    await desk.says(f"story edit {one.seq} title=Closing")
    assert "Closing We open." in await desk.says("last story:news", "romeo@x")
    assert "Closing" in await desk.says("search story:news closing")
    assert (await desk.says("search story:news opening")).endswith(": 0")
    assert "The channel story:news does not exist, or you cannot access it." in await desk.says(
        "last story:news", "juliet@x"
    )


async def test_an_operator_writes_one(desk: Desk) -> None:
    assert (await desk.says("shout story:news Hello all", "romeo@x")).startswith(
        "Posted to story:news."
    )
    (story,) = await desk.bus.store.stories.find(NEWS)
    assert (story.told.title, story.author.name) == ("Hello all", "romeo")
    refused = await desk.says("shout story:news Hello", "juliet@x")
    assert "story:news does not exist, or you cannot access it" in refused


async def test_a_dead_letter_becomes_a_story_when_it_is_tried_again(desk: Desk) -> None:
    message = said("Opening")
    await committed(
        desk.bus.store, [offered(message, (BOX, State.RECEIVED), (NEWS, State.DEAD))], (), ()
    )
    assert await desk.bus.store.stories.find(NEWS) == []
    assert "shows the progress." in await desk.says("deadletter retry all story:news")
    assert [one.message for one in await desk.bus.store.stories.find(NEWS)] == [message]
    assert await desk.bus.store.dead_letters.newest() == []
    assert await desk.bus.store.deliveries.backlog() == {}


async def test_an_archive_by_command(desk: Desk) -> None:
    assert (await desk.says("channel add story inside title=Inside public=no")).startswith("Added")
    spec = next(one for one in desk.bus.hub.channels if str(one.channel) == "story:inside")
    assert (spec.title, spec.settings) == ("Inside", {"public": False})
    exported = await desk.says("export")
    assert "public = false" in exported
    assert "story:inside public=no title=Inside" in await desk.says("channel list")
    assert (
        await desk.says("channel edit story:inside public=yes")
        == "Changed story:inside: public off → on."
    )
    assert "public" in await desk.says(f"import\n{exported.partition(chr(10))[2]}")
    assert (await desk.says("yes")).startswith("Imported")
    assert (
        await desk.says("channel edit story:news public=no")
        == "Changed story:news: public on → off."
    )
    spec = next(one for one in desk.bus.hub.channels if str(one.channel) == "story:inside")
    assert spec.settings == {"public": False}


# As forms and pages


async def test_by_form(desk: Desk) -> None:
    one = await desk.tell("Opening\n\nWe open.\n\nSoon.")
    client = Client(desk.bus)
    first = await client.send("story-edit")
    asked = await client.send("story-edit", {"story": [str(one.seq)]}, session_of(first))
    stands = {
        box.get("var"): [value.text or "" for value in box.iterfind("{jabber:x:data}value")]
        for box in boxes(asked)
    }
    assert stands == {"title": ["Opening"], "text": ["We open.", "", "Soon."]}
    values = {"title": ["Closing"], "text": ["One.", "", "Two."]}
    done = await client.send("story-edit", values, session_of(asked))
    assert lines(done).startswith("Changed the story: http")
    assert (await desk.now(one)).message.body == "Closing\n\nOne.\n\nTwo."
    assert await desk.audit() == [
        ("admin@x", "form", "story-edit", f"story:news {one.seq}", "title, text")
    ]


async def test_of_two_at_once_the_second_is_told(desk: Desk) -> None:
    one = await desk.tell("Opening")
    client = Client(desk.bus)
    first = await client.send("story-edit")
    asked = await client.send("story-edit", {"story": [str(one.seq)]}, session_of(first))
    await desk.says(f"story edit {one.seq} title=Meanwhile")
    late = await client.send("story-edit", {"title": ["Late"], "text": [""]}, session_of(asked))
    assert (
        "Someone else changed the story in the meantime. Nothing was saved; please review it "
        "and try again."
    ) in lines(late) + told(late)
    assert (await desk.now(one)).told.title == "Meanwhile"


async def test_a_text_that_no_form_carries(desk: Desk) -> None:
    one = await desk.tell("Opening\n\n" + "words " * (FITS // 6 + 1) + "end")
    client = Client(desk.bus)
    first = await client.send("story-edit")
    asked = await client.send("story-edit", {"story": [str(one.seq)]}, session_of(first))
    assert [box.get("var") for box in boxes(asked)] == ["title"]
    assert "too long for a form" in lines(asked)
    await client.send("story-edit", {"title": ["Closing"]}, session_of(asked))
    now = await desk.now(one)
    assert now.told == replace(one.told, title="Closing")


async def test_by_page(desk: Desk) -> None:
    one = await desk.tell("Opening\n\n" + "word " * 2_000 + "\n\nSoon.")
    async with a_browser(desk.bus, {"admin@x": Role.ADMIN}, "admin@x") as browser:
        page = await browser.command("story-edit", {"story": [str(one.seq)]})
        assert page.fields["title"] == ["Opening"]
        done = await browser.fill(
            page, "story-edit", {"title": ["Closing"], "text": [f"{'word ' * 2_000}\r\n\r\nNow."]}
        )
        assert done.note.startswith("Changed the story: ")
    now = await desk.now(one)
    assert (now.told.title, now.told.text[-10:]) == ("Closing", "word\n\nNow.")
