"""Commands about subscriptions: in a line, in a conversation, in forms, as pages; who may; on the
real store."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from commands.action import Bus
from commands.text import Text
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.subscription import (
    MAX_SUBSCRIPTIONS,
    Address,
    Interval,
    Proof,
    Standing,
    Subscription,
)
from component.common.errors import StoreError, Unavailable
from component.common.form import CHOOSE
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, boxes, lines, session_of, told
from tests.contract.pages import a_browser
from tests.support.fakes import FakeMethod, Instead, a_bus

NONE_YET = (
    "You do not have any subscriptions. To add one, write for example “subscribe lobby daily at 9”."
)
SEED = Audit(0, "admin@x", "test", "seed")
LOBBY, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
MAIL, SMS = Channel("mail", "juliet@example.org"), Channel("sms", "+4915112345")
IM = Channel("chat", "juliet@x")


@dataclass
class Doors(FakeMethod):
    """Rooms that say who may come in: those `inside`; while they are `gone` nobody can tell."""

    inside: set[str] = field(default_factory=set)
    gone: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    async def admits(self, channel: Channel, jid: str) -> bool:
        if self.gone:
            raise Unavailable("The room cannot be reached.")
        return jid in self.inside


class Stage:
    """People who write to the bot. It is 1970, at 0:00 and 1,000 seconds."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.doors = Doors()
        bus.hub.methods = {**bus.hub.methods, "muc": self.doors}
        self.text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "juliet@x", language: str = "en") -> str:
        return str(
            await self.text.answer(TypedLine(jid, jid.partition("@")[0], line, False, language))
        )

    async def kept(self, jid: str = "juliet@x") -> Sequence[Subscription]:
        return await self.bus.subscriptions.of(jid)

    async def keeps(self, jid: str = "juliet@x") -> Subscription:
        (one,) = await self.kept(jid)
        return one

    async def asked(self, target: Channel) -> int:
        """How many requests went to an address."""
        return len(await self.bus.store.deliveries.log(target))

    async def gives(
        self, target: Channel, proof: Proof = Proof.CONFIRMED, jid: str = "juliet@x"
    ) -> None:
        await self.bus.store.addresses.put(Address(jid, target, proof))

    async def audited(self) -> Sequence[Audit]:
        return [
            one
            for _number, one in await self.bus.settings.store.audit.newest()
            if one.what != "seed"
        ]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        things = [
            ChannelSpec(LOBBY, "The Lobby"),
            ChannelSpec(ROOM, "Team room"),
            ChannelSpec(Channel("chat", "*")),
        ]
        things += [
            ChannelSpec(Channel("chat", "romeo@x")),
            ChannelSpec(Channel("story", "news"), "News"),
        ]
        await bus.settings.change([Put(one) for one in things], SEED)
        yield Stage(bus)


# In a line


async def test_at_once(stage: Stage) -> None:
    answer = await stage.says("subscribe lobby")
    assert (
        answer
        == "Subscription 1: shoutbox:lobby → chat:juliet@x, immediately\nTo end it, use “stop”."
    )
    one = await stage.keeps()
    assert (one.channel, one.target, one.interval, one.standing) == (
        LOBBY,
        IM,
        Interval(),
        Standing.ON,
    )
    assert (one.name, one.own, one.online, one.zone, one.language) == (
        "juliet",
        False,
        False,
        "UTC",
        "en",
    )
    assert await stage.audited() == []  # their own affair


async def test_daily_by_mail_asks_for_the_address_once(stage: Stage) -> None:
    assert (await stage.says("subscribe The Lobby daily at 9 by mail")).startswith("Address?\n")
    wrong = await stage.says("juliet")
    assert wrong.startswith(
        "Error: Address: “juliet” is not an address of a mail channel. Write it as mail:juliet@"
    )
    assert (await stage.says("juliet@example.org")).splitlines() == [
        (
            "Subscription 1: shoutbox:lobby → mail:juliet@example.org, daily at 9, immediately "
            "if “juliet” is mentioned, waiting for the address to be confirmed"
        ),
        (
            "No messages are sent until mail:juliet@example.org is confirmed. Follow the "
            "instructions that were sent there."
        ),
        "(Times are in UTC. Set your time zone with “preferences zone=Europe/Berlin”.)",
        "To end it, use “stop”.",
    ]
    assert await stage.asked(MAIL) == 1
    assert (await stage.keeps()).standing is Standing.ASKED


async def test_the_one_confirmed_address_is_taken(stage: Stage) -> None:
    await stage.gives(MAIL)
    await stage.gives(Channel("mail", "other@example.org"), Proof.ASKED)
    answer = await stage.says("subscribe lobby daily at 9 by mail")
    assert (
        "→ mail:juliet@example.org, daily at 9, immediately if “juliet” is mentioned, next on "
        "1970-01-01 09:00"
    ) in answer
    assert await stage.asked(MAIL) == 0


async def test_of_several_addresses_it_is_asked_which(stage: Stage) -> None:
    await stage.gives(MAIL)
    await stage.gives(Channel("mail", "other@example.org"))
    answer = await stage.says("subscribe lobby daily at 9 by mail")
    assert answer.startswith("Your addresses: juliet@example.org, other@example.org\nAddress?")
    assert "→ mail:other@example.org, daily" in await stage.says("mailto:other@example.org")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('subscribe lobby weekly on Monday matching "release"', {"only": "release"}),
        ('subscribe lobby every 20 without "standup"', {"without": "standup"}),
        ("subscribe lobby daily at 9 and at once when online", {"online": True}),
        (
            'subscribe lobby matching "sent by mail, hourly"',
            {"only": "sent by mail, hourly", "target": IM},
        ),
        ("subscribe lobby own=yes mention=none", {"own": True, "name": ""}),
        ("subscribe lobby mention=Capulet", {"name": "Capulet"}),
        (
            "subscribe lobby to juliet@x",
            {"target": Channel("mail", "juliet@x"), "standing": Standing.ASKED},
        ),
        ("subscribe lobby by chat", {"target": IM}),
        ("subscribe lobby by sms to +49 151 12345", {"target": SMS, "standing": Standing.ASKED}),
    ],
)
async def test_what_a_line_asks_for(stage: Stage, line: str, what: dict[str, object]) -> None:
    assert (await stage.says(line)).startswith("Subscription 1: ")
    one = await stage.keeps()
    assert {name: getattr(one, name) for name in what} == what


