"""What the bot says: its own words to people and in rooms, which no bus passes on or answers."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from component.common.errors import TooMany
from component.common.i18n import Words, _, joined
from component.common.rate import Rate
from component.common.sanitize import one_line
from component.xmpp.answers import AnswerBudget
from component.xmpp.elements import body, element, message, own_words
from component.xmpp.handlers import Handlers, TypedLine
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.roster import RESOURCE
from component.xmpp.muc.room import Room, RoomLine
from component.xmpp.stanza import MUC_USER, bare
from component.xmpp.stream.session import Session

REMEMBERED = 10_000
"""Occupants who were told that nobody else can read what they encrypt."""


class Bot:
    """The bot as it speaks, under a local part of the component's domain."""

    def __init__(
        self, session: Session, name: str, handlers: Handlers, automatic: AutomaticAnswers
    ) -> None:
        self._session = session
        self._handlers = handlers
        self.bare = f"{name}@{session.domain}"
        self.jid = f"{self.bare}/{RESOURCE}"
        self._answers = AnswerBudget(time.monotonic)
        self._automatic = automatic
        self._warnings = Rate(time.monotonic, 1, 1 / 60)
        self._told: OrderedDict[str, None] = OrderedDict()

    # To people

    def write(self, jid: str, words: str) -> None:
        """Write to someone."""
        self._automatic.told(bare(jid))
        self._session.try_send(message(self.jid, jid, body(words), own_words(), type="chat"))

    async def welcome(self, ours: str, theirs: str, language: str) -> None:
        """Welcome someone who has the bot as a contact now. Raises StoreError."""
        if ours != self.bare:
            return
        words = await self._handlers.welcome(theirs)
        if words:
            self.write(theirs, words.told(self._handlers.language(theirs, language)))

    def reply(self, stanza: Element, words: str) -> None:
        """Answer a direct message in its own conversation."""
        sender = f"{bare(stanza.get('to', ''))}/{RESOURCE}"
        kind = stanza.get("type") or "chat"
        self._automatic.told(bare(stanza.get("from", "")))
        self._session.try_send(
            message(sender, stanza.get("from", ""), body(words), own_words(), type=kind)
        )

    def decline(self, room: str, inviter: str, words: str) -> None:
        """Decline an invitation: the room tells it to who invites (XEP-0045 section 7.8.2)."""
        reason = element(MUC_USER, "reason", text=words)
        declined = element(MUC_USER, "x", element(MUC_USER, "decline", reason, to=inviter))
        self._session.try_send(message(self.jid, room, declined, own_words()))

    # In rooms

    def say(self, room: Room, words: str) -> None:
        """Say something in a room."""
        said = message(self.jid, room.jid, body(words), own_words(), type="groupchat")
        self._session.try_send(said)

    async def answer(self, room: Room, line: RoomLine) -> None:
        """Answer a line in a room where it is meant for the bot."""
        if line.to_bot is None:
            return
        command = line.to_bot.command
        if not line.to_bot.certain and not self._handlers.is_room_command(command):
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
        if self._answers.allows(room.jid, answer):
            self.say(room, f"{line.nick}: {answer}")

    def warn(self, room: Room, line: RoomLine, sentences: Sequence[Words]) -> None:
        """Tell an occupant, in private and once a minute at most, what of theirs was not passed
        on."""
        try:
            self._warnings.spend(f"{room.jid}/{line.jid or line.nick}")
        except TooMany:
            return
        self.whisper(room, line, joined(sentences, "\n"))

    def tell_unreadable(self, room: Room, line: RoomLine, method: str) -> None:
        """Tell an occupant, in private and once, that what they encrypt is not forwarded."""
        who = f"{room.jid}/{line.jid or line.nick}"
        if who in self._told:
            return
        self._told[who] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        self.whisper(room, line, unreadable(method))

    def whisper(self, room: Room, line: RoomLine, sentence: Words) -> None:
        """Say something to an occupant alone."""
        words = sentence.told(self._handlers.language(line.jid, line.language))
        occupant = f"{room.jid}/{line.nick}"
        private = element(MUC_USER, "x")
        self._session.try_send(
            message(self.jid, occupant, body(words), private, own_words(), type="chat")
        )


def unreadable(method: str) -> Words:
    """That a message is encrypted, and what to do."""
    return _(
        "Your message is encrypted ({method}). I cannot read or forward it. Turn off encryption in "
        "this conversation and send it again.",
        method=method,
    )
