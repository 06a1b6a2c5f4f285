"""Subscribing to a shoutbox from its own page, by anyone with a mail address, who is asked there
for confirmation. It works without JavaScript."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web as http

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.subscription import Address, Subscription, mailbox
from component.common.errors import BadInput, Conflict, Forbidden, NotFound, ShoutbusError, TooMany
from component.common.i18n import _
from component.common.rate import Rate
from component.common.sanitize import one_line
from component.subscriptions.service import Subscriptions
from web.account.sign_up import INTERVALS, METHOD, SignUp
from web.context import NOTHING_THERE, SITE, Site
from web.csrf import NOT_OURS, is_cross_site, read_form
from web.guests import network
from web.rendering import asked_language, content_security_policy, page

MIN_DURATION_S = 0.3
"""Seconds that a sign-up takes, so that its duration does not reveal what is known of an
address."""
HOUR_S, DAY_S = 3600, 86400
MAX_PER_HOUR = 5
"""Sign-ups from one network in an hour."""
MAX_ALIASES_PER_DAY = 10
"""Sign-ups a day with addresses that differ only after a plus sign."""


class SignUpPage:
    """The form, and how often it may be sent."""

    def __init__(self, site: Site) -> None:
        self._networks = Rate(lambda: site.clock() / 1000, MAX_PER_HOUR, MAX_PER_HOUR / HOUR_S)
        self._mailboxes = Rate(
            lambda: site.clock() / 1000, MAX_ALIASES_PER_DAY, MAX_ALIASES_PER_DAY / DAY_S
        )

    def routes(self) -> list[http.RouteDef]:
        """The form's paths."""
        return [
            http.get("/{method}/{address}/subscribe", self.show),
            http.post("/{method}/{address}/subscribe", self.post),
        ]

    async def show(self, request: http.Request) -> http.Response:
        """The form on a page by itself."""
        return form_page(request, spec_of(request), SignUp())

    async def post(self, request: http.Request) -> http.Response:
        """Subscribe an address, whose owner is asked. The answer is the same whatever is known of
        the address."""
        spec, site = spec_of(request), request.app[SITE]
        sign_up = SignUp()
        try:
            if is_cross_site(request, site):
                raise Forbidden(NOT_OURS)
            sign_up = SignUp.of(await read_form(request))
            wanted = subscription_of(site, spec, sign_up, asked_language(request))
            self.spend(site.address(request), wanted.target)
            async with lasting(MIN_DURATION_S):
                # For everyone alike, so that it does not reveal whether this one was asked.
                await site.bus.subscriptions.book.check_room()
                await request_confirmation(site.bus.subscriptions, wanted)
        except ShoutbusError as fault:
            return form_page(request, spec, sign_up, fault)
        return sign_up_page(request, spec, sent=sign_up.address)

    def spend(self, address: str, target: Channel) -> None:
        """Count a sign-up; raises TooMany."""
        self._networks.spend(network(address))
        if mailbox(target) != target:
            self._mailboxes.spend(str(mailbox(target)))


@contextlib.asynccontextmanager
async def lasting(seconds: float) -> AsyncIterator[None]:
    """A block that takes at least so long, unless it raises."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    yield
    await asyncio.sleep(ends - loop.time())


def subscription_of(site: Site, spec: ChannelSpec, sign_up: SignUp, language: str) -> Subscription:
    """The subscription that a form asks for; raises BadInput."""
    if not sign_up.address:
        raise BadInput(_("An email address is required."))
    method = site.methods[METHOD]
    try:
        target = method.channel(sign_up.address)
        method.check(target)
    except BadInput as error:
        written = one_line(sign_up.mail)[:60]
        raise BadInput(
            _("“{text}” is not an email address. Write it as juliet@example.org.", text=written)
        ) from error
    return sign_up.subscription(spec.channel, target, language)


async def request_confirmation(subscriptions: Subscriptions, wanted: Subscription) -> None:
    """Add a subscription; if it waits for confirmation already, ask again. If the owner refused
    everything, nothing happens and the caller does not learn it."""
    with contextlib.suppress(Forbidden):
        try:
            await subscriptions.add(wanted)
        except Conflict:
            if await subscriptions.book.waiting(Address("", wanted.target)):
                await subscriptions.book.ask("", wanted.target)


def spec_of(request: http.Request) -> ChannelSpec:
    """The shoutbox, if people can subscribe to it; raises NotFound."""
    site = request.app[SITE]
    if not site.by_mail:
        raise NotFound(NOTHING_THERE)
    return site.shoutbox(request.match_info["method"], request.match_info["address"])


def form_page(
    request: http.Request, spec: ChannelSpec, sign_up: SignUp, fault: ShoutbusError | None = None
) -> http.Response:
    """The form with what was typed and what is wrong with it."""
    values: dict[str, Any] = {"sent": "", "typed": sign_up, "intervals": INTERVALS}
    if fault is None:
        return sign_up_page(request, spec, fault="", **values)
    response = sign_up_page(request, spec, fault.status, fault=fault.sentence, **values)
    if isinstance(fault, TooMany):
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def sign_up_page(
    request: http.Request, spec: ChannelSpec, status: int = 200, **values: Any
) -> http.Response:
    """The form's page, or the one that follows it."""
    path = f"/{spec.channel.method}/{spec.channel.address}"
    name = spec.title or spec.channel.address
    language = asked_language(request)
    response = page("subscribe.html", language, status, name=name, path=path, **values)
    response.headers["Content-Security-Policy"] = content_security_policy("'none'")
    return response