async def test_in_german(stage: Stage) -> None:
    await stage.gives(MAIL)
    answer = await stage.says("abonniere lobby täglich um 9 per Mail mit „Release“", language="de")
    assert answer.splitlines()[0] == (
        "Abo 1: shoutbox:lobby → mail:juliet@example.org, täglich um 9, mit "
        "„Release“, sofort, wenn „juliet“ erwähnt wird, nächstes Mal 1970-01-01 09:00 (UTC)"
    )
    assert answer.splitlines()[-1] == "Du beendest es mit „stop“."
    assert (await stage.keeps()).language == "de"
    assert await stage.says("stopp", language="de") == "Das Abo 1 von shoutbox:lobby ist beendet."


async def test_by_ones_own_clock(stage: Stage) -> None:
    await stage.says("preferences zone=Europe/Berlin")
    stage.bus.clock.now = 1_795_000_000.0  # type: ignore[attr-defined]  # in November 2026
    answer = await stage.says("subscribe lobby daily at 2:30")
    assert answer.splitlines()[0].endswith("02:30 (Europe/Berlin)")
    assert answer.splitlines()[1] == (
        "On 2027-03-28, 02:30 does not exist in Europe/Berlin because the clocks change. The "
        "messages are sent at 03:00 instead."
    )
    assert "UTC" not in answer
    await stage.says("preferences zone=Asia/Tokyo language=de")
    one = await stage.keeps()
    assert (one.zone, one.language) == ("Asia/Tokyo", "de")
    assert one.due == one.next(stage.bus.clock())


async def test_what_is_missing_is_asked_for(stage: Stage) -> None:
    assert (await stage.says("subscribe")).startswith(
        "Subscription?\na channel, a schedule and a method, for example: lobby daily at 9 by mail"
    )
    assert (await stage.says("daily at 9")).startswith("Channel?")
    assert "The channel nowhere does not exist" in await stage.says("nowhere")
    assert "shoutbox:lobby → chat:juliet@x, daily at 9" in await stage.says("the lobby")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "subscribe loby",
            "The channel loby does not exist, or you cannot access it. Did you mean lobby?",
        ),
        (
            "subscribe nowhere daily at 9",
            "The channel nowhere does not exist, or you cannot access it.",
        ),
        (
            "subscribe chat:romeo@x",
            "The channel chat:romeo@x does not exist, or you cannot access it.",
        ),
        ("subscribe chat:*", "The channel chat:* does not exist, or you cannot access it."),
        (
            "subscribe our newsletter please",
            "The channel our does not exist, or you cannot access it.",
        ),
        (
            "subscribe lobby please",
            (
                "“please” was not understood. Write the command as: subscribe lobby daily at 9 "
                'by mail matching "release"'
            ),
        ),
        (
            "subscribe lobby every 2 minutes by mail",
            (
                "When: “every 2 minutes” runs every 2min. Even fortune cookies take longer to "
                "bake ;) Choose"
            ),
        ),
        ("subscribe lobby every 1000", "When: “every 1000” is out of range. Choose from 2 to 500."),
        (
            "subscribe lobby daily at 25",
            ("When: “daily at 25” is not a schedule. Examples: immediately, every 20, hourly"),
        ),
        (
            "subscribe lobby weekly on Munday",
            (
                "“weekly on Munday” is not a schedule. Examples: immediately, every 20, hourly, "
                "daily at 9, weekdays at 9:30, weekly on Monday."
            ),
        ),
        ("subscribe lobby weekly on Monday and Friday", "more often than once a week"),
        (
            "subscribe lobby by pigeon",
            (
                "Deliver by: Subscriptions cannot be sent by pigeon. Available methods: chat, "
                "mail, sms."
            ),
        ),
        (
            "subscribe lobby by mail to romeo",
            "Address: “romeo” is not an address of a mail channel. Write it as",
        ),
        (
            "subscribe lobby by sms to 0151 234",
            "Address: “0151 234” is not an address of a sms channel. Write it as",
        ),
        (
            "subscribe lobby to chat:romeo@x",
            (
                "Address: By chat, you can subscribe yourself only, not romeo@x. Choose another "
                "method."
            ),
        ),
        (
            "subscribe lobby at once online=yes",
            "Immediately while online: The subscription already sends every message immediately",
        ),
        ("subscribe lobby matching /((/", "Contains: “(?i)((” is not a valid pattern"),
        (
            f"subscribe lobby matching {'x' * 300}",
            "Contains: The filter is too long. The maximum is 200 characters.",
        ),
        (f"subscribe lobby matching {'x' * 900}", "The maximum is 600"),
        (
            'subscribe lobby mention="Juliet Capulet"',
            "Immediately if mentioned: “Juliet Capulet” is not a single word",
        ),
        (
            "subscribe lobby fallback=mail",
            ("Fallback: mail is not one of your confirmed addresses. Subscribe with it first."),
        ),
        (
            "subscribe lobby thread 123456",
            "Thread: The message 123456 does not exist in shoutbox:lobby",
        ),
        (
            "subscribe lobby daily at 9 for romeo@x",
            "Only operators can subscribe other people, who must then accept the request.",
        ),
        (
            "subscribe lobby daily at 9 to muc:team@rooms.example.org",
            "Only operators can subscribe a channel such as",
        ),
    ],
)
async def test_what_will_not_do(stage: Stage, line: str, why: str) -> None:
    answer = await stage.says(f"/{line}")
    assert answer.startswith("Error: ")
    assert why in answer
    assert answer.splitlines()[-1].startswith("I read that as the command “subscribe”.")
    assert await stage.kept() == []


