"""The web pages of subscriptions: the form at a shoutbox, the links in mails, and everyone's
own."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from commands.action import Bus
from component.bus.model.message import Channel, Kind, Message
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.subscription import Interval, Proof, Standing, Subscription, mailbox
from component.common.i18n import LANGUAGES, tell
from component.subscriptions.addresses import LINK_LIFE_MS, RequestQuotas
from tests.contract.forms import a_seeded_bus
from tests.contract.pages import Browser, Page, a_browser
from web.account.cards import card
from web.account.sign_up import INTERVALS, SignUp
from web.account.sign_up_page import MAX_ALIASES_PER_DAY, MAX_PER_HOUR, MIN_DURATION_S

BOX, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "a_very-long-name&so@rooms.example.org")
NEWS = Channel("shoutbox", "news")
MAIL = Channel("mail", "juliet@example.org")
MINE = Channel("chat", "juliet@x")
FORM = "/shoutbox/lobby/subscribe"
SENT = (
    "If confirmation is required, an email is on its way. At most one is sent per day, so also "
    "look for an earlier one."
)
OVER = (
    "This link is no longer valid. Each link works once, within a week, and only the newest one "
    "works. Earlier confirmations remain valid."
)
NONE = "is not an email address. Write it as juliet@example.org."


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        await one.settings.change(
            [Put(ChannelSpec(NEWS, "News"))], Audit(0, "admin@x", "test", "seed")
        )
        yield one


@pytest.fixture
async def browser(bus: Bus) -> AsyncIterator[Browser]:
    async with a_browser(bus, {"op@x": Role.OPERATOR}, proxies=("127.0.0.1",)) as one:
        yield one


async def asked(bus: Bus, target: Channel = MAIL) -> list[Message]:
    """The requests to confirm that went to an address."""
    found = await bus.store.deliveries.log(target, limit=1_000)
    return [one.message for one in found if one.message.kind is Kind.CONFIRMATION]


async def held(bus: Bus, target: Channel = MAIL) -> list[Subscription]:
    return list(await bus.store.subscriptions.find(target=target, limit=1_000))


def link(bus: Bus, url: str) -> str:
    """The path of a link in a mail."""
    assert url.startswith(bus.web)
    return url.removeprefix(bus.web)


async def sign_up(
    browser: Browser, mail: str = MAIL.address, path: str = FORM, **more: str
) -> Page:
    """As from the page of a shoutbox; headers begin in a capital."""
    values = {"mail": mail, "interval": "daily", "zone": "Europe/Berlin"}
    values |= {name: value for name, value in more.items() if name.islower()}
    headers = {name: value for name, value in more.items() if not name.islower()}
    return await browser.post(path, {name: [value] for name, value in values.items()}, **headers)


async def confirming(bus: Bus, who: str = "", target: Channel = MAIL) -> str:
    """The path of the link that its owner got."""
    address = await bus.store.addresses.get(who, target)
    assert address
    return link(bus, bus.subscriptions.book.links.confirm(address))


async def begun(
    bus: Bus, *channels: Channel, who: str = "", target: Channel = MAIL
) -> list[Subscription]:
    """Subscriptions that are in force."""
    for channel in channels:
        await bus.subscriptions.add(
            Subscription(who, channel, target, Interval.parse("daily at 9"))
        )
    address = await bus.store.addresses.get(who, target)
    assert address
    await bus.subscriptions.book.confirm(address)
    return await held(bus, target)


# Signing up


def test_what_may_be_chosen_means_the_same_in_each_language() -> None:
    for words in INTERVALS.values():
        meant = [Interval.parse(tell(words, language)) for language in LANGUAGES]
        assert len({(one.count, one.schedule.cron if one.schedule else "") for one in meant}) == 1


async def test_the_form_stands_on_the_page_where_mail_goes_out(browser: Browser, bus: Bus) -> None:
    page = await browser.get("/shoutbox/lobby")
    assert f'action="{FORM}"' in page.text
    assert page.asked["mail"] == "email"
    bus.subscriptions.ways = ("chat",)
    assert "subscribe" not in (await browser.get("/shoutbox/lobby")).text
    assert (await browser.get(FORM)).status == (await sign_up(browser)).status == 404
    assert await held(bus) == []


async def test_a_sign_up_waits_for_its_owner(browser: Browser, bus: Bus) -> None:
    page = await sign_up(browser, Accept_Language="de")
    assert page.status == 200
    assert (
        "Wenn eine Bestätigung nötig ist, ist eine E-Mail unterwegs. Es wird höchstens eine "
        "pro Tag gesendet, sieh also auch nach einer früheren."
    ) in page.note
    (one,) = await held(bus)
    assert (one.who, one.channel, one.standing, one.zone, one.language) == (
        "",
        BOX,
        Standing.ASKED,
        "Europe/Berlin",
        "de",
    )
    assert str(one.interval) == "täglich um 9"
    assert len(await asked(bus)) == 1


@pytest.mark.parametrize(
    "path", ["/shoutbox/none/subscribe", "/muc/lobby/subscribe", "/story/x/subscribe"]
)
async def test_where_there_is_no_shoutbox(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status == 404
    assert (await sign_up(browser, path=path)).status == 404


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        ("", "An email address is required."),
        ("   ", "An email address is required."),
        ("juliet", NONE),
        ("juliet@example.org\r\nBcc: romeo@example.org", NONE),
        ("juliet@exa\nmple.org", NONE),
        ("a@b@c", NONE),
        ("<b>@example.org", NONE),
        ("juliet@example.org, romeo@example.org", NONE),
        ("x" * 400 + "@example.org", NONE),
    ],
)
async def test_a_bad_address_is_told_at_the_form(
    browser: Browser, bus: Bus, mail: str, told: str
) -> None:
    page = await sign_up(browser, mail, interval="weekly")
    assert page.status == 400
    assert told in page.note
    assert page.fields["interval"] == ["weekly"]  # what was chosen is kept
    assert page.fields["mail"] == [mail[:320]]
    assert "<b>@" not in page.text
    assert await bus.store.subscriptions.find() == []


async def test_what_else_can_not_be_chosen(browser: Browser, bus: Bus) -> None:
    assert (await sign_up(browser, interval="every 2 s")).note.startswith(
        "Choose how often to receive messages."
    )
    assert (await browser.post(FORM, {})).status == 400
    async with browser.client.post(
        FORM, data=b"x", headers={"Content-Type": "multipart/form-data"}
    ) as answer:
        assert answer.status == 400
    assert await bus.store.subscriptions.find() == []


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "\x00", "UTC"])
async def test_a_zone_that_is_none_is_utc(browser: Browser, bus: Bus, zone: str) -> None:
    await sign_up(browser, zone=zone)
    assert [one.zone for one in await held(bus)] == ["UTC"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
)
async def test_another_site_can_sign_nobody_up(
    browser: Browser, bus: Bus, headers: dict[str, str]
) -> None:
    page = await sign_up(browser, **headers)
    assert page.status == 403
    assert "The request did not come from this site. Reload the page and try again." in page.note
    assert await held(bus) == []


async def test_a_hundred_sign_ups_of_one_victim_are_one_mail(browser: Browser, bus: Bus) -> None:
    boxes = ("lobby", "news")
    pages = await asyncio.gather(
        *(
            sign_up(
                browser,
                MAIL.address.upper() if n % 3 else MAIL.address,
                f"/shoutbox/{boxes[n % 2]}/subscribe",
                X_Forwarded_For=f"198.51.100.{n}",
            )
            for n in range(100)
        )
    )
    assert {(one.status, one.note) for one in pages} == {(200, SENT)}
    assert len(await asked(bus)) == 1
    assert {one.target for one in await bus.store.subscriptions.find(limit=1_000)} == {MAIL}


async def test_the_answer_tells_nothing_of_an_address(browser: Browser, bus: Bus) -> None:
    """Unknown, asked today, confirmed, subscribed there already, and one whose owner wants
    nothing."""
    told, took = [], []
    known = [
        Channel("mail", f"{name}@example.org")
        for name in ("new", "asked", "confirmed", "here", "stopped")
    ]
    await begun(bus, NEWS, target=known[2])
    bus.clock.sleep(minutes=25 * 60)  # type: ignore[attr-defined]
    await bus.subscriptions.add(Subscription("", NEWS, known[1]))
    await begun(bus, BOX, target=known[3])
    await bus.subscriptions.book.stop(known[4])
    for place, one in enumerate(known):
        begins = time.monotonic()
        page = await sign_up(browser, one.address, X_Forwarded_For=f"198.51.100.{place}")
        took.append(time.monotonic() - begins)
        told.append((page.status, page.text.replace(one.address, ""), set(page.headers)))
    assert [one for one in told if one != told[0]] == []
    assert min(took) >= MIN_DURATION_S - 0.01
    assert [len(await asked(bus, one)) for one in known] == [1, 1, 2, 1, 0]
    assert await held(bus, known[4]) == []


async def test_who_lost_the_mail_is_asked_again_the_next_day(browser: Browser, bus: Bus) -> None:
    clock: Any = bus.clock
    await sign_up(browser)
    clock.sleep(minutes=60)
    await sign_up(browser)
    assert len(await asked(bus)) == 1
    clock.sleep(minutes=24 * 60)
    assert (await sign_up(browser)).status == 200
    assert len(await asked(bus)) == 2
    assert len(await held(bus)) == 1


async def test_a_sign_up_by_anyone_leaves_what_is_confirmed_as_it_is(
    browser: Browser, bus: Bus
) -> None:
    """Else anyone could silence an address by typing it."""
    clock: Any = bus.clock
    (one,) = await begun(bus, NEWS)
    clock.sleep(minutes=48 * 60)
    await sign_up(browser)
    assert len(await asked(bus)) == 2
    address = await bus.store.addresses.get("", MAIL)
    assert address
    assert address.proof is Proof.CONFIRMED
    assert one in await held(bus)
    page = await browser.get(await confirming(bus))
    assert "Lobby" in page.text
    assert "News" not in page.text


async def test_too_much_in_all_takes_nothing_away(browser: Browser, bus: Bus) -> None:
    (one,) = await begun(bus, NEWS)
    bus.clock.sleep(minutes=25 * 60)  # type: ignore[attr-defined]
    bus.subscriptions.book.quotas = RequestQuotas(anonymous=0)
    for mail in (MAIL.address, "new@example.org"):
        page = await sign_up(browser, mail)
        assert (
            page.status,
            "Too many addresses were added today. Try again tomorrow." in page.note,
        ) == (429, True)
    address = await bus.store.addresses.get("", MAIL)
    assert address
    assert (address.proof, await held(bus)) == (Proof.CONFIRMED, [one])
    assert await bus.store.addresses.get("", Channel("mail", "new@example.org")) is None


async def test_a_day_that_is_spent_is_told_to_all_alike_and_no_mail_is_promised(
    browser: Browser, bus: Bus
) -> None:
    known, stopped, new = (f"{one}@example.org" for one in ("known", "stopped", "new"))
    await sign_up(browser, known, X_Forwarded_For="198.51.100.1")
    await bus.subscriptions.book.stop(Channel("mail", stopped))
    bus.subscriptions.book.quotas = RequestQuotas(anonymous=1)
    for place, mail in enumerate((known, stopped, new, new), 2):
        page = await sign_up(browser, mail, X_Forwarded_For=f"198.51.100.{place}")
        assert (
            page.status,
            "Too many addresses were added today. Try again tomorrow." in page.note,
        ) == (429, True)
    bus.subscriptions.book.quotas = RequestQuotas(anonymous=2)
    assert (await sign_up(browser, new, X_Forwarded_For="198.51.100.9")).status == 200
    assert len(await asked(bus, Channel("mail", new))) == 1


async def test_one_domain_however_it_is_written(browser: Browser, bus: Bus) -> None:
    for place, domain in enumerate(("example.org", "ｅxample.org", "EXAMPLE.org", "example．org")):
        page = await sign_up(browser, f"juliet@{domain}", X_Forwarded_For=f"198.51.100.{place}")
        assert page.status == 200
    assert len(await asked(bus)) == len(await held(bus)) == 1
    assert (
        await sign_up(browser, "juliet@example。org", X_Forwarded_For="198.51.100.9")
    ).status == 400


async def test_sign_ups_from_one_network_are_few(browser: Browser, bus: Bus) -> None:
    for n in range(MAX_PER_HOUR):
        assert (await sign_up(browser, "typo")).status == 400  # what goes nowhere does not count
        assert (
            await sign_up(browser, f"p{n}@example.org", X_Forwarded_For=f"2001:db8::{n}")
        ).status == 200
    page = await sign_up(browser, "more@example.org", X_Forwarded_For="2001:db8::ffff")
    assert (page.status, "Too many requests. Try again in" in page.note) == (429, True)
    assert int(page.headers["Retry-After"]) > 60
    assert page.fields["mail"] == ["more@example.org"]
    assert (await sign_up(browser, "more@example.org", X_Forwarded_For="2001:db9::1")).status == 200
    assert len(await bus.store.subscriptions.find()) == MAX_PER_HOUR + 1


async def test_one_mailbox_under_many_names(browser: Browser, bus: Bus) -> None:
    pages = await asyncio.gather(
        *(
            sign_up(browser, f"juliet+{n}@example.org", X_Forwarded_For=f"198.51.100.{n}")
            for n in range(40)
        )
    )
    assert [one.status for one in pages].count(200) == MAX_ALIASES_PER_DAY
    assert {one.status for one in pages} == {200, 429}


def test_addresses_are_told_apart_as_mail_does() -> None:
    assert SignUp(" Juliet+News@Example.ORG ").address == "juliet+news@example.org"
    written = Channel("mail", "Juliet+News@example.org")
    assert mailbox(written) == mailbox(MAIL) == MAIL


# Confirming


async def test_looking_at_a_link_begins_nothing(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    path = await confirming(bus)
    for _ in range(3):
        page = await browser.get(path)
        assert page.status == 200
        assert "Someone entered juliet@example.org on this site" in page.note
        async with browser.client.head(path) as answer:
            assert answer.status == 200
    (one,) = await held(bus)
    assert one.standing is Standing.ASKED
    assert "Lobby &lt;b&gt;&amp; 100 %" in page.text
    assert "daily at 9 <small>(Europe/Berlin)" in page.text
    done = await browser.post(path, page.fields)
    assert (done.status, done.title) == (200, "Confirmed")
    (one,) = await held(bus)
    assert (one.standing, one.due > 0) == (Standing.ON, True)
    again = await browser.get(path)
    assert (again.status, OVER in again.note) == (410, True)
    assert (await browser.post(path, page.fields)).status == 410


async def test_only_what_is_ticked_begins(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    await sign_up(browser, path="/shoutbox/news/subscribe")
    path = await confirming(bus)
    page = await browser.get(path)
    numbers = page.fields["number"]
    assert len(numbers) == 2
    done = await browser.post(path, {**page.fields, "number": [numbers[1]]})
    assert "News" in done.text
    assert "Lobby" not in done.text
    assert [(one.channel, one.standing) for one in await held(bus)] == [(NEWS, Standing.ON)]


async def test_none_ticked_begins_nothing(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    path = await confirming(bus)
    done = await browser.post(path, {"whole": ["yes"], "number": ["999", "x"]})
    assert "No subscriptions were started." in done.text
    assert await held(bus) == []


async def test_a_body_that_is_not_the_form_begins_nothing(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    path = await confirming(bus)
    for values in ({}, {"List-Unsubscribe": ["One-Click"]}):
        assert (await browser.post(path, values)).status == 400
    assert [one.standing for one in await held(bus)] == [Standing.ASKED]


async def test_a_link_is_over_after_a_week_and_where_a_newer_one_was_sent(
    browser: Browser, bus: Bus
) -> None:
    clock: Any = bus.clock
    await sign_up(browser)
    old = await confirming(bus)
    clock.sleep(minutes=25 * 60)
    await sign_up(browser)
    new = await confirming(bus)
    assert [(await browser.get(one)).status for one in (old, new)] == [410, 200]
    clock.sleep(seconds=LINK_LIFE_MS / 1000 + 1)
    assert (await browser.get(new)).status == 410


async def test_whose_the_address_is_to_be_is_told(browser: Browser, bus: Bus) -> None:
    await bus.subscriptions.add(Subscription("juliet@x", BOX, MAIL))
    page = await browser.get(await confirming(bus, "juliet@x"))
    assert "juliet@x gave juliet@example.org as their own address." in page.note


async def test_the_language_is_the_subscriptions(browser: Browser, bus: Bus) -> None:
    await sign_up(browser, Accept_Language="de")
    page = await browser.get(await confirming(bus), Accept_Language="en")
    assert '<html lang="de">' in page.text
    assert page.title == "Adresse bestätigen"


BAD = [
    "x",
    "x.y",
    ".",
    "%C3%BC.%C3%BC",
    "a" * 3_000,
    "%00.%00",
    "%ED%A0%80",
    "..%2F..",
    "PHNjcmlwdD4.PHNjcmlwdD4",
]


@pytest.mark.parametrize("page", ["confirm", "unsubscribe", "stop"])
@pytest.mark.parametrize("token", BAD)
async def test_an_invented_link(browser: Browser, page: str, token: str) -> None:
    for answer in (
        await browser.get(f"/{page}/{token}"),
        await browser.post(f"/{page}/{token}", {"whole": ["yes"]}),
    ):
        assert answer.status == 404
        assert "script" not in answer.text


async def test_a_token_is_of_no_use_elsewhere(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    (one,) = await held(bus)
    links = bus.subscriptions.book.links
    paths = [
        await confirming(bus),
        link(bus, links.unsubscribe([one.id])),
        link(bus, links.stop_all(MAIL)),
    ]
    tokens = {path.split("/")[1]: path.split("/")[2] for path in paths}
    for page in tokens:
        for purpose, token in tokens.items():
            status = (await browser.get(f"/{page}/{token}")).status
            assert status == (200 if page == purpose else 404)
            if page != purpose:
                assert (await browser.post(f"/{page}/{token}", {"whole": ["yes"]})).status == 404
    altered = tokens["stop"][:-1] + ("A" if tokens["stop"][-1] != "A" else "B")
    assert (await browser.post(f"/stop/{altered[:5]}Z{altered[6:]}", {})).status == 404
    assert await held(bus) == [one]


async def test_pages_of_links_are_nobodys_to_frame_keep_or_find(browser: Browser, bus: Bus) -> None:
    await sign_up(browser)
    (one,) = await held(bus)
    links = bus.subscriptions.book.links
    confirm = await confirming(bus)
    pages = [
        await browser.get(path)
        for path in (
            confirm,
            link(bus, links.unsubscribe([one.id])),
            link(bus, links.stop_all(MAIL)),
        )
    ]
    pages.append(await browser.post(confirm, pages[0].fields))
    pages.append(await browser.post(link(bus, links.unsubscribe([one.id])), {}))
    pages.append(await browser.post(link(bus, links.stop_all(MAIL)), {}))
    for page in pages:
        assert page.status == 200
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert "Set-Cookie" not in page.headers


# Ending


async def test_looking_ends_nothing_and_the_button_ends_it(browser: Browser, bus: Bus) -> None:
    lobby, news = await begun(bus, BOX, NEWS)
    path = link(bus, bus.subscriptions.book.links.unsubscribe([lobby.id]))
    page = await browser.get(path)
    assert (page.title, "Lobby" in page.text, "News" in page.text) == ("Unsubscribe", True, False)
    assert await held(bus) == [lobby, news]
    assert (await browser.post(path, {})).title == "Unsubscribed"
    assert await held(bus) == [news]
    for again in (await browser.get(path), await browser.post(path, {})):
        assert (again.status, again.title) == (200, "Unsubscribed")


ONE_CLICK = b"List-Unsubscribe=One-Click"
PART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", ONE_CLICK),
        ("multipart/form-data; boundary=b", PART),
        ("multipart/form-data", b"broken"),
        ("application/json", b"{"),
        ("", b""),
        ("application/x-www-form-urlencoded", b"x" * 100_000),
    ],
)
async def test_one_click_of_a_mail_provider(
    browser: Browser, bus: Bus, kind: str, body: bytes
) -> None:
    """RFC 8058 section 3.1: no cookies, no Origin, no redirect; the URL is the proof."""
    lobby, news = await begun(bus, BOX, NEWS)
    paths = [
        link(bus, bus.subscriptions.book.links.unsubscribe([lobby.id])),
        link(bus, bus.subscriptions.book.links.stop_all(MAIL)),
    ]
    headers = {
        "Content-Type": kind,
        "Origin": "https://mail.example",
        "Sec-Fetch-Site": "cross-site",
    }
    for path, left in zip(paths, ([news], []), strict=True):
        for _ in range(2):
            async with browser.client.post(
                path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                assert answer.status == 200
            assert await held(bus) == left


async def test_nothing_more_and_again(browser: Browser, bus: Bus) -> None:
    await begun(bus, BOX, NEWS)
    await bus.subscriptions.add(Subscription("romeo@x", BOX, MAIL))
    path = link(bus, bus.subscriptions.book.links.stop_all(MAIL))
    page = await browser.get(path)
    assert page.text.count("<li>") == 3
    assert (await browser.post(path, {"do": ["stop"]})).title == "Unsubscribed"
    assert await held(bus) == []
    assert (await sign_up(browser)).note == SENT
    assert await held(bus) == []
    stopped = await browser.get(path)
    assert (stopped.status, stopped.title) == (200, "Unsubscribed")
    assert (await browser.post(path, {"do": ["allow"]})).title == "Requests are allowed again"
    await sign_up(browser)
    assert len(await held(bus)) == 1
    assert (await browser.get(path)).title == "Stop all email"


# One's own


@pytest.fixture
async def juliet(browser: Browser, bus: Bus) -> Page:
    """A member's page, with two in chat and one by mail."""
    await bus.subscriptions.add(
        Subscription("juliet@x", BOX, MINE, Interval.parse("daily at 9"), "Europe/Berlin")
    )
    await bus.subscriptions.add(
        Subscription("juliet@x", NEWS, MINE, only="release, <i>", without="standup")
    )
    await bus.subscriptions.add(Subscription("juliet@x", NEWS, MAIL))
    await bus.subscriptions.add(Subscription("romeo@x", BOX, Channel("chat", "romeo@x")))
    return await browser.sign_in("juliet@x")


