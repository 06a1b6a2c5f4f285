"""Letters of what is in a store: who gets which words, what is left of it, and how often it is read
and drawn."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from component.bus.engine.commits import Offer
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import BUS, Author, AuthorKind, Channel, Kind, Message, id_from
from component.bus.model.records import Audit, Preference
from component.bus.model.subscription import (
    Address,
    Interval,
    Proof,
    Standing,
    Subscription,
)
from component.bus.ports.addresses import RequestLimits
from component.bus.ports.digests import DigestTurn
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import Moot, Refused, StoreError
from component.common.i18n import Words
from component.methods.sms import gsm
from component.storage import open_store
from component.subscriptions.links import Links
from component.subscriptions.rendering.digest import Places
from component.subscriptions.rendering.excerpts import LIFE_MS
from component.subscriptions.rendering.renderer import Renderer
from component.subscriptions.rendering.templates import Templates
from tests.support.fakes import FakeClock, Instead
from tests.support.saving import committed

LOBBY, TEAM = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
MAIL, CHAT = Channel("mail", "juliet@home.example"), Channel("chat", "juliet@example.org")
SMS, ROOM = Channel("sms", "+4912345"), Channel("muc", "readers@rooms.example.org")
JULIET = "juliet@example.org"
WEB = "https://shouts.example.org"
DAILY = Interval.parse("daily at 9")
LATE = 2**40


class Chosen:
    """What people chose."""

    def language(self, jid: str, asked: str) -> str:
        return "de" if jid == "hero@example.org" else "en"

    def preference(self, jid: str) -> Preference:
        return Preference(jid, zone="Europe/Berlin")


class Counted:
    """A store that counts what is read of it, and fails on demand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[str] = []
        self.failing = ""

    def __getattr__(self, name: str) -> Any:
        return CountedPort(self, getattr(self._store, name))

    def transaction(self) -> Any:
        return self._store.transaction()


class CountedPort:
    """A port of it."""

    def __init__(self, store: Counted, port: Any) -> None:
        self._store = store
        self._port = port

    def __getattr__(self, name: str) -> Any:
        self._store.asked.append(name)
        if name == self._store.failing:
            raise StoreError("The disk is gone.")
        return getattr(self._port, name)


@dataclass
class Desk:
    """A store with a writer of letters on it."""

    store: Counted
    writer: Renderer
    clock: FakeClock
    told: list[str] = field(default_factory=list)
    count: int = 0

    async def say(
        self, body: str, *to: Channel, author: str = "romeo@example.org", **more: Any
    ) -> Message:
        """It comes to the first channel and is brought to the others."""
        self.count += 1
        first, *others = to or (LOBBY,)
        name = more.pop("name", author.partition("@")[0].title())
        at = more.pop("at", 1_764_000_000_000 + self.count * 60_000)
        kind = more.pop("author_kind", AuthorKind.PERSON)
        message = replace(Message.new(first, Author(name, author, kind), body, at), **more)
        plan = [
            (message, first, State.RECEIVED, ""),
            *((message, one, State.PENDING, "") for one in others),
        ]
        await committed(self.store, [Offer(message, lambda: Plan(plan))], (), ())
        return message

    async def many(self, *bodies: str, author: str = "r@x") -> None:
        """Said in the lobby, in one go."""
        plan = [
            Message.new(LOBBY, Author("R", author), body, count)
            for count, body in enumerate(bodies, 1)
        ]
        offers = [
            Offer(one, lambda one=one: Plan([(one, LOBBY, State.RECEIVED, "")]))  # type: ignore[misc]
            for one in plan
        ]
        await committed(self.store, offers, (), ())

    async def answer(self, to: Message, body: str, *channels: Channel, **more: Any) -> Message:
        return await self.say(body, *channels, replies=to.id, thread=to.thread or to.id, **more)

    async def subscribe(
        self, channel: Channel = LOBBY, target: Channel = MAIL, who: str = JULIET, **more: Any
    ) -> Subscription:
        one = Subscription(who, channel, target, **{"interval": DAILY, "due": LATE, **more})
        return replace(one, id=await self.store.subscriptions.add(one, 100))

    async def digest(self, *of: Subscription) -> Delivery:
        """What was said up to now, as one digest to where the first goes."""
        target = of[0].target
        message = Message.new(
            target,
            BUS,
            "summary",
            1,
            id=id_from(f"{target} {self.count}"),
            kind=Kind.DIGEST,
        )
        ends = [await self.store.deliveries.last_seq(one.channel) for one in of]
        turns = [
            DigestTurn(one, replace(one, cursor=end), message.id)
            for one, end in zip(of, ends, strict=True)
        ]
        return await self.keep(message, Plan([(message, target, State.PENDING, "")]), turns)

    async def keep(
        self, message: Message, plan: Plan, turns: Sequence[DigestTurn] = ()
    ) -> Delivery:
        (receipt,) = await committed(self.store, [Offer(message, lambda: plan, turns)])
        delivery: Delivery = receipt.deliveries[0]
        return delivery

    async def brought(self, message: Message, target: Channel) -> Delivery:
        found: Delivery = next(
            one for one in await self.store.messages.trace(message.id) if one.channel == target
        )
        return found


