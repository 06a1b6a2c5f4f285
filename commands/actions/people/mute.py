"""`mute`: what someone says goes no further, for a time or until they are unmuted."""

import re
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.messages.trace import find
from commands.lookups import brief, entry, when
from component.bus.engine.notices import BUS
from component.bus.model.message import WEB_MARK, Author, is_id
from component.bus.model.records import Drop, Mute, Put
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden, NotFound
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.sanitize import BARE_JID
from component.common.time_words import ENDLESS, UNITS, leading_duration

_ID = re.compile(r"#?([0-9a-f]{6,32})")
_MAX_SECONDS = 9_999 * UNITS["week"]


@dataclass(frozen=True)
class Form:
    """Who, for how long, and why."""

    who: Annotated[
        str, Ask(_("Who"), _("a JID, a web user's name, or the id of a message of theirs"))
    ]
    long: Annotated[str, Ask(_("How long"), _("like: 10 minutes, 2 hours, 3 days, until unmuted"))]
    reason: Annotated[str, Ask(_("Reason"), _("they are told it"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    length, reason = _long(form)
    author = await _author(caller, bus, form.who)
    if author.key == BUS.key:
        raise Forbidden(
            _("Those are my own words: I can't be muted. “reminder drop” ends a reminder.")
        )
    if bus.settings.roles.of(author.key) >= Role.ADMIN:
        raise Forbidden(_("{who} is an admin: admins can't be muted.", who=author.key))
    now = bus.clock()
    mute = Mute(author.key, author.name, now + length if length else 0, brief(reason))
    before = next(
        (told(one) for one in bus.hub.mutes if one.key == mute.key and one.holds(now)), ""
    )
    over = [Drop(one) for one in bus.hub.mutes if one.key != mute.key and not one.holds(now)]
    await bus.settings.change([*over, Put(mute)], entry(caller, bus, "mute", before, told(mute)))
    return Done(_("{who} is muted {until}.", who=author.shown, until=until(mute)))


def _long(form: Form) -> tuple[int, str]:
    """Milliseconds (0 for no end), and the reason: in a line, words of the one come as the
    other's."""
    written = f"{form.long} {form.reason}".strip()
    endless = ENDLESS.match(written)
    if endless:
        return 0, written[endless.end() :].strip()
    length = leading_duration(written)
    if length is None or length[0] > _MAX_SECONDS:
        raise BadInput(
            _(
                "“{text}” is no time: write it like 10 minutes, 2 hours, 3 days, or: until "
                "unmuted.",
                text=form.long[:40],
            )
        )
    seconds, rest = length
    if not seconds:
        raise BadInput(_("That is no time at all: unmute ends a mute."))
    return seconds * 1000, rest


async def _author(caller: Caller, bus: Bus, who: str) -> Author:
    """Whom that means: an address, who goes by the name on the web page now, or who wrote a
    message."""
    jid = who.lower()
    if BARE_JID.fullmatch(jid):
        return Author(jid.partition("@")[0], jid)
    name = who.removesuffix(WEB_MARK).strip()
    if session := bus.guest(name):
        return Author(name, f"guest:{session}")
    if found := _ID.fullmatch(who.casefold()):
        return (await find(caller, bus, found[1]))[0].message.author
    raise NotFound(
        _(
            "No web user goes by “{name}” now: write a JID, or the id of a message of theirs.",
            name=who[:60],
        )
    )


def told(mute: Mute) -> str:
    """A mute in a line."""
    line = f"{mute.name} ({short(mute)}), {until(mute)}"
    return f"{line}: {mute.reason}" if mute.reason else line


def short(mute: Mute) -> str:
    """Whose it is, as operators see it: a browser's session is its cookie, and whoever has that is
    that guest."""
    return mute.key[:14] if is_id(mute.key.removeprefix("guest:")) else mute.key


def until(mute: Mute) -> Words:
    """How long it lasts."""
    return _("until {time} UTC", time=when(mute.until)) if mute.until else _("until unmuted")


ACTION = Action("mute", _("Mute someone"), Role.OPERATOR, _run, Form, group="messages")
