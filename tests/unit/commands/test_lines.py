"""Lines that people type to the bot, and what becomes of each: `tests/fixtures/lines.tsv`.

Its columns are the line before (where the line is an answer), the line, what happens (run: the bot
answers; ask: it asks for more; hold: it asks what is meant; post: it is a message), and of a line
that is held the command that is offered.
"""

import csv
from pathlib import Path

import pytest

from commands.typed.everyday import EVERYDAY
from tests.support.typing import a_typist

TABLE = Path(__file__).parents[2] / "fixtures" / "lines.tsv"
LINES = TABLE.read_text(encoding="utf-8").splitlines()
ROWS = list(csv.DictReader(LINES, delimiter="\t", quoting=csv.QUOTE_NONE))
COMMANDS = [
    "subscribe lobby",
    "unsubscribe lobby",
    "subscribe lobby daily at 9",
    "route list",
    "route add lobby news",
    "room list",
    "channel remove lobby",
    "subscriptions",
    "help route add",
    "deadletter list",
    "remind me in 20 minutes to stretch",
    "abonniere lobby",
    "abbestelle lobby",
    "erinnere mich in 20 Minuten an den Kuchen",
]
CHATTER = [row["line"] for row in ROWS if row["outcome"] == "post" and not row["before"]]


def mistyped(line: str) -> set[str]:
    """A line with one typing error in its first word, behind the first letter, in every way."""
    word, space, rest = line.partition(" ")
    words = set()
    for place in range(1, len(word)):
        before, at, after = word[:place], word[place], word[place + 1 :]
        words.update({before + after, before + at + at + after})
        words.update({before + "x" + after, before + "n" + at + after})
        words.add(before + after[:1] + at + after[1:])
    return {f"{typed}{space}{rest}" for typed in words}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['before']}/{row['line']}" for row in ROWS])
async def test_what_becomes_of_a_line(tmp_path: Path, row: dict[str, str]) -> None:
    async with a_typist(tmp_path) as typist:
        if row["before"]:
            await typist.says(row["before"])
        said, outcome = await typist.outcome(row["line"])
    assert outcome == row["outcome"], said
    assert row["meant"] in said


def test_there_are_enough_lines() -> None:
    assert len(ROWS) >= 300
    assert {row["outcome"] for row in ROWS} == {"run", "ask", "hold", "post"}


@pytest.mark.parametrize("who", ["member@x", "operator@x"])
async def test_chatter_is_posted_for_every_role(tmp_path: Path, who: str) -> None:
    async with a_typist(tmp_path, who) as typist:
        kept = [line for line in CHATTER if (await typist.outcome(line))[1] != "post"]
    assert kept == []


@pytest.mark.parametrize("line", COMMANDS)
async def test_a_command_with_one_typing_error_is_never_posted(tmp_path: Path, line: str) -> None:
    posted = []
    async with a_typist(tmp_path) as typist:
        for typed in sorted(mistyped(line)):
            _said, outcome = await typist.outcome(typed)
            if outcome == "post" and typed.split()[0] not in EVERYDAY:
                posted.append(typed)
            await typist.says("cancel")
    assert posted == []