def press(page: Page, do: str, **more: object) -> dict[str, list[str]]:
    """A button of the page."""
    return {
        "token": page.fields["token"],
        "do": [do],
        **{name: [str(value)] for name, value in more.items()},
    }


async def mine(bus: Bus, jid: str = "juliet@x") -> dict[int, Standing]:
    return {one.id: one.standing for one in await bus.subscriptions.of(jid)}


async def test_a_member_signs_in_and_sees_their_own(juliet: Page) -> None:
    assert (juliet.status, juliet.title) == (200, "Subscriptions")
    assert juliet.text.count('class="card"') == 4  # three, and the address
    assert "Lobby &lt;b&gt;&amp; 100 %" in juliet.text
    assert "containing “release, &lt;i&gt;”, not containing “standup”" in juliet.text
    assert "waiting for the address to be confirmed" in juliet.note
    assert "email to juliet@example.org\nnot confirmed yet" in juliet.note
    assert (
        "shoutbox\nWhen\ndaily at 9 (Europe/Berlin)\nDestination\nchat\n"
        "Next time\n1970-01-01 09:00\n"
    ) in juliet.note
    assert "romeo" not in juliet.text
    assert "/matrix" not in juliet.links
    assert "/commands/confirm?what=mail%3Ajuliet%40example.org" in juliet.links


