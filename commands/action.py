"""What a command is: who calls, what it may use, what it answers. Access is checked in `run`, once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from commands import actions
from component.errors import Forbidden
from component.roles import Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the bare JID ("" where a room hides it), the name to address them by, their role."""

    jid: str
    name: str
    role: Role
    in_room: bool = False


@dataclass(frozen=True, slots=True)
class Bus:
    """What commands may use of the bus."""

    bot: str
    web: str
    version: str
    actions: Mapping[str, "Action"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers: lines for a person."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """A command's declaration, `ACTION` at the end of its file. `public` ones may be called in a room, before all."""

    name: str
    title: str
    role: Role
    run: Callable[[Caller, Bus], Awaitable[Reply]]
    public: bool = False


async def run(action: Action, caller: Caller, bus: Bus) -> Reply:
    """Run it for `caller`; raises Forbidden where their role does not reach."""
    if caller.role < action.role:
        raise Forbidden(f"“{action.name}” is for the role {action.role.label}; yours is {caller.role.label}.")
    if caller.in_room and not action.public:
        raise Forbidden(f"“{action.name}” is for a private chat: write to {bus.bot}.")
    return await action.run(caller, bus)


def discover() -> Mapping[str, Action]:
    """Every command there is, by name."""
    found = [import_module(f"{actions.__name__}.{module.name}").ACTION for module in iter_modules(actions.__path__)]
    return {action.name: action for action in found}
