"""The bot and the channels' own addresses as people write to them.

A direct message is believed for its `from` alone: forwards, carbons and room claims in it are
forged as easily as written. Roles come from that bare JID.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.message import WEB_MARK, Author, Channel, Message, is_id
from component.bus.ports.method import Accept, Clock, HeardThere, Refusal
from component.common.errors import Forbidden, NotFound, ShoutbusError, StoreError, TooMany
from component.common.i18n import Words, _, joined, tell
from component.common.rate import Rate
from component.common.sanitize import escape as q
from component.common.sanitize import one_line, skeleton
from component.xmpp.handlers import PlainMessage, TypedLine
from component.xmpp.muc.replies import named_by, said_in
from component.xmpp.muc.room import Room, RoomLine
from component.xmpp.roster import RESOURCE
from component.xmpp.session import Session
from component.xmpp.stanza import (
    MUC_USER,
    RECEIPTS,
    SAID,
    bare,
    body_of,
    domain,
    element,
    error,
    is_aside,
    language_of,
    local,
)
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

REMEMBERED = 10_000
"""People who were told where their messages go."""


Answer = Callable[[TypedLine], Awaitable[str | PlainMessage | None]]
"""The text commands: what to reply; None, or PlainMessage, where the line is no command."""
Had = Callable[[str, Channel, str], Awaitable[bool]]
"""Whether someone can have read a message: its id, the channel they speak to, their bare JID."""


class LeadsTo(Protocol):
    """Names where a channel's messages go first, those in `without` left out."""

    def __call__(self, channel: Channel, without: Container[Channel] = (), /) -> Sequence[str]:
        """See `Hub.leads_to`."""


