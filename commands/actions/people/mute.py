"""`mute` keeps someone's messages from everyone for a time, or until they are unmuted."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Taken
from commands.actions.messages.trace import find
from commands.data_forms import as_words
from commands.lookups import brief, entry, when
from commands.text_fields import split
from component.bus.model.message import BUS, WEB_MARK, Author, AuthorKind
from component.bus.model.records import Drop, Mute, Put
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden, NotFound
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.jids import bare_jid, is_bare_jid
from component.common.time_words import ENDLESS, UNITS, leading_duration

_ID = re.compile(r"#?([0-9a-f]{6,32})")
_MAX_SECONDS = 9_999 * UNITS["week"]


@dataclass(frozen=True)
class Form:
    """Who, for how long, and why."""

    who: Annotated[
        str, Ask(_("Person"), _("a JID, a web user's name, or the ID of a message they wrote"))
    ]
    long: Annotated[
        str, Ask(_("Duration"), _("for example: 10 minutes, 2 hours, 3 days, until unmuted"))
    ]
    reason: Annotated[str, Ask(_("Reason"), _("shown to the muted person"))] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Mute someone. Raises Forbidden for the bus itself and for admins, NotFound."""
    length, reason = length_and_reason(form)
    author = await find_author(caller, bus, form.who)
    if author.key == BUS.key:
        raise Forbidden(
            _(
                "The bot wrote that message and cannot be muted. To delete a reminder, use "
                "“reminder drop”."
            )
        )
    if bus.settings.roles.of(author.key) >= Role.ADMIN:
        raise Forbidden(_("{who} is an admin. Admins cannot be muted.", who=author.key))
    now = bus.clock()
    mute = Mute(author.key, author.name, now + length if length else 0, brief(reason))
    before = ""
    changes: list[Drop | Put] = []
    for other in bus.hub.mutes:
        if other.holds(now) and other.key == mute.key:
            before = told(other)
        elif not other.holds(now) and other.key != mute.key:
            changes.append(Drop(other))
    audit = entry(caller, bus, "mute", before, told(mute))
    await bus.settings.change([*changes, Put(mute)], audit)
    return Done(_("{who} is muted {until}.", who=author.shown, until=until(mute)))


def length_and_reason(form: Form) -> tuple[int, str]:
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
                "“{text}” is not a duration. Write it as 10 minutes, 2 hours, 3 days or until "
                "unmuted.",
                text=form.long[:40],
            )
        )
    seconds, rest = length
    if not seconds:
        raise BadInput(_("The duration must not be zero. To end a mute, use “unmute”."))
    return seconds * 1000, rest


async def find_author(caller: Caller, bus: Bus, who: str) -> Author:
    """Whom that means: an address, the web user of that name, or the author of a message."""
    if is_bare_jid(who):
        jid = bare_jid(who)
        return Author(jid.partition("@")[0], jid)
    name = who.removesuffix(WEB_MARK).strip()
    session = bus.guest(name)
    if session:
        return Author(name, f"guest:{session}", AuthorKind.GUEST)
    match = _ID.fullmatch(who.casefold())
    if match:
        hops = await find(caller, bus, match[1])
        return hops[0].message.author
    raise NotFound(nobody(who))


def nobody(who: str) -> Words:
    """What is said of a name that nobody has."""
    return _(
        "No web user is currently named “{name}”. Write a JID, or the ID of a message they wrote.",
        name=who[:60],
    )


def told(mute: Mute) -> str:
    """A mute in a line."""
    line = f"{mute.name} ({short(mute)}), {until(mute)}"
    if mute.reason:
        line += f": {mute.reason}"
    return line


def short(mute: Mute) -> str:
    """Whose it is, as operators see it: a JID, or a guest by a hash of the session. The session is
    the browser's cookie: who has it can post as that guest. Its first digits are not enough, since
    browsers can send any cookie."""
    kind, _colon, session = mute.key.partition(":")
    if kind != "guest":
        return mute.key
    return f"guest:{blake2b(session.encode(), digest_size=6).hexdigest()}"


def until(mute: Mute) -> Words:
    """How long it lasts."""
    if not mute.until:
        return _("until unmuted")
    return _("until {time} UTC", time=when(mute.until))


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """Who, then for how long and why."""
    try:
        who, *words = split(rest, caller)
    except BadInput as error:
        return Taken(Fit.NOT, as_words(error))
    name = who.removesuffix(WEB_MARK).strip()
    if not (is_bare_jid(who) or _ID.fullmatch(who.casefold()) or bus.guest(name)):
        return Taken(Fit.NOT, nobody(who))
    if words:
        try:
            length_and_reason(Form(who, " ".join(words)))
        except BadInput as error:
            return Taken(Fit.PARTLY, as_words(error))
    return Taken(Fit.WELL)


ACTION = Action("mute", _("Mute someone"), Role.OPERATOR, run, Form, group="people", takes=takes)