async def test_where_a_link_leads(browser: Browser) -> None:
    async def led(jid: str, query: str = "") -> str:
        key = browser.site.sign_ins.link(jid)
        async with browser.client.post(f"/sign-in/{key}{query}", allow_redirects=False) as answer:
            return answer.headers["Location"]

    assert [await led("juliet@x"), await led("op@x")] == ["/subscriptions", "/matrix"]
    assert await led("op@x", "?to=subscriptions") == "/subscriptions"
    assert await led("juliet@x", "?to=//evil.example") == "/subscriptions"


async def test_strangers_learn_how_to_get_in(browser: Browser) -> None:
    for page in (
        await browser.get("/subscriptions"),
        await browser.post("/subscriptions", {"do": ["end"]}),
    ):
        assert page.status == 403
        assert (
            "This page requires you to sign in. Write “subscriptions” to bot@bus.example.org "
            "to get a link."
        ) in page.note


async def test_the_buttons(browser: Browser, bus: Bus, juliet: Page) -> None:
    daily, news, mailed = await mine(bus)
    page = await browser.post("/subscriptions", press(juliet, "pause", number=daily))
    assert (page.status, page.title) == (200, "Subscriptions")
    assert await mine(bus) == {daily: Standing.PAUSED, news: Standing.ON, mailed: Standing.ASKED}
    await browser.post("/subscriptions", press(juliet, "resume", number=daily))
    (one,) = [one for one in await bus.subscriptions.of("juliet@x") if one.id == daily]
    assert one.due == bus.clock()  # what came meanwhile is told now
    page = await browser.get("/subscriptions")
    assert "Next time\nnow\n" in page.note
    assert "paused" not in page.note
    assert "Resume" not in page.text
    await browser.post("/subscriptions", press(juliet, "end", number=news))
    assert [*await mine(bus)] == [daily, mailed]
    await browser.post("/subscriptions", press(juliet, "drop", address=MAIL))
    assert [*await mine(bus)] == [daily]
    assert await bus.subscriptions.book.of("juliet@x") == []


