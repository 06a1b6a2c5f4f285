"""Direct messages in: commands, messages to channels, and what gateways bring.

A direct message is believed for its `from` alone: forwards, carbons and room claims in it are
forged as easily as written. Roles come from that bare JID.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.message import (
    WEB_MARK,
    WITHDRAWN,
    Author,
    Channel,
    Kind,
    Message,
    is_id,
)
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Clock, HeardThere
from component.common.errors import Forbidden, Gone, NotFound, ShoutbusError, StoreError, TooMany
from component.common.i18n import Words, _, joined, tell
from component.common.rate import Rate
from component.common.sanitize import one_line, skeleton
from component.xmpp.answers import AnswerBudget
from component.xmpp.bot import Bot, unreadable
from component.xmpp.content import Content, content_of, encryption_of, invitation_of
from component.xmpp.edits import Edit, edit_of, names_of
from component.xmpp.elements import answer, element, error, message
from component.xmpp.handlers import Handlers, PlainMessage, TypedLine
from component.xmpp.im.automatic import AutomaticAnswers, says_so
from component.xmpp.im.edits import Posted, PostedLines
from component.xmpp.muc.edits import DELETED, UNKNOWN
from component.xmpp.muc.replies import named_by, text_of
from component.xmpp.stanza import (
    RECEIPTS,
    bare,
    body_of,
    domain,
    is_aside,
    is_said,
    language_of,
    local,
    resource,
    said_of,
)
from component.xmpp.stream.session import Session
from component.xmpp.tasks import Tasks

log = structlog.get_logger()


class Inbox:
    """Takes direct messages to the bot and to the channels' own addresses, and answers them.

    `is_bus` says whether another Shoutbus answers at a domain.
    """

    def __init__(
        self,
        session: Session,
        bot: Bot,
        handlers: Handlers,
        is_bus: Callable[[str], Awaitable[bool]],
        automatic: AutomaticAnswers,
        clock: Clock,
    ) -> None:
        self._session = session
        self._bot = bot
        self._handlers = handlers
        self._is_bus = is_bus
        self._clock = clock
        self._tasks = Tasks()
        self._occupants = Rate(time.monotonic, 200, 20)
        self._notices = Rate(time.monotonic, 1, 1 / 60)
        self._lines = PostedLines()
        self._answers = AnswerBudget(time.monotonic)
        self._automatic = automatic

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    def message(self, stanza: Element, from_room: bool) -> None:
        """A message that is not a room's groupchat. `from_room`: it came through a room, so its
        author's JID is hidden."""
        if stanza.get("type") not in (None, "normal", "chat"):
            return
        take = self._handlers.gateway(domain(stanza.get("from", "")))
        if not take and not from_room and self.takes_edit(stanza):
            return
        if is_aside(stanza):
            return
        if not take:
            self.from_person(stanza, from_room)
        elif body_of(stanza).strip() and content_of(stanza) in (Content.WORDS, Content.ENCRYPTED):
            # Who writes there has no client that encrypts: “?OTR?” is what they wrote.
            self._tasks.run(self.from_gateway(stanza, take))

    def takes_edit(self, stanza: Element) -> bool:
        """Take a correction or a retraction. Returns whether it was one."""
        edit = edit_of(stanza)
        if not edit or content_of(stanza) is Content.ENCRYPTED:
            return False
        self._lines.expect(bare(stanza.get("from", "")), names_of(stanza))
        self._tasks.run(self.edited(stanza, edit))
        return True

    def from_person(self, stanza: Element, from_room: bool) -> None:
        """Words, an invitation, or something that is neither."""
        sender, holds = stanza.get("from", ""), content_of(stanza)
        if from_room and not resource(sender):
            return  # the room itself: what it says of the bot is in its presence too
        if holds is Content.WORDS and body_of(stanza).strip():
            self._lines.expect(bare(sender), names_of(stanza))
            self._tasks.run(self.heard(stanza, from_room))
        elif holds is Content.ENCRYPTED:
            self.unreadable(stanza)
        elif not from_room:
            self.invited(stanza)

    def invited(self, stanza: Element) -> None:
        """Tell who invites the bot, if somebody does, how a room is joined, once in a while: the
        bot comes into rooms that are configured, and into no other."""
        invitation = invitation_of(stanza)
        if not invitation or not invitation.inviter or is_said(stanza):
            return
        try:
            self._notices.spend(f"invitation {invitation.inviter}")
        except TooMany:
            return
        sentence = _(
            "I was invited to {room}. I only join rooms that are configured: an operator can add "
            "this one with “channel add muc {room}”.",
            room=invitation.room,
        )
        words = sentence.told(self._handlers.language(invitation.inviter))
        if invitation.is_vouched_for:
            self._bot.write(invitation.inviter, words)
        else:
            self._bot.decline(invitation.room, invitation.inviter, words)

    def unreadable(self, stanza: Element) -> None:
        """Say that a message is encrypted, once in a while: what answers may be a program. It goes
        nowhere."""
        sender = bare(stanza.get("from", ""))
        try:
            self._notices.spend(f"encrypted {stanza.get('from', '')}")
        except TooMany:
            return
        language = self._handlers.language(sender, language_of(stanza))
        self._bot.reply(stanza, unreadable(encryption_of(stanza)).told(language))

    async def from_gateway(self, stanza: Element, take: HeardThere) -> None:
        """A gateway's JIDs are not people: they get no answer, and the gateway only an error."""
        sender = stanza.get("from", "")
        try:
            await take(local(sender), body_of(stanza), stanza.get("id", ""))
        except StoreError as fault:
            inside = error("wait", fault.condition, str(fault))
            self._session.try_send(answer(stanza, "error", inside))

    async def heard(self, stanza: Element, from_room: bool) -> None:
        """Take a message and answer it: with a reply, with an error, with a receipt."""
        sender = bare(stanza.get("from", ""))
        language = self._handlers.language(sender, language_of(stanza))
        expected = self._handlers.expects(sender, text_of(stanza))
        try:
            if from_room:
                self._occupants.spend(stanza.get("from", ""))
                reply: Words | str | None = await self.in_private(stanza)
            elif bare(stanza.get("to", "")) == self._bot.bare:
                reply = await self.to_bot(stanza)
            else:
                reply = await self.to_channel(stanza)
        except ShoutbusError as fault:
            inside = error(error_type(fault), fault.condition, tell(fault.sentence, language))
            self._session.try_send(answer(stanza, "error", inside))
            return
        finally:
            self._lines.settle(sender, names_of(stanza), None)
        if reply:
            peer = stanza.get("from", "") if from_room else sender
            self.reply(stanza, peer, tell(reply, language), expected=expected)
        self.receipt(stanza)

    def reply(self, stanza: Element, peer: str, words: str, *, expected: bool) -> None:
        """Answer a message, unless its author may be a program that was answered often enough."""
        if self._answers.allows(peer, words, expected=expected):
            self._bot.reply(stanza, words)

    async def edited(self, stanza: Element, edit: Edit) -> None:
        """Take a correction or a retraction, and say what it did not reach. What corrects a command
        is a new one. Another bus is not answered."""
        sender, names = bare(stanza.get("from", "")), names_of(stanza)
        language = self._handlers.language(sender, language_of(stanza))
        try:
            line = await self._lines.find(sender, edit.named)
            if line is None:
                await self.again(stanza, edit)
                return
            self._lines.settle(sender, names, line)
            reply = sentences(await self.revise(stanza, edit, line))
        except ShoutbusError as fault:
            if not is_said(stanza):
                inside = error(error_type(fault), fault.condition, tell(fault.sentence, language))
                self._session.try_send(answer(stanza, "error", inside))
            return
        finally:
            self._lines.settle(sender, names, None)
        if reply and not is_said(stanza):
            self.reply(stanza, sender, tell(reply, language), expected=False)
        self.receipt(stanza)

    async def again(self, stanza: Element, edit: Edit) -> None:
        """Someone corrected what was not a message: a command, or a line that was refused."""
        if not edit.retracts and not is_aside(stanza):
            await self.heard(stanza, from_room=False)

    async def revise(self, stanza: Element, edit: Edit, line: Posted) -> Sequence[Words]:
        """Change a message of the sender's. Returns what was not changed; raises as
        `Accepting.revise`, NotFound, Gone."""
        jid = bare(stanza.get("from", ""))
        claimed = await self.claimed_id(stanza, jid)
        words = WITHDRAWN if edit.retracts else text_of(stanza)
        change = Message.new(line.channel, author(jid), words, self._clock(), id=claimed)
        kind = Kind.RETRACTION if edit.retracts else Kind.CHAT
        receipt = await self._handlers.revise(replace(change, corrects=line.id, kind=kind))
        if receipt.missing:
            raise NotFound(UNKNOWN)
        if receipt.deleted and not edit.retracts:
            raise Gone(DELETED)
        return self._handlers.missed(receipt)

    def receipt(self, stanza: Element) -> None:
        """Say that a message arrived where its sender asks for that (XEP-0184)."""
        stanza_id = stanza.get("id", "")
        if stanza_id and stanza.find(f"{{{RECEIPTS}}}request") is not None:
            received = element(RECEIPTS, "received", id=stanza_id)
            sender, to = stanza.get("to", ""), stanza.get("from", "")
            self._session.try_send(message(sender, to, received))

    # Where it goes

    async def in_private(self, stanza: Element) -> Words | str:
        """Through a room: the sender has no role here, and nothing is passed on."""
        nick = stanza.get("from", "").partition("/")[2]
        if bare(stanza.get("to", "")) != self._bot.bare:
            # A room puts out an occupant who answers item-not-found.
            raise Forbidden(_("{nick}: web users cannot receive private messages.", nick=nick))
        line = TypedLine("", nick, body_of(stanza), False, language_of(stanza))
        reply = await self._handlers.answer(line)
        if isinstance(reply, str):
            return reply
        return _(
            "This needs a private chat, because in a room I cannot see who you are. Write to me "
            "at {bot}.",
            bot=self._bot.bare,
        )

    async def to_channel(self, stanza: Element) -> Words | None:
        """To a channel's own address: post it there."""
        to = bare(stanza.get("to", ""))
        channel = self._handlers.channel_named(local(to))
        if not channel:
            raise NotFound(
                _(
                    "The channel {jid} does not exist. Write “help” to {bot}.",
                    jid=to,
                    bot=self._bot.bare,
                )
            )
        if says_so(stanza):
            raise Forbidden(_("Automatic answers are not posted to {channel}.", channel=channel))
        plain = PlainMessage(text_of(stanza), named_by(stanza))
        receipt = await self.post(stanza, channel, plain)
        return sentences([refusal.sentence for refusal in self._handlers.refusals(receipt)])

    async def to_bot(self, stanza: Element) -> Words | str | None:
        """To the bot: run the command, or post it to where the sender's messages go."""
        jid, text = bare(stanza.get("from", "")), text_of(stanza)
        plain = PlainMessage(text, named_by(stanza))
        if not await self.claimed_id(stanza, jid):  # another bus gives no commands
            typed = TypedLine(
                jid,
                local(jid) or jid,
                text,
                False,
                language_of(stanza),
                plain.replies,
                self._automatic.suspects(stanza),
            )
            reply = await self._handlers.answer(typed)
            if isinstance(reply, str):
                return reply
            plain = reply or plain
        channel = Channel("chat", jid)
        ends = self._handlers.leads_to(channel)
        if not ends:
            return _(
                "Your message was not forwarded, because no route starts at your chat. “help” "
                "lists what I can do."
            )
        receipt = await self.post(stanza, channel, plain)
        answers: list[Words | str] = []
        if plain.note:
            answers.append(plain.note)
        answers += [refusal.sentence for refusal in self._handlers.refusals(receipt)]
        stopped = {stop.destination for stop in receipt.planned.stops}
        if stopped:
            ends = self._handlers.leads_to(channel, stopped)
        where = self.confirmation(jid, ends, first=plain.first)
        if where:
            answers.append(where)
        return sentences(answers)

    def confirmation(self, jid: str, ends: Sequence[str], *, first: bool) -> Words | None:
        """Where a message went, as often as its author wants to hear that."""
        if not ends:
            return None
        if self._handlers.confirms(jid) == "always":
            return _("Posted to {ends}.", ends=", ".join(ends))
        if first:
            return _(
                "Posted to {ends}. From now on I post what you write here without asking.",
                ends=", ".join(ends),
            )
        return None

    # What it is

    async def post(self, stanza: Element, channel: Channel, plain: PlainMessage) -> Receipt:
        """Post a message to a channel. Its author can edit it from then on."""
        receipt = await self._handlers.accept(await self.posted(stanza, channel, plain))
        posted = Posted(receipt.message.id, receipt.message.channel)
        self._lines.settle(bare(stanza.get("from", "")), names_of(stanza), posted)
        return receipt

    async def posted(self, stanza: Element, channel: Channel, plain: PlainMessage) -> Message:
        """The message that someone posts to a channel."""
        jid = bare(stanza.get("from", ""))
        claimed = await self.claimed_id(stanza, jid)
        posted = Message.new(channel, author(jid), plain.body, self._clock(), id=claimed)
        named = plain.replies  # what the bus says to someone bears our own ids
        if not is_id(named) or named == posted.id:
            return posted
        if await self._handlers.can_read(named, channel, jid):
            return replace(posted, replies=named)
        return posted

    async def claimed_id(self, stanza: Element, jid: str) -> str:
        """The id that a message claims. It is believed from another bus alone, or others' ids could
        be claimed before them."""
        claimed = said_of(stanza)
        if claimed and is_id(claimed) and await self._is_bus(domain(jid)):
            return claimed
        return ""


def author(jid: str) -> Author:
    """The author of a direct message. Only web users go by the mark; someone who has it in their
    address is shown by all of it."""
    name = one_line(local(jid))
    if not name or skeleton(WEB_MARK) in skeleton(name):
        return Author(jid, jid)
    return Author(name[:200], jid)


def sentences(parts: Sequence[Words | str]) -> Words | None:
    """Several sentences, one a line; None for none."""
    if not parts:
        return None
    return joined(parts, "\n")


def error_type(fault: ShoutbusError) -> str:
    """Whose fault it is, as RFC 6120 section 8.3.2 puts it."""
    if fault.status >= 500:
        return "wait"
    if isinstance(fault, Forbidden):
        return "auth"
    return "modify"
