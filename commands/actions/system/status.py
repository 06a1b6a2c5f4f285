"""`status` shows the version, the uptime, XMPP, rooms, queues, held messages, sources and dead
letters."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.actions.routes._held import first_held
from commands.lookups import shown, when
from component.bus.model.ledger import Place
from component.bus.model.roles import Role
from component.bus.model.subscription import Standing
from component.common.i18n import Words, _

MOST_LISTED = 20
"""Channels for which something waits that are listed one by one, whatever they are."""


async def run(caller: Caller, _form: None, bus: Bus) -> Reply:
    """Show how the bus is."""
    health = await bus.health()
    lines = [
        *xmpp_lines(health["xmpp"], bus),
        *store_lines(health.get("store", {})),
        *queue_lines(health.get("queues", {}), bus),
    ]
    lines += [await subscription_line(bus), *await digest_lines(bus)]
    lines += held_lines(await bus.store.held.counts(), bus)
    if first := await first_held(caller, bus):
        lines.append(_("The next held messages:"))
        lines += [_("  {number}: {held}", number=route, held=held) for route, held in first]
    lines += source_lines(bus)
    graves = await bus.store.dead_letters.counts()
    lines.append(_("Dead letters: {count}", count=sum(graves.values())))
    lines += [f"  {channel}: {count}" for channel, count in sorted(graves.items())]
    title = _(
        "Shoutbus {version}, up for {time}: {status}",
        version=bus.version,
        time=uptime_words(health.get("uptime", 0)),
        status=state_words(health["status"]),
    )
    return Lines(title, lines)


def state_words(name: str) -> Words | str:
    """A state of `/health` in words."""
    return _STATES.get(name, name)


def xmpp_lines(told: Mapping[str, Any], bus: Bus) -> Iterator[Words | str]:
    """The XMPP connection, and the rooms that the bot is not in."""
    state = state_words(told["state"])
    if "seconds" in told:
        since = when(bus.clock() - int(told["seconds"] * 1000))
        yield _("XMPP: {state} since {time} UTC", state=state, time=since)
    else:
        yield _("XMPP: {state}", state=state)
    if told.get("trouble"):
        yield f"  {told['trouble']}"
    out = {jid: room for jid, room in told["rooms"].items() if room["state"] != "in"}
    yield _("Rooms: {count}, not joined: {out}", count=len(told["rooms"]), out=len(out))
    for jid, room in sorted(out.items()):
        known = bus.rooms.told(jid)
        trouble = (known and known.trouble) or room["trouble"] or state_words(room["state"])
        yield _("  {room}: {trouble}", room=jid, trouble=trouble)


def store_lines(told: Mapping[str, Any]) -> Iterator[Words | str]:
    """The database, where it is down."""
    if told.get("state") == "down":
        yield _("Database: {trouble}", trouble=told["trouble"])


def queue_lines(told: Mapping[str, int], bus: Bus) -> Iterator[Words | str]:
    """Each place by its name; of persons, of whom there may be thousands, how many."""
    yield _("Pending: {count}", count=sum(told.values()))
    people: dict[str, list[int]] = {}
    for channel, depth in sorted(told.items()):
        method = bus.methods.get(channel.partition(":")[0])
        if method and method.person and len(told) > MOST_LISTED:
            people.setdefault(method.name, []).append(depth)
        else:
            yield f"  {channel}: {depth}"
    for name, depths in people.items():
        yield _(
            "  {method}: {count} for {people} people",
            method=name,
            count=sum(depths),
            people=len(depths),
        )


async def subscription_line(bus: Bus) -> Words:
    """How many subscriptions there are."""
    counts = await bus.store.subscriptions.counts()
    return _(
        "Subscriptions: {count}, {asked} unconfirmed",
        count=sum(counts.values()),
        asked=counts.get(Standing.ASKED, 0),
    )


async def digest_lines(bus: Bus) -> Sequence[Words]:
    """How a run of digests goes."""
    if not bus.digests or not bus.digests.progress.since:
        return ()
    told, since = bus.digests.progress.taken, when(bus.digests.progress.since)
    return [
        _(
            "Digests: {told} processed since {time} UTC, {left} remaining",
            told=told,
            time=since,
            left=await bus.digests.left(),
        )
    ]


def held_lines(counts: Mapping[Place, int], bus: Bus) -> Iterator[Words | str]:
    """What processors hold, by route."""
    held: Counter[int] = Counter()
    for (route, _stage), count in counts.items():
        held[route] += count
    if held:
        yield _("Held at routes: {count}", count=held.total())
    for one in bus.hub.routes:
        if one.id in held:
            yield _(
                "  {number}: {route}: {count}", number=one.id, route=shown(one), count=held[one.id]
            )


def source_lines(bus: Bus) -> Iterator[Words | str]:
    """Sources that cannot be fetched, and why."""
    found = bus.hub.troubles
    if found:
        yield _("Sources with errors: {count}", count=len(found))
    for one in found:
        if one.due:
            yield _(
                "  {channel}: {why} Next try at {time} UTC.",
                channel=one.channel,
                why=one.why,
                time=when(one.due),
            )
        else:
            yield _("  {channel}: {why}", channel=one.channel, why=one.why)


def uptime_words(seconds: float) -> str:
    """A duration in days, hours and minutes."""
    minutes, _seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h {minutes} min"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min"


_STATES = {
    "ok": _("ok"),
    "degraded": _("degraded"),
    "up": _("up"),
    "down": _("down"),
    "misconfigured": _("misconfigured"),
    "out": _("not joined"),
    "joining": _("joining"),
    "reading": _("catching up"),
}
"""What `/health` calls them, and what they are called here."""

ACTION = Action("status", _("Show status"), Role.OPERATOR, run, group="system")
