"""What numbers write to the bus through an SMS gateway on XMPP.

Nothing is ever answered: an answer costs, and strangers could spend the budget.
"""

import asyncio
import contextlib
import hashlib
import re
import unicodedata

import structlog

from component.bus.model.message import MAX_NAME, Author, Channel, Message
from component.bus.ports.method import Accept, Addresses, Clock
from component.common.errors import BadInput, Muted, TooMany
from component.common.rate import Rate
from component.methods.sms.setup import NUMBER

log = structlog.get_logger()

STOP_WORDS = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"),
        *("stopp", "stoppen", "abbestellen", "abmelden", "abmeldung", "meldeab", "austragen"),
        *("beenden", "ende", "kündigen", "kuendigen", "kündigung", "kuendigung"),
        *("aufhören", "aufhoeren", "keine", "keinemehr", "arret", "arrêt"),
    }
)
"""End everything that goes to a number. The first line is what telephone companies tell people to
write, and regulators ask for (FCC, 47 CFR 64.1200(a)(10)); the last two words are Canada's."""
START_WORDS = frozenset({"start", "unstop"})
"""End that; telephone companies tell people these too."""
POLITE_WORDS = frozenset(
    {
        *("please", "pls", "thanks", "thx", "thank", "you", "me", "now", "all"),
        *("sms", "text", "texts", "message", "messages"),
        *("bitte", "danke", "vielen", "dank", "mich", "jetzt", "sofort", "alle", "alles"),
        *("nachricht", "nachrichten", "abo"),
    }
)
"""What may stand beside such a word."""
_SIGNATURE = re.compile(r"^--\s*$", re.MULTILINE)
DAY_MS = 86_400_000


class Inbound:
    """Accepts what a number's owner writes, one message after the other; `method` is the method's
    name."""

    def __init__(self, addresses: Addresses, accept: Accept, clock: Clock, method: str) -> None:
        self._addresses = addresses
        self._accept = accept
        self._clock = clock
        self._method = method
        self._in_turn = asyncio.Lock()
        self._strangers = Rate(lambda: clock() / 1000, 1, 1 / 60)

    async def hear(self, number: str, words: str, id: str) -> None:
        """Take what came from a gateway's JID with the local part `number`; `id` names this
        message at the gateway. Raises StoreError."""
        async with self._in_turn:
            if NUMBER.fullmatch(number):
                await self._hear_from(Channel(self._method, number), words, id)
            else:
                self._leave_out(number)

    async def _hear_from(self, target: Channel, words: str, id: str) -> None:
        owner = await self._addresses.owner(target)
        if await self._is_stop(target, keyword(words)):
            return
        if not owner:
            self._leave_out(target.address)
            return
        try:
            await self._accept.accept(message_from(target, owner, words, id, self._clock()))
        except (Muted, BadInput) as error:
            log.info("incoming sms ignored", channel=str(target), reason=str(error))

    def _leave_out(self, number: str) -> None:
        with contextlib.suppress(TooMany):
            self._strangers.spend("")
            log.info(
                "sms from unknown number ignored",
                number=number,
            )

    async def _is_stop(self, target: Channel, word: str) -> bool:
        """Whether the number wants no more SMS. Also a number that was only asked may say so. That
        it may be asked again is a message like any other where it was not stopped."""
        if word in STOP_WORDS and await self._addresses.knows(target):
            log.info("number blocked", channel=str(target))
            await self._addresses.stop(target)
            return True
        if word in START_WORDS:
            await self._addresses.allow(target)
        return False


def keyword(words: str) -> str:
    """Return the one thing that words ask for, in small letters and without spaces: no marks, no
    polite words, and no signature. Other words stay, so that a sentence is none of ours."""
    text = _SIGNATURE.split(words, 1)[0]
    letters = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())
    return "".join(word for word in letters if word not in POLITE_WORDS)


def message_from(target: Channel, owner: str, words: str, id: str, now: int) -> Message:
    """A message of a number's owner, at `now` (ms). A gateway that was restarted may use its ids
    again, so day and words belong to the origin too."""
    digest = hashlib.blake2b(f"{id}\0{words}".encode(errors="replace"), digest_size=16)
    origin = f"{target}@{now // DAY_MS}:{digest.hexdigest()}" if id else ""
    return Message.new(target, author_of(owner), words, now, origin=origin)


def author_of(owner: str) -> Author:
    """The author for a bare JID: by the part before the @ where that is a name."""
    try:
        return Author.named(owner.partition("@")[0][:MAX_NAME], owner)
    except BadInput:
        return Author(owner, owner)