async def test_the_same_again(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    answer = await stage.says("subscribe lobby daily at 9")
    assert answer.startswith(
        "Error: You already have this subscription as number 1, immediately. To change it, use "
        "“subscription edit 1 daily at 9”."
    )
    assert (await stage.keeps()).interval.at_once
    assert "number 1, immediately. To change it, use “subscription edit 1”." in await stage.says(
        "subscribe lobby own=yes"
    )
    await stage.gives(MAIL)
    assert (await stage.says("subscribe lobby by mail")).startswith("Subscription 2: ")


async def test_too_many(stage: Stage) -> None:
    store = stage.bus.store
    for number in range(MAX_SUBSCRIPTIONS):
        await store.subscriptions.add(
            Subscription("juliet@x", Channel("feed", f"f{number}"), IM), MAX_SUBSCRIPTIONS
        )
    assert "more than 100 subscriptions" in await stage.says("subscribe lobby")


async def test_nothing_is_promised_where_the_disk_is_full(stage: Stage) -> None:
    async def full(*_: object) -> int:
        raise StoreError("The disk is full; nothing was changed, try again.")

    store: Any = stage.bus.store
    store.subscriptions = Instead(store.subscriptions, add=full)
    assert (await stage.says("subscribe lobby")).startswith("Error: The disk is full")


async def test_a_thread_by_any_message_in_it(stage: Stage) -> None:
    author = Author("Romeo", "romeo@x")
    first = Message.new(LOBBY, author, "Who comes?", 1, id="ab" * 16)
    await stage.bus.hub.accept(first)
    await stage.bus.hub.accept(
        replace(Message.new(LOBBY, author, "I do", 2, id="cd" * 16), replies=first.id)
    )
    await stage.says("subscribe lobby thread cdcdcdcd")
    assert (await stage.keeps()).thread == first.id
    assert (await stage.says("subscriptions")).endswith(f"in the thread {first.short_id}")
    await stage.bus.settings.change([Put(ChannelSpec(Channel("shoutbox", "other")))], SEED)
    assert "The message cdcdcdcd does not exist in shoutbox:other" in await stage.says(
        "subscribe other thread cdcdcdcd"
    )


async def test_where_it_falls_back_to(stage: Stage) -> None:
    await stage.gives(MAIL)
    await stage.gives(SMS)
    await stage.says("subscribe lobby daily at 9 by mail else by sms")
    assert (await stage.keeps()).fallback == SMS
    await stage.gives(Channel("sms", "+4915199999"))
    assert (
        "Fallback: “sms” is ambiguous. Write one of sms:+4915112345, sms:+4915199999"
        in await stage.says("subscribe lobby else by sms")
    )
    assert "Subscription 2" in await stage.says("subscribe lobby fallback=+49-151-99999")


# Who may read what


async def test_a_room_is_for_those_whom_it_lets_in(stage: Stage) -> None:
    outside = await stage.says("subscribe team")
    nothing = await stage.says("subscribe teem")
    assert (
        outside.splitlines()[0]
        == "Error: The channel team does not exist, or you cannot access it."
    )
    assert (
        nothing.splitlines()[0]
        == "Error: The channel teem does not exist, or you cannot access it."
    )  # and no close name is told
    stage.doors.inside.add("juliet@x")
    assert "Did you mean “subscribe team”?" in await stage.says("subscribe teem")
    assert (await stage.says("subscribe team")).startswith(
        "Subscription 1: muc:team@rooms.example.org"
    )


async def test_forms_offer_what_one_may_read_and_no_more(stage: Stage) -> None:
    async def offered(jid: str) -> set[str]:
        client = Client(stage.bus, stage.bus.settings.roles.of)
        first = await client.send("subscribe", jid=jid)
        box = next(one for one in boxes(first) if one.get("var") == "channel")
        return {
            option.findtext("{jabber:x:data}value") or ""
            for option in box.iter("{jabber:x:data}option")
        } - {CHOOSE}

    assert await offered("juliet@x") == {"shoutbox:lobby", "story:news"}
    assert str(ROOM) in await offered("admin@x")
    stage.doors.inside.add("juliet@x")
    assert await offered("juliet@x") == {"shoutbox:lobby", "story:news", str(ROOM)}
    stage.doors.gone = True
    assert await offered("juliet@x") == {"shoutbox:lobby", "story:news"}
    assert "cannot be reached" in await stage.says("subscribe team")


# By operators


async def test_others_are_subscribed_once_they_agree(stage: Stage) -> None:
    answer = await stage.says("subscribe lobby daily at 9 for Romeo@x", "admin@x")
    assert answer.splitlines()[:2] == [
        (
            "Subscription 1: shoutbox:lobby → chat:romeo@x, daily at 9, immediately if “romeo” "
            "is mentioned, waiting for the address to be confirmed"
        ),
        "A request was sent to romeo@x. The subscription starts when they accept it.",
    ]
    (audit,) = await stage.audited()
    assert (audit.who, audit.what) == ("admin@x", "subscribe")
    assert audit.after.startswith("romeo@x, 1: shoutbox:lobby → chat:romeo@x")
    assert await stage.asked(Channel("chat", "romeo@x")) == 1
    assert (await stage.keeps("romeo@x")).standing is Standing.ASKED
    assert (await stage.says("confirm", "romeo@x")).startswith(
        "chat:romeo@x is confirmed.\n1: shoutbox:lobby"
    )
    assert (await stage.keeps("romeo@x")).standing is Standing.ON
    assert "You have nothing to confirm." in await stage.says("confirm", "romeo@x")


async def test_who_is_asked_may_say_no_and_still_subscribe_themselves(stage: Stage) -> None:
    await stage.says("subscribe lobby daily at 9 for romeo@x", "admin@x")
    assert (await stage.says("subscribe story:news", "romeo@x")).startswith(
        "Subscription 2: story:news"
    )
    assert [one.standing for one in await stage.kept("romeo@x")] == [Standing.ASKED, Standing.ON]
    assert "1, 2, all" in await stage.says("stop", "romeo@x")
    assert await stage.says("1", "romeo@x") == "Subscription 1 to shoutbox:lobby has ended."


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "subscribe lobby daily at 9 by mail for romeo@x",
            (
                "Subscriptions for other people are sent by chat. They can choose another method "
                "themselves."
            ),
        ),
        (
            "subscribe lobby daily at 9 to romeo@example.org for romeo@x",
            (
                "Subscriptions for other people are sent by chat. They can choose another method "
                "themselves."
            ),
        ),
        (
            "subscribe lobby for=romeo",
            "Subscriber: “romeo” is not a JID. Write it as juliet@example.org.",
        ),
        (
            "subscribe team daily at 9 for romeo@x",
            "romeo@x cannot read muc:team@rooms.example.org.",
        ),
        (
            "subscribe lobby to muc:team@rooms.example.org",
            "Instant forwarding to a room needs a route: route add",
        ),
        (
            "subscribe lobby daily at 9 to muc:nowhere@rooms.example.org",
            "The channel muc:nowhere@rooms.example.org does not exist",
        ),
        ("subscribe lobby daily at 9 to shoutbox:lobby", "cannot be subscribed to itself."),
    ],
)
async def test_what_operators_can_not_do(stage: Stage, line: str, why: str) -> None:
    answer = await stage.says(line, "admin@x")
    assert answer.startswith("Error: ")
    assert why in answer
    assert [*await stage.kept("romeo@x"), *await stage.kept("admin@x")] == []