TITLES = {LOBBY: "Lobby", TEAM: "Team"}
PLACES = Places(
    lambda one: TITLES.get(one, str(one)),
    lambda one: f"{WEB}/{one.method}/{one.address}" if one == LOBBY else "",
    lambda one: f"{WEB}/messages/{one.id}/k",
    lambda message, channel: f"{WEB}/stories/{message.id}" if channel.method == "story" else "",
)


def _desk(store: Store, folder: Path | None = None, **more: Any) -> Desk:
    clock, told = FakeClock(), list[str]()

    async def tell(words: Words) -> None:
        told.append(str(words))

    counted: Any = Counted(store)
    writer = Renderer(
        counted,
        PLACES,
        Links(WEB, b"0" * 32),
        Chosen(),
        Templates(folder),
        clock,
        host="shouts.example.org",
        persons=("chat", "mail", "sms"),
        tell=tell,
        **more,
    )
    return Desk(counted, writer, clock, told)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    one = await open_store(f"sqlite:{tmp_path / 'letters.db'}")
    yield one
    await one.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return _desk(store)


# Digests


async def test_a_digest_by_mail(desk: Desk) -> None:
    daily = await desk.subscribe(zone="Europe/Berlin")
    first = await desk.say("Who brings the cake?")
    await desk.say("The door is open")
    await desk.answer(first, "I do", name="Zoë", author_kind=AuthorKind.GUEST)
    letter = await desk.writer.letter(await desk.digest(daily))
    assert letter.subject == "Lobby: 3 messages"
    assert letter.list_id == "<lobby.shoutbox.shouts.example.org>"
    assert Links(WEB, b"0" * 32).ended(letter.unsubscribe.rpartition("/")[2]) == [daily.id]
    said = letter.text.partition("\n-- \n")[0]
    assert said == (
        "Lobby: 3 messages\nMonday, 24 November 2025, all times in Europe/Berlin\n\n"
        "Lobby\n=====\n\n"
        "17:01 Romeo: Who brings the cake?\n  ↳ 17:03 Zoë (web): I do\n\n17:02 Romeo: The "
        "door is open\n"
    )
    foot = letter.text.partition("\n-- \n")[2]
    assert foot.startswith(
        "You receive this email because this address is subscribed to Lobby (daily at 9).\nEnd "
        "this subscription: "
    )
    assert f"{WEB}/subscriptions" in foot
    assert "Stop all email to this address: https://shouts.example.org/stop/" in foot
    for words in (
        "Who brings the cake?",
        f'href="{WEB}/messages/{first.id}/k"',
        "Lobby: 3 messages</h1>",
        "/stop/",
    ):
        assert words in letter.html


