"""A message as a subscriber is told it by IM: where it was said in front, and what it answers above
it. Pure."""

from dataclasses import replace

from component.bus.model.message import BUS_KEY, MAX_BODY, Author, Message
from component.common.sanitize import one_line

MAX_QUOTE = 120
"""Characters of what a reply answers."""


def noted(message: Message, title: str, answered: Message | None = None) -> Message:
    """The message as the bot says it, with the channel's `title`, and, where it is a reply, a line
    of what it `answered` (XEP-0393)."""
    quote = f"\n> {quoted(answered)}\n" if answered else " "
    return replace(
        message,
        author=Author("Shoutbus", BUS_KEY),
        body=f"[{title}]{quote}{message.line}"[:MAX_BODY],
    )


def quoted(message: Message) -> str:
    """A message in a short line, with who said it."""
    line = one_line(message.body)
    return f"{message.author.shown}: {line if len(line) <= MAX_QUOTE else f'{line[:MAX_QUOTE]}…'}"
