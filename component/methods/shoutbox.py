"""Shoutboxes: pages on which anyone posts and reads. The bus itself keeps what was shouted."""

import re

from component.bus.ports.method import MethodSpec

METHOD = MethodSpec(
    "shoutbox",
    None,
    example="shoutbox:lobby",
    address=re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    open=True,
)
