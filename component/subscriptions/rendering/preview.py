"""What templates make of messages, to be looked at: samples, or what stands in a channel. Pure but
for the files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from component.bus.model.message import Author, Channel, Message, id_from
from component.bus.model.subscription import Address, Interval, Subscription
from component.common.i18n import LANGUAGES, Words
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Places, Wanted, chosen, merged
from component.subscriptions.rendering.footer import HERE, footed, scrubbed
from component.subscriptions.rendering.renderer import CHAT, MAIL
from component.subscriptions.rendering.templates import NAMES, Drawn, Templates
from component.subscriptions.rendering.values import Eyes

_DAY = 86_400_000
_FIRST = id_from("sample1")
SAMPLED_REST = 3
"""Messages that samples say are not shown."""
_LOBBY = Channel("shoutbox", "lobby")
_TARGET = Channel("mail", "juliet@example.org")


class _Samples:
    """Links that lead nowhere in particular, at a web address."""

    def __init__(self, web: str) -> None:
        self._web = web

    def unsubscribe(self, numbers: Sequence[int]) -> str:
        return f"{self._web}/unsubscribe/{'-'.join(map(str, numbers))}"

    def stop_all(self, target: Channel) -> str:
        return f"{self._web}/stop/1"

    def confirm(self, address: Address) -> str:
        return f"{self._web}/confirm/1"

    def code(self, address: Address) -> str:
        return "123456"

    def manage(self) -> str:
        return f"{self._web}/subscriptions"


def places(web: str) -> Places:
    """Pages of channels and messages at a web address."""
    return Places(
        str,
        lambda one: f"{web}/{one.method}/{one.address}",
        lambda one: f"{web}/messages/{one.id}",
        lambda _message, _channel: "",
    )


def samples(now: int) -> Sequence[Message]:
    """A few messages, with a thread over two days in them, and a long one."""
    juliet, romeo = Author("Juliet", "juliet@example.org"), Author("Romeo", "guest:1")
    first = _said(juliet, "09:00?", now - _DAY, 1)
    return [
        first,
        _answer(_said(romeo, "https://example.org/?a=1&b=2", now - _DAY + 60_000, 2), first),
        _said(juliet, "<b>1 < 2 & 3</b>\n2\n3", now - _DAY + 120_000, 3),
        _answer(_said(juliet, "…", now - 120_000, 4), first),
        _said(romeo, "Lorem ipsum dolor sit amet. " * 60, now - 60_000, 5),
    ]


def _said(author: Author, body: str, at: int, number: int) -> Message:
    return Message.new(_LOBBY, author, body, at, id=id_from(f"sample{number}"))


def _answer(message: Message, first: Message) -> Message:
    return replace(message, replies=first.id, thread=first.id)


def preview(
    templates: Templates,
    name: str,
    eyes: Eyes,
    messages: Sequence[Message],
    where: Places,
    web: str,
    channel: Channel = _LOBBY,
) -> Drawn:
    """What a template makes of messages that stand in a channel, and what is wrong with the
    operator's, if anything."""
    below = _foot_of(name)
    name = "digest.html" if name == "frame.html" else name
    drawn = templates.draw(
        name, eyes.language, {"footer": HERE, **_given(name, eyes, messages, where, web, channel)}
    )
    if not below:
        return replace(drawn, text=scrubbed(drawn.text).strip("\n"))
    foot = templates.draw(
        below, eyes.language, _given(below, eyes, messages, where, web, channel)
    ).text
    return replace(drawn, text=footed(scrubbed(drawn.text), scrubbed(foot).strip("\n")))


def _foot_of(name: str) -> str:
    """What stands under it."""
    if name == "digest-chat.txt":
        return "footer-chat.txt"
    kind = name.rpartition(".")[2]
    return f"footer.{kind}" if name in (f"digest.{kind}", f"message.{kind}", "frame.html") else ""


def _given(
    name: str, eyes: Eyes, messages: Sequence[Message], where: Places, web: str, channel: Channel
) -> Mapping[str, Any]:
    links = _Samples(web)
    one = Subscription("juliet@example.org", channel, _TARGET, Interval(20), id=1)
    if name.startswith("digest"):
        bounds = CHAT if "chat" in name else MAIL
        shown = chosen(
            merged(
                [Wanted(one.channel, messages, SAMPLED_REST if messages[0].id == _FIRST else 0)]
            ),
            bounds,
        )
        return values.of_digest(shown, {}, where, eyes, bounds)
    if name.startswith("message"):
        answered = messages[0] if messages[-1] is not messages[0] else None
        return values.of_message(messages[-1], one.channel, answered, where, eyes)
    if name.startswith("request"):
        return values.of_request(Address(one.who, _TARGET, asked=1), "", [one], where, links, eyes)
    return values.of_foot([one], _TARGET, where, links, eyes)


def faults(templates: Templates, now: int) -> Sequence[Words]:
    """What is wrong with an operator's folder and the templates in it, each file once."""
    wrong = templates.strays()
    if templates.folder is None or not templates.folder.is_dir():
        return wrong
    web = "https://shouts.example.org"
    found = [
        drawn.fault
        for name in NAMES
        for language in LANGUAGES
        if (
            drawn := preview(templates, name, Eyes(language, "UTC"), samples(now), places(web), web)
        ).fault
    ]
    return [*wrong, *dict.fromkeys(found)]
