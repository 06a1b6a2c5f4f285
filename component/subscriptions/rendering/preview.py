"""What templates make of messages, to look at: of samples, or of what a channel holds. Pure but for
the files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from component.bus.model.message import Author, Channel, Message, id_from
from component.bus.model.subscription import Address, Interval, Subscription
from component.common.i18n import LANGUAGES, Words
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Places, Selection, chosen, merged
from component.subscriptions.rendering.footer import HERE, footed, scrubbed
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.renderer import CHAT, MAIL
from component.subscriptions.rendering.templates import NAMES, Drawn, Templates

_DAY = 86_400_000
_FIRST = id_from("sample1")
SAMPLED_REST = 3
"""Messages that samples say are not shown."""
LOBBY = Channel("shoutbox", "lobby")
_TARGET = Channel("mail", "juliet@example.org")


class SampleLinks:
    """Links that lead to nobody in particular, at a web address."""

    def __init__(self, web: str) -> None:
        self._web = web

    def unsubscribe(self, numbers: Sequence[int]) -> str:
        """Ends subscriptions."""
        return f"{self._web}/unsubscribe/{'-'.join(map(str, numbers))}"

    def stop_all(self, target: Channel) -> str:
        """Ends everything that goes to an address."""
        return f"{self._web}/stop/1"

    def confirm(self, address: Address) -> str:
        """Confirms an address."""
        return f"{self._web}/confirm/1"

    def code(self, address: Address) -> str:
        """The code that confirms it."""
        return "123456"

    def manage(self) -> str:
        """The page with someone's subscriptions."""
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
    juliet, romeo = Author("Juliet", "juliet@example.org"), Author.guest("Romeo", "1")
    first = said(juliet, "09:00?", now - _DAY, 1)
    return [
        first,
        answer(said(romeo, "https://example.org/?a=1&b=2", now - _DAY + 60_000, 2), first),
        said(juliet, "<b>1 < 2 & 3</b>\n2\n3", now - _DAY + 120_000, 3),
        answer(said(juliet, "…", now - 120_000, 4), first),
        said(romeo, "Lorem ipsum dolor sit amet. " * 60, now - 60_000, 5),
    ]


def said(author: Author, body: str, at: int, number: int) -> Message:
    """A sample, by its number."""
    return Message.new(LOBBY, author, body, at, id=id_from(f"sample{number}"))


def answer(message: Message, first: Message) -> Message:
    """A sample that answers another one."""
    return replace(message, replies=first.id, thread=first.id)


def preview(
    templates: Templates,
    name: str,
    locale: ReaderLocale,
    messages: Sequence[Message],
    where: Places,
    web: str,
    channel: Channel = LOBBY,
) -> Drawn:
    """What a template makes of messages of a channel, and what is wrong with the operator's, if
    anything."""
    footer = footer_of(name)
    if name == "frame.html":
        name = "digest.html"
    given = sample_values(name, locale, messages, where, web, channel)
    drawn = templates.draw(name, locale.language, {"footer": HERE, **given})
    text = scrubbed(drawn.text)
    if not footer:
        return replace(drawn, text=text.strip("\n"))
    given = sample_values(footer, locale, messages, where, web, channel)
    below = templates.draw(footer, locale.language, given).text
    return replace(drawn, text=footed(text, scrubbed(below).strip("\n")))


def footer_of(name: str) -> str:
    """The template of the footer below a template; "" where it has none."""
    if name == "digest-chat.txt":
        return "footer-chat.txt"
    kind = name.rpartition(".")[2]
    if name in (f"digest.{kind}", f"message.{kind}", "frame.html"):
        return f"footer.{kind}"
    return ""


def sample_values(
    name: str,
    locale: ReaderLocale,
    messages: Sequence[Message],
    where: Places,
    web: str,
    channel: Channel,
) -> Mapping[str, Any]:
    """What a template is given."""
    links = SampleLinks(web)
    subscription = Subscription("juliet@example.org", channel, _TARGET, Interval(20), id=1)
    if name.startswith("digest"):
        bounds = CHAT if "chat" in name else MAIL
        rest = SAMPLED_REST if messages[0].id == _FIRST else 0
        shown = chosen(merged([Selection(channel, messages, rest)]), bounds)
        return values.of_digest(shown, {}, where, locale, bounds)
    if name.startswith("message"):
        answered = messages[0] if messages[-1] is not messages[0] else None
        return values.of_message(messages[-1], channel, answered, where, locale)
    if name.startswith("request"):
        address = Address(subscription.who, _TARGET, asked=1)
        return values.of_request(address, "", [subscription], where, links, locale)
    return values.of_footer([subscription], _TARGET, where, links, locale)


def faults(templates: Templates, now: int) -> Sequence[Words]:
    """What is wrong with an operator's folder and the templates in it, each file once."""
    wrong = list(templates.strays())
    if templates.folder is None or not templates.folder.is_dir():
        return wrong
    web = "https://shouts.example.org"
    for name in NAMES:
        for language in LANGUAGES:
            locale = ReaderLocale(language, "UTC")
            drawn = preview(templates, name, locale, samples(now), places(web), web)
            if drawn.fault and drawn.fault not in wrong:
                wrong.append(drawn.fault)
    return wrong
