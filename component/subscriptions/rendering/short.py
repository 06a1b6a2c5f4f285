"""A text cut so that it fits where each character counts, with a link to the rest. Pure."""

from collections.abc import Callable

MIN_CHARS = 20
"""Characters of a text that a link to the rest must leave."""
CUT = "..."  # “…” would double what an SMS costs: GSM-7 does not have it


def short(text: str, link: str, fits: Callable[[str], bool]) -> str:
    """The text where it fits; else as much of it as does, with the link where that leaves room for
    words.

    The beginning of a text that fits is taken to fit itself.
    """
    if fits(text):
        return text
    if link:
        end = f"{CUT} {link}"
        length = longest(text, end, fits)
        if length >= MIN_CHARS:
            return f"{at_word(text, length)}{end}"
    for end in (CUT, ""):
        length = longest(text, end, fits)
        if length >= 1:
            return f"{at_word(text, length)}{end}"
    return ""


def followed(text: str, link: str, fits: Callable[[str], bool]) -> str:
    """The text with its link, where both fit; else as much of the text as does."""
    both = f"{text}, {link}"
    if link and fits(both):
        return both
    return short(text, "", fits)


def longest(text: str, end: str, fits: Callable[[str], bool]) -> int:
    """How many characters of a text fit with an end behind them; 0 where not even one does."""
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(f"{text[:middle]}{end}"):
            low = middle
        else:
            high = middle - 1
    if low > 0 and fits(f"{text[:low]}{end}"):
        return low
    return 0


def at_word(text: str, length: int) -> str:
    """So many characters of a text, or fewer where a word ends near there."""
    space = text.rfind(" ", length * 4 // 5, length + 1)
    if space > 0:
        length = space
    return text[:length].rstrip()