async def test_two_that_are_called_alike_differ(browser: Browser, bus: Bus) -> None:
    tale = Channel("story", "news")
    await bus.settings.change([Put(ChannelSpec(tale, "News"))], Audit(0, "admin@x", "test", "seed"))
    for one in (NEWS, tale):
        await bus.subscriptions.add(Subscription("juliet@x", one, MINE))
    page = await browser.sign_in("juliet@x")
    assert "News, shoutbox\n" in page.note
    assert "News, stories\n" in page.note
    assert "Edit: News, stories, chat" in page.text


@pytest.mark.parametrize(
    ("target", "where"),
    [
        (MINE, "chat"),
        (MAIL, "email to juliet@example.org"),
        (Channel("sms", "+4915112345678"), "SMS to +4915112345678"),
        (Channel("chat", "romeo@x"), "chat:romeo@x"),
        (ROOM, str(ROOM)),
    ],
)
def test_where_it_goes_in_peoples_words(target: Channel, where: str) -> None:
    shown = card(Subscription("juliet@x", BOX, target), "Lobby", MINE, 0)
    assert {str(head): str(words) for head, words in shown.rows} == {
        "When": "immediately",
        "Destination": where,
    }


@pytest.mark.parametrize(
    ("standing", "due", "told", "buttons"),
    [
        (Standing.PAUSED, 0, "paused", (False, True)),
        (Standing.PAUSED, 3_600_000, "paused until 1970-01-01 01:00 (UTC)", (False, True)),
        (Standing.PAUSED, 1_000, "now", (True, False)),
        (Standing.ON, 3_600_000, "1970-01-01 01:00", (True, False)),
        (Standing.FAILED, 0, "stopped, because messages were returned", (False, False)),
    ],
)
def test_how_it_stands(standing: Standing, due: int, told: str, buttons: tuple[bool, bool]) -> None:
    shown = card(
        Subscription("juliet@x", BOX, MAIL, standing=standing, due=due), "Lobby", MINE, 1_000
    )
    assert str(shown.rows[-1][1]) == told
    assert (shown.pauses, shown.resumes) == buttons