@pytest.mark.parametrize(
    ("interval", "words", "told"),
    [
        ("daily at 9", "Juliet, come!", 1),
        ("daily at 9", "Come!", 0),
        ("at once", "Juliet, come!", 0),
    ],
)
async def test_a_mention_says_why_it_comes_at_once(
    desk: Desk, interval: str, words: str, told: int
) -> None:
    await desk.subscribe(interval=Interval.parse(interval), name="juliet")
    message = await desk.say(words, LOBBY, MAIL)
    letter = await desk.writer.letter(await desk.brought(message, MAIL))
    assert letter.text.count("\nYou receive it immediately because it mentions “juliet”.\n") == told
    assert letter.html.count("You receive it immediately because it mentions “juliet”.") == told
    assert (
        "You receive it immediately because it mentions"
        not in (
            await desk.writer.letter(await desk.digest(*await desk.store.subscriptions.find()))
        ).text
    )


async def test_several_channels_and_each_message_once(desk: Desk) -> None:
    lobby, team = await desk.subscribe(), await desk.subscribe(TEAM, language="de")
    await desk.say("both", LOBBY, TEAM)
    await desk.say("only here", TEAM)
    letter = await desk.writer.letter(await desk.digest(lobby, team))
    assert letter.subject == "Lobby, Team: 2 messages"
    assert letter.text.count("both") == 1
    assert letter.list_id == "<digest.shouts.example.org>"
    assert letter.html.count("End this subscription") == 2
    assert Links(WEB, b"0" * 32).ended(letter.unsubscribe.rpartition("/")[2]) == [lobby.id, team.id]


async def test_each_is_told_in_their_language_and_zone(desk: Desk) -> None:
    await desk.say("hello")
    german = await desk.subscribe(language="de", zone="Asia/Kolkata")
    letter = await desk.writer.letter(await desk.digest(german))
    assert (letter.subject, letter.language) == ("Lobby: 1 Nachricht", "de")
    assert "21:31 Romeo: hello" in letter.text
    assert "Dieses Abo beenden" in letter.html


async def test_what_is_left_out(desk: Desk) -> None:
    for body, author in (("mine", JULIET), ("spam", "x@y"), ("told", "x@y"), ("the news", "x@y")):
        await desk.say(body, author=author)
    one = await desk.subscribe(without="spam")
    seq = (await desk.store.messages.search(LOBBY, "told"))[0].seq
    delivery = await desk.digest(one)
    whole = desk.store.fan_out
    told = whole.notified

    async def told_at_once(numbers: Sequence[int]) -> dict[int, frozenset[int]]:
        assert not await told(numbers)
        return {one.id: frozenset({seq})}

    desk.store.__dict__["fan_out"] = Instead(whole, notified=told_at_once)
    letter = await desk.writer.letter(delivery)
    assert letter.subject == "Lobby: 1 message"
    assert "Romeo" not in letter.text
    assert "the news" in letter.text


async def test_ones_own_are_left_out_for_oneself_alone(desk: Desk) -> None:
    await desk.say("mine", author=JULIET)
    await desk.say("yours")
    juliet = await desk.digest(await desk.subscribe())
    romeo = await desk.digest(
        await desk.subscribe(target=Channel("mail", "romeo@x"), who="hero@example.org")
    )
    assert "mine" not in (await desk.writer.letter(juliet)).text
    assert "mine" in (await desk.writer.letter(romeo)).text


async def test_an_answer_stands_under_a_line_of_what_it_answers(desk: Desk) -> None:
    first = await desk.say("Who brings\nthe cake?")
    secret = await desk.say("only for the team", TEAM)
    early = await desk.subscribe(cursor=await desk.store.deliveries.last_seq(LOBBY))
    await desk.answer(first, "I do")
    await desk.answer(secret, "quite so")
    letter = await desk.writer.letter(await desk.digest(early))
    assert "> Romeo: Who brings the cake?\n  ↳ " in letter.text
    assert "only for the team" not in letter.text + letter.html  # it was never in this channel
    assert "Romeo: quite so" in letter.text


