"""`[[route]]` and the `[[route.processor]]` within."""

from collections.abc import Mapping, Sequence
from functools import partial

from component.bus.model.message import Channel
from component.bus.model.route import Route, Settings, Stage
from component.bus.ports.method import MethodSpec
from component.common.errors import BadInput
from component.common.i18n import _
from component.config.channels import read_name
from component.config.forms import fill
from component.config.toml import Table
from component.processors import build, settings_of


def read_routes(top: Table, methods: Mapping[str, MethodSpec]) -> tuple[Route, ...]:
    """All routes whose ends can be read."""
    routes: list[Route] = []
    for table in top.tables("route"):
        routes += read_route(table, methods)
    return tuple(routes)


def read_route(table: Table, methods: Mapping[str, MethodSpec]) -> Sequence[Route]:
    """The route of a table, and the way back if it has `both`; none if it has faults."""
    both, enabled = table.flag("both"), not table.flag("off")
    source = read_name(table, "from", methods, any=not both)
    destination = read_destination(table, methods)
    stages = read_stages(table)
    table.done()
    if not source or not destination:
        return ()
    try:
        routes = [Route(source, destination, enabled, stages=stages)]
        if both:
            routes.append(Route(destination, source, enabled, stages=stages))
    except BadInput as error:
        table.fault(error.sentence)
        return ()
    return routes


def read_destination(table: Table, methods: Mapping[str, MethodSpec]) -> Channel | None:
    """The channel under `to`; None if nothing can be sent there."""
    destination = read_name(table, "to", methods)
    if destination is None:
        return None
    try:
        methods[destination.method].check_end(destination)
    except BadInput as error:
        table.fault(_("{key}: {why}", key="to", why=error.sentence))
        return None
    return destination


def read_stages(table: Table) -> tuple[Stage, ...]:
    """A route's processors, numbered in their order."""
    stages: list[Stage] = []
    for processor in table.tables("processor"):
        settings = read_processor(processor)
        if settings is not None:
            stages.append(Stage(len(stages) + 1, processor.text("name"), settings))
    return tuple(stages)


def read_processor(table: Table) -> Settings | None:
    """A processor's settings as they are stored; None if it has faults."""
    name, values = table.text("name"), table.rest()
    if not name:
        return None
    processor = fill(table, values, partial(build, name, values))
    if processor is None:
        return None
    return settings_of(processor)
