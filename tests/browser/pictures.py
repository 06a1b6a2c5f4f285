"""The pictures of pages in the docs: `python -m tests.browser.pictures` draws them anew, from a
real bus, server, client and browser."""

import base64
import html
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from component.cli.prosody import ROOMS, free_port
from tests.browser import mail_pictures
from tests.browser.bot import answer
from tests.browser.chromium import chromium, shout, shouts
from tests.journeys.terminal import Terminal, profanity
from tests.support import servers
from tests.support.servers import Bus, Server

BOXES = {"team": "Team", "support": "Support", "news": "Team news"}
MEETING_ROOMS = {"team": "Team room", "ops": "Operations", "standup": "Stand-up"}
ARCHIVE = "story:news"
ROUTES = (
    ("shoutbox:team", f"muc:team@{ROOMS}"),
    (f"muc:team@{ROOMS}", "shoutbox:team"),
    (f"muc:ops@{ROOMS}", f"muc:team@{ROOMS}"),
    ("shoutbox:support", f"muc:ops@{ROOMS}"),
    (f"muc:standup@{ROOMS}", f"muc:ops@{ROOMS}"),
    ("shoutbox:news", ARCHIVE),
)
MORE_ROUTES = f"""
[[route]]
from = "muc:standup@{ROOMS}"
to = "muc:team@{ROOMS}"
off = true

[[route]]
from = "shoutbox:support"
to = "shoutbox:team"

[[route.processor]]
name = "prefix"
text = "support: "

[[route.processor]]
name = "truncate"
length = 200
"""
STORIES = (
    ("juliet", "The new printer works\n\nIt stands beside the kitchen door and takes A4 and A3."),
    ("romeo", "From the archive\n\nThe backup was finished at night."),
    (
        "nurse",
        "Two days of quiet\n\nThe office is closed on Thursday and Friday. The door code stays the "
        "same.\n\nPlan for the days between: https://www.example.org/plan",
    ),
)
COLOURS = "#181818 #e05561 #8cc265 #d18f52 #4aa5f0 #c162de #42b3c2 #e6e6e6".split()
"""What the eight colours of a terminal look like."""
CODE = re.compile(r"\x1b\[([0-9;]*)m")


def channels() -> str:
    """The channels and routes of the pictures, as configuration."""
    written = []
    for name, title in BOXES.items():
        written.append(f'[[channel]]\nname = "shoutbox:{name}"\ntitle = "{title}"\n')
    for name, title in MEETING_ROOMS.items():
        written.append(f'[[channel]]\nname = "muc:{name}@{ROOMS}"\ntitle = "{title}"\n')
    written.append(f'[[channel]]\nname = "{ARCHIVE}"\ntitle = "Team news"\n')
    for source, destination in ROUTES:
        written.append(f'[[route]]\nfrom = "{source}"\nto = "{destination}"\n')
    return "\n".join([*written, MORE_ROUTES])


@contextmanager
def office(data: Path) -> Iterator[tuple[Server, Bus]]:
    """A bus with these channels, on a server of its own."""
    server = Server(data / "prosody")
    server.start()
    port = free_port()
    config = servers.settings(server, data / "bus", port, channels())
    bus = servers.start_bus(data / "bus", config, port)
    try:
        bus.ready()
        yield server, bus
    finally:
        bus.stop()
        server.stop()


def matrix(browser: Browser, server: Server, file: Path) -> None:
    """The matrix, as an administrator sees it."""
    link = re.search(r"http\S+/sign-in/\S+", answer(server, "admin", "matrix"))
    assert link
    with browser.new_context(viewport={"width": 1180, "height": 780}) as context:
        page = context.new_page()
        page.goto(link[0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Matrix")
        page.screenshot(path=file)


def stories(browser: Browser, bus: Bus, file: Path) -> None:
    """An archive with a few stories."""
    for author, words in STORIES:
        assert bus.post("shoutbox:news", words, author=author).status == 201
    with browser.new_context(viewport={"width": 760, "height": 600}) as context:
        page = context.new_page()
        page.goto(f"{bus.url}/stories/news")
        expect(page.get_by_role("article")).to_have_count(len(STORIES))
        page.screenshot(path=file, full_page=True)


def page_and_client(browser: Browser, server: Server, bus: Bus, file: Path) -> None:
    """A conversation between a shoutbox and a room, side by side."""
    told = {
        "xmpp": {"host": "127.0.0.1", "port": server.c2s},
        "accounts": [{"jid": "juliet@localhost", "password": server.passwords["juliet"]}],
    }
    with browser.new_context(viewport={"width": 620, "height": 560}) as context:
        page = context.new_page()
        page.goto(f"{bus.url}/shoutbox/lobby")
        with profanity(told, "juliet", tls="trust") as client:
            client.resize(96, 32)
            talk(page, client)
            screen = drawn(client.screen(colours=True))
        left = page.screenshot()
    with browser.new_context(viewport={"width": 1420, "height": 560}) as context:
        both = context.new_page()
        both.set_content(side_by_side(screen))
        picture = both.locator("img")
        picture.evaluate("(img, data) => { img.src = data; return img.decode(); }", data_url(left))
        both.screenshot(path=file)


def talk(page: Page, client: Terminal) -> None:
    """What is said, from both sides."""
    client.write(f"/join lobby@{ROOMS} nick Juliet")
    client.shows("You have joined the room as Juliet")
    shout(page, "Zoe", "Hello! Is lunch on Friday still on?")
    client.shows("Is lunch on Friday still on?")
    client.write("Hi Zoe! Yes, at noon in the garden.")
    expect(shouts(page, "at noon in the garden")).to_have_count(1)
    shout(page, "Zoe", "We will keep a seat for you :)")
    client.shows("We will keep a seat for you")


def drawn(screen: str) -> str:
    """A terminal's screen as HTML."""
    parts, colour = [], ""
    for number, part in enumerate(CODE.split(screen.rstrip())):
        if number % 2:
            colour = colour_of(part, colour)
            continue
        parts.append(f'<span style="color: {colour or COLOURS[7]}">{html.escape(part)}</span>')
    return "".join(parts)


def colour_of(codes: str, before: str) -> str:
    """The colour of letters behind an escape code (ECMA-48 section 8.3.117)."""
    for code in codes.split(";"):
        if code in ("", "0", "39"):
            before = ""
        elif len(code) == 2 and code[0] in "39" and code[1] < "8":
            before = COLOURS[int(code[1])]
    return before


def side_by_side(screen: str) -> str:
    """The picture of the page at the left, the screen of the terminal at the right."""
    return f"""<!doctype html>
<style>
  body {{ margin: 0; display: flex; height: 560px; }}
  img {{ width: 620px; height: 560px; }}
  pre {{ margin: 0; padding: 12px; flex: 1; overflow: hidden; background: {COLOURS[0]};
    font: 13px/17px "DejaVu Sans Mono", monospace; }}
</style>
<img alt=""><pre>{screen}</pre>"""


def data_url(picture: bytes) -> str:
    """A picture as an address."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def main(folder: Path) -> None:
    """Draw the pictures of pages in the docs."""
    with (
        tempfile.TemporaryDirectory() as data,
        office(Path(data)) as (server, bus),
        chromium() as browser,
    ):
        page_and_client(browser, server, bus, folder / "page-and-client.png")
        matrix(browser, server, folder / "matrix-page.png")
        stories(browser, bus, folder / "stories.png")
    mail_pictures.main(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screenshots"))