async def test_what_ends_with_an_address_is_told_before(
    browser: Browser, bus: Bus, juliet: Page
) -> None:
    before = await mine(bus)
    (path,) = {one for one in juliet.links if one.startswith("/subscriptions/remove")}
    page = await browser.get(path)
    assert (page.status, page.title) == (200, "Remove address")
    assert (
        "After this, none of your messages are sent to juliet@example.org. To use the "
        "address again, you must confirm it again."
    ) in page.note
    assert "These subscriptions end:" in page.note
    assert "News, shoutbox" in page.note
    assert "Lobby" not in page.note
    assert await mine(bus) == before
    done = await browser.post("/subscriptions", {**page.fields, "do": ["drop"]})
    assert (done.status, done.title) == (200, "Subscriptions")
    assert [*before][:2] == [*await mine(bus)]
    assert await bus.subscriptions.book.of("juliet@x") == []
    assert (await browser.get(path)).status == 404


async def test_nobody_elses_address_is_told_of(browser: Browser, bus: Bus, juliet: Page) -> None:
    await bus.subscriptions.add(Subscription("romeo@x", BOX, Channel("mail", "romeo@example.org")))
    pages = [
        await browser.get(f"/subscriptions/remove?address=mail:{one}@example.org")
        for one in ("romeo", "nobody")
    ]
    assert [page.status for page in pages] == [404, 404]
    assert pages[0].text.replace("romeo", "nobody") == pages[1].text
    assert (await browser.get("/subscriptions/remove")).status == 400