async def test_a_line_of_the_audit_log_alone_is_no_change(stage: Stage) -> None:
    changes: list[str] = []
    stage.bus.settings.changed.append(lambda: changes.append("looked"))
    await stage.says("subscribe lobby daily at 9 for romeo@x", "admin@x")
    assert changes == []  # the rights of all subscribers need no look
    await stage.says("channel pause shoutbox:lobby", "admin@x")
    assert changes == ["looked"]


async def test_a_role_that_is_lost_on_the_way(stage: Stage) -> None:
    roles = {"nurse@x": Role.OPERATOR}
    client = Client(stage.bus, roles.__getitem__)
    first = await client.send("subscribe", jid="nurse@x")
    filled = {
        "channel": [str(LOBBY)],
        "interval": ["daily at 9"],
        "by": ["chat"],
        "who": ["romeo@x"],
        "more": ["1"],
    }
    await client.send("subscribe", filled, session_of(first), jid="nurse@x")
    roles["nurse@x"] = Role.MEMBER
    done = await client.send("subscribe", {"mention": ["none"]}, session_of(first), jid="nurse@x")
    assert "Only operators can subscribe other people, who must then accept the request." in told(
        done
    ) + lines(done)
    assert await stage.kept("romeo@x") == []


async def test_a_room_gets_a_digest(stage: Stage) -> None:
    answer = await stage.says(f"subscribe lobby daily at 9 to {ROOM}", "admin@x")
    assert answer.startswith(
        f"Subscription 1: shoutbox:lobby → {ROOM}, daily at 9, next on 1970-01-01 09:00 (UTC)"
    )
    one = await stage.keeps("admin@x")
    assert (one.target, one.name, one.standing) == (ROOM, "", Standing.ON)
    assert [one.what for one in await stage.audited()] == ["subscribe"]
    await stage.says("role grant nurse@x operator", "admin@x")
    assert (
        "This subscription already exists as number 1, daily at 9. To change it, use "
        "“subscription edit 1 weekly”."
    ) in await stage.says(f"subscribe lobby weekly to {ROOM}", "nurse@x")


async def test_a_victim_of_a_thousand_sign_ups_gets_one_request(stage: Stage) -> None:
    victim = Channel("mail", "victim@example.org")
    line = "subscribe lobby hourly by mail to victim@example.org"
    assert (
        "No messages are sent until mail:victim@example.org is confirmed. Follow the "
        "instructions that were sent there."
    ) in await stage.says(line, "mallory@x")
    for number in range(100):
        assert (
            "A request was already sent to mail:victim@example.org today. To send another "
            "one, use “confirm mail:victim@example.org” tomorrow."
        ) in await stage.says(line, f"mallory{number}@x")
    assert await stage.asked(victim) == 1


# The end


async def test_unsubscribe_by_name_and_number(stage: Stage) -> None:
    for line in (
        "subscribe lobby",
        "subscribe story:news",
        "subscribe lobby hourly by mail to juliet@example.org",
    ):
        await stage.says(line)
    asked = await stage.says("unsubscribe lobby")
    assert asked.splitlines()[:4] == [
        "1: shoutbox:lobby → chat:juliet@x",
        "3: shoutbox:lobby → mail:juliet@example.org",
        "Selection?",
        "1, 3, all",
    ]
    assert await stage.says("3") == "Subscription 3 to shoutbox:lobby has ended."
    assert await stage.says("unsubscribe news") == "Subscription 2 to story:news has ended."
    assert "You do not have a subscription “news”" in await stage.says("unsubscribe news")
    assert "Subscription 2 does not exist" in await stage.says("unsubscribe 2")
    assert await stage.says("unsubscribe #1") == "Subscription 1 to shoutbox:lobby has ended."
    assert await stage.says("abbestelle alle") == NONE_YET


