"""Greetings: words of an operator's, said on a schedule, and to those who come into a room."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import structlog

from component.bus.model.message import MAX_NAME, WEB_MARK, Author, Channel, Kind, Message, id_from
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import MethodSpec, Ports, Trouble
from component.common.errors import BadInput, ShoutbusError, StoreError, TooMany
from component.common.form import Ask
from component.common.i18n import _
from component.common.rate import Rate
from component.common.sanitize import one_line, skeleton
from component.common.schedule import Schedule
from component.common.value_types import Zone
from component.methods.scheduled.slots import RETRY_MS, Slots, Times, speaker

log = structlog.get_logger()

PAUSE = 1_000
"""Milliseconds before who came in is greeted: their client shows the room by then."""
PATIENCE_MS = 60_000
"""Milliseconds for which it is tried, while the store fails."""
REST = 6 * 3_600_000
"""Milliseconds before the same person is greeted again."""
REMEMBERED = 500
"""People of each channel who were greeted; the first go first."""
AT_ONCE, A_MINUTE = 4, 4
"""Greetings in one room."""
MAX_LINE, MAX_LINES = 1_000, 100

_FIELDS: Mapping[str, Callable[[str, str], str]] = {
    "name": lambda _room, nick: one_line(nick)[:MAX_NAME],
    "room": lambda room, _nick: room.partition("@")[0],
}
_NAMED = ", ".join(f"{{{name}}}" for name in _FIELDS)
_FIELD = re.compile(rf"\{{({'|'.join(_FIELDS)})\}}")
_BRACED = re.compile(rf"{_FIELD.pattern}|\{{+[^{{}}]*\}}*|\}}+")


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set of a greeting."""

    text: Annotated[
        tuple[str, ...],
        Ask(
            _("Text"),
            _(
                "one of these lines is posted; {fields} are replaced with the person and the room",
                fields=_NAMED,
            ),
        ),
    ] = ("Hi!",)
    when: Annotated[
        Schedule | None,
        Ask(_("When"), _("for example hourly, weekdays at 9:00, or the five fields of cron")),
    ] = None
    zone: Annotated[
        Zone | None, Ask(_("Time zone"), _("for example Europe/Berlin; the default is UTC"))
    ] = None
    join: Annotated[
        bool, Ask(_("When someone joins"), _("greet people who join a room that a route leads to"))
    ] = False

    def __post_init__(self) -> None:
        if not 0 < len(self.text) <= MAX_LINES or max(map(len, self.text)) > MAX_LINE:
            raise BadInput(
                _(
                    "A greeting must have 1 to {lines} lines of at most {most} characters each.",
                    lines=MAX_LINES,
                    most=MAX_LINE,
                )
            )
        for braced in _BRACED.finditer("\n".join(self.text)):
            self._check(braced[0])
        if not self.join and not self.when:
            raise BadInput(_("This greeting would never be posted. Set when or join."))
        if self.when and not self.plain:
            raise BadInput(
                _(
                    "A scheduled greeting cannot name a person or room. Add a line without "
                    "{fields}.",
                    fields=_NAMED,
                )
            )

    def _check(self, braced: str) -> None:
        if not _FIELD.fullmatch(braced):
            raise BadInput(
                _(
                    "“{text}” is not a field. Use {known}, and no other braces.",
                    text=braced[:40],
                    known=_NAMED,
                )
            )
        if not self.join:
            raise BadInput(
                _(
                    "“{field}” is known only when someone joins. Set join, or remove the field.",
                    field=braced,
                )
            )

    @property
    def plain(self) -> Sequence[str]:
        """The lines that go without someone who came in."""
        return [line for line in self.text if not _FIELD.search(line)]

    @property
    def times(self) -> Times:
        """The schedule, as `slots` needs it."""
        return Times(self.when, self.zone)


@dataclass(frozen=True, slots=True)
class Visit:
    """Someone came into a room: `place` is its channel, `who` what stays the same for them there;
    greeted until `last`, in ms."""

    channel: Channel
    place: Channel
    nick: str
    who: str
    last: int