async def test_each_link_of_the_page_opens(browser: Browser, juliet: Page) -> None:
    links = {one for one in juliet.links if one.startswith("/commands/")}
    assert len(links) == 8
    for one in links:
        page = await browser.get(one)
        assert (page.status, one, bool(page.asked)) == (200, one, True)


async def test_one_is_changed_by_its_command(browser: Browser, bus: Bus, juliet: Page) -> None:
    daily = next(iter(await mine(bus)))
    page = await browser.get(f"/commands/subscription-edit?number={daily}")
    assert page.fields["interval"] == ["daily at 9"]
    done = await browser.fill(
        page, "subscription-edit", {"interval": ["weekly on Friday"], "matching": ["<b>"]}
    )
    assert "weekly on Friday" in done.note
    assert "/subscriptions" in done.links
    (one,) = [one for one in await bus.subscriptions.of("juliet@x") if one.id == daily]
    assert (str(one.interval), one.only) == ("weekly on Friday", "<b>")
    (other,) = await mine(bus, "romeo@x")
    assert (await browser.get(f"/commands/subscription-edit?number={other}")).text.count(
        "romeo"
    ) == 0


@pytest.mark.parametrize("jid", ["juliet@x", "op@x"])
@pytest.mark.parametrize("do", ["end", "pause", "resume"])
async def test_nobody_elses_is_changed(
    browser: Browser, bus: Bus, juliet: Page, jid: str, do: str
) -> None:
    page = await browser.sign_in(jid)
    ((number, standing),) = (await mine(bus, "romeo@x")).items()
    for named in (number, "", "x", f"{number} or 1"):
        await browser.post("/subscriptions", press(page, do, number=named))
    assert await mine(bus, "romeo@x") == {number: standing}
    assert len(await mine(bus)) == 3