async def test_all_at_once(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    await stage.says("subscribe story:news")
    assert len((await stage.says("unsubscribe all")).splitlines()) == 2
    assert await stage.kept() == []


async def test_stop(stage: Stage) -> None:
    assert (await stage.says("stop")).startswith(
        "You do not have any subscriptions. To add one, write for example “subscribe lobby daily "
        "at 9”."
    )
    await stage.says("subscribe lobby")
    assert await stage.says("stop it please") == "None"  # a message, which goes on
    assert len(await stage.kept()) == 1
    assert await stage.says("Stop") == "Subscription 1 to shoutbox:lobby has ended."
    await stage.says("subscribe lobby")
    await stage.says("subscribe story:news")
    assert "Selection?\n2, 3, all" in await stage.says("stop")
    assert await stage.says("cancel") == "Nothing was changed."
    await stage.says("stop")
    assert (await stage.says("all")).count("has ended") == 2


async def test_stop_with_what_is_meant(stage: Stage) -> None:
    for line in (
        "subscribe lobby",
        "subscribe story:news",
        "subscribe lobby by mail to juliet@example.org",
    ):
        await stage.says(line)
    for message in ("stop it please", "stop team", "stop it now, all of you"):
        assert await stage.says(message) == "None"
    for message in ("stop the lobby music", "stop -1", "stop ²"):
        assert "has ended" not in await stage.says(message)
    assert len(await stage.kept()) == 3
    assert (
        "Subscription 99 does not exist, or it is not yours. “subscriptions” shows your "
        "subscriptions."
    ) in await stage.says("stop 99")
    assert "You do not have a subscription “it please”" in await stage.says("/stop it please")
    assert "Selection?\n1, 3, all" in await stage.says("stop the lobby")
    assert await stage.says("1") == "Subscription 1 to shoutbox:lobby has ended."
    assert await stage.says("stop 2") == "Subscription 2 to story:news has ended."
    assert "You do not have a subscription “news”" in await stage.says("stop news")
    assert await stage.says("stop all") == "Subscription 3 to shoutbox:lobby has ended."


async def test_stop_and_more_is_a_message_of_guests(stage: Stage) -> None:
    for line in ("stop it please", "stop 7"):
        assert await stage.text.answer(TypedLine("", "Romeo", line, True, "en")) is None
    assert "“stop” requires the role" in str(
        await stage.text.answer(TypedLine("", "Romeo", "stop", True, "en"))
    )


async def test_stop_does_not_tell_which_rooms_there_are(stage: Stage) -> None:
    assert await stage.says("stop team") == await stage.says("stop party") == "None"
    stage.doors.inside.add("juliet@x")
    assert "You do not have a subscription “team”" in await stage.says("stop team")
    stage.doors.gone = True
    assert await stage.says("stop team") == "None"


async def test_unsubscribe_alone_lists_them(stage: Stage) -> None:
    assert await stage.says("unsubscribe") == NONE_YET
    await stage.says("subscribe lobby")
    await stage.says("subscribe story:news")
    assert (await stage.says("unsubscribe")).splitlines()[:4] == [
        "1: shoutbox:lobby → chat:juliet@x",
        "2: story:news → chat:juliet@x",
        "Selection?",
        "1, 2, all",
    ]
    assert await stage.says("2") == "Subscription 2 to story:news has ended."


async def test_german_words_and_help_for_them(stage: Stage) -> None:
    assert "No subscriptions are paused." in await stage.says("weiter")
    assert (await stage.says("ruhe")).startswith(
        "You do not have quiet hours. To set them, write for example “quiet 22:00-07:00”."
    )
    assert (await stage.says("hilfe abos")).startswith("subscription list [whose]:")
    assert (await stage.says("help subscriptions")).startswith("subscription list [whose]:")


async def test_who_wants_it_at_once_while_online_is_told_what_their_client_asks(
    stage: Stage,
) -> None:
    hint = (
        "Your client asks whether Shoutbus can see when you are online. Allow it; otherwise all "
        "messages come with the digest."
    )
    assert hint not in await stage.says("subscribe story:news")
    assert hint in await stage.says("subscribe lobby daily at 9 and at once when online")
    assert hint not in await stage.says("subscription edit 2 daily at 10")
    await stage.says("subscription edit 2 online=no")
    assert hint in await stage.says("subscription edit 2 online=yes")
    stage.bus.subscriptions.online.agreed.add("juliet@x")  # type: ignore[attr-defined]
    await stage.says("subscription edit 2 online=no")
    assert hint not in await stage.says("subscription edit 2 online=yes")


@pytest.mark.parametrize(
    "line", ["subscription edit 1 when=hourly", 'subscription edit 1 when="hourly" own=yes']
)
async def test_when_is_a_setting_too(stage: Stage, line: str) -> None:
    await stage.says("subscribe lobby daily at 9")
    await stage.says(line)
    assert str((await stage.keeps()).interval) == "hourly"


async def test_others_are_not_anyones_to_end(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    assert "Subscription 1 does not exist" in await stage.says("unsubscribe 1", "romeo@x")
    assert "You do not have a subscription “lobby”" in await stage.says(
        "unsubscribe lobby", "romeo@x"
    )
    assert "Subscription 1 does not exist" in await stage.says(
        "subscription edit 1 hourly", "romeo@x"
    )
    assert len(await stage.kept()) == 1
    assert "has ended" in await stage.says("unsubscribe 1", "admin@x")
    (audit,) = await stage.audited()
    assert (audit.who, audit.what) == ("admin@x", "unsubscribe")
    assert audit.before.startswith("juliet@x, 1: shoutbox:lobby")


# The list


async def test_the_list(stage: Stage) -> None:
    assert await stage.says("subscriptions") == NONE_YET
    await stage.gives(MAIL)
    await stage.says(
        'subscribe lobby daily at 9 by mail matching "release" without test own=yes else by chat'
    )
    await stage.says("quiet 22:00-07:00")
    assert (await stage.says("subscription list")).splitlines() == [
        "One subscription:",
        (
            "1: shoutbox:lobby → mail:juliet@example.org, daily at 9, containing “release”, "
            "not containing “test”, including your own messages, immediately if “juliet” is "
            "mentioned, if that fails, to chat:juliet@x, next on 1970-01-01 09:00 (UTC)"
        ),
        "mail:juliet@example.org: confirmed",
        "Quiet hours: 22:00-07:00",
    ]
    signing = replace(
        stage.bus, sign_in=lambda jid, to: f"http://127.0.0.1:8080/sign-in/{jid}?to={to}"
    )
    answer = await Stage(signing).says("subscriptions")
    assert answer.splitlines()[-1] == (
        "On the web at http://127.0.0.1:8080/subscriptions. To sign in there, open this "
        "link: http://127.0.0.1:8080/sign-in/juliet@x?to=subscriptions"
    )


async def test_others_are_for_operators_to_see(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    for line in ("subscriptions juliet@x", "subscriptions all"):
        assert (
            "Only operators can see the subscriptions of others. “subscriptions” shows your own."
            in await stage.says(line, "romeo@x")
        )
        assert (await stage.says(line, "admin@x")).splitlines()[1] == (
            "juliet@x: 1: shoutbox:lobby → chat:juliet@x, immediately"
        )
    assert "is not a JID" in await stage.says("/subscriptions are great", "admin@x")
    assert await stage.says("subscriptions", "admin@x") == NONE_YET


async def test_a_long_list_is_cut(stage: Stage) -> None:
    for number in range(105):
        one = Subscription(f"p{number}@x", LOBBY, Channel("chat", f"p{number}@x"))
        await stage.bus.store.subscriptions.add(one, MAX_SUBSCRIPTIONS)
    answer = await stage.says("subscriptions all", "admin@x")
    assert answer.startswith("The first 100 subscriptions:")
    assert len(re.findall("immediately", answer)) == 100


# Changes


async def test_edit_in_a_line(stage: Stage) -> None:
    await stage.says("subscribe lobby daily at 9 matching release")
    assert (await stage.says("subscription edit 1 daily at 10")).startswith(
        "Changed: 1: shoutbox:lobby → chat:juliet@x, daily at 10, containing “release”, "
        "immediately if “juliet” is mentioned"
    )
    await stage.says('subscription edit 1 matching="a new one" own=yes mention=none')
    await stage.says("subscription edit 1 weekly on Friday without tests online")
    one = await stage.keeps()
    assert (str(one.interval), one.only, one.without) == ("weekly on Friday", "a new one", "tests")
    assert (one.own, one.online, one.name) == (True, True, "")
    await stage.says("subscription edit 1 matching=")
    assert (await stage.keeps()).only == ""
    assert (await stage.says("subscription edit 1 own=yes")).startswith("Nothing to change: 1: ")
    await stage.says("subscription edit 1 online=no")
    await stage.says("subscription edit 1 daily at 10 and at once when online")
    one = await stage.keeps()
    assert (str(one.interval), one.online) == ("daily at 10", True)
    assert await stage.audited() == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "subscription edit 1 by mail",
            "The destination cannot be changed. End the subscription and subscribe again.",
        ),
        (
            "subscription edit 1 nonsense here",
            ("When: “nonsense here” is not a schedule. Examples: immediately, every 20, hourly"),
        ),
        ("subscription edit 1 foo=bar", "The setting “foo” does not exist."),
        ("subscription edit 1 daily at 9 foo=bar", "The setting “foo” does not exist."),
        (
            "subscription edit 1 when=soon",
            (
                "When: “soon” is not a schedule. Examples: immediately, every 20, hourly, daily "
                "at 9, weekdays at 9:30, weekly on Monday."
            ),
        ),
        ("subscription edit 1 every 2 minutes", "When: “every 2 minutes” runs every 2min"),
        (
            "subscription edit 1 at once online=yes",
            "Immediately while online: The subscription already sends every message immediately",
        ),
        (
            "subscription edit 1 fallback=pigeon",
            "Fallback: pigeon is not one of your confirmed addresses",
        ),
        (
            "subscription edit 1 fallback=chat",
            "Fallback: chat is not one of your confirmed addresses",
        ),
        (
            "subscription edit 2 hourly",
            (
                "Subscription 2 does not exist, or it is not yours. “subscriptions” shows your "
                "subscriptions."
            ),
        ),
        ("subscription edit x hourly", "“x” is not a whole number."),
    ],
)
async def test_what_can_not_be_changed(stage: Stage, line: str, why: str) -> None:
    await stage.says("subscribe lobby daily at 9")
    before = await stage.kept()
    assert why in await stage.says(line)
    assert await stage.kept() == before


