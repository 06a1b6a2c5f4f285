"""`status`: how the bus is: version, uptime, XMPP, rooms it is not in, what waits, what is held,
dead letters."""

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


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    health = await bus.health()
    lines = [
        *_xmpp(health["xmpp"], bus),
        *_store(health.get("store", {})),
        *_queues(health.get("queues", {}), bus),
    ]
    lines += [await _subscriptions(bus), *await _digests(bus)]
    lines += _held(await bus.hub.store.held.counts(), bus)
    if first := await first_held(caller, bus):
        lines.append(_("The first of them to go on:"))
        lines += [_("  {number}: {held}", number=route, held=held) for route, held in first]
    lines += _sources(bus)
    graves = await bus.hub.store.dead_letters.counts()
    lines.append(_("Dead letters: {count}", count=sum(graves.values())))
    lines += [f"  {channel}: {count}" for channel, count in sorted(graves.items())]
    title = _(
        "Shoutbus {version}, up for {time}: {status}",
        version=bus.version,
        time=_span(health.get("uptime", 0)),
        status=_state(health["status"]),
    )
    return Lines(title, lines)


def _state(name: str) -> Words | str:
    return _STATES.get(name, name)


def _xmpp(told: Mapping[str, Any], bus: Bus) -> Iterator[Words | str]:
    state = _state(told["state"])
    if "seconds" in told:
        since = when(bus.clock() - int(told["seconds"] * 1000))
        yield _("XMPP: {state} since {time} UTC", state=state, time=since)
    else:
        yield _("XMPP: {state}", state=state)
    if told.get("trouble"):
        yield f"  {told['trouble']}"
    out = {jid: room for jid, room in told["rooms"].items() if room["state"] != "in"}
    yield _("Rooms: {count}, not in {out}", count=len(told["rooms"]), out=len(out))
    for jid, room in sorted(out.items()):
        known = bus.rooms.told(jid)
        trouble = (known and known.trouble) or room["trouble"] or _state(room["state"])
        yield _("  {room}: {trouble}", room=jid, trouble=trouble)


def _store(told: Mapping[str, Any]) -> Iterator[Words | str]:
    if told.get("state") == "down":
        yield _("Database: {trouble}", trouble=told["trouble"])


def _queues(told: Mapping[str, int], bus: Bus) -> Iterator[Words | str]:
    """Each place by its name; of persons, of whom there may be thousands, how many."""
    yield _("Waiting: {count}", count=sum(told.values()))
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


async def _subscriptions(bus: Bus) -> Words:
    counts = await bus.hub.store.subscriptions.counts()
    return _(
        "Subscriptions: {count}, {asked} unconfirmed",
        count=sum(counts.values()),
        asked=counts.get(Standing.ASKED, 0),
    )


async def _digests(bus: Bus) -> Sequence[Words]:
    """How a run of digests goes."""
    if not bus.digests or not bus.digests.progress.since:
        return ()
    told, since = bus.digests.progress.taken, when(bus.digests.progress.since)
    return [
        _(
            "Digests: {told} since {time} UTC, {left} to come",
            told=told,
            time=since,
            left=await bus.digests.left(),
        )
    ]


def _held(counts: Mapping[Place, int], bus: Bus) -> Iterator[Words | str]:
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


def _sources(bus: Bus) -> Iterator[Words | str]:
    found = bus.hub.troubles
    if found:
        yield _("Sources in trouble: {count}", count=len(found))
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


def _span(seconds: float) -> str:
    minutes, _seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (
        (f"{days} d " if days else "") + (f"{hours} h " if days or hours else "") + f"{minutes} min"
    )


_STATES = {
    "ok": _("ok"),
    "degraded": _("degraded"),
    "up": _("up"),
    "down": _("down"),
    "misconfigured": _("misconfigured"),
    "out": _("out"),
    "joining": _("joining"),
    "reading": _("reading"),
}
"""What `/health` calls them, and what they are called here."""

ACTION = Action("status", _("How the bus is"), Role.OPERATOR, _run, group="about")