async def test_what_was_deleted_is_not_told(desk: Desk) -> None:
    first, second = await desk.say("first"), await desk.say("second")
    delivery = await desk.digest(await desk.subscribe())
    await desk.store.messages.delete(
        first.id, "(deleted by an operator)", Audit(1, "admin@x", "text", "delete")
    )
    assert (await desk.writer.letter(delivery)).subject == "Lobby: 1 message"
    await desk.store.messages.delete(
        second.id, "(deleted by an operator)", Audit(2, "admin@x", "text", "delete")
    )
    desk.clock.sleep(LIFE_MS / 1000)
    with pytest.raises(Refused, match="The messages were deleted in the meantime"):
        await desk.writer.letter(delivery)


async def test_nothing_is_left_of_a_subscription_that_ended(desk: Desk) -> None:
    await desk.say("hello")
    one = await desk.subscribe()
    delivery = await desk.digest(one)
    await desk.store.subscriptions.remove([one.id])
    for told in (
        desk.writer.letter(delivery),
        desk.writer.message(delivery),
        desk.writer.short(delivery, bool),
    ):
        with pytest.raises(Refused, match="has ended"):
            await told


async def test_a_digest_in_chat_and_in_a_room(desk: Desk) -> None:
    for count in range(60):
        await desk.say(f"{count} {'word ' * 20}")
    told = await desk.writer.message(await desk.digest(await desk.subscribe(target=CHAT)))
    assert told.channel == CHAT
    assert told.body.startswith("Lobby: 60 messages\n")
    assert told.body.endswith("Reply “stop” to unsubscribe.")
    assert f" more: {WEB}/shoutbox/lobby\n" in told.body
    assert 2_000 < len(told.body) < 3_500
    room = await desk.writer.message(await desk.digest(await desk.subscribe(target=ROOM)))
    assert "stop" not in room.body


async def test_a_digest_by_sms(desk: Desk) -> None:
    await desk.say("hello")
    await desk.say("again")
    delivery = await desk.digest(await desk.subscribe(target=SMS))
    assert (
        await desk.writer.short(delivery, lambda text: len(text) < 160)
        == f"Lobby: 2 messages, {WEB}/shoutbox/lobby"
    )
    assert await desk.writer.short(delivery, lambda text: len(text) < 30) == "Lobby: 2 messages"


async def test_what_nobody_could_read_through_is_counted(desk: Desk) -> None:
    await desk.many(*(f"line {count}" for count in range(1_300)))
    assert (
        await desk.writer.letter(await desk.digest(await desk.subscribe()))
    ).subject == "Lobby: 1300 messages"
    some = await desk.digest(await desk.subscribe(target=SMS, only="line 1"))
    assert (await desk.writer.letter(some)).subject == "Lobby: 411 messages"
    most = await desk.digest(await desk.subscribe(target=ROOM, only="line"))
    assert (await desk.writer.letter(most)).subject == "Lobby: more than 100 messages"


async def test_a_filter_finds_what_is_behind_much_else(desk: Desk) -> None:
    await desk.many(*(f"chatter {count}" for count in range(1_100)), "the release is out")
    letter = await desk.writer.letter(await desk.digest(await desk.subscribe(only="release")))
    assert letter.subject == "Lobby: 1 message"
    assert "the release is out" in letter.text


async def test_who_said_most_of_it_themselves_is_told_the_rest(desk: Desk) -> None:
    await desk.many(*(f"mine {count}" for count in range(1_100)), author=JULIET)
    await desk.say("yours")
    letter = await desk.writer.letter(await desk.digest(await desk.subscribe()))
    assert letter.subject == "Lobby: 1 message"
    assert "yours" in letter.text


async def test_what_many_ask_for_at_once_is_read_once(desk: Desk) -> None:
    await desk.say("hello")
    people = [
        await desk.subscribe(target=Channel("mail", f"p{count}@x"), who=f"p{count}@x")
        for count in range(20)
    ]
    deliveries = [await desk.digest(one) for one in people]
    desk.store.asked.clear()
    await asyncio.gather(*(desk.writer.letter(one) for one in deliveries))
    assert desk.store.asked.count("between") == 1


