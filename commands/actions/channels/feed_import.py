"""`feed-import`: take feeds from a list that another reader wrote (OPML). A dry run first."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.channels.feed_export import feeds
from commands.lookups import ask_sure, described, entry, places
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _
from component.common.value_types import WebAddress
from component.fetch.result import Limits
from component.methods.feed import opml
from component.methods.feed.opml import Entry
from component.methods.feed.source import METHOD

SHOWN = 60
"""Feeds that are shown."""
MOST = 1_000
"""Feeds that are taken at once."""
LIMITS = Limits(packed=opml.LARGEST, body=opml.LARGEST)


@dataclass(frozen=True)
class Form:
    """Which feeds, and where they are told."""

    opml: Annotated[
        tuple[str, ...], Ask(_("OPML"), _("the address of a file, or its lines"), long=True)
    ]
    to: Annotated[
        Channel | None, Ask(_("To"), _("a channel for all of them"), choices=places, named=True)
    ] = None


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    found = await _entries(form.opml, bus)
    there = {spec.settings["url"] for spec in feeds(bus)}
    specs = list(
        _channels(
            [one for one in found if one.url not in there],
            {str(one.channel) for one in bus.hub.channels},
        )
    )
    if not specs:
        return Done(_("Nothing to add: of {count} feeds, all are here.", count=len(found)))
    if len(specs) > MOST:
        raise BadInput(
            _(
                "Those are {count} feeds; at most {most} are taken at once.",
                count=len(specs),
                most=MOST,
            )
        )
    routes = [Route(spec.channel, form.to) for spec in specs] if form.to else []
    lines = [f"+ {described(spec)}" for spec in specs]

    async def take(caller: Caller, bus: Bus) -> Reply:
        audit = entry(caller, bus, "feed-import", after="; ".join(lines))
        await bus.settings.change([*map(Put, specs), *map(Put, routes)], audit)
        return Done(_("Added {count} feeds.", count=len(specs)))

    shown = "\n".join(lines[:SHOWN])
    told = _("These {count} feeds would be added:\n{lines}", count=len(specs), lines=shown)
    if len(lines) > SHOWN:
        told = _(
            "These {count} feeds would be added:\n{lines}\n… and {more} more",
            count=len(specs),
            lines=shown,
            more=len(lines) - SHOWN,
        )
    return ask_sure(_("Import feeds"), told, take)


async def _entries(lines: Sequence[str], bus: Bus) -> Sequence[Entry]:
    """What a file holds, or several one behind the other, as `feed-export` writes them."""
    text = "\n".join(lines).strip()
    if text.startswith(("http://", "https://")) and len(text.split()) == 1:
        got = await bus.fetcher().get(str(WebAddress.parse(text)), limits=LIMITS)
        return opml.parse(got.body).entries
    files = [
        part[part.find("<opml") :] + "</opml>" for part in text.split("</opml>") if "<opml" in part
    ]
    found = [one for file in files or [text] for one in opml.parse(file.encode()).entries]
    return list({one.url: one for one in found}.values())


def _channels(entries: Sequence[Entry], taken: Collection[str]) -> Iterator[ChannelSpec]:
    names = set(taken)
    numbers: dict[str, int] = {}
    for one in entries:
        start = slug(one.title) or slug(urlsplit(one.url).hostname or "") or METHOD.name
        number = numbers.get(start, 1)
        channel = Channel(METHOD.name, start if number == 1 else f"{start}-{number}")
        while str(channel) in names:
            number += 1
            channel = Channel(METHOD.name, f"{start}-{number}")
        numbers[start] = number
        names.add(str(channel))
        yield ChannelSpec(channel, one.title, {"url": one.url})


def slug(title: str) -> str:
    """A title as an address: `Die Größe` is `die-grosse`; "" where nothing is left of it."""
    plain = (
        unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].rstrip("-")


ACTION = Action(
    "feed-import",
    _("Import feeds from OPML"),
    Role.OPERATOR,
    _run,
    Form,
    more=True,
    group="channels",
)