async def test_edit_in_a_conversation_and_by_operators(stage: Stage) -> None:
    await stage.says("subscribe lobby daily at 9")
    asked = await stage.says("subscription edit 1", "admin@x")
    assert 'interval="daily at 9" matching= without= mention=juliet' in asked
    assert "hourly" in await stage.says("hourly", "admin@x")
    (audit,) = await stage.audited()
    assert (audit.who, audit.what) == ("admin@x", "subscription-edit")
    assert "daily at 9" in audit.before
    assert "hourly" in audit.after


async def test_what_was_changed_meanwhile_is_left(stage: Stage) -> None:
    await stage.says("subscribe lobby daily at 9")
    await stage.says("subscription edit 1", "admin@x")
    await stage.says("subscription edit 1 weekly")
    assert "Nothing was saved; please review it and try again." in await stage.says(
        "hourly", "admin@x"
    )
    assert str((await stage.keeps()).interval) == "weekly"


# Pauses and quiet hours


async def test_pause_and_resume(stage: Stage) -> None:
    assert (await stage.says("pause")).startswith("Nothing to pause.")
    await stage.says("subscribe lobby")
    await stage.says("subscribe story:news daily at 9")
    assert await stage.says("pause lobby for 2h") == (
        "Paused until 1970-01-01 02:16 (UTC): 1 (shoutbox:lobby). Messages that arrive in "
        "the meantime are sent then."
    )
    assert [one.standing for one in await stage.kept()] == [Standing.PAUSED, Standing.ON]
    assert "paused until 1970-01-01 02:16 (UTC)" in await stage.says("subscriptions")
    assert await stage.says("pause") == (
        "Paused: 1 (shoutbox:lobby), 2 (story:news). To continue and receive the messages "
        "that arrived in the meantime, use “resume”."
    )
    assert await stage.says("pausiere bis Montag") == (
        "Paused until 1970-01-05 09:00 (UTC): 1 (shoutbox:lobby), 2 (story:news). Messages "
        "that arrive in the meantime are sent then."
    )
    assert (
        "Resumed: 2 (story:news). The messages that arrived in the meantime are sent now."
        in await stage.says("resume 2")
    )
    assert "Resumed: 1 (shoutbox:lobby)" in await stage.says("resume lobby")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("pause nothing", "You do not have a subscription “nothing”"),
        (
            "pause until the cows come home",
            (
                "I do not understand “the cows come home” as a time in the future. "
                "Examples: in 20 minutes, at "
                "15:00, tomorrow at 9, Monday 9:30, 2026-12-24 9:00."
            ),
        ),
        ("pause for a moment please", "is not a duration. Write it as 90s, 10min, 2h or 1d."),
        ("pause until today at 0:05", "is in the past. Choose a later time."),
        ("pause for 60w", "more than a year ahead"),
        ("resume please", "You do not have a subscription “please”"),
        ("resume lobby", "The selected subscriptions are not paused."),
        ("quiet please", "Quiet hours: “please” is not a time range. Write it as 22:00-07:00."),
        ("quiet 7:00-7:00", "would never end"),
        ("quiet 25:00-7:00", "“25:00-7:00” is not a time range. Write it as 22:00-07:00."),
    ],
)
async def test_what_is_no_pause(stage: Stage, line: str, why: str) -> None:
    await stage.says("subscribe lobby")
    assert why in await stage.says(f"/{line}")
    assert (await stage.keeps()).standing is Standing.ON
    assert stage.bus.settings.quiet("juliet@x") is None


