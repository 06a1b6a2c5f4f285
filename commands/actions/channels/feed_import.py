"""`feed-import` adds the feeds of an OPML file that another reader wrote, after a dry run."""

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
from component.common.i18n import Words, _
from component.common.value_types import WebAddress
from component.fetch.result import Limits
from component.methods.feed import opml
from component.methods.feed.opml import Entry
from component.methods.feed.source import METHOD

SHOWN = 60
"""Feeds that are shown."""
MAX_FEEDS = 1_000
"""Feeds that are taken at once."""
LIMITS = Limits(packed=opml.MAX_BYTES, body=opml.MAX_BYTES)


@dataclass(frozen=True)
class Form:
    """Which feeds, and where their items go."""

    opml: Annotated[
        tuple[str, ...],
        Ask(_("OPML"), _("the address of an OPML file, or the lines of the file"), long=True),
    ]
    to: Annotated[
        Channel | None,
        Ask(_("To"), _("a destination for all the feeds"), choices=places, named=True),
    ] = None


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show the feeds that would be added, and ask."""
    entries = await read_entries(form.opml, bus)
    present = {spec.settings["url"] for spec in feeds(bus)}
    missing = [feed for feed in entries if feed.url not in present]
    taken = {str(spec.channel) for spec in bus.hub.channels}
    specs = list(new_channels(missing, taken))
    if not specs:
        return Done(_("Nothing to add: all {count} feeds already exist.", count=len(entries)))
    if len(specs) > MAX_FEEDS:
        raise BadInput(
            _(
                "The import would add {count} feeds. The maximum is {most}.",
                count=len(specs),
                most=MAX_FEEDS,
            )
        )
    lines = [f"+ {described(spec)}" for spec in specs]
    changes = [Put(spec) for spec in specs]
    routes = []
    if form.to:
        routes = [Put(Route(spec.channel, form.to)) for spec in specs]

    async def take(caller: Caller, bus: Bus) -> Reply:
        audit = entry(caller, bus, "feed-import", after="; ".join(lines))
        await bus.settings.change([*changes, *routes], audit)
        return Done(_("Added {count} feeds.", count=len(specs)))

    return ask_sure(_("Import feeds"), preview_words(lines), take)


def preview_words(lines: Sequence[str]) -> Words:
    """The first of the feeds that would be added, and how many more there are."""
    shown = "\n".join(lines[:SHOWN])
    if len(lines) <= SHOWN:
        return _(
            "The import would add these {count} feeds:\n{lines}", count=len(lines), lines=shown
        )
    return _(
        "The import would add these {count} feeds:\n{lines}\n… and {more} more",
        count=len(lines),
        lines=shown,
        more=len(lines) - SHOWN,
    )


async def read_entries(lines: Sequence[str], bus: Bus) -> Sequence[Entry]:
    """The feeds of a file, or of several one behind the other, as `feed-export` writes them."""
    text = "\n".join(lines).strip()
    if text.startswith(("http://", "https://")) and len(text.split()) == 1:
        got = await bus.fetcher().get(str(WebAddress.parse(text)), limits=LIMITS)
        return opml.parse(got.body).entries
    files = []
    for part in text.split("</opml>"):
        start = part.find("<opml")
        if start >= 0:
            files.append(f"{part[start:]}</opml>")
    entries: dict[str, Entry] = {}
    for file in files or [text]:
        for feed in opml.parse(file.encode()).entries:
            entries[feed.url] = feed
    return list(entries.values())


def new_channels(entries: Sequence[Entry], taken: Collection[str]) -> Iterator[ChannelSpec]:
    """A channel for each feed, with an address made from its title; `taken` are addresses in
    use."""
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
    letters = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
    plain = letters.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].rstrip("-")


ACTION = Action(
    "feed-import",
    _("Import feeds from OPML"),
    Role.OPERATOR,
    run,
    Form,
    more=True,
    group="channels",
)
