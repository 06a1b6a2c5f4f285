"""A message as a subscriber gets it by IM: its place in front, what it answers above. Pure."""

from dataclasses import replace

from component.bus.model.message import BUS, MAX_BODY, Message
from component.common.sanitize import one_line

MAX_QUOTE_CHARS = 120
"""Characters that are quoted of what a message answers."""


def noted(message: Message, title: str, answered: Message | None = None) -> Message:
    """The message as the bot says it, with the channel's `title`, and, where it is a reply, a line
    of what it `answered` (XEP-0393)."""
    quote = " "
    if answered:
        quote = f"\n> {quoted(answered)}\n"
    body = f"[{title}]{quote}{message.line}"[:MAX_BODY]
    return replace(message, author=BUS, body=body)


def quoted(message: Message) -> str:
    """A message in a short line, with its author."""
    line = one_line(message.spoken)
    if len(line) > MAX_QUOTE_CHARS:
        line = f"{line[:MAX_QUOTE_CHARS]}…"
    if message.is_action:
        return line
    return f"{message.author.shown}: {line}"