class Greeting:
    """Greets."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._slots = Slots(ports, METHOD.settings, self._words)
        self._greeted: dict[Channel, dict[str, int]] = {}
        self._rate = Rate(lambda: ports.clock() / 1000, AT_ONCE, A_MINUTE / 60)
        ports.joins.append(self._joined)

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the configured channels; called again when they change."""
        self._slots.configure(specs)
        self._greeted = {
            channel: one
            for channel, one in self._greeted.items()
            if channel in self._slots.standing
        }

    def troubles(self) -> Sequence[Trouble]:
        """The channels whose settings or files cannot be read."""
        return self._slots.troubles()

    async def _words(self, spec: ChannelSpec, settings: Settings) -> tuple[Author, str] | None:
        return speaker(spec, "Greeting"), self._ports.luck.choice(settings.plain)

    # Who comes in

    def _joined(self, room: str, nick: str, jid: str) -> None:
        """Greet a person who joined a room, unless they were greeted lately."""
        if skeleton(WEB_MARK) in skeleton(
            nick
        ):  # a web user, of another bus too: nobody who reads there
            return
        now = self._ports.clock()
        for channel, (_spec, settings) in self._slots.standing.items():
            for place in self._ports.ends(channel) if settings.join else ():
                visit = Visit(
                    channel, place, nick, id_from(f"{room}/{jid or nick}"), now + PATIENCE_MS
                )
                if place.address == room and not self._lately(visit) and self._may(room):
                    self._at(visit, now + PAUSE)

    def _may(self, room: str) -> bool:
        try:
            self._rate.spend(room)
        except TooMany:
            return False
        return True

    def _at(self, visit: Visit, due: int) -> None:
        self._ports.timer.at(f"{visit.channel} {visit.who}", due, partial(self._greet, visit))

    def _lately(self, visit: Visit) -> bool:
        at = self._greeted.get(visit.channel, {}).get(visit.who)
        return at is not None and abs(self._ports.clock() - at) < REST

    async def _greet(self, visit: Visit) -> None:
        standing = self._slots.standing.get(visit.channel)
        if (
            not standing
            or not standing[1].join
            or visit.place not in self._ports.ends(visit.channel)
        ):
            return  # it was changed meanwhile
        try:
            await self._load(visit.channel)
            if not self._lately(visit):
                message = self._message(visit, *standing)
                await self._ports.accept.accept(message, deliver=True, spread=False)
                await self._remember(visit)
        except StoreError:
            if self._ports.clock() < visit.last:
                self._at(visit, self._ports.clock() + RETRY_MS)
        except ShoutbusError as error:
            log.warning(
                "scheduled message not posted", channel=str(visit.channel), reason=str(error)
            )

    def _message(self, visit: Visit, spec: ChannelSpec, settings: Settings) -> Message:
        """Said in the room alone. Its origin is the same for some hours: what is not remembered is
        not said twice."""
        line = self._ports.luck.choice(settings.text)
        body = _FIELD.sub(lambda found: _FIELDS[found[1]](visit.place.address, visit.nick), line)
        now = self._ports.clock()
        origin = f"{visit.channel}@{visit.who}@{now // REST}"
        author = speaker(spec, "Greeting")
        return Message.new(visit.place, author, body, now, origin=origin, kind=Kind.GREETING)

    async def _load(self, channel: Channel) -> None:
        """Take up who was greeted before the bus started."""
        if channel not in self._greeted:
            kept = await self._slots.notebook.read(channel, "greeted")
            self._greeted.setdefault(channel, dict(kept) if isinstance(kept, dict) else {})

    async def _remember(self, visit: Visit) -> None:
        now = self._ports.clock()
        greeted = self._greeted.setdefault(visit.channel, {})
        greeted[visit.who] = now
        late = [(who, at) for who, at in greeted.items() if abs(now - at) < REST][-REMEMBERED:]
        self._greeted[visit.channel] = dict(late)
        await self._slots.notebook.write(visit.channel, "greeted", self._greeted[visit.channel])


METHOD = MethodSpec(
    "greeting",
    None,
    example="greeting:welcome",
    address=re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    form=Settings,
    source=Greeting,
)
