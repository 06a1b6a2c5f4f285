"""The bot and the channels' own addresses as people meet them: contacts, presence, direct messages.

A direct message is believed for its `from` alone: forwards, carbons and room claims in it are forged as
easily as written. Roles come from that bare JID.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import structlog

from component.errors import Forbidden, NotFound, Refused, ShoutbusError, TooMany, Unavailable
from component.message import WEB_MARK, Author, Channel, Message, is_id
from component.ports import Accept, Clock, Confirmation, Store
from component.rate import Rate
from component.text import escape as q
from component.text import fit, one_line, skeleton
from component.xmpp.desk import Identity
from component.xmpp.link import IqError, Link
from component.xmpp.room import Occupant, Room
from component.xmpp.rooms import BUDGET, Rooms
from component.xmpp.stanza import (
    RECEIPTS,
    SAID,
    Fault,
    bare,
    body_of,
    domain,
    element,
    error,
    is_aside,
    language_of,
    local,
)

log = structlog.get_logger()

RESOURCE = "bus"
REMEMBERED = 10_000
"""People who were told where their messages go."""
HOPELESS = frozenset(
    {"service-unavailable", "item-not-found", "forbidden", "not-acceptable", "bad-request", "jid-malformed"}
)
"""RFC 6120 conditions after which the same message would be refused again. Unreachable is transient."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A line that may be meant for the bot: who says it, where, and whether others read along."""

    jid: str
    nick: str
    text: str
    in_room: bool
    language: str = "en"


Answer = Callable[[Asked], Awaitable[str | None]]
"""The text commands: what to reply, or None where the line is no command."""


