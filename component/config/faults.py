"""Faults that no table has alone: names that occur twice, routes without channels, addresses that
are taken."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from component.bus.model.message import GUEST_PREFIX, Channel
from component.bus.model.records import Grant, Token
from component.bus.model.route import Route
from component.bus.ports.method import MethodSpec
from component.common.i18n import Words, _


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def duplicate_channels(channels: Sequence[Channel]) -> list[Words]:
    """Channels that occur more than once."""
    return [
        _("{what} appears twice.", what=f"[[channel]] {name}")
        for name in repeated(map(str, channels))
    ]


def duplicate_grants(grants: Sequence[Grant]) -> list[Words]:
    """People who are given more than one role."""
    jids = [grant.jid for grant in grants if grant.jid]
    return [_("{what} appears twice.", what=f"[[role]] {jid}") for jid in repeated(jids)]


def duplicate_tokens(tokens: Sequence[Token]) -> list[str]:
    """Tokens with the same name or the same secret."""
    faults = []
    for name in repeated(token.name for token in tokens):
        faults.append(f"Two [[token]] entries are named “{name}”. Choose different names.")
    names_by_secret: dict[str, str] = {}
    for token in tokens:
        other = names_by_secret.setdefault(token.digest, token.name)
        if other != token.name:
            faults.append(
                f"[[token]] “{other}” and “{token.name}” have the same secret. "
                "Use a different secret for each."
            )
    return faults


def missing_ends(routes: Sequence[Route], known: Collection[Channel]) -> list[Words]:
    """Channels that routes name and that are not configured."""
    ends: set[Channel] = set()
    for route in routes:
        ends |= {route.source, route.destination}
    return [
        _(
            "A [[route]] refers to {channel}, which is not defined. Add a [[channel]] for it.",
            channel=end,
        )
        for end in sorted(ends)
        if end not in known and end.anyone not in known
    ]


def taken_addresses(
    channels: Sequence[Channel], bot: str, methods: Mapping[str, MethodSpec]
) -> list[Words]:
    """Open channels whose address belongs to the bot or to web users: all of them have JIDs at the
    component. The bot's own name must not be a web user's either."""
    addressed = [channel for channel in channels if methods[channel.method].open]
    faults = []
    for channel in addressed:
        if channel.address == bot:
            faults.append(
                _(
                    "[[channel]] {channel} is the bot's own address. Choose another one, or "
                    "another bot in [xmpp].",
                    channel=channel,
                )
            )
    names = {f"[[channel]] {channel}": channel.address for channel in addressed}
    names["[xmpp] bot"] = bot
    for owner, name in names.items():
        if name.startswith(GUEST_PREFIX):
            faults.append(
                _(
                    "{whose} begins with {prefix}, which is reserved for web users. Choose "
                    "another name.",
                    whose=owner,
                    prefix=GUEST_PREFIX,
                )
            )
    return faults
