"""`token-revoke` ends a token: anyone who still uses it is refused at once."""

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


def token_choices(bus: Bus) -> Sequence[Choice]:
    """All tokens by name."""
    tokens = sorted(bus.settings.tokens.values(), key=lambda token: token.name)
    return [Choice(token.name, f"{token.name} ({token.jid})") for token in tokens]


@dataclass(frozen=True)
class Form:
    """Which one."""

    name: Annotated[str, Ask(_("Name"), choices=token_choices)]


def find_token(bus: Bus, name: str) -> Token:
    """A token by its name. Raises NotFound."""
    token = next((one for one in bus.settings.tokens.values() if one.name == name), None)
    if token is None:
        raise NotFound(
            _("The token “{name}” does not exist. “token list” shows all tokens.", name=name[:60])
        )
    return token


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """End a token, after asking."""
    token = find_token(bus, form.name)

    async def revoke(caller: Caller, bus: Bus) -> Reply:
        if find_token(bus, token.name) != token:
            raise Conflict(
                _(
                    "Someone else created “{name}” anew in the meantime. Nothing was changed.",
                    name=token.name,
                )
            )
        line = entry(caller, bus, "token-revoke", before=f"{token.name}: {token.jid}")
        await bus.settings.change([Drop(token)], line)
        return Done(_("Revoked the token “{name}”.", name=token.name))

    told = _(
        "Programs that sign in with “{name}” (for {jid}) will be refused.",
        name=token.name,
        jid=token.jid,
    )
    return ask_sure(_("Revoke a token"), told, revoke)


ACTION = Action(
    "token-revoke", _("Revoke a token"), Role.ADMIN, run, Form, more=True, group="people"
)
