"""`status`: how the bus is: version, uptime, XMPP, rooms it is not in, what waits, dead letters."""

from collections.abc import Iterator, Mapping
from typing import Any

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.shared import when
from component.roles import Role
from component.words import Words, _


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    health = await bus.health()
    lines = [*_xmpp(health["xmpp"], bus.clock()), *_store(health.get("store", {})), *_queues(health.get("queues", {}))]
    graves = await bus.hub.store.graves()
    lines.append(_("Dead letters: {count}", count=sum(graves.values())))
    lines += [f"  {channel}: {count}" for channel, count in sorted(graves.items())]
    title = _("Shoutbus {version}, up for {time}: {status}", version=bus.version,
              time=_span(health.get("uptime", 0)), status=health["status"])  # fmt: skip
    return Lines(title, lines)


def _xmpp(told: Mapping[str, Any], now: int) -> Iterator[Words | str]:
    if "seconds" in told:
        yield _("XMPP: {state} since {time} UTC", state=told["state"], time=when(now - int(told["seconds"] * 1000)))
    else:
        yield _("XMPP: {state}", state=told["state"])
    if told.get("trouble"):
        yield f"  {told['trouble']}"
    out = {jid: room["trouble"] or room["state"] for jid, room in told["rooms"].items() if room["state"] != "in"}
    yield _("Rooms: {count}, not in {out}", count=len(told["rooms"]), out=len(out))
    yield from (f"  {jid}: {trouble}" for jid, trouble in sorted(out.items()))


def _store(told: Mapping[str, Any]) -> Iterator[Words | str]:
    if told.get("state") == "down":
        yield _("Database: {trouble}", trouble=told["trouble"])


def _queues(told: Mapping[str, int]) -> Iterator[Words | str]:
    yield _("Waiting: {count}", count=sum(told.values()))
    yield from (f"  {channel}: {depth}" for channel, depth in sorted(told.items()))


def _span(seconds: float) -> str:
    minutes, _seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days} d " if days else "") + (f"{hours} h " if days or hours else "") + f"{minutes} min"


ACTION = Action("status", _("How the bus is"), Role.OPERATOR, _run, group="about")