async def test_who_may_not_read_it_any_more_gets_no_digest(store: Store) -> None:
    async def keep(_some: Sequence[Subscription]) -> Sequence[Subscription]:
        return ()

    desk = _desk(store, keep=keep)
    await desk.say("hello")
    delivery = await desk.digest(await desk.subscribe())

    with pytest.raises(Moot, match="has ended"):
        await desk.writer.letter(delivery)


async def test_five_megabytes_are_read_in_part(desk: Desk) -> None:
    for count in range(20):
        await desk.say(f"{count} " + "<x" * 131_000)
    delivery = await desk.digest(await desk.subscribe())
    letter = await desk.writer.letter(delivery)
    assert letter.subject == "Lobby: 20 messages"
    assert len(letter.html.encode()) < 95_000
    assert len(letter.text.encode()) < 60_000


# Made once for many


async def test_many_who_are_told_the_same_cost_one_drawing(desk: Desk) -> None:
    for count in range(120):
        await desk.say(f"{count} {'word ' * 20}")
    people = [
        await desk.subscribe(target=Channel("mail", f"p{count}@x"), who=f"p{count}@x")
        for count in range(200)
    ]
    deliveries = [await desk.digest(one) for one in people]
    first = await desk.writer.letter(deliveries[0])
    desk.store.asked.clear()
    began = time.process_time()
    letters = [await desk.writer.letter(one) for one in deliveries[1:]]
    took = (time.process_time() - began) / len(letters)
    assert "between" not in desk.store.asked
    assert {one.subject for one in letters} == {first.subject}
    assert len({one.html for one in [first, *letters]}) == 200  # each with links of their own
    assert len({one.text.partition("\n-- \n")[0] for one in [first, *letters]}) == 1
    assert took < 0.005, took


# Single messages


async def test_a_message_by_mail(desk: Desk) -> None:
    at_once = await desk.subscribe(interval=Interval(), due=0)
    first = await desk.say("Who brings the cake?")
    message = await desk.answer(first, "I do\nToday <b>", LOBBY, TEAM, MAIL)
    letter = await desk.writer.letter(await desk.brought(message, MAIL))
    assert letter.subject == "[Lobby] I do"
    assert letter.text.startswith(
        "Lobby\n=====\n\n> Romeo: Who brings the cake?\n\n24 Nov 2025, 16:02 Romeo: I "
        "do\nToday <b>\n"
    )
    assert "I do<br>\nToday &lt;b&gt;" in letter.html
    assert "subscribed to Lobby (immediately)" in letter.text
    assert Links(WEB, b"0" * 32).ended(letter.unsubscribe.rpartition("/")[2]) == [at_once.id]


async def test_a_message_that_a_route_brings_says_so(desk: Desk) -> None:
    message = await desk.say("hello", LOBBY, MAIL)
    letter = await desk.writer.letter(await desk.brought(message, MAIL))
    assert letter.subject == "[Lobby] hello"
    assert "because an operator" in letter.text
    assert (letter.unsubscribe, letter.list_id) == ("", "<lobby.shoutbox.shouts.example.org>")
    assert "/stop/" in letter.html
    assert "/subscriptions" not in letter.html


async def test_which_subscription_a_message_came_by(desk: Desk) -> None:
    await desk.subscribe(TEAM, target=CHAT, interval=Interval(), due=0)
    await desk.subscribe(LOBBY, target=CHAT, interval=Interval(), due=0)
    message = await desk.say("hello", Channel("feed", "x"), LOBBY, TEAM, CHAT)
    assert (
        await desk.writer.message(await desk.brought(message, CHAT))
    ).body == "[Lobby] Romeo: hello"
    other = await desk.say("hello", Channel("feed", "x"), TEAM, CHAT)
    assert (
        await desk.writer.message(await desk.brought(other, CHAT))
    ).body == "[Team] Romeo: hello"


