"""`[[admin]]`, `[[role]]` and `[[token]]`."""

import hashlib

from component.bus.model.records import Grant, Token
from component.bus.model.roles import Role
from component.common.i18n import _
from component.config.toml import Table

MIN_SECRET_CHARS = 16


def read_admins(top: Table) -> tuple[str, ...]:
    """The bare JIDs of all `[[admin]]`."""
    jids = [table.jid("jid") for table in top.tables("admin")]
    return tuple(filter(None, jids))


def read_grants(top: Table) -> tuple[Grant, ...]:
    """All `[[role]]`."""
    return tuple(map(read_grant, top.tables("role")))


def read_grant(table: Table) -> Grant:
    """A role and who has it."""
    jid, role = table.jid("jid"), table.text("role").lower()
    labels = [granted.label for granted in Role if granted > Role.GUEST]
    if role and role not in labels:
        these, last = ", ".join(labels[:-1]), labels[-1]
        table.fault(
            _("role is “{role}”; write {these} or {last}", role=role[:40], these=these, last=last)
        )
    table.done()
    return Grant(jid, role)


def read_token_names(top: Table) -> tuple[str, ...]:
    """The names of all `[[token]]`, in a file that has no secrets."""
    return tuple(map(read_token_name, top.tables("token")))


def read_token_name(table: Table) -> str:
    """A token without its secret."""
    table.jid("jid")
    name = table.text("name")
    table.done()
    return name


def read_tokens(top: Table) -> tuple[Token, ...]:
    """All `[[token]]`."""
    return tuple(map(read_token, top.tables("token")))


def read_token(table: Table) -> Token:
    """A token; only the digest of its secret is kept."""
    name, secret, jid = table.text("name"), table.text("secret"), table.jid("jid")
    if secret and len(secret) < MIN_SECRET_CHARS:
        table.fault(
            f"secret has {len(secret)} characters. Use at least {MIN_SECRET_CHARS}, for "
            "example from `openssl rand -hex 24`"
        )
    table.done()
    return Token(name, digest(secret), jid)


def digest(secret: str) -> str:
    """What is stored of a token's secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