async def test_another_persons_is_not_paused(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    assert "Subscription 1 does not exist" in await stage.says("pause 1", "romeo@x")
    assert "Nothing to pause." in await stage.says("pause 1", "admin@x")
    assert (await stage.keeps()).standing is Standing.ON


async def test_quiet_hours(stage: Stage) -> None:
    assert (await stage.says("quiet")).startswith(
        "You do not have quiet hours. To set them, write for example “quiet 22:00-07:00”."
    )
    await stage.says("preferences zone=Europe/Berlin confirm=never")
    answer = await stage.says("quiet from 22:00 to 7:00")
    assert answer.startswith(
        "Your quiet hours are 22:00-07:00 (Europe/Berlin). Messages that arrive during them are "
        "sent when they end."
    )
    await stage.says("preferences language=de")
    await stage.bus.settings.load()
    kept = stage.bus.settings.preference("juliet@x")
    assert (kept.quiet, kept.zone, kept.confirm, kept.language) == (
        "22:00-07:00",
        "Europe/Berlin",
        "never",
        "de",
    )
    assert str(stage.bus.settings.quiet("juliet@x")) == "22:00-07:00"
    assert (await stage.says("quiet aus")).startswith("Du hast keine Ruhezeiten.")
    assert stage.bus.settings.quiet("juliet@x") is None


# Addresses


async def test_a_code_confirms(stage: Stage) -> None:
    await stage.says("subscribe lobby by sms to +4915112345")
    (address,) = await stage.bus.subscriptions.book.of("juliet@x")
    code = stage.bus.subscriptions.book.links.code(address)
    wrong = "000000" if code != "000000" else "111111"
    assert f"“{wrong}” is not the confirmation code that was sent." in await stage.says(
        f"confirm {wrong}"
    )
    assert (
        "You do not have a valid confirmation code; codes expire after a day. To request a "
        "new one, use “confirm +49…”."
    ) in await stage.says(f"confirm {code}", "mallory@x")
    answer = await stage.says(f"confirm {code[:3]} {code[3:]}")
    assert (
        answer == "sms:+4915112345 is confirmed.\n1: shoutbox:lobby → sms:+4915112345, immediately"
    )
    assert (await stage.keeps()).standing is Standing.ON


@pytest.mark.parametrize(
    "written", ["to juliet@Example.ORG", "to juliet@ｅxample.org", "by mail to juliet@EXAMPLE.org"]
)
async def test_an_address_is_kept_in_one_way(stage: Stage, written: str) -> None:
    await stage.says(f"subscribe lobby {written}")
    assert (await stage.keeps()).target == MAIL


async def test_a_code_can_not_be_guessed(stage: Stage) -> None:
    await stage.says("subscribe lobby by sms to +4915112345")
    (address,) = await stage.bus.subscriptions.book.of("juliet@x")
    code = stage.bus.subscriptions.book.links.code(address)
    wrong = [f"{number:06}" for number in range(10) if f"{number:06}" != code][:5]
    for one in wrong:
        await stage.says(f"confirm {one}")
    assert "Too many wrong attempts. The confirmation code is no longer valid." in await stage.says(
        f"confirm {code}"
    )
    assert (await stage.keeps()).standing is Standing.ASKED


async def test_confirm_without_more(stage: Stage) -> None:
    assert "You have nothing to confirm." in await stage.says("confirm")
    await stage.says("subscribe lobby by mail to juliet@example.org")
    told = (
        "Open the link in the email that was sent to mail:juliet@example.org. To send a new "
        "link, use “confirm mail:juliet@example.org”."
    )
    assert told in await stage.says("confirm")
    await stage.says("subscribe lobby by sms to +4915112345")
    assert (await stage.says("confirm")).splitlines()[1] == (
        "Write “confirm” with the confirmation code that was sent to sms:+4915112345."
    )
    await stage.bus.store.subscriptions.remove([2])
    assert (await stage.keeps()).standing is Standing.ASKED


async def test_an_address_that_was_dropped_today_is_not_asked_again_today(stage: Stage) -> None:
    line = "subscribe lobby daily at 9 by mail to juliet@example.org"
    told = (
        "A request was already sent to mail:juliet@example.org today. To send another one, use "
        "“confirm mail:juliet@example.org” tomorrow."
    )
    await stage.says(line)
    await stage.says("address drop juliet@example.org")
    answer = await stage.says(line)
    assert told in answer
    assert "is confirmed. Follow the instructions that were sent there." not in answer
    assert await stage.says("confirm juliet@example.org") == told
    assert (
        "To send a confirmation request there, use “confirm mail:juliet@example.org”."
        in await stage.says("confirm")
    )
    assert await stage.asked(MAIL) == 1
    stage.bus.clock.now += 86_401  # type: ignore[attr-defined]
    assert (
        await stage.says("confirm juliet@example.org")
        == "A confirmation request was sent to mail:juliet@example.org."
    )
    assert await stage.asked(MAIL) == 2
    assert "You do not have the address" in await stage.says(
        "confirm juliet@example.org", "romeo@x"
    )


async def test_an_address_that_bounced_is_asked_anew(stage: Stage) -> None:
    await stage.gives(MAIL, Proof.BOUNCED)
    assert await stage.says("confirm mail:juliet@example.org") == (
        "A confirmation request was sent to mail:juliet@example.org."
    )
    assert "today. Look there, or try again tomorrow." in await stage.says(
        "confirm juliet@example.org"
    )
    assert await stage.asked(MAIL) == 1
    assert (
        "You do not have the address “me@example.org”. “address list” shows your addresses."
        in await stage.says("confirm me@example.org")
    )
    await stage.gives(MAIL)
    assert "is already confirmed." in await stage.says("confirm juliet@example.org")


async def test_addresses_are_listed_and_dropped(stage: Stage) -> None:
    assert await stage.says("address list") == "You do not have any addresses."
    await stage.says("subscribe lobby by mail to juliet@example.org")
    assert (
        await stage.says("address list")
        == "One address:\nmail:juliet@example.org: not confirmed yet"
    )
    assert "You do not have the address" in await stage.says(
        "address drop juliet@example.org", "romeo@x"
    )
    assert await stage.says("address drop juliet@example.org") == (
        "Removed mail:juliet@example.org. These subscriptions ended: 1: shoutbox:lobby → "
        "mail:juliet@example.org"
    )
    assert await stage.kept() == []
    assert await stage.says("address list") == "You do not have any addresses."


# In forms, and as pages


async def test_a_form(stage: Stage) -> None:
    client = Client(stage.bus, lambda _jid: Role.MEMBER)
    first = await client.send("subscribe", jid="juliet@x")
    assert [one.get("label") for one in boxes(first)] == [
        "Channel",
        "When",
        "Deliver by",
        "Address",
        "More options",
    ]
    filled = {
        "channel": [str(LOBBY)],
        "interval": ["every 2 minutes"],
        "by": ["chat"],
        "address": [""],
        "more": ["0"],
    }
    wrong = await client.send("subscribe", filled, session_of(first), jid="juliet@x")
    assert lines(wrong).startswith("When: “every 2 minutes” runs every 2min")
    more = await client.send(
        "subscribe",
        filled | {"interval": ["daily at 9"], "more": ["1"]},
        session_of(first),
        jid="juliet@x",
    )
    assert [one.get("label") for one in boxes(more)] == [
        "Contains",
        "Does not contain",
        "Immediately if mentioned",
        "Thread",
        "Fallback",
        "Include my own messages",
        "Immediately while online",
    ]
    said = {"matching": ["release"], "mention": ["juliet"], "own": ["1"], "online": ["1"]}
    wrong = await client.send(
        "subscribe", said | {"thread": ["x"]}, session_of(first), jid="juliet@x"
    )
    assert lines(wrong).startswith("Thread: The message x does not exist in shoutbox:lobby")
    done = await client.send("subscribe", said, session_of(first), jid="juliet@x")
    assert told(done).startswith(
        "Subscription 1: shoutbox:lobby → chat:juliet@x, daily at 9, containing “release”, "
        "including your own messages, immediately while you are online, immediately if “juliet” "
        "is mentioned, next on 1970-01-01 09:00 (UTC)"
    )


async def test_a_form_asks_for_the_address(stage: Stage) -> None:
    client = Client(stage.bus, lambda _jid: Role.MEMBER)
    first = await client.send("subscribe", jid="juliet@x")
    filled = {
        "channel": [str(LOBBY)],
        "interval": ["hourly"],
        "by": ["mail"],
        "address": [""],
        "more": ["0"],
    }
    second = await client.send("subscribe", filled, session_of(first), jid="juliet@x")
    assert [one.get("label") for one in boxes(second)] == ["Address"]
    wrong = await client.send("subscribe", {"address": ["x"]}, session_of(first), jid="juliet@x")
    assert lines(wrong).startswith("Address: “x” is not an address of a mail channel. Write it as")
    done = await client.send(
        "subscribe", {"address": ["juliet@example.org"]}, session_of(first), jid="juliet@x"
    )
    assert (
        "No messages are sent until mail:juliet@example.org is confirmed. Follow the "
        "instructions that were sent there."
    ) in told(done)


async def test_forms_of_the_rest(stage: Stage) -> None:
    client = Client(stage.bus, lambda _jid: Role.MEMBER)
    for node in ("unsubscribe", "pause", "stop"):
        assert told(await client.send(node, jid="juliet@x")).startswith(
            "You do not have any subscriptions. To add one, write for example “subscribe lobby "
            "daily at 9”."
        )
    assert (
        told(await client.send("address-drop", jid="juliet@x")) == "You do not have any addresses."
    )
    await stage.says("subscribe lobby")
    await stage.says("subscribe story:news by mail to juliet@example.org")
    first = await client.send("pause", jid="juliet@x")
    wrong = await client.send(
        "pause", {"which": ["1"], "until": ["never"]}, session_of(first), jid="juliet@x"
    )
    assert lines(wrong).startswith(
        "Until: I do not understand “never” as a time in the future. "
        "Examples: in 20 minutes, at 15:00, tomorrow "
        "at 9, Monday 9:30, 2026-12-24 9:00."
    )
    done = await client.send(
        "pause", {"which": ["1"], "until": ["Monday"]}, session_of(first), jid="juliet@x"
    )
    assert told(done).startswith("Paused until 1970-01-05 09:00 (UTC): 1 (shoutbox:lobby).")
    first = await client.send("subscription-edit", {}, jid="juliet@x")
    second = await client.send(
        "subscription-edit", {"number": ["1"]}, session_of(first), jid="juliet@x"
    )
    assert [one.findtext("{jabber:x:data}value") for one in boxes(second)][:1] == ["at once"]
    done = await client.send(
        "subscription-edit", {"interval": ["hourly"]}, session_of(first), jid="juliet@x"
    )
    assert told(done).startswith("Changed: 1: shoutbox:lobby → chat:juliet@x, hourly")
    first = await client.send("address-drop", jid="juliet@x")
    done = await client.send(
        "address-drop", {"address": [str(MAIL)]}, session_of(first), jid="juliet@x"
    )
    assert told(done).startswith(
        "Removed mail:juliet@example.org. These subscriptions ended: 2: story:news"
    )
    first = await client.send("unsubscribe", jid="juliet@x")
    done = await client.send("unsubscribe", {"which": ["1"]}, session_of(first), jid="juliet@x")
    assert told(done) == "Subscription 1 to shoutbox:lobby has ended."


async def test_what_ended_meanwhile_ends_no_second_time(stage: Stage) -> None:
    await stage.says("subscribe lobby")
    client = Client(stage.bus, lambda _jid: Role.MEMBER)
    first = await client.send("unsubscribe", jid="juliet@x")
    await stage.says("stop")
    done = await client.send("unsubscribe", {"which": ["1"]}, session_of(first), jid="juliet@x")
    assert told(done).startswith(
        "You do not have any subscriptions. To add one, write for example “subscribe lobby daily "
        "at 9”."
    )


async def test_the_page(stage: Stage) -> None:
    async with a_browser(stage.bus, {"admin@x": Role.ADMIN}, "admin@x") as browser:
        values = {"channel": [str(LOBBY)], "interval": ["soon"], "by": ["chat"], "who": ["romeo@x"]}
        page = await browser.command("subscribe", values)
        assert set(page.faults) == {"interval"}
        page = await browser.fill(page, "subscribe", values | {"interval": ["daily at 9"]})
        assert (
            "A request was sent to romeo@x. The subscription starts when they accept it."
            in page.note
        )
        page = await browser.get("/commands/subscription-edit?number=1")
        assert page.fields["interval"] == ["daily at 9"]
