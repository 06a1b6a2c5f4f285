"""`[[channel]]`: each channel's name and the settings of its method."""

import difflib
from collections.abc import Mapping
from functools import partial

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import MethodSpec
from component.common import form
from component.common.errors import BadInput
from component.common.i18n import _
from component.config.forms import fill
from component.config.toml import Table


def read_channels(top: Table, methods: Mapping[str, MethodSpec]) -> tuple[ChannelSpec, ...]:
    """All channels whose names can be read."""
    specs = []
    for table in top.tables("channel"):
        spec = read_channel(table, methods)
        if spec:
            specs.append(spec)
    return tuple(specs)


def read_channel(table: Table, methods: Mapping[str, MethodSpec]) -> ChannelSpec | None:
    """One channel; None if its name cannot be read."""
    channel = read_name(table, "name", methods, any=True)
    title = table.text("title", "")
    enabled = not table.flag("paused")
    if channel is None:
        if not table.has("name"):
            table.done()  # reports a key that is a misspelled `name`
        table.rest()
        return None
    values = table.rest()
    kind = methods[channel.method].form
    filled = fill(table, values, partial(form.build, channel.method, kind, values))
    settings = form.kept(filled) if filled else {}
    return ChannelSpec(channel, title, settings, enabled)


def read_name(
    table: Table, key: str, methods: Mapping[str, MethodSpec], *, any: bool = False
) -> Channel | None:
    """The channel under a key; None if it cannot be read, and the table has the fault. `any` allows
    the address *."""
    written = table.text(key)
    if not written:
        return None
    try:
        parsed = Channel.parse(written)
        method = method_of(parsed, methods)
        channel = method.channel(parsed.address)
        method.check(channel, any=any)
    except BadInput as error:
        table.fault(_("{key}: {why}", key=key, why=error.sentence))
        return None
    return channel


def method_of(channel: Channel, methods: Mapping[str, MethodSpec]) -> MethodSpec:
    """A channel's method; raises BadInput that suggests others if it does not exist."""
    if channel.method in methods:
        return methods[channel.method]
    similar = difflib.get_close_matches(channel.method, methods, 1) or sorted(methods)
    names = ", ".join(similar)
    if len(similar) > 1:
        raise BadInput(
            _(
                "the method “{method}” does not exist; did you mean one of {names}?",
                method=channel.method,
                names=names,
            )
        )
    raise BadInput(
        _(
            "the method “{method}” does not exist; did you mean {name}?",
            method=channel.method,
            name=names,
        )
    )
