"""Commands in clients for the terminal, as people use them: listed, filled in, gone through, read
off the screen."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.terminal import Terminal, poezio, profanity
from tests.support import servers
from tests.support.servers import Bus, eventually

Demo = tuple[Bus, dict[str, Any]]
GROUPS = {"channels": "Feeds and channels…", "routes": "Routes…"}
MATRIX = (
    "chat:*",
    "fortune:hourly",
    "muc:lobby@rooms.localhost",
    "muc:team@rooms.localhost",
    "shoutbox:bulletin",
)
"""The first rows of the matrix."""
LISTED = ("subscriptions", "channels", "routes", "system")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of one's own: what it is configured to do is changed here."""
    with servers.demo(tmp_path_factory.mktemp("commands")) as running:
        yield running


class Profanity:
    """Commands by `/cmd` and `/form`; an answer stands in the first window."""

    def __init__(self, client: Terminal, bot: str) -> None:
        self._client = client
        self._bot = bot

    def listed(self) -> list[str]:
        self._client.write(f"/cmd list {self._bot}")
        self._client.shows("!   system")
        return [line.rpartition("! ")[2].strip() for line in self._client.lines("!   ")]

    def begin(self, node: str, title: str, at_the_end: str = "") -> None:
        """Open a command; of a form longer than the screen only what stands `at_the_end` is
        seen."""
        self._client.write("/win 1")
        self._client.write("/clear")
        self._client.write(f"/cmd exec {node} {self._bot}")
        self._client.shows(at_the_end or f"Form title: {title}")

    def fill(self, label: str, value: str) -> None:
        (tag,) = re.findall(
            rf"\[(field\d+)\] {re.escape(label)}(?: \(required\))?:", self._client.screen()
        )
        self._client.write(f"/{tag} {value}")
        eventually(
            lambda: f"/{tag}" not in self._client.screen().splitlines()[-1], f"{label} is taken"
        )

    def go_on(self, title: str) -> None:
        self._client.write("/form submit")
        self._client.shows(f"Form title: {title}")

    def end(self, told: str) -> None:
        self._client.write("/form submit")
        eventually(lambda: "Form title" not in self._client.screen(), "the form closes")
        self._client.write("/win 1")
        self._client.shows(told)

    def lines(self) -> str:
        shown = " ".join(line.rpartition(" - ")[2] for line in self._client.lines(" - "))
        self._client.write("/form cancel")
        return " ".join(shown.split())

    def sure(self) -> None:
        self._client.write("/form submit")
        self._client.shows("Confirm: FALSE")
        self.fill("Confirm", "on")
        self.end("Removed")


def test_profanity_goes_through_it_all(mine: Demo) -> None:
    _bus, told = mine
    with profanity(told, "admin") as client:
        hands = Profanity(client, told["bot"])
        listed = hands.listed()
        assert set(LISTED) <= set(listed)
        assert len(listed) <= 9

        hands.begin("channel-add", "Add a channel")
        hands.fill("Method", "shoutbox")
        hands.go_on("Add a channel: shoutbox")
        client.write("/form submit")
        client.shows("Address: This field is required.")
        hands.fill("Address", "news")
        hands.fill("Title", "News")
        hands.end("Added shoutbox:news.")

        hands.begin("matrix", "Matrix", "] shoutbox:team:")
        hands.fill("shoutbox:news", "add shoutbox:team")
        hands.end("Added shoutbox:news → shoutbox:team.")
        hands.begin("matrix", "Matrix", "] shoutbox:team:")
        hands.fill("shoutbox:news", "remove shoutbox:team")
        hands.end("Removed shoutbox:news → shoutbox:team.")

        hands.begin("route-add", "Add a route")
        client.shows("[shoutbox:news] shoutbox:news (News)")
        hands.fill("From", "shoutbox:news")
        hands.fill("To", "shoutbox:team")
        hands.end("Added shoutbox:news → shoutbox:team")

        hands.begin("route-list", "8 routes:")
        shown = hands.lines()
        route = re.search(r"(\d+): shoutbox:news → shoutbox:team", shown)
        assert route, shown

        hands.begin("route-edit", "Edit a route")
        hands.fill("Route", route[1])
        hands.go_on(f"Edit route {route[1]}")
        hands.fill("To", "shoutbox:lobby")
        hands.end("to shoutbox:news → shoutbox:lobby.")

        hands.begin("route-edit", "Edit a route")
        hands.fill("Route", route[1])
        hands.fill("Action", "add")
        hands.go_on("Add a processor")
        hands.fill("Processor", "prefix")
        hands.go_on("Prefix")
        hands.fill("Text", "[news]")
        hands.go_on("Changed to:")
        assert "shoutbox:news → shoutbox:lobby [prefix] 1 prefix text=[news]" in hands.lines()

        hands.begin("route-test", "Test routes")
        hands.fill("Channel", "shoutbox:news")
        hands.go_on("Test of “hello” in shoutbox:news; nothing is sent:")
        tested = hands.lines()
        assert "1. shoutbox:news → shoutbox:lobby [prefix]: " in tested
        assert "1 prefix: changed to “[news] hello”" in tested

        hands.begin("route-remove", "Remove a route")
        hands.fill("Route", route[1])
        hands.sure()
        hands.begin("channel-remove", "Remove a channel")
        hands.fill("Channel", "shoutbox:news")
        hands.sure()
        hands.begin("route-list", "7 routes:")