class Bot:
    """Contacts and direct messages; `ports.Direct` for the chat method."""

    def __init__(self, link: Link, name: str, store: Store, clock: Clock, link_to: Callable[[Message], str]) -> None:
        self._link = link
        self._name = name
        self._store = store
        self._clock = clock
        self._link_to = link_to
        self.bare = f"{name}@{link.domain}"
        self.jid = f"{self.bare}/{RESOURCE}"
        self._told: dict[tuple[str, str], Confirmation] = {}
        self._unproved: dict[str, list[Confirmation]] = {}
        self._proving: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._messages = Rate(time.monotonic, 200, 20)
        self._subscriptions = Rate(time.monotonic, 200, 5)
        self._told_where: OrderedDict[str, None] = OrderedDict()
        self._hub: Accept
        self._leads_to: Callable[[Channel], Sequence[str]]
        self._addressed: Callable[[str], Channel | None]
        self._answer: Answer
        self._identify: Callable[[str], Identity | None]
        self._is_bus: Callable[[str], Awaitable[bool]]
        self._confirm: Callable[[str], str]
        link.up.append(self._greet_contacts)
        link.down.append(self._lost)

    def attach(
        self,
        hub: Accept,
        leads_to: Callable[[Channel], Sequence[str]],
        addressed: Callable[[str], Channel | None],
        answer: Answer,
        identify: Callable[[str], Identity | None],
        is_bus: Callable[[str], Awaitable[bool]],
        confirm: Callable[[str], str],
    ) -> None:
        """Close the circle. `leads_to` names where a channel's messages go, `addressed` the channel of a local part,
        `confirm` how often someone wants to hear that their words were passed on: once, always, never."""
        self._hub, self._leads_to, self._addressed = hub, leads_to, addressed
        self._answer, self._identify, self._is_bus = answer, identify, is_bus
        self._confirm = confirm

    async def close(self) -> None:
        """End what runs in the background."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Contacts (RFC 6121 section 3)

    async def _greet_contacts(self) -> None:
        """Unavailable, then available: clients then ask anew what is offered."""
        for ours, theirs in await self._store.contacts():
            self._show(ours, theirs, "unavailable")
            self._show(ours, theirs)

    def renew(self, jid: str) -> None:
        """What is offered to someone changed: clients ask anew when the bot comes online."""
        self._run(self._renew(jid))

    async def _renew(self, jid: str) -> None:
        for ours, theirs in await self._store.contacts():
            if theirs == jid:
                self._show(ours, theirs, "unavailable")
                self._show(ours, theirs)

    async def say_goodbye(self) -> None:
        """The bot goes offline for its contacts."""
        for ours, theirs in await self._store.contacts():
            self._show(ours, theirs, "unavailable")

    def _show(self, ours: str, theirs: str, kind: str = "") -> None:
        who = self._identify(ours)
        inside = who.presence if who and not kind else ""
        full = {"from": f"{ours}/{RESOURCE}", "to": theirs, "type": kind}
        self._link.try_send(element("presence", full, *filter(None, (inside,))))

    def presence(self, stanza: Element) -> None:
        """Someone's presence to the bot or to a channel's address."""
        kind, theirs, ours = stanza.get("type"), bare(stanza.get("from", "")), bare(stanza.get("to", ""))
        who = self._identify(ours)
        if not who or who.type == "web":
            if kind == "subscribe":
                self._link.try_send(element("presence", {"from": ours, "to": theirs, "type": "unsubscribed"}))
        elif kind == "subscribe" and self._may(self._subscriptions, domain(theirs)):
            self._run(self._befriend(ours, theirs))
        elif kind == "probe":
            self._show(ours, stanza.get("from", ""))
        elif kind == "unsubscribe":
            self._run(self._store.remove_contact(ours, theirs))
            self._link.try_send(element("presence", {"from": ours, "to": theirs, "type": "unsubscribed"}))

    async def _befriend(self, ours: str, theirs: str) -> None:
        await self._store.add_contact(ours, theirs)
        self._link.try_send(element("presence", {"from": ours, "to": theirs, "type": "subscribed"}))
        self._show(ours, theirs)

    # Direct messages in

    def message(self, stanza: Element, from_room: bool) -> None:
        """A message that is no room's groupchat. `from_room`: through a room, so that its writer's JID is hidden."""
        if stanza.get("type") == "error":
            self._bounced(stanza)
        elif is_aside(stanza):
            return
        elif body_of(stanza).strip() and stanza.get("type") in (None, "normal", "chat"):
            self._run(self._heard(stanza, from_room))

    @staticmethod
    def _may(rate: Rate, key: str) -> bool:
        try:
            rate.spend(key)
        except TooMany:
            return False
        return True

    async def _heard(self, stanza: Element, from_room: bool) -> None:
        to, sender = bare(stanza.get("to", "")), stanza.get("from", "")
        try:
            self._messages.spend(bare(sender))
            reply = await (self._in_private(stanza, sender) if from_room else self._take(stanza, to, sender))
        except ShoutbusError as fault:
            kind = "wait" if fault.status >= 500 else "auth" if isinstance(fault, Forbidden) else "modify"
            inside = error(kind, fault.condition, str(fault))
            back = {"from": stanza.get("to", ""), "to": sender, "id": stanza.get("id", ""), "type": "error"}
            self._link.try_send(element("message", back, inside))
            return
        if reply:
            self.reply(stanza, reply)
        if stanza.find(f"{{{RECEIPTS}}}request") is not None and stanza.get("id"):
            received = element("received", {"xmlns": RECEIPTS, "id": stanza.get("id", "")})
            self._link.try_send(element("message", {"from": stanza.get("to", ""), "to": sender}, received))

    def reply(self, stanza: Element, words: str) -> None:
        """Answer a direct message in its own conversation."""
        addresses = {"from": self.jid, "to": stanza.get("from", ""), "type": stanza.get("type") or "chat"}
        if bare(stanza.get("to", "")) != self.bare:
            addresses["from"] = f"{bare(stanza.get('to', ''))}/{RESOURCE}"
        self._link.try_send(element("message", addresses, f"<body>{q(words)}</body>", f'<said xmlns="{SAID}"/>'))

    def write(self, jid: str, words: str) -> None:
        """The bot's own words to someone, which go no further."""
        addresses = {"from": self.jid, "to": jid, "type": "chat"}
        self._link.try_send(element("message", addresses, f"<body>{q(words)}</body>", f'<said xmlns="{SAID}"/>'))

    async def _in_private(self, stanza: Element, sender: str) -> str:
        """Through a room: whoever it is has no role here, and nothing is passed on."""
        nick = sender.partition("/")[2]
        if not bare(stanza.get("to", "")) == self.bare:
            # A room puts out an occupant who answers item-not-found.
            raise Forbidden(f"{nick}: people on the web page can't get private messages.")
        answer = await self._answer(Asked("", nick, body_of(stanza), False, language_of(stanza)))
        return answer or f"Write to me at {self.bare} for that: from inside a room I can't tell who you are."

    async def _take(self, stanza: Element, to: str, sender: str) -> str | None:
        body, jid = body_of(stanza), bare(sender)
        ends: Sequence[str] = ()
        if to != self.bare:
            channel = self._addressed(local(to))
            if not channel:
                raise NotFound(f"There is no channel at {to}. Write “help” to {self.bare}.")
        else:
            answer = await self._answer(Asked(jid, local(jid) or jid, body, False, language_of(stanza)))
            if answer is not None:
                return answer
            channel = Channel("chat", jid)
            ends = self._leads_to(channel)
            if not ends:
                return (
                    "I have nowhere to pass that on to: no route starts at your messages. “help” tells what I can do."
                )
        claims = stanza.find(f"{{{SAID}}}said") is not None and await self._is_bus(domain(jid))
        await self._hub.accept(self._message(stanza, channel, jid, body, claims=claims))
        return self._where(jid, ends) if to == self.bare else None

    def _where(self, jid: str, ends: Sequence[str]) -> str | None:
        """Said once to each person who does not want otherwise: what they thought private may be read by many."""
        wish = self._confirm(jid)
        if wish == "always":
            return f"I passed that on to {', '.join(ends)}."
        if wish == "never" or jid in self._told_where:
            return None
        self._told_where[jid] = None
        if len(self._told_where) > REMEMBERED:
            self._told_where.popitem(last=False)
        return (
            f"I passed that on to {', '.join(ends)}, for everyone who reads there, and shall do so with what you write "
            "next, without another word. “help” tells what else I can do."
        )

    def _message(self, stanza: Element, channel: Channel, jid: str, body: str, *, claims: bool) -> Message:
        """A message; the id it claims is believed from another bus alone, or others' could be claimed before them."""
        said = stanza.find(f"{{{SAID}}}said")
        known = said.get("id", "") if claims and said is not None else ""
        name = one_line(local(jid))
        # Only web users go by the mark; whoever has it in their address is shown by all of it.
        author = Author(jid if not name or skeleton(WEB_MARK) in skeleton(name) else name[:200], jid)
        return Message.new(channel, author, body, self._clock(), id=known if is_id(known) else "")

    # In rooms

    async def addressed(self, rooms: Rooms, room: Room, nick: str, occupant: Occupant | None, text: str) -> None:
        """Answer a line in a room where it begins with the bot's name."""
        line = self.called(room.nick, text)
        if line is None:
            return
        answer = await self._answer(Asked(occupant.jid if occupant else "", nick, line, in_room=True))
        if answer is None:
            answer = f"I don't know “{one_line(line)[:60]}”. Write “{room.nick}: help” for what I can do."
        rooms.tell(room, f"{nick}: {answer}")

    @staticmethod
    def called(name: str, text: str) -> str | None:
        """What follows the bot's name at the start of a line; None where the line is not meant for the bot."""
        start = text.lstrip().removeprefix("@")
        if start[: len(name)].casefold() != name.casefold():
            return None
        rest = start[len(name) :]
        return rest[1:].strip() if rest[:1] in (":", ",") else None

    # Direct messages out: ports.Direct

    async def ready(self) -> None:
        """See `ports.Direct.ready`."""
        await self._link.wait()

    async def tell(self, jid: str, message: Message) -> Confirmation:
        """See `ports.Direct.tell`; a ping to their domain behind it proves that the server took it (XEP-0199)."""
        text = fit(message.line, BUDGET, f"… the rest is at {self._link_to(message)}")
        self._link.send(
            f'<message type="chat" id="{message.id}" from="{self.jid}" to="{q(jid)}"><body>{q(text)}</body>'
            f'<said xmlns="{SAID}" id="{message.id}"/></message>'
        )
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self._told[jid, message.id] = confirmation
        confirmation.add_done_callback(lambda _: self._told.pop((jid, message.id), None))
        self._unproved.setdefault(domain(jid), []).append(confirmation)
        if domain(jid) not in self._proving:
            self._run(self._prove(domain(jid)))
        return confirmation

    async def _prove(self, where: str) -> None:
        """One ping at a time covers all that was sent before it."""
        self._proving.add(where)
        try:
            while group := self._unproved.pop(where, []):
                await self._prove_group(where, group)
        finally:
            self._proving.discard(where)

    async def _prove_group(self, where: str, group: list[Confirmation]) -> None:
        trouble: Exception | None = None
        try:
            await self._link.ping(where, self.jid)
        except IqError as answered:
            if answered.fault.condition.startswith("remote-server"):
                trouble = Unavailable(f"{where} can't be reached: {answered.fault}.")
        except Unavailable as gone:
            trouble = gone
        for confirmation in group:
            if confirmation.done():
                continue
            if trouble:
                confirmation.set_exception(trouble)
            else:
                confirmation.set_result(None)

    def _bounced(self, stanza: Element) -> None:
        fault = Fault.read(stanza)
        confirmation = self._told.get((bare(stanza.get("from", "")), stanza.get("id", "")))
        if confirmation and not confirmation.done():
            sentence = f"{bare(stanza.get('from', ''))} did not take it: {fault}."
            hopeless = fault.condition in HOPELESS
            confirmation.set_exception(Refused(sentence) if hopeless else Unavailable(sentence))

    def _lost(self) -> None:
        for confirmation in tuple(self._told.values()):
            if not confirmation.done():
                confirmation.set_exception(Unavailable("The XMPP stream ended."))