async def test_what_is_no_button(browser: Browser, bus: Bus, juliet: Page) -> None:
    before = await mine(bus)
    for values in (press(juliet, "sell"), press(juliet, ""), press(juliet, "drop", address="x")):
        assert (await browser.post("/subscriptions", values)).status == 400
    assert (
        await browser.post("/subscriptions", press(juliet, "drop", address="mail:other@x.example"))
    ).status == 404
    assert await mine(bus) == before


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, "guessed"),
        ({}, ""),
        ({"Origin": "https://evil.example"}, None),
        ({"Sec_Fetch_Site": "cross-site"}, None),
    ],
)
async def test_a_forged_click_changes_nothing(
    browser: Browser, bus: Bus, juliet: Page, headers: dict[str, str], token: str | None
) -> None:
    before = await mine(bus)
    values = press(juliet, "end", number=next(iter(before)))
    values["token"] = values["token"] if token is None else [token]
    page = await browser.post("/subscriptions", values, **headers)
    assert (
        page.status,
        "The request did not come from this site. Reload the page and try again." in page.note,
    ) == (403, True)
    assert await mine(bus) == before


async def test_the_page_is_nobodys_to_frame_or_keep(juliet: Page) -> None:
    assert "frame-ancestors 'none'" in juliet.headers["Content-Security-Policy"]
    assert juliet.headers["Cache-Control"] == "no-store"


