"""`feed-add` adds a feed in one step: it tries the address, then adds the channel and the route to
a room."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.channels.channel_add import new_channel
from commands.actions.channels.feed_export import feeds
from commands.actions.channels.feed_import import new_channels
from commands.lookups import described, entry, find_channel, places
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import Conflict
from component.common.form import Ask, Choice
from component.common.i18n import Words, _
from component.common.value_types import WebAddress
from component.methods.feed.opml import Entry
from component.methods.feed.source import METHOD, Few
from component.methods.feed.trial import Tried, tried

LATEST = Few(3)
"""Items that are posted at once, so that one sees that it works."""


def rooms(bus: Bus) -> list[Choice]:
    """Where a feed may be posted, rooms first. In a line, the part before the @ is enough."""
    ends = sorted(places(bus), key=lambda place: not place.value.startswith("muc:"))
    taken: set[str] = set()
    choices = []
    for end in ends:
        short = Channel.parse(end.value).address.partition("@")[0]
        also: tuple[str, ...] = ()
        if short not in taken:
            taken.add(short)
            also = (short,)
        choices.append(Choice(end.value, end.label, also))
    return choices


@dataclass(frozen=True)
class Form:
    """The feed, where it is posted, what it is called, and what is posted at once."""

    url: Annotated[
        WebAddress,
        Ask(_("Web address"), _("the address of the feed, or of a site that links to it")),
    ]
    to: Annotated[
        Channel | None,
        Ask(_("Post to"), _("the room where new items are posted"), choices=rooms, wanted=True),
    ] = None
    name: Annotated[
        str, Ask(_("Name"), _("a short name; empty to take it from the feed's title"), named=True)
    ] = ""
    first: Annotated[
        Few,
        Ask(_("Items now"), _("how many of the latest items to post now, or none"), named=True),
    ] = LATEST


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Try the feed, then add it and its route in one transaction. Raises Conflict, BadInput,
    FetchError."""
    if form.name:
        new_channel(METHOD, form.name, bus)  # what is refused is refused before anything is fetched
    check_new(str(form.url), bus)
    found = await tried(bus.fetcher(), str(form.url), bus.clock())
    check_new(found.url, bus)
    spec = new_feed(form, found, bus)
    changes = [Put(spec)]
    if form.to:
        find_channel(bus, form.to)
        changes.append(Put(Route(spec.channel, form.to)))
    audit = entry(caller, bus, ACTION.name, after=described(spec))
    await bus.settings.change(changes, audit)
    return Done(added_words(spec.channel, form.to, found))


def check_new(url: str, bus: Bus) -> None:
    """Raise Conflict where a channel already reads an address."""
    for spec in feeds(bus):
        if spec.settings["url"] == url:
            raise Conflict(
                _(
                    "{channel} already reads this feed. To post it somewhere else, write “route "
                    "add {channel} …”.",
                    channel=spec.channel,
                )
            )


def new_feed(form: Form, found: Tried, bus: Bus) -> ChannelSpec:
    """The feed's channel. Raises BadInput, Conflict."""
    if form.name:
        channel = new_channel(METHOD, form.name, bus)
    else:
        taken = [str(spec.channel) for spec in bus.hub.channels]
        (suggested,) = new_channels([Entry(found.url, found.title)], taken)
        channel = suggested.channel
    settings = {"url": found.url}
    if form.first.number:
        settings["first"] = str(form.first)
    return ChannelSpec(channel, found.title, settings)


def added_words(channel: Channel, to: Channel | None, found: Tried) -> Words:
    """What was found and added, and what to do next."""
    if to:
        return _(
            "Added {channel}: “{title}” (items: {count}). New items are posted to {to}. To be "
            "notified yourself, write “subscribe {channel}”.",
            channel=channel,
            title=found.title,
            count=found.count,
            to=to,
        )
    return _(
        "Added {channel}: “{title}” (items: {count}). They are not posted yet; write “route add "
        "{channel} …” with a room.",
        channel=channel,
        title=found.title,
        count=found.count,
    )


ACTION = Action(
    "feed-add",
    _("Add a feed"),
    Role.OPERATOR,
    run,
    Form,
    group="channels",
    examples=(_("feed add https://planet.debian.org/rss20.xml lobby"),),
)
