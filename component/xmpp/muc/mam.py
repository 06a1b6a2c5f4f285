"""Reading a room's archive (XEP-0313) page by page.

slixmpp's own retrieval silently gives nothing to a component (it expects jabber:client), hence this
one: results count only from the archive that was asked, under the query's own id.
"""

import datetime
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.common.sanitize import escape as q
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import (
    DELAY,
    DISCO_INFO,
    FORWARDED,
    MAM,
    MAX_ID,
    NS,
    RSM,
    Fault,
    element,
    form,
)

PAGE = 100


@dataclass(frozen=True, slots=True)
class Archived:
    """One archived stanza: the archive's id for it, when it was said in ms since 1970, and
    itself."""

    id: str
    at: int
    stanza: Element


class MamArchive:
    """Every room's archive, read as `reader` (a full JID of ours)."""

    def __init__(self, link: Session, reader: str) -> None:
        self._link = link
        self._reader = reader
        self._pages: dict[str, tuple[str, list[Archived]]] = {}

    def heard(self, stanza: Element) -> bool:
        """Whether a message is an archive's result; if it is, it is kept for who asked, or
        dropped."""
        result = stanza.find(f"{{{MAM}}}result")
        if result is None:
            return False
        archive, page = self._pages.get(result.get("queryid", ""), ("", []))
        # From the room itself: an occupant's private message comes from its bare JID and their
        # nickname.
        if archive and stanza.get("from", "").lower() == archive:
            forwarded = result.find(FORWARDED)
            inner = None if forwarded is None else forwarded.find("{jabber:client}message")
            if inner is None and forwarded is not None:
                inner = forwarded.find(f"{NS}message")
            if forwarded is not None and inner is not None:
                delay = forwarded.find(DELAY)
                page.append(Archived(result.get("id", "")[:MAX_ID], _at(delay), inner))
        return True

    async def after(
        self, room: str, stanza_id: str, since: int
    ) -> AsyncGenerator[list[Archived], None]:
        """Pages of what came after `stanza_id`, oldest first; by time (`since`, ms) where the
        archive forgot that id.

        Raises IqError where there is no archive, Unavailable where the stream went.
        """
        await self._check(room)
        filters = {} if stanza_id else {"start": _stamp(since)}
        while True:
            try:
                page, complete, last = await self._page(
                    room, f"<after>{q(stanza_id)}</after>" if stanza_id else "", filters
                )
            except IqError as error:
                if error.fault.condition != "item-not-found" or not stanza_id or filters:
                    raise
                stanza_id, filters = "", {"start": _stamp(since)}
                continue
            yield page
            if complete or not page or not last or last == stanza_id:
                return
            stanza_id = last

    async def newest(self, room: str) -> Archived | None:
        """The last archived stanza; None where there is none. Raises as `after`."""
        page = await self.last(room, 1)
        return page[-1] if page else None

    async def last(self, room: str, count: int = PAGE) -> list[Archived]:
        """The last archived stanzas, oldest first; fewer where the room gives no more at once.
        Raises as `after`."""
        await self._check(room)
        page, _, _ = await self._page(room, "<before/>", {}, count)
        return page

    async def _check(self, room: str) -> None:
        """Raise IqError unless the room says that it keeps an archive.

        For one that keeps none ejabberd answers from its short history, under ids that no live
        stanza carried.
        """
        info = await self._link.iq(
            "get", room, self._reader, element("query", {"xmlns": DISCO_INFO})
        )
        if not any(one.get("var") == MAM for one in info.iter(f"{{{DISCO_INFO}}}feature")):
            raise IqError(Fault("feature-not-implemented", "the room does not have an archive"))

    async def _page(
        self, room: str, window: str, filters: dict[str, str], most: int = PAGE
    ) -> tuple[list[Archived], bool, str]:
        query = secrets.token_hex(8)
        page: list[Archived] = []
        self._pages[query] = (room, page)
        fields = form({"FORM_TYPE": MAM, **filters}) if filters else ""
        window = f'<set xmlns="{RSM}"><max>{most}</max>{window}</set>'
        try:
            inside = element("query", {"xmlns": MAM, "queryid": query}, fields, window)
            answer = await self._link.iq("set", room, self._reader, inside)
        finally:
            del self._pages[query]
        fin = answer.find(f"{{{MAM}}}fin")
        if fin is None:
            return page, True, ""
        return (
            page,
            fin.get("complete") == "true",
            fin.findtext(f"{{{RSM}}}set/{{{RSM}}}last") or "",
        )


def _stamp(at: int) -> str:
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _at(delay: Element | None) -> int:
    stamp = "" if delay is None else delay.get("stamp", "")
    try:
        moment = datetime.datetime.fromisoformat(stamp).timestamp()
    except (ValueError, OverflowError):
        return 0
    return int(
        min(max(moment, 0), time.time()) * 1000
    )  # a year 9999 would break every page it stands on
