"""`feed-export` writes the feeds as OPML, for other readers and for `feed-import`."""

from collections.abc import Iterator, Sequence

from commands.action import Action, Bus, Caller, Done, Lines, Reply
from commands.data_forms import BUDGET
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.common.i18n import _
from component.common.sanitize import escape
from component.methods.feed.opml import Entry, write
from component.methods.feed.source import METHOD


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """Write all feeds as OPML, in as many messages as it takes."""
    parts = list(parted([entry_of(spec) for spec in feeds(bus)]))
    if not parts:
        return Done(_("No feeds exist yet."))
    told = [opml_lines(entries, bus, number, len(parts)) for number, entries in enumerate(parts, 1)]
    return Lines(told[-1].title, told[-1].lines, ahead=told[:-1], exact=True)


def feeds(bus: Bus) -> Sequence[ChannelSpec]:
    """Every feed of the bus that has an address."""
    return [
        spec
        for spec in bus.hub.channels
        if spec.channel.method == METHOD.name and spec.settings.get("url")
    ]


def entry_of(spec: ChannelSpec) -> Entry:
    """A feed as OPML has it."""
    return Entry(str(spec.settings["url"]), spec.title or spec.channel.address)


def parted(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries in parts, each as much as a message carries."""
    part: list[Entry] = []
    room = BUDGET * 8 // 10
    for one in entries:
        size = len(escape(write("", [one]).decode()).encode())
        if part and size > room:
            yield part
            part, room = [], BUDGET * 8 // 10
        part.append(one)
        room -= size
    if part:
        yield part


def opml_lines(entries: Sequence[Entry], bus: Bus, number: int, parts: int) -> Lines:
    """One part of several, as an answer."""
    lines = write(bus.bot, entries).decode().splitlines()[1:]  # which is UTF-8 without saying so
    if parts == 1:
        return Lines(_("<!-- {count} feeds -->", count=len(entries)), lines)
    return Lines(
        _(
            "<!-- {count} feeds, part {part} of {parts} -->",
            count=len(entries),
            part=number,
            parts=parts,
        ),
        lines,
    )


ACTION = Action("feed-export", _("Export feeds as OPML"), Role.OPERATOR, run, group="channels")
