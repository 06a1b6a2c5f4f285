"""A digest as people get one, in pictures: `python -m tests.browser.mail_pictures` draws those of
the docs anew."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from component.bus.model.message import Author, AuthorKind, Channel, Kind, Message, id_from
from component.bus.model.subscription import Interval, Subscription
from component.subscriptions.instant import quoted
from component.subscriptions.links import Links
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Places, Selection, chosen, merged, strangers
from component.subscriptions.rendering.footer import HERE, footed
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.renderer import MAIL
from component.subscriptions.rendering.templates import Templates
from tests.browser.chromium import chromium

ZONE = "Europe/Berlin"
WEB = "https://shouts.example.org"
LOBBY, PLANET = Channel("shoutbox", "lobby"), Channel("feed", "planet")
TITLES = {LOBBY: "Lobby", PLANET: "Planet XMPP"}
TARGET = Channel("mail", "juliet@example.org")
JULIET, ROMEO = Author("Juliet", "juliet@example.org"), Author("Romeo", "romeo@example.org")
NURSE, GUEST = Author("Nurse", "nurse@example.org"), Author("Zoë", "guest:1", AuthorKind.GUEST)
PLACES = Places(
    title=lambda channel: TITLES.get(channel, str(channel)),
    page=lambda channel: f"{WEB}/{channel.method}/{channel.address}" if channel == LOBBY else "",
    link=lambda message: f"{WEB}/messages/{message.id}/5b1e3c0d9f2a47d68c0b7a915e24f3d8",
    permalink=lambda _message, _channel: "",
)
LONG = (
    "Minutes of yesterday, the short version. We keep the old printer until March, whatever "
    "it says about its drum. "
    "The kitchen gets a second kettle, since the first is always empty when somebody needs "
    "it. Balthasar looks after "
    "the plants while Paris is away, and asks that nobody waters the cactus again. The "
    "shared calendar moves to a new "
    "server on Thursday evening; for an hour nothing can be entered there, and reminders "
    "come late. Benvolio has "
    "counted the chairs: there are nineteen, of which two are safe for people only if they "
    "do not lean back.\n"
    "For the fair in spring we have a stand of nine square metres, between the book binders "
    "and a maker of very small "
    "trains. Tybalt would like to have the trains instead of us. The posters are being "
    "drawn; whoever has a good "
    "sentence that fits on one line and is true may send it to Rosaline until Friday. We "
    "will not give away pens this "
    "time. Last year four hundred of them came back by post, with letters.\n"
    "Money: we are a little below what we planned, because the heating was off in October, "
    "and nobody remembers who "
    "turned it on again. The next meeting is on 7 December at ten, in room 3, with cake if "
    "there is any left, and "
    "otherwise with what Peter finds on the way. Whoever can't come says so here, so that we "
    "need not wait. "
)


def at(clock: str, day: int = 23) -> int:
    """A moment of a morning in November, in ms."""
    hour, minute = map(int, clock.split(":"))
    return int(datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


def shout(
    author: Author, clock: str, body: str, answers: Message | None = None, day: int = 23
) -> Message:
    """Something said in the lobby."""
    message = Message.new(LOBBY, author, body, at(clock, day), id=id_from(f"{clock} {body}"))
    return (
        replace(message, replies=answers.id, thread=answers.thread or answers.id)
        if answers
        else message
    )


def item(title: str, clock: str, name: str, link: str) -> Message:
    """What a feed said."""
    author = Author(name, f"{PLANET}/{name}")
    body = f"{title}\n{link}"
    return Message.new(PLANET, author, body, at(clock), id=id_from(title), kind=Kind.FEED_ITEM)


EARLIER = shout(NURSE, "17:20", "Who left the blue umbrella in room 3?", day=22)
CAKE = shout(JULIET, "09:12", "Release 2.4 is out today. Who brings the cake?")


def wanted() -> list[Selection]:
    """A morning's worth."""
    lobby = [
        shout(ROMEO, "08:55", "That was me, thank you. I fetch it at noon.", EARLIER),
        CAKE,
        shout(ROMEO, "09:14", "I do. Apple or chocolate?", CAKE),
        shout(GUEST, "09:15", "Both!\nThere are eleven of us, and two are from sales.", CAKE),
        shout(
            NURSE,
            "09:40",
            "The notes are at https://wiki.example.org/releases/2.4 if somebody reads them first.",
        ),
        shout(GUEST, "11:02", "שלום, the door downstairs is open again"),
        shout(NURSE, "13:31", LONG),
    ]
    planet = [
        item(
            "XEP-0461 moves to Stable",
            "10:00",
            "XSF",
            "https://xmpp.example.org/blog/xep-0461-stable",
        ),
        item(
            "Newsletter: clients in autumn",
            "12:00",
            "Peter",
            "https://planet.example.org/2026/autumn?from=feed&n=7",
        ),
    ]
    return [Selection(LOBBY, lobby, rest=37), Selection(PLANET, planet)]


def digest(
    language: str = "en", some: list[Selection] | None = None, templates: Templates | None = None
) -> str:
    """The page of a digest, as it is mailed."""
    eyes = ReaderLocale(language, ZONE)
    shown = chosen(merged(some or wanted()), MAIL)
    quotes = {one: quoted(EARLIER) for one in strangers(shown)}
    return drawn(
        "digest.html",
        values.of_digest(shown, quotes, PLACES, eyes, MAIL),
        eyes,
        templates or Templates(),
    )


def drawn(name: str, given: Mapping[str, object], eyes: ReaderLocale, templates: Templates) -> str:
    """A page with its footer."""
    links = Links(WEB, b"0" * 32)
    why = [
        Subscription(
            "juliet@example.org",
            channel,
            TARGET,
            Interval.parse("daily at 18:00"),
            ZONE,
            eyes.language,
            id=7,
        )
        for channel in (LOBBY, PLANET)
    ]
    foot = templates.draw(
        "footer.html", eyes.language, values.of_footer(why, TARGET, PLACES, links, eyes)
    )
    page = templates.draw(name, eyes.language, {"footer": HERE, **given})
    assert not foot.fault
    assert not page.fault
    return footed(page.text, foot.text)


def picture(
    browser: Browser, page: str, file: Path, width: int, scheme: str, *, phone: bool = False
) -> None:
    """A page as a screenshot of so many CSS pixels across: all of it, or what a phone shows
    first."""
    context = browser.new_context(
        viewport={"width": width, "height": 780},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=2 if phone else 1,
    )
    shown = context.new_page()
    shown.set_content(page)
    shown.screenshot(path=file, full_page=not phone)
    context.close()


def main(folder: Path) -> None:
    """Draw the pictures of the docs."""
    with chromium() as browser:
        picture(browser, digest(), folder / "digest-mail.png", 800, "light")
        picture(browser, digest(), folder / "digest-mail-phone.png", 360, "dark", phone=True)


if __name__ == "__main__":
    main(
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).parents[2] / "docs" / "screenshots"
    )