async def test_where_it_falls_back_to(desk: Desk) -> None:
    await desk.subscribe(target=CHAT, interval=Interval(), due=0, fallback=MAIL)
    await desk.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    message = await desk.say("hello", LOBBY, MAIL)
    assert (
        "subscribed to Lobby" in (await desk.writer.letter(await desk.brought(message, MAIL))).text
    )


async def test_what_comes_by_no_subscription_stays_as_it_is(desk: Desk) -> None:
    await desk.subscribe(target=CHAT, interval=Interval(), due=0, standing=Standing.ASKED)
    routed = await desk.say("hello", LOBBY, CHAT)
    assert (await desk.writer.message(await desk.brought(routed, CHAT))) == routed
    await desk.subscribe(TEAM, target=CHAT, interval=Interval(), due=0)
    own = await desk.say("A reminder", CHAT)
    assert (await desk.writer.message(await desk.brought(own, CHAT))) == own


async def test_an_answer_in_chat_has_a_line_of_what_it_answers(desk: Desk) -> None:
    await desk.subscribe(target=CHAT, interval=Interval(), due=0)
    first = await desk.say("Who brings the cake?")
    secret = await desk.say("a secret", TEAM)
    for to, quoted in ((first, True), (secret, False)):
        message = await desk.answer(to, "I do", LOBBY, CHAT)
        body = (await desk.writer.message(await desk.brought(message, CHAT))).body
        assert ("> Romeo: Who brings the cake?" in body) is quoted
        assert "secret" not in body
        assert body.startswith("[Lobby]")


async def test_a_message_by_sms(desk: Desk) -> None:
    await desk.subscribe(target=SMS, interval=Interval(), due=0)
    message = await desk.say("hello\n\n  world " + "and so on " * 30, LOBBY, SMS)
    delivery = await desk.brought(message, SMS)
    assert (await desk.writer.short(delivery, lambda _text: True)).startswith(
        "Lobby: Romeo: hello world and so on and"
    )
    cut = await desk.writer.short(delivery, lambda text: len(text) <= 160)
    assert 140 <= len(cut) <= 160
    assert cut.endswith(f"... {WEB}/messages/{message.id}/k")


async def test_a_message_to_thousands_is_traced_once(desk: Desk) -> None:
    people = [Channel("mail", f"p{count}@x") for count in range(300)]
    for one in people:
        await desk.subscribe(target=one, who=one.address, interval=Interval(), due=0)
    message = await desk.say("hello", LOBBY, *people)
    deliveries = sorted(await desk.store.messages.trace(message.id), key=lambda one: one.seq)[1:]
    desk.store.asked.clear()
    bodies = {(await desk.writer.letter(one)).subject for one in reversed(deliveries)}
    assert bodies == {"[Lobby] hello"}
    assert desk.store.asked.count("trace") == 1


async def test_header_lines_stay_lines(desk: Desk) -> None:
    TITLES[TEAM] = "Te\r\nBcc: x@y\r\n\r\nam"
    try:
        await desk.subscribe(TEAM, interval=Interval(), due=0)
        message = await desk.say("a\r\nBcc: all@example.org", TEAM, MAIL, name="R\nx")
        letter = await desk.writer.letter(await desk.brought(message, MAIL))
        digest = await desk.writer.letter(await desk.digest(await desk.subscribe(TEAM, target=SMS)))
    finally:
        TITLES[TEAM] = "Team"
    for head in (letter.subject, letter.list_id, letter.unsubscribe, digest.subject):
        assert "\n" not in head
        assert "\r" not in head


# Requests


async def request(desk: Desk, target: Channel, who: str = JULIET, asked: int = 5) -> Delivery:
    message = Message.new(target, BUS, "Please confirm.", asked, kind=Kind.CONFIRMATION)
    address = Address(who, target, Proof.ASKED, asked)
    limits = RequestLimits(9, 9, 9, asked)
    await desk.store.addresses.request_confirmation(address, who, message.id, limits)
    return await desk.keep(message, Plan([(message, target, State.PENDING, "")]))