class Poezio:
    """Commands by `/ad-hoc`: a list to choose from, and a window with a row for each field."""

    def __init__(self, client: Terminal, bot: str) -> None:
        self._client = client
        client.write(f"/ad-hoc {bot}")
        client.shows("Ad-hoc commands of JID")
        client.shows("system")
        self._rows = [
            row
            for row in map(self._row, client.screen().splitlines())
            if re.match(r"[a-z-]+ {2,}\S", row)
        ]
        self._at = 0

    @staticmethod
    def _row(line: str) -> str:
        return line.partition("│")[2]

    def listed(self) -> list[str]:
        return [row.split()[0] for row in self._rows]

    def begin(self, group: str, what: str) -> None:
        """Open a group's entry and choose one of its commands."""
        wanted = self.listed().index(group)
        for key in ["Down"] * (wanted - self._at) + ["Up"] * (self._at - wanted):
            self._press(key)
        self._at = wanted
        self._client.press("Enter")
        self._client.shows("Ctrl+Y: send form")
        self._client.shows(GROUPS[group])
        self.pick("Command", what)
        self._client.press("C-y")

    def pick(self, label: str, value: str) -> None:
        """Turn a choice until it shows `value`; its row is the one with the cursor."""
        for _press in range(30):
            row = self._field(label)
            if value in row:
                return
            self._client.press("Right")
            eventually(lambda row=row: self._field(label) != row, f"{label} turns")  # type: ignore[misc]
        raise AssertionError(f"no {value}:\n{self._client.screen()}")

    def _field(self, label: str) -> str:
        rows = [
            row
            for row in map(self._row, self._client.screen().splitlines())
            if row.startswith(f"{label}  ")
        ]
        return rows[0] if rows else ""

    def write(self, label: str, words: str) -> None:
        self._client.press("-l", "--", words)
        try:
            eventually(lambda: words in self._field(label), f"{label} is written")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self._client.screen()}") from None

    def down(self, rows: int = 1) -> None:
        """To a row below; lines that are only told count for none."""
        for _press in range(rows):
            self._press("Down")

    def tick(self, label: str, value: str, mark: str) -> None:
        """Turn a choice of several to `value` and turn its mark."""
        self.pick(label, value)
        self._client.press("Space")
        eventually(lambda: mark in self._field(label), f"{value} {mark}")

    def _press(self, key: str) -> None:
        before = self._client.screen(colours=True)
        self._client.press(key)
        eventually(lambda: self._client.screen(colours=True) != before, key)

    def remove(self, group: str, what: str, label: str, value: str, told: str) -> None:
        self.begin(group, what)
        self._client.shows(f"{label}  ")
        self.pick(label, value)
        self._client.press("C-y")
        self._client.shows("Confirm  ")
        self.down()
        self.pick("Confirm", "True")
        self.end(told)

    def end(self, told: str) -> None:
        self._client.press("C-y")
        self._client.shows(told)
        self._client.shows("execute selected command")


def test_poezio_goes_through_it_all(mine: Demo) -> None:
    bus, told = mine
    certificate = bus.log.parent / "prosody" / "certs" / "localhost.crt"
    with poezio(told, "admin", "lobby@rooms.localhost/Admin", certificate) as client:
        hands = Poezio(client, told["bot"])
        assert set(LISTED) <= set(hands.listed())
        assert len(hands.listed()) <= 9

        hands.begin("channels", "Add a channel")
        client.shows("Method")
        hands.pick("Method", "shoutbox")
        client.press("C-y")
        client.shows("Address")
        client.press("C-y")
        client.shows("Address: This field is required.")
        hands.down()
        hands.write("Address", "bulletin")
        hands.end("Added shoutbox:bulletin.")

        for mark, result in (("✔", "Added"), ("☐", "Removed")):
            hands.begin("routes", "Matrix")
            client.shows("shoutbox:bulletin  ")
            hands.down(1 + MATRIX.index("shoutbox:bulletin"))  # the link to the page stands first
            hands.tick("shoutbox:bulletin", "shoutbox:team", mark)
            hands.end(f"{result} shoutbox:bulletin → shoutbox:team")

        hands.begin("routes", "Add a route")
        client.shows("Both directions")
        hands.pick("From", "shoutbox:bulletin")
        hands.down()
        hands.pick("To", "shoutbox:lobby")
        hands.end("Added shoutbox:bulletin → shoutbox:lobby")

        hands.begin("routes", "List routes")
        client.shows("8 routes:")
        client.shows(": shoutbox:bulletin → shoutbox:lobby")
        client.press("C-g")
        client.shows("execute selected command")

        hands.begin("routes", "Edit a route")
        client.shows("Route  ")
        hands.pick("Route", "shoutbox:bulletin")
        client.press("C-y")
        client.shows("Edit route ")
        client.shows("To  ")
        hands.down()
        hands.pick("To", "shoutbox:team")
        hands.end("Changed shoutbox:bulletin → shoutbox:lobby")

        hands.begin("routes", "Test routes")
        client.shows("Channel  ")
        hands.pick("Channel", "shoutbox:bulletin")
        client.press("C-y")
        client.shows("nothing is sent:")
        client.shows("1. shoutbox:bulletin → shoutbox:team")
        client.press("C-g")
        client.shows("execute selected command")

        hands.begin("routes", "Remove a route")
        client.shows("Route  ")
        hands.pick("Route", "shoutbox:bulletin")
        client.press("C-y")
        client.shows("Confirm  ")
        hands.end("Nothing was changed.")
        hands.remove(
            "routes",
            "Remove a route",
            "Route",
            "shoutbox:bulletin",
            "Removed shoutbox:bulletin → shoutbox:team",
        )
        hands.remove(
            "channels",
            "Remove a channel",
            "Channel",
            "shoutbox:bulletin",
            "Removed shoutbox:bulletin.",
        )
        hands.begin("routes", "List routes")
        client.shows("7 routes:")
