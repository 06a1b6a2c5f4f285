"""A text cut so that it fits where each character counts, with a link to the rest. Pure."""

from collections.abc import Callable

LEAST = 20
"""Characters of a text that a link to the rest must leave."""
_CUT = "..."  # the one character for it would double what an SMS costs: GSM-7 has none


def short(text: str, link: str, fits: Callable[[str], bool]) -> str:
    """The text where it fits; else as much of it as does, and the link behind it where it leaves
    room for words.

    What begins a text that fits is taken to fit itself.
    """
    if fits(text):
        return text
    ends = [f"{_CUT} {link}", _CUT, ""] if link else [_CUT, ""]
    for end in ends:
        length = _most(text, end, fits)
        if length >= (LEAST if end.endswith(link) and link else 1):
            return f"{_at_word(text, length)}{end}"
    return ""


def followed(text: str, link: str, fits: Callable[[str], bool]) -> str:
    """The text with its link, where both fit; else as much of the text as does."""
    both = f"{text}, {link}"
    return both if link and fits(both) else short(text, "", fits)


def _most(text: str, end: str, fits: Callable[[str], bool]) -> int:
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(f"{text[:middle]}{end}"):
            low = middle
        else:
            high = middle - 1
    return low if low > 0 and fits(f"{text[:low]}{end}") else 0


def _at_word(text: str, length: int) -> str:
    space = text.rfind(" ", length * 4 // 5, length + 1)
    return text[: space if space > 0 else length].rstrip()
