"""`token-create` creates a token for the API and shows its secret once."""

import secrets
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import entry
from component.bus.model.message import Author
from component.bus.model.records import Put, Token
from component.bus.model.roles import Role
from component.common.errors import Conflict
from component.common.form import Ask, Jid
from component.common.i18n import _
from component.config import digest

SECRET = 24
"""Random bytes of a secret: 32 characters, which fit in a line of every client."""


@dataclass(frozen=True)
class Form:
    """What it is called, and for whom it acts."""

    name: Annotated[str, Ask(_("Name"), _("the name that its messages are signed with"))]
    jid: Annotated[Jid | None, Ask(_("Acts for"), _("a JID; empty for your own"))] = None


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Create a token, and show its secret once. Raises Conflict."""
    name = Author.named(form.name, "token").name
    if any(token.name == name for token in bus.settings.tokens.values()):
        raise Conflict(_("A token named “{name}” already exists. Choose another name.", name=name))
    jid = form.jid or caller.jid
    secret = secrets.token_urlsafe(SECRET)
    line = entry(caller, bus, "token-create", after=f"{name}: {jid}")
    await bus.settings.change([Put(Token(name, digest(secret), jid))], line)
    told = _("It acts for {jid}. Save the secret now; it cannot be shown again.", jid=jid)
    return Lines(_("The secret of “{name}”:", name=name), [secret, told])


ACTION = Action("token-create", _("Create a token"), Role.ADMIN, run, Form, group="people")
