"""What the bot says: its own words to people and in rooms, which no bus passes on or answers."""

import time
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from component.common.errors import TooMany
from component.common.i18n import Words, _, joined
from component.common.rate import Rate
from component.common.sanitize import one_line
from component.xmpp.elements import body, element, message, own_words
from component.xmpp.handlers import Handlers, TypedLine
from component.xmpp.im.roster import RESOURCE
from component.xmpp.muc.room import Room, RoomLine
from component.xmpp.stanza import MUC_USER, bare
from component.xmpp.stream.session import Session


class Bot:
    """The bot as it speaks, under a local part of the component's domain."""

    def __init__(self, session: Session, name: str, handlers: Handlers) -> None:
        self._session = session
        self._handlers = handlers
        self.bare = f"{name}@{session.domain}"
        self.jid = f"{self.bare}/{RESOURCE}"
        self._warnings = Rate(time.monotonic, 1, 1 / 60)

    # To people

    def write(self, jid: str, words: str) -> None:
        """Write to someone."""
        self._session.try_send(message(self.jid, jid, body(words), own_words(), type="chat"))

    def reply(self, stanza: Element, words: str) -> None:
        """Answer a direct message in its own conversation."""
        sender = f"{bare(stanza.get('to', ''))}/{RESOURCE}"
        kind = stanza.get("type") or "chat"
        self._session.try_send(
            message(sender, stanza.get("from", ""), body(words), own_words(), type=kind)
        )

    # In rooms

    def say(self, room: Room, words: str) -> None:
        """Say something in a room."""
        said = message(self.jid, room.jid, body(words), own_words(), type="groupchat")
        self._session.try_send(said)

    async def answer(self, room: Room, line: RoomLine) -> None:
        """Answer a line in a room where it begins with the bot's name."""
        command = called(room.nick, line.text)
        if command is None:
            return
        typed = TypedLine(line.jid, line.nick, command, True, line.language)
        answer = await self._handlers.answer(typed)
        if not isinstance(answer, str):
            unknown = _(
                "I do not know the command “{line}”. Write “{bot}: help” to see what I can do.",
                line=one_line(command)[:60],
                bot=room.nick,
            )
            answer = unknown.told(self._handlers.language(line.jid, line.language))
        self.say(room, f"{line.nick}: {answer}")

    def warn(self, room: Room, line: RoomLine, sentences: Sequence[Words]) -> None:
        """Tell an occupant, in private and once a minute at most, what of theirs was not passed
        on."""
        try:
            self._warnings.spend(f"{room.jid}/{line.jid or line.nick}")
        except TooMany:
            return
        words = joined(sentences, "\n").told(self._handlers.language(line.jid, line.language))
        occupant = f"{room.jid}/{line.nick}"
        private = element(MUC_USER, "x")
        self._session.try_send(
            message(self.jid, occupant, body(words), private, own_words(), type="chat")
        )


def called(name: str, text: str) -> str | None:
    """What follows the bot's name at the start of a line; None where the line is not meant for the
    bot."""
    start = text.lstrip().removeprefix("@")
    if start[: len(name)].casefold() != name.casefold():
        return None
    rest = start[len(name) :]
    if rest[:1] not in (":", ","):
        return None
    return rest[1:].strip()