class Bot:
    """Hears direct messages and lines in rooms, and answers; what is no command goes to the hub."""

    def __init__(self, link: Session, name: str, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self.bare = f"{name}@{link.domain}"
        self.jid = f"{self.bare}/{RESOURCE}"
        self._tasks = Tasks()
        self._messages = Rate(time.monotonic, 200, 20)
        self._warnings = Rate(time.monotonic, 1, 1 / 60)
        self._told_where: OrderedDict[str, None] = OrderedDict()
        self._hub: Accept
        self._leads_to: LeadsTo
        self._addressed: Callable[[str], Channel | None]
        self._answer: Answer
        self._is_bus: Callable[[str], Awaitable[bool]]
        self._confirm: Callable[[str], str]
        self._speaks: Callable[[str, str], str]
        self._had: Had
        self._gateways: Mapping[str, HeardThere] = {}

    def attach(
        self,
        hub: Accept,
        leads_to: LeadsTo,
        addressed: Callable[[str], Channel | None],
        answer: Answer,
        is_bus: Callable[[str], Awaitable[bool]],
        confirm: Callable[[str], str],
        speaks: Callable[[str, str], str],
        had: Had,
        gateways: Mapping[str, HeardThere],
    ) -> None:
        """Close the circle. `leads_to` names where a channel's messages go, `addressed` the channel
        of a local part, `confirm` how often someone wants to hear that their words were passed on:
        once, always, never; `speaks` the language to answer a bare JID in that asks in some
        `xml:lang`, `had` which messages can be answered; `gateways` by their domains whom to tell
        what comes from there."""
        self._hub, self._leads_to, self._addressed = hub, leads_to, addressed
        self._answer, self._is_bus = answer, is_bus
        self._confirm, self._speaks, self._had = confirm, speaks, had
        self._gateways = gateways

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    # Direct messages in

    def message(self, stanza: Element, from_room: bool) -> None:
        """A message that is no room's groupchat. `from_room`: through a room, so that its writer's
        JID is hidden."""
        if is_aside(stanza):
            return
        if body_of(stanza).strip() and stanza.get("type") in (None, "normal", "chat"):
            there = self._gateways.get(domain(stanza.get("from", "")))
            self._tasks.run(
                self._from_gateway(stanza, there) if there else self._heard(stanza, from_room)
            )

    async def _from_gateway(self, stanza: Element, there: HeardThere) -> None:
        """Whoever writes through a gateway is no JID's owner. They get no answer, only the gateway
        an error."""
        sender = stanza.get("from", "")
        try:
            self._messages.spend(bare(sender))
            await there(local(sender), body_of(stanza), stanza.get("id", ""))
        except TooMany:
            log.warning("gateway exceeded the rate limit", sender=bare(sender))
        except StoreError as fault:
            back = {
                "from": stanza.get("to", ""),
                "to": sender,
                "id": stanza.get("id", ""),
                "type": "error",
            }
            self._link.try_send(
                element("message", back, error("wait", fault.condition, str(fault)))
            )

    async def _heard(self, stanza: Element, from_room: bool) -> None:
        to, sender = bare(stanza.get("to", "")), stanza.get("from", "")
        language = self._speaks(bare(sender), language_of(stanza))
        try:
            self._messages.spend(bare(sender))
            reply = await (
                self._in_private(stanza, sender) if from_room else self._take(stanza, to, sender)
            )
        except ShoutbusError as fault:
            kind = (
                "wait"
                if fault.status >= 500
                else "auth"
                if isinstance(fault, Forbidden)
                else "modify"
            )
            inside = error(kind, fault.condition, tell(fault.sentence, language))
            back = {
                "from": stanza.get("to", ""),
                "to": sender,
                "id": stanza.get("id", ""),
                "type": "error",
            }
            self._link.try_send(element("message", back, inside))
            return
        if reply:
            self.reply(stanza, tell(reply, language))
        if stanza.find(f"{{{RECEIPTS}}}request") is not None and stanza.get("id"):
            received = element("received", {"xmlns": RECEIPTS, "id": stanza.get("id", "")})
            self._link.try_send(
                element("message", {"from": stanza.get("to", ""), "to": sender}, received)
            )

    def reply(self, stanza: Element, words: str) -> None:
        """Answer a direct message in its own conversation."""
        addresses = {
            "from": self.jid,
            "to": stanza.get("from", ""),
            "type": stanza.get("type") or "chat",
        }
        if bare(stanza.get("to", "")) != self.bare:
            addresses["from"] = f"{bare(stanza.get('to', ''))}/{RESOURCE}"
        self._link.try_send(
            element("message", addresses, f"<body>{q(words)}</body>", f'<said xmlns="{SAID}"/>')
        )

    def write(self, jid: str, words: str) -> None:
        """The bot's own words to someone, which go no further."""
        addresses = {"from": self.jid, "to": jid, "type": "chat"}
        self._link.try_send(
            element("message", addresses, f"<body>{q(words)}</body>", f'<said xmlns="{SAID}"/>')
        )

    async def _in_private(self, stanza: Element, sender: str) -> Words | str:
        """Through a room: whoever it is has no role here, and nothing is passed on."""
        nick = sender.partition("/")[2]
        if not bare(stanza.get("to", "")) == self.bare:
            # A room puts out an occupant who answers item-not-found.
            raise Forbidden(_("{nick}: web users cannot receive private messages.", nick=nick))
        answer = await self._answer(
            TypedLine("", nick, body_of(stanza), False, language_of(stanza))
        )
        if isinstance(answer, str):
            return answer
        return _(
            "This needs a private chat, because in a room I cannot see who you are. Write to me "
            "at {bot}.",
            bot=self.bare,
        )

    async def _take(self, stanza: Element, to: str, sender: str) -> Words | str | None:
        body, jid = said_in(stanza), bare(sender)
        ends: Sequence[str] = ()
        if to != self.bare:
            channel = self._addressed(local(to))
            if not channel:
                raise NotFound(
                    _(
                        "The channel {jid} does not exist. Write “help” to {bot}.",
                        jid=to,
                        bot=self.bare,
                    )
                )
        else:
            answer = await self._answer(
                TypedLine(jid, local(jid) or jid, body, False, language_of(stanza))
            )
            if isinstance(answer, str):
                return answer
            body = answer.body if answer else body
            channel = Channel("chat", jid)
            ends = self._leads_to(channel)
            if not ends:
                return _(
                    "Your message was not forwarded, because no route starts at your chat. "
                    "“help” lists what I can do."
                )
        claims = stanza.find(f"{{{SAID}}}said") is not None and await self._is_bus(domain(jid))
        message = self._message(stanza, channel, jid, body, claims=claims)
        named = named_by(stanza)  # what the bus says to someone bears our own ids
        if is_id(named) and named != message.id and await self._had(named, channel, jid):
            message = replace(message, replies=named)
        receipt = await self._hub.accept(message)
        told: list[Words | str] = [one.sentence for one in self._hub.refusals(receipt)]
        if to == self.bare:
            stopped = {one.destination for one in receipt.planned.stops}
            reached = self._leads_to(channel, stopped) if stopped else ends
            told += filter(None, [self._where(jid, reached) if reached else None])
        return joined(told, "\n") if told else None

    def _where(self, jid: str, ends: Sequence[str]) -> Words | None:
        """Said once to each person who does not want otherwise: what they thought private may be
        read by many."""
        wish = self._confirm(jid)
        if wish == "always":
            return _("Posted to {ends}.", ends=", ".join(ends))
        if wish == "never" or jid in self._told_where:
            return None
        self._told_where[jid] = None
        if len(self._told_where) > REMEMBERED:
            self._told_where.popitem(last=False)
        return _(
            "Posted to {ends}, where everyone can read it. From now on I post what you write "
            "here without confirming each message. “help” lists what else I can do.",
            ends=", ".join(ends),
        )

    def _message(
        self, stanza: Element, channel: Channel, jid: str, body: str, *, claims: bool
    ) -> Message:
        """A message; the id it claims is believed from another bus alone, or others' could be
        claimed before them."""
        said = stanza.find(f"{{{SAID}}}said")
        known = said.get("id", "") if claims and said is not None else ""
        name = one_line(local(jid))
        # Only web users go by the mark; whoever has it in their address is shown by all of it.
        author = Author(
            jid if not name or skeleton(WEB_MARK) in skeleton(name) else name[:200], jid
        )
        return Message.new(channel, author, body, self._clock(), id=known if is_id(known) else "")

    # In rooms

    async def addressed(self, say: Callable[[Room, str], None], room: Room, said: RoomLine) -> None:
        """Answer a line in a room where it begins with the bot's name; `say` says it there."""
        line = self.called(room.nick, said.text)
        if line is None:
            return
        jid = said.occupant.jid if said.occupant else ""
        answer = await self._answer(TypedLine(jid, said.nick, line, True, said.language))
        if not isinstance(answer, str):
            told = _(
                "I do not know the command “{line}”. Write “{bot}: help” to see what I can do.",
                line=one_line(line)[:60],
                bot=room.nick,
            )
            answer = told.told(self._speaks(jid, said.language))
        say(room, f"{said.nick}: {answer}")

    def stopped(self, room: Room, said: RoomLine, refusals: Sequence[Refusal]) -> None:
        """Tell an occupant, in private and once a minute at most, what of theirs went no
        further."""
        jid = said.occupant.jid if said.occupant else ""
        try:
            self._warnings.spend(f"{room.jid}/{jid or said.nick}")
        except TooMany:
            return
        told = joined([one.sentence for one in refusals], "\n").told(
            self._speaks(jid, said.language)
        )
        addresses = {"from": self.jid, "to": f"{room.jid}/{said.nick}", "type": "chat"}
        inside = f'<body>{q(told)}</body><x xmlns="{MUC_USER}"/><said xmlns="{SAID}"/>'
        self._link.try_send(element("message", addresses, inside))

    @staticmethod
    def called(name: str, text: str) -> str | None:
        """What follows the bot's name at the start of a line; None where the line is not meant for
        the bot."""
        start = text.lstrip().removeprefix("@")
        if start[: len(name)].casefold() != name.casefold():
            return None
        rest = start[len(name) :]
        return rest[1:].strip() if rest[:1] in (":", ",") else None
