"""Words that people write to each other, in both languages.

Two lists help to tell a message that begins like a command from a command with a slip in it:
`EVERYDAY`, common words and those that look like the name of a command, and `SENTENCE`, the small
words that sentences are made of and arguments are not. A word that is missing makes the bot ask
once too often; it never makes it post.
"""

from importlib import resources


def words_of(name: str) -> frozenset[str]:
    """The words of a list beside this file."""
    text = resources.files("commands.typed").joinpath(f"{name}.txt").read_text("utf-8")
    return frozenset(text.split())


EVERYDAY = words_of("everyday")

SENTENCE = words_of("sentence")

CALLS = frozenset(
    {"quiet", "ruhe", "pause", "pausiere", "weiter", "confirm", "bestätige", "bestätigen"}
)
"""Names of commands that people call to each other, with a please behind."""
JOINING = frozenset({"and", "or", "but", "und", "oder", "aber"})
"""Words that no argument begins with."""

_SIGNS = ".,;:!?…\"'“”„()"


def bare(word: str) -> str:
    """A word to be compared, without the signs around it."""
    return word.casefold().replace("’", "'").strip(_SIGNS)


def is_prose(text: str) -> bool:
    """Whether a text has words that only sentences have."""
    return any(bare(word) in SENTENCE for word in text.split())
