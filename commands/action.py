"""What a command is: who calls, what it may use, what it asks, what it answers. Knows no surface.

A command is a chain of steps. Each step is a form and what follows from it: the next step, or the
answer. Access is checked in `begin` and `go_on`, at every step, for every surface.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from importlib import import_module
from inspect import isawaitable
from pathlib import Path
from pkgutil import walk_packages
from random import Random, SystemRandom
from typing import Any

from commands import actions
from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.reminders import Reminders
from component.bus.model.roles import Role
from component.bus.ports.method import Clock, MethodSpec, RoomDesk
from component.bus.ports.store import Store
from component.common.errors import Forbidden
from component.common.form import Field, fields, parse
from component.common.i18n import Words, _
from component.methods.fortune.databases import PLACES
from component.subscriptions.digests import Digests
from component.subscriptions.rendering.templates import Templates
from component.subscriptions.service import Subscriptions


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the bare JID ("" where a room hides it), the name to address them by, their role
    and language.

    `way` is the surface, for the audit log.
    """

    jid: str
    name: str
    role: Role
    in_room: bool = False
    language: str = "en"
    way: str = "text"


@dataclass(frozen=True, slots=True)
class Bus:
    """What commands may use of the bus."""

    bot: str
    web: str
    version: str
    actions: Mapping[str, "Action"]
    hub: Hub
    store: Store
    settings: Settings
    methods: Mapping[str, MethodSpec]
    clock: Clock
    health: Callable[[], Awaitable[dict[str, Any]]]
    rooms: RoomDesk
    rooms_domain: str
    reminders: Reminders
    subscriptions: Subscriptions
    digests: Digests | None = None
    """What makes digests; None where they do not run here."""
    fetcher: Callable[[], Any] = lambda: None
    """What fetches others' addresses (`component.fetch.client.Fetcher`)."""
    guest: Callable[[str], str] = lambda _name: ""
    """The session of the web user who goes by a name now; "" where none does."""
    sign_in: Callable[[str, str], str] = lambda _jid, _page: ""
    """A link that signs a bare JID in on the web, once and soon, and leads to a page (`matrix`,
    `subscriptions`); "" where nobody can."""
    rng: Random = field(default_factory=SystemRandom)
    """Draws fortunes."""
    fortune_places: Sequence[Path] = PLACES
    """The folders that hold fortunes."""
    templates: Templates = field(default_factory=Templates)
    """The templates of what subscribers read."""


@dataclass(frozen=True, slots=True)
class Done:
    """The command is through: one sentence. `kind` is info, warn or error."""

    words: Words
    kind: str = "info"


@dataclass(frozen=True, slots=True)
class Lines:
    """The command is through: a list, or details, under a `title`.

    What is too long for one message goes `ahead` of it, each as a separate message. Where each
    letter counts (`exact`) it comes as a message even where it is short: forms break lines, and
    change letters that clients bear badly.
    """

    title: Words
    lines: Sequence[Words | str]
    ahead: Sequence["Lines"] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A form to fill, and what follows: `run` gets the caller, the filled form and the bus.

    `last` says that nothing is asked after it. The form shows `values` from the start, as people
    write them. With `open`, a line that gives none of its fields is asked which shall be set.
    """

    title: Words
    form: type
    run: Callable[[Caller, Any, Bus], Awaitable["Reply"]]
    last: bool = True
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    help: Words | None = None
    open: bool = False

    def fields(self, bus: Bus) -> tuple[Field, ...]:
        """What is asked, the choices drawn now."""
        return fields(self.form, bus)


Reply = Done | Lines | Step


class Fit(IntEnum):
    """How well what follows a command's name fits the command."""

    NOT = 0
    """Nothing of it."""
    PARTLY = 1
    """It is meant for the command, and something in it is wrong."""
    TEXT = 2
    """All of it, as text that could be anything."""
    WELL = 3
    """All of it, and some of it fits nothing else: a name, a time, a number."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How what follows a command's name is taken: what is wrong with it, and how it may be meant,
    where that is known."""

    fit: Fit
    why: Words | None = None
    meant: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A command's declaration, `ACTION` at the end of its file.

    `form` is the first step's, None where nothing is asked; with `more`, steps follow it. With
    `opening`, a form is only how a line is read: other surfaces begin with what `opening` gives.
    Actions of one `group` share an entry in clients' menus. `public` ones may be called in a room,
    before all.
    """

    name: str
    title: Words
    role: Role
    run: Callable[[Caller, Any, Bus], Awaitable[Reply]]
    form: type | None = None
    more: bool = False
    group: str = ""
    public: bool = False
    opening: Callable[[Caller, Bus], "Reply | Awaitable[Reply]"] | None = None
    examples: Sequence[Words] = ()
    """Lines that show how it is written."""
    also: Sequence[str] = ()
    """Other words that a line for it may begin with."""
    takes: Callable[[Caller, str, Bus], Awaitable[Taken]] | None = None
    """How what follows its name in a line is taken; without it, as the form takes it."""

    @property
    def step(self) -> Step | None:
        """The first step, where there is one."""
        return Step(self.title, self.form, self.run, not self.more) if self.form else None


def role_words(action: Action, caller: Caller) -> Words:
    """Why a caller's role does not reach."""
    return _(
        "“{name}” requires the role {needed}; your role is {role}.",
        name=action.name,
        needed=action.role.words,
        role=caller.role.words,
    )


def check(action: Action, caller: Caller, bus: Bus) -> None:
    """Raise Forbidden where the caller's role does not reach, or the place is wrong."""
    if caller.role < action.role:
        raise Forbidden(role_words(action, caller))
    if caller.in_room and not action.public:
        told = _(
            "“{name}” works in a private chat only. Write to {bot}.", name=action.name, bot=bus.bot
        )
        raise Forbidden(told)


async def begin(action: Action, caller: Caller, bus: Bus) -> Reply:
    """The first step, or the answer where nothing is asked; raises as `check`, and
    ShoutbusError."""
    check(action, caller, bus)
    if action.opening:
        reply = action.opening(caller, bus)
        return await reply if isawaitable(reply) else reply
    return action.step or await action.run(caller, None, bus)


async def go_on(
    action: Action, step: Step, values: Mapping[str, Sequence[str]], caller: Caller, bus: Bus
) -> Reply:
    """What follows from a filled step; raises as `begin`, and Faults."""
    check(action, caller, bus)
    return await step.run(caller, parse(step.form, step.fields(bus), values), bus)


def discover() -> Mapping[str, Action]:
    """Every command there is, by name."""
    walked = walk_packages(actions.__path__, f"{actions.__name__}.")
    modules = [import_module(module.name) for module in walked if not module.ispkg]
    found = [module.ACTION for module in modules if hasattr(module, "ACTION")]
    return {action.name: action for action in sorted(found, key=lambda action: action.name)}
