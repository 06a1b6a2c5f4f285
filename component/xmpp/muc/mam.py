"""Reads a room's archive (XEP-0313) page by page.

slixmpp's own retrieval silently gives nothing to a component (it expects jabber:client), hence this
one: results count only from the archive that was asked, under the query's own id.
"""

import datetime
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.common.jids import folded
from component.xmpp.elements import element, form, query
from component.xmpp.stanza import (
    DELAY,
    DISCO_INFO,
    FORWARDED,
    MAM,
    MAX_ID,
    NS,
    RSM,
    Fault,
    features,
)
from component.xmpp.stream.session import IqError, Session

PAGE = 100
"""Stanzas that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One archived stanza: the archive's id for it, when it was said in ms since 1970, and
    itself."""

    id: str
    at: int
    stanza: Element


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """A page of an archive, oldest first: whether it is the last one, and the id of its end."""

    stanzas: list[Archived]
    complete: bool
    last: str


class MamArchive:
    """Every room's archive, read as `reader` (a full JID of ours)."""

    def __init__(self, session: Session, reader: str) -> None:
        self._session = session
        self._reader = reader
        self._pages: dict[str, tuple[str, list[Archived]]] = {}

    def heard(self, stanza: Element) -> bool:
        """Whether a message is an archive's result. If it is, it is kept for the query it answers,
        or dropped."""
        result = stanza.find(f"{{{MAM}}}result")
        if result is None:
            return False
        archive, page = self._pages.get(result.get("queryid", ""), ("", []))
        # From the room itself: an occupant's private message comes from its bare JID and their
        # nickname.
        if archive and folded(stanza.get("from", "")) == archive:
            archived = read(result)
            if archived:
                page.append(archived)
        return True

    async def after(
        self, room: str, stanza_id: str, since: int
    ) -> AsyncGenerator[list[Archived], None]:
        """Pages of what was archived after an id; since a time (ms) where the id is unknown or "".

        Raises IqError where the room has no archive or does not give it, Unavailable where the
        stream went.
        """
        await self.check(room)
        by_time = not stanza_id
        while True:
            try:
                page = await self.page_after(room, stanza_id, since, by_time=by_time)
            except IqError as error:
                if error.fault.condition != "item-not-found" or not stanza_id or by_time:
                    raise
                stanza_id, by_time = "", True
                continue
            yield page.stanzas
            if page.complete or not page.stanzas or page.last in ("", stanza_id):
                return
            stanza_id = page.last

    async def newest(self, room: str) -> Archived | None:
        """The last archived stanza; None in an empty archive. Raises as `after`."""
        page = await self.last(room, 1)
        if not page:
            return None
        return page[-1]

    async def last(self, room: str, count: int = PAGE) -> list[Archived]:
        """The last archived stanzas, oldest first; fewer where the room gives no more at once.
        Raises as `after`."""
        await self.check(room)
        page = await self.page(room, element(RSM, "before"), None, count)
        return page.stanzas

    async def check(self, room: str) -> None:
        """Raise IqError unless the room says that it keeps an archive.

        For one that keeps none ejabberd answers from its short history, under ids that no live
        stanza carried.
        """
        info = await self._session.iq("get", room, self._reader, query(DISCO_INFO))
        if MAM not in features(info):
            raise IqError(Fault("feature-not-implemented", "the room does not have an archive"))

    async def page_after(
        self, room: str, stanza_id: str, since: int, *, by_time: bool
    ) -> ArchivePage:
        """The page behind an id (where it is not ""), of all or, `by_time`, of what was said since
        a time."""
        window = fields = None
        if stanza_id:
            window = element(RSM, "after", text=stanza_id)
        if by_time:
            fields = form({"FORM_TYPE": MAM, "start": stamp(since)})
        return await self.page(room, window, fields, PAGE)

    async def page(
        self, room: str, window: Element | None, fields: Element | None, count: int
    ) -> ArchivePage:
        """Ask for a page (XEP-0059) of what the fields of a form filter."""
        number = secrets.token_hex(8)
        stanzas: list[Archived] = []
        self._pages[number] = (room, stanzas)
        most = element(RSM, "max", text=str(count))
        asked = query(MAM, fields, element(RSM, "set", most, window), queryid=number)
        try:
            answer = await self._session.iq("set", room, self._reader, asked)
        finally:
            del self._pages[number]
        fin = answer.find(f"{{{MAM}}}fin")
        if fin is None:
            return ArchivePage(stanzas, True, "")
        last = fin.findtext(f"{{{RSM}}}set/{{{RSM}}}last") or ""
        return ArchivePage(stanzas, fin.get("complete") == "true", last)


def read(result: Element) -> Archived | None:
    """The stanza in an archive's result; None where it holds none."""
    forwarded = result.find(FORWARDED)
    if forwarded is None:
        return None
    inner = forwarded.find("{jabber:client}message")
    if inner is None:
        inner = forwarded.find(f"{NS}message")
    if inner is None:
        return None
    return Archived(result.get("id", "")[:MAX_ID], time_of(forwarded.find(DELAY)), inner)


def stamp(at: int) -> str:
    """A time in ms since 1970, as XEP-0082 writes it."""
    moment = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(delay: Element | None) -> int:
    """The time of a delay (XEP-0203) in ms since 1970, never in the future; 0 where it names
    none."""
    if delay is None:
        return 0
    try:
        moment = datetime.datetime.fromisoformat(delay.get("stamp", "")).timestamp()
    except (ValueError, OverflowError):
        return 0
    # The year 9999 would break every page that shows it.
    return int(min(max(moment, 0), time.time()) * 1000)
