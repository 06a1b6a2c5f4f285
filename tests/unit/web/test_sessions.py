"""People who sign in on the web: their links and sessions, and pages that are for nobody else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from commands.action import Bus, Caller
from commands.lookups import entry
from commands.sessions import LIFE_S
from commands.sessions import PER_PERSON as WAYS
from commands.text import Text
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import ChannelSpec, Drop, Preference, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, X, a_seeded_bus, boxes, sampled, session_of, told
from tests.contract.pages import Browser, a_browser
from tests.contract.test_rules import keeps_the_rules
from tests.support.fakes import prefers
from web.admin.watch import MAX_WATCHERS_PER_PERSON
from web.auth import COOKIE
from web.sessions import LINK_LIFE_S, MAX_IDLE_S, MAX_IN_ALL, MAX_PER_PERSON, SignIns

BOX, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "a_very-long-name&so@rooms.example.org")
JSON = {"Accept": "application/json"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(clock: Clock) -> SignIns:
    return SignIns(clock)


# Links


def test_a_link_works_once(sign_ins: SignIns) -> None:
    key = sign_ins.link("juliet@x")
    assert [sign_ins.owner(key) for _ in range(3)] == [
        "juliet@x"
    ] * 3  # looking at it uses nothing up
    cookie = sign_ins.open(key)
    session = sign_ins.session(cookie)
    assert session
    assert session.jid == "juliet@x"
    assert (sign_ins.owner(key), sign_ins.open(key)) == ("", "")


def test_a_link_is_over_after_a_while(sign_ins: SignIns, clock: Clock) -> None:
    key = sign_ins.link("juliet@x")
    clock.now = LINK_LIFE_S - 1
    assert sign_ins.owner(key) == "juliet@x"
    clock.now = LINK_LIFE_S
    assert (sign_ins.owner(key), sign_ins.open(key)) == ("", "")


def test_only_the_newest_link_works(sign_ins: SignIns) -> None:
    old, other, new = (sign_ins.link(jid) for jid in ("juliet@x", "romeo@x", "juliet@x"))
    assert [sign_ins.owner(key) for key in (old, other, new)] == ["", "romeo@x", "juliet@x"]


def test_a_link_to_another_page_ends_none(sign_ins: SignIns) -> None:
    first, second = sign_ins.link("juliet@x", "matrix"), sign_ins.link("juliet@x", "subscriptions")
    assert [sign_ins.owner(key) for key in (first, second)] == ["juliet@x", "juliet@x"]


def test_only_a_link_that_was_used_is_said_to_be(sign_ins: SignIns, clock: Clock) -> None:
    replaced, used, late = (sign_ins.link("juliet@x", page) for page in ("a", "b", "c"))
    sign_ins.link("juliet@x", "a")
    sign_ins.open(used)
    sign_ins.link("juliet@x", "b")
    clock.now = LINK_LIFE_S
    sign_ins.open(late)
    assert [sign_ins.was_used(key) for key in (replaced, used, late, "x")] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("key", ["", "x", "ü", "\ud800", "a" * 5_000])
def test_an_invented_link_opens_nothing(sign_ins: SignIns, key: str) -> None:
    sign_ins.link("juliet@x")
    assert (sign_ins.owner(key), sign_ins.open(key)) == ("", "")


def test_secrets_are_not_kept_and_never_the_same(sign_ins: SignIns) -> None:
    keys = {sign_ins.link(f"p{n}@x") for n in range(50)}
    cookies = {sign_ins.open(key) for key in keys}
    assert len(keys | cookies) == 100
    assert min(len(one) for one in keys | cookies) >= 22  # 128 bits in base64
    kept = repr((sign_ins.links, sign_ins.sessions))
    assert not [one for one in keys | cookies if one in kept]


def test_links_are_bounded(sign_ins: SignIns) -> None:
    first, *rest = (sign_ins.link(f"p{n}@x") for n in range(MAX_IN_ALL + 1))
    assert sign_ins.owner(first) == ""
    assert sign_ins.owner(rest[-1]) == f"p{MAX_IN_ALL}@x"
    assert len(sign_ins.links) == MAX_IN_ALL


# Sessions


def test_a_session_ends_when_it_is_left_alone(sign_ins: SignIns, clock: Clock) -> None:
    cookie = sign_ins.open(sign_ins.link("juliet@x"))
    clock.now += MAX_IDLE_S - 1
    assert sign_ins.session(cookie)
    clock.now += MAX_IDLE_S - 1
    assert sign_ins.session(cookie, use=False)  # an open stream does not keep it
    clock.now += 1
    assert sign_ins.session(cookie) is None
    assert sign_ins.sessions == {}


def test_a_person_has_a_few_sessions(sign_ins: SignIns) -> None:
    other = sign_ins.open(sign_ins.link("romeo@x"))
    cookies = [sign_ins.open(sign_ins.link("juliet@x")) for _ in range(MAX_PER_PERSON + 2)]
    assert [bool(sign_ins.session(one)) for one in cookies] == [False] * 2 + [True] * MAX_PER_PERSON
    assert sign_ins.session(other)


def test_sessions_are_bounded(sign_ins: SignIns) -> None:
    first, *rest = (sign_ins.open(sign_ins.link(f"p{n}@x")) for n in range(MAX_IN_ALL + 1))
    assert sign_ins.session(first) is None
    assert sign_ins.session(rest[-1])


def test_operators_stay_however_many_others_come(clock: Clock) -> None:
    sign_ins = SignIns(clock, lambda jid: jid == "juliet@x")
    cookie, key = sign_ins.open(sign_ins.link("juliet@x")), sign_ins.link("juliet@x")
    for n in range(MAX_IN_ALL + 2):
        sign_ins.link(f"q{n}@evil.example")
        assert sign_ins.open(sign_ins.link(f"p{n}@evil.example"))
    assert sign_ins.session(cookie)
    assert sign_ins.owner(key) == "juliet@x"
    assert (len(sign_ins.sessions), len(sign_ins.links) <= MAX_IN_ALL) == (MAX_IN_ALL, True)


def test_signing_out(sign_ins: SignIns) -> None:
    cookie = sign_ins.open(sign_ins.link("juliet@x"))
    sign_ins.close(cookie)
    assert sign_ins.session(cookie) is None
    sign_ins.close("never there")


# The pages


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


@pytest.fixture
async def browser(bus: Bus) -> AsyncIterator[Browser]:
    async with a_browser(bus, {"juliet@x": Role.OPERATOR, "admin@x": Role.ADMIN}) as one:
        yield one


PAGES = ["/matrix", "/matrix/stream", "/routes/1"]
COMMANDS = ["/commands", "/commands/route-add", "/commands/none"]


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_learn_how_to_get_in_and_no_more(browser: Browser, path: str) -> None:
    page = await browser.get(path)
    assert page.status == 403
    assert (
        page.note
        == "This page is for operators. Write “matrix” to bot@bus.example.org to get a link."
    )
    assert "lobby" not in page.text
    german = await browser.get(path, Accept_Language="fr, de-AT;q=0.9, en;q=0.5")
    assert '<html lang="de">' in german.text
    assert "Schreib „matrix“ an" in german.note


@pytest.mark.parametrize("path", COMMANDS)
async def test_commands_are_for_who_is_signed_in(browser: Browser, path: str) -> None:
    page = await browser.get(path)
    assert page.status == 403
    assert "Write “subscriptions” to bot@bus.example.org to get a link" in page.note
    assert "lobby" not in page.text


async def test_looking_at_a_link_signs_nobody_in(browser: Browser) -> None:
    key = browser.site.sign_ins.link("juliet@x")
    for _ in range(2):
        page = await browser.get(f"/sign-in/{key}")
        assert (page.status, page.note) == (200, "You are signing in as juliet@x.")
        assert "Set-Cookie" not in page.headers
    assert (await browser.get("/matrix")).status == 403
    assert (await browser.post(f"/sign-in/{key}", {})).title == "Matrix"
    for _ in range(2):
        again = await browser.post(f"/sign-in/{key}", {})
        assert (again.status, "This link is not valid." in again.note) == (404, True)
    assert (await browser.get(f"/sign-in/{key}")).status == 404


async def test_the_cookie_is_for_the_browser_alone(browser: Browser) -> None:
    async with browser.client.post(
        f"/sign-in/{browser.site.sign_ins.link('juliet@x')}", allow_redirects=False
    ) as it:
        cookie = it.cookies[COOKIE]
        assert (it.status, it.headers["Location"]) == (303, "/matrix")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert not cookie["secure"]  # public_url is http here


async def test_each_sign_in_is_a_new_session(browser: Browser) -> None:
    def sits() -> str:
        (found,) = [one.value for one in browser.client.session.cookie_jar if one.key == COOKIE]
        return found

    browser.client.session.cookie_jar.update_cookies(
        {COOKIE: "fixed-by-mallory"}, browser.client.make_url("/")
    )
    await browser.sign_in("juliet@x")
    first = sits()
    assert first != "fixed-by-mallory"
    await browser.sign_in("juliet@x")
    assert sits() != first
    assert browser.site.sign_ins.session(first) is None


async def test_another_site_can_sign_nobody_in(browser: Browser) -> None:
    key = browser.site.sign_ins.link("juliet@x")
    page = await browser.post(f"/sign-in/{key}", {}, Origin="https://evil.example")
    assert page.status == 403
    assert browser.site.sign_ins.owner(key) == "juliet@x"


@pytest.mark.parametrize("path", PAGES)
async def test_a_demoted_operator_is_out_at_once(browser: Browser, path: str) -> None:
    await browser.sign_in("juliet@x")
    browser.roles["juliet@x"] = Role.MEMBER
    page = await browser.get(path)
    assert (page.status, page.note) == (403, "This page is for operators. Your role is member.")
    assert "lobby" not in page.text


async def test_a_demoted_operator_calls_no_operators_command(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    browser.roles["juliet@x"] = Role.MEMBER
    page = await browser.get("/commands/route-add")
    assert (page.status, page.note) == (
        403,
        "“route-add” requires the role operator; your role is member.",
    )
    assert "lobby" not in page.text


async def test_signed_out(browser: Browser) -> None:
    page = await browser.sign_in("juliet@x")
    left = await browser.post("/sign-out", {"token": page.fields["token"]})
    assert left.note == "You are signed out."
    assert (await browser.get("/matrix")).status == 403


async def test_left_alone(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    browser.now += MAX_IDLE_S
    assert (await browser.get("/matrix")).status == 403


async def test_nothing_is_kept_or_framed(browser: Browser) -> None:
    key = browser.site.sign_ins.link("juliet@x")
    pages = [
        await browser.get("/matrix"),
        await browser.get(f"/sign-in/{key}"),
        await browser.sign_in("juliet@x"),
    ]
    pages += [
        await browser.get(path)
        for path in ("/commands", "/commands/route-add", "/commands/none", "/routes/1")
    ]
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, "guessed"),
        ({}, ""),
        ({}, "ü"),
        ({"Origin": "https://evil.example"}, None),
        ({"Origin": "null"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
    ],
)
async def test_a_forged_click_changes_nothing(
    browser: Browser, bus: Bus, headers: dict[str, str], token: str | None
) -> None:
    page = await browser.sign_in("juliet@x")
    form = {**page.fields, "dot": ["1 2"]}
    form["token"] = form["token"] if token is None else [token]
    answer = await browser.post("/matrix", form, **headers)
    assert answer.status == 403
    assert "The request did not come from this site. Reload the page and try again." in answer.note
    step = {**(await browser.command("route-add")).fields, "do": ["on"], "token": form["token"]}
    ends = {"source": [str(ROOM)], "destination": [str(BOX)]}
    assert (await browser.post("/commands/route-add", {**step, **ends}, **headers)).status == 403
    assert len(bus.hub.routes) == 1


# Dots


async def test_a_click_makes_a_route_and_another_takes_it_away(browser: Browser, bus: Bus) -> None:
    page = await browser.sign_in("juliet@x")
    made = await browser.post("/matrix", {**page.fields, "dot": ["1 2"]})
    assert (made.status, made.title) == (200, "Matrix")
    assert bus.hub.routes[-1].source == ROOM
    ((_seq, line),) = await bus.settings.store.audit.newest(limit=1)
    assert (line.who, line.interface, line.what) == ("juliet@x", "web", "matrix")
    route = bus.hub.routes[-1]
    await browser.post("/matrix", {**page.fields, "dot": [f"1 2 {route.id} {route.version}"]})
    assert route not in bus.hub.routes


async def test_a_dot_that_was_another_meanwhile(browser: Browser, bus: Bus) -> None:
    page = await browser.sign_in("juliet@x")
    click = {**page.fields, "dot": ["1 2"]}
    await browser.post("/matrix", click)
    second = await browser.post("/matrix", click)
    assert second.status == 409
    assert "in the meantime. Nothing was changed; please start again." in second.note
    told = await browser.post("/matrix", click, **JSON)
    assert (told.status, 'class=\\"on\\"' in told.text) == (409, True)  # with the dot as it is
    route = bus.hub.routes[-1]
    off = {**page.fields, "dot": [f"1 2 {route.id} {route.version}"]}
    await browser.post("/matrix", off)
    assert (
        "in the meantime. Nothing was changed; please start again."
        in (await browser.post("/matrix", off)).note
    )


@pytest.mark.parametrize(
    "dot", ["", "1", "1 2 3", "x y", "9 9", "1 2 -1 0", "1 2 ² 1", "1 2 1 1 1", "1" * 30 + " 2"]
)
async def test_a_click_that_can_not_be_read(browser: Browser, bus: Bus, dot: str) -> None:
    page = await browser.sign_in("juliet@x")
    answer = await browser.post("/matrix", {**page.fields, "dot": [dot]})
    assert answer.status in (400, 409)
    assert answer.note
    assert len(bus.hub.routes) == 1


async def test_a_route_to_itself(browser: Browser, bus: Bus) -> None:
    page = await browser.sign_in("juliet@x")
    assert 'value="1 1' not in page.text
    answer = await browser.post("/matrix", {**page.fields, "dot": ["1 1"]})
    assert (answer.status, "to itself. Choose another destination." in answer.note) == (400, True)
    assert len(bus.hub.routes) == 1


async def test_a_dot_whose_channel_is_gone(browser: Browser, bus: Bus) -> None:
    page = await browser.sign_in("juliet@x")
    spec = next(one for one in bus.hub.channels if one.channel == ROOM)
    sure = await browser.get(f"/commands/channel-remove?channel={quote(str(ROOM))}")
    await browser.fill(sure, "channel-remove", {"sure": ["1"]})
    assert spec not in bus.hub.channels
    answer = await browser.post("/matrix", {**page.fields, "dot": ["1 2"]})
    assert answer.status == 409
    assert "in the meantime. Nothing was changed; please start again." in answer.note


async def _change(bus: Bus, *changes: Put | Drop) -> None:
    """As another operator."""
    await bus.settings.change(changes, entry(Caller("admin@x", "admin", Role.ADMIN), bus, "test"))


async def _route(bus: Bus, **parts: object) -> Route:
    """The only route, set otherwise."""
    route = replace(bus.hub.routes[0], **parts)  # type: ignore[arg-type]
    await _change(bus, Put(route))
    return bus.hub.routes[0]


async def test_a_route_that_is_off_is_turned_on(browser: Browser, bus: Bus) -> None:
    route = await _route(bus, enabled=False)
    page = await browser.sign_in("juliet@x")
    assert ", route off" in page.text
    await browser.post("/matrix", {**page.fields, "dot": [f"2 1 {route.id} {route.version}"]})
    assert [one.enabled for one in bus.hub.routes] == [True]


async def test_a_route_with_processors_is_asked_for_first(browser: Browser, bus: Bus) -> None:
    route = await _route(bus, stages=bus.hub.routes[0].with_stage("prefix", (("text", ("hi",)),)))
    page = await browser.sign_in("juliet@x")
    click = {**page.fields, "dot": [f"2 1 {route.id} {route.version}"]}
    asked = await browser.post("/matrix", click)
    assert asked.title == "Remove a route"
    assert "Its processors will be removed as well: prefix." in asked.note
    assert (
        await browser.post("/matrix", click, **JSON)
    ).text == '{"go": "/commands/route-remove?route=1"}'
    assert len(bus.hub.routes) == 1
    done = await browser.fill(asked, "route-remove", {"sure": ["1"]})
    assert done.note.startswith("Removed ")
    assert "/matrix" in done.links
    assert len(bus.hub.routes) == 0


async def test_a_routes_page(browser: Browser, bus: Bus) -> None:
    await _route(bus, stages=bus.hub.routes[0].with_stage("prefix", (("text", ("hello there",)),)))
    page = await browser.sign_in("juliet@x")
    assert "/routes/1" in page.links
    page = await browser.get("/routes/1")
    assert 'prefix text="hello there"' in page.lines
    for link in [one for one in page.links if one.startswith("/commands/")]:
        assert (await browser.get(link)).status == 200, link
    assert (await browser.get("/routes/77")).status == 404
    assert (await browser.get("/routes/x")).status == 404


async def test_a_routes_page_shows_the_first_that_wait(browser: Browser, bus: Bus) -> None:
    await _route(bus, stages=bus.hub.routes[0].with_stage("delay", (("by", ("10min",)),)))
    source = bus.hub.routes[0].source
    for number in range(6):
        await bus.hub.accept(
            Message.new(source, Author("Ann", "ann@x"), f"<b>{number}", bus.clock())
        )
    await browser.sign_in("juliet@x")
    page = await browser.get("/routes/1")
    assert "Messages held at this route: 6" in page.text
    waiting = [line for line in page.lines if "Ann" in line]
    assert [line.rpartition(": ")[2] for line in waiting] == [f"<b>{number}" for number in range(5)]
    assert all(line.startswith("until ") for line in waiting)


# Commands


async def test_a_way_back_and_on(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("juliet@x")
    first = await browser.command("channel-add")
    second = await browser.fill(first, "channel-add", {"method": ["shoutbox"]})
    assert "address" in second.asked
    wrong = await browser.fill(second, "channel-add", {"address": ["NOT ONE"], "title": ["Kept"]})
    assert wrong.status == 400
    assert wrong.fields["title"] == ["Kept"]
    back = await browser.fill(wrong, "channel-add", {}, do="back")
    assert back.fields["method"] == ["shoutbox"]
    # With the browser's own way back: the first form again, though the session is further on
    second = await browser.fill(back, "channel-add", {})
    other = await browser.fill(first, "channel-add", {"method": ["muc"]})
    assert "subject" in other.asked
    left = await browser.fill(other, "channel-add", {}, do="cancel")
    assert left.title == "Commands"
    assert "has ended" in (await browser.fill(other, "channel-add", {"address": ["x@rooms"]})).note
    assert len(bus.hub.channels) == 2


async def test_faults_stand_at_their_fields(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    page = await browser.command("role-grant", {"jid": ["no jid"]})
    assert page.status in (400, 403)
    page = await browser.command("route-add", {"source": [""], "destination": ["shoutbox:lobby"]})
    assert page.status == 400
    assert page.text.count("This field is required.") == 1
    assert 'aria-invalid="true"' in page.text
    assert page.fields["destination"] == ["shoutbox:lobby"]


async def test_another_persons_session(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("admin@x")
    page = await browser.command("channel-add")
    await browser.sign_in("juliet@x")
    own = await browser.command("channel-add")
    taken = await browser.fill(
        own, "channel-add", {"session": page.fields["session"], "method": ["shoutbox"]}
    )
    assert (taken.status, "has ended" in taken.note) == (409, True)
    looked = await browser.get(f"/commands/channel-add?session={page.fields['session'][0]}")
    assert looked.status == 409
    other = await browser.post("/commands/route-add", {**own.fields, "do": ["on"]})
    assert other.status == 409


async def test_sessions_end_and_are_few(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    pages = [await browser.command("channel-add") for _ in range(WAYS + 1)]
    assert len(browser.site.sessions) == WAYS
    assert (await browser.fill(pages[0], "channel-add", {"method": ["shoutbox"]})).status == 409
    assert (await browser.fill(pages[-1], "channel-add", {"method": ["shoutbox"]})).status == 200
    browser.now += LIFE_S
    assert (await browser.fill(pages[-2], "channel-add", {"method": ["shoutbox"]})).status == 409
    assert len(browser.site.sessions) == 0


async def test_a_form_cut_off(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("juliet@x")
    page = await browser.command("route-add")
    cut = {name: page.fields[name] for name in ("token", "session", "at")}
    answer = await browser.post("/commands/route-add", cut)
    assert (answer.status, "The form cannot be read" in answer.note) == (400, True)


async def test_what_the_address_fills_in(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    page = await browser.get("/commands/route-test?channel=shoutbox:lobby")
    assert page.fields["channel"] == ["shoutbox:lobby"]
    assert (await browser.get("/commands/route-remove?route=1")).asked["sure"] == "checkbox"
    drop = await browser.get("/commands/deadletter-drop?which=1&channel=shoutbox:lobby&sure=1")
    assert (drop.fields["which"], drop.fields["sure"]) == (["1"], [])  # a link ticks no box
    gone = await browser.get("/commands/route-remove?route=99")
    assert gone.status == 400
    assert "not one of the choices" in gone.note
    answer = await browser.fill(page, "route-test", {"message": ["<b>hi</b>"]})
    assert answer.status == 200
    assert "<b>" not in answer.text
    assert any("hi" in line for line in answer.lines)


async def test_in_the_operators_language(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("juliet@x")
    page = await browser.get("/matrix", Accept_Language="de")
    assert '<html lang="de">' in page.text
    assert "keine Route" in page.text
    await prefers(bus, Preference("juliet@x", language="en"))
    assert '<html lang="en">' in (await browser.get("/matrix", Accept_Language="de")).text


async def test_a_fault_of_ours_is_told(
    browser: Browser, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in("juliet@x")
    page = await browser.command("route-add")
    await bus.settings.store.close()
    ends = {"source": [str(ROOM)], "destination": [str(BOX)]}
    answer = await browser.fill(page, "route-add", ends)
    assert answer.status in (500, 503)
    assert answer.note


async def test_many_channels_and_the_search(browser: Browser, bus: Bus) -> None:
    specs = [Put(ChannelSpec(Channel("shoutbox", f"box{n:03}"), f"Box {n:03}")) for n in range(100)]
    await _change(bus, *specs)
    page = await browser.sign_in("juliet@x")
    assert page.text.count('scope="row"') == page.text.count('scope="col"') == 40
    found = await browser.get("/matrix?from=box+01&to=LOBBY")
    assert found.text.count('scope="row"') == 10
    assert found.text.count('scope="col"') == 1
    last = await browser.get("/matrix?down=3&across=99")
    assert last.text.count('scope="row"') == 22
    assert (await browser.get("/matrix?down=x")).status == 400
    none = await browser.get("/matrix?from=nowhere")
    assert "No channel name contains this text." in none.note
    made = await browser.post("/matrix?from=box+01&to=LOBBY", {**found.fields, "dot": ["1 1"]})
    assert made.text.count('scope="row"') == 10
    assert str(bus.hub.routes[-1].source) == "shoutbox:box010"


async def test_no_channels_yet(browser: Browser, bus: Bus) -> None:
    gone = [*(Drop(one) for one in bus.hub.routes), *(Drop(one) for one in bus.hub.channels)]
    await _change(bus, *gone)
    page = await browser.sign_in("juliet@x")
    assert "/commands/channel-add" in page.links


# The link in chat


def _linking(bus: Bus) -> Bus:
    return replace(bus, sign_in=lambda jid, _page: f"https://bus.example.org/sign-in/for-{jid}")


async def test_the_bot_hands_the_link_out_in_private(bus: Bus) -> None:
    text = Text(
        _linking(bus), lambda jid: Role.OPERATOR if jid == "juliet@x" else Role.MEMBER, lambda: 0.0
    )
    said = str(await text.answer(TypedLine("juliet@x", "Juliet", "matrix", False)))
    assert said.splitlines()[-1].endswith(
        "Open this page within 5 minutes; the link works once: "
        "https://bus.example.org/sign-in/for-juliet@x"
    )
    for jid, in_room in (("juliet@x", True), ("romeo@x", False), ("", True)):
        answer = str(await text.answer(TypedLine(jid, "Nick", "matrix", in_room)))
        assert answer
        assert "sign-in" not in answer


async def test_the_form_holds_the_link(bus: Bus) -> None:
    client = Client(_linking(bus), seen=keeps_the_rules)
    first = await client.send("matrix")
    (link,) = [box for box in boxes(first) if box.get("var") == "page"]
    assert link.get("type") == "text-single"
    assert link.findtext(f"{X}value") == "https://bus.example.org/sign-in/for-admin@x"
    done = await client.send("matrix", sampled(first), session_of(first))
    assert told(done) == "Nothing was changed."


async def test_the_page_itself_needs_no_link(bus: Bus) -> None:
    async with a_browser(_linking(bus), {"juliet@x": Role.OPERATOR}, "juliet@x") as browser:
        page = await browser.command("matrix")
        assert "page" not in page.asked
        done = await browser.fill(page, "matrix", {"s1": ["shoutbox:lobby"], "s2": []})
        assert "Added" in done.note
        assert "removed" in done.note


# Live


async def _event(answer: Any) -> str:
    """The next event of a stream, without what sets it up."""
    while True:
        event = (await answer.content.readuntil(b"\n\n")).decode()
        if not event.startswith(("retry:", ":")):
            return str(event)


async def test_a_stream_tells_what_is_otherwise(browser: Browser, bus: Bus) -> None:
    page = await browser.sign_in("juliet@x")
    state = page.text.partition('data-state="')[2].partition('"')[0]
    async with browser.client.get(f"/matrix/stream?state={state}") as answer:
        await _change(bus, Put(Route(ROOM, BOX)))
        event = await _event(answer)
        assert ('"id": "c1-2"' in event, '"grid"' in event) == (True, False)
        await _change(bus, Put(ChannelSpec(Channel("shoutbox", "new"), "New")))
        event = await _event(answer)
        assert '"grid"' in event
        browser.roles["juliet@x"] = Role.MEMBER
        await _change(bus, Drop(bus.hub.routes[-1]))
        assert await _event(answer) == "event: gone\ndata:\n\n"


async def test_a_stream_after_a_break_begins_with_all_of_it(browser: Browser, bus: Bus) -> None:
    await browser.sign_in("juliet@x")
    async with browser.client.get(
        "/matrix/stream?state=old", headers={"Last-Event-ID": "older"}
    ) as answer:
        event = await _event(answer)
    assert '"grid"' in event
    assert event.startswith("id: ")


async def test_streams_are_few(browser: Browser) -> None:
    await browser.sign_in("juliet@x")
    async with AsyncExitStack() as stack:
        for _ in range(MAX_WATCHERS_PER_PERSON):
            answer = await stack.enter_async_context(browser.client.get("/matrix/stream"))
            assert answer.status == 200
        page = await browser.get("/matrix/stream")
        assert (page.status, "Too many pages" in page.note) == (429, True)
