"""`token-revoke`: end a token; whoever still uses it is refused at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import ask_sure, entry
from component.bus.model.records import Drop, Token
from component.bus.model.roles import Role
from component.common.errors import Conflict, NotFound
from component.common.form import Ask, Choice
from component.common.i18n import _


def _tokens(bus: Bus) -> Sequence[Choice]:
    tokens = sorted(bus.settings.tokens.values(), key=lambda token: token.name)
    return [Choice(token.name, f"{token.name} ({token.jid})") for token in tokens]


@dataclass(frozen=True)
class Form:
    """Which one."""

    name: Annotated[str, Ask(_("Name"), choices=_tokens)]


def _find(bus: Bus, name: str) -> Token:
    token = next((one for one in bus.settings.tokens.values() if one.name == name), None)
    if token is None:
        raise NotFound(
            _("There is no token “{name}” (any more): “token list” shows them.", name=name[:60])
        )
    return token


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    token = _find(bus, form.name)

    async def revoke(caller: Caller, bus: Bus) -> Reply:
        if _find(bus, token.name) != token:
            raise Conflict(
                _("“{name}” was made anew meanwhile; nothing was changed.", name=token.name)
            )
        line = entry(caller, bus, "token-revoke", before=f"{token.name}: {token.jid}")
        await bus.settings.change([Drop(token)], line)
        return Done(_("“{name}” is no token any more.", name=token.name))

    told = _(
        "Whatever signs in with “{name}” (for {jid}) is refused from then on.",
        name=token.name,
        jid=token.jid,
    )
    return ask_sure(_("Revoke a token"), told, revoke)


ACTION = Action(
    "token-revoke", _("Revoke a token"), Role.ADMIN, _run, Form, more=True, group="tokens"
)