# Commands, for members


async def test_members_call_what_their_role_may(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("juliet@x")
    menu = await browser.get("/commands")
    assert "/commands/remind" in menu.links
    assert "/commands/route-add" not in menu.links
    for path in (
        "/commands/route-add",
        "/commands/grant",
        "/commands/role-grant",
        "/commands/status",
    ):
        page = await browser.get(path)
        needed = bus.actions.get(path.rpartition("/")[2])
        assert page.status == (403 if needed else 404)
        assert "lobby" not in page.text
    refused = await browser.post(
        "/commands/route-add", {"token": menu.fields["token"], "whole": ["yes"]}
    )
    assert (refused.status, "requires the role operator; your role is" in refused.note) == (
        403,
        True,
    )
    assert (await browser.get("/matrix")).note == "This page is for operators. Your role is member."


async def test_a_step_that_is_open_is_not_for_who_lost_the_role(browser: Browser) -> None:
    await browser.sign_in("op@x")
    page = await browser.command("route-add")
    browser.roles["op@x"] = Role.MEMBER
    (session,) = page.fields["session"]
    for lost in (
        await browser.get(f"/commands/route-add?session={session}"),
        await browser.fill(page, "route-add", {"source": [str(BOX)], "destination": [str(NEWS)]}),
    ):
        assert lost.status == 403
        assert "lobby" not in lost.text


async def test_a_member_signs_out(browser: Browser, juliet: Page) -> None:
    assert (
        await browser.post("/sign-out", {"token": juliet.fields["token"]})
    ).note == "You are signed out."
    assert (await browser.get("/subscriptions")).status == 403