async def test_a_request_to_confirm(desk: Desk) -> None:
    delivery = await request(desk, MAIL)
    links = Links(WEB, b"0" * 32)
    letter = await desk.writer.letter(delivery)
    confirm = links.confirm(Address(JULIET, MAIL, asked=5))
    assert letter.subject == "Please confirm juliet@home.example"
    for text in (letter.text, letter.html):
        assert JULIET in text
        assert confirm in text
        assert "/stop/" in text
    asked = (await desk.writer.message(delivery)).body
    assert JULIET in asked
    assert "“confirm”" in asked
    assert (letter.unsubscribe, letter.list_id) == ("", "")
    assert "\0" not in letter.html


async def test_a_request_names_what_waits_in_the_language_of_who_asked(desk: Desk) -> None:
    await desk.subscribe(who="hero@example.org", language="de", due=0)
    letter = await desk.writer.letter(await request(desk, MAIL, "hero@example.org"))
    assert letter.language == "de"
    assert letter.text.startswith(
        "hero@example.org hat Shoutbus die Adresse juliet@home.example gegeben.\n\n"
        "Wenn das deine Adresse ist"
    )
    await desk.subscribe(who="", target=Channel("mail", "x@y"), standing=Standing.ASKED, due=0)
    anonymous = await desk.writer.letter(await request(desk, Channel("mail", "x@y"), ""))
    assert anonymous.text.startswith(
        "Someone wants Shoutbus to send messages from these channels to x@y:\n\n- Lobby (daily "
        "at 9)\n\nIf this is your"
    )
    assert '<li dir="auto">Lobby (daily at 9)</li>' in anonymous.html


async def test_a_code_by_sms(desk: Desk, store: Store) -> None:
    code = Links(WEB, b"0" * 32).code(Address(JULIET, SMS, asked=5))
    delivery = await request(desk, SMS)
    told = await desk.writer.short(delivery, lambda text: len(text) <= 160)
    request_text = (
        f"Shoutbus: Your confirmation code is {code}. "
        "If you did not request it, ignore this message."
    )
    assert told == request_text
    hearing = _desk(store, hears_stop=True)
    told = await hearing.writer.short(delivery, lambda text: len(text) <= 160)
    assert told == f"{request_text} Reply STOP to block Shoutbus."
    assert gsm.count(told).parts == 1


async def test_a_request_that_another_followed_is_not_sent(desk: Desk) -> None:
    first = await request(desk, MAIL)
    await request(desk, MAIL, asked=9)
    with pytest.raises(Refused, match="The address no longer needs to be confirmed"):
        await desk.writer.letter(first)
    await desk.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    with pytest.raises(Refused, match="The address no longer needs to be confirmed"):
        await desk.writer.letter(first)


# Faults


async def test_a_broken_template_is_told_once_and_ours_is_sent(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "digest.txt").write_text("\n{{ nothing }}")
    desk = _desk(store, folder)
    await desk.say("hello")
    delivery = await desk.digest(await desk.subscribe())
    for _ in range(2):
        assert "Romeo: hello" in (await desk.writer.letter(delivery)).text
        desk.clock.sleep(minutes=1)
    assert desk.told == ["digest.txt, line 2: 'nothing' is undefined"]
    (folder / "digest.txt").write_text("Dear all, {{ subject }}")
    letter = await desk.writer.letter(delivery)  # at once, not when what was kept is too old
    assert letter.text.startswith(
        "Dear all, Lobby: 1 message\n\n-- \nYou receive this email because"
    )


@pytest.mark.parametrize("failing", ["parts_of", "get", "notified", "between"])
async def test_a_disk_that_fails(desk: Desk, failing: str) -> None:
    await desk.say("hello")
    delivery = await desk.digest(await desk.subscribe())
    desk.store.failing = failing
    with pytest.raises(StoreError):
        await desk.writer.letter(delivery)
    desk.store.failing = ""
    assert (await desk.writer.letter(delivery)).subject == "Lobby: 1 message"
