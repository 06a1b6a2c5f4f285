"""Who may read what a channel holds, by its method and its settings. Where a method says more (who
may come into a room), that is asked of the method itself."""

from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.bus.ports.method import MethodSpec
from component.common.errors import BadInput


def reader(spec: ChannelSpec, method: MethodSpec | None) -> Role:
    """The least role that may read a configured channel."""
    if method is None or method.person:
        return Role.ADMIN
    if method.open or (method.archive and _is_public(spec, method)):
        return Role.GUEST
    return Role.MEMBER if method.shared and _is_public(spec, method) else Role.OPERATOR


def _is_public(spec: ChannelSpec, method: MethodSpec) -> bool:
    """Not where its settings say otherwise, or can't be read."""
    try:
        return bool(getattr(method.settings(spec), "public", True))
    except BadInput:
        return False
