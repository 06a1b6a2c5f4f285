"""What is logged, and how: colours at a terminal, logfmt otherwise."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ESCAPES = {code: f"\\x{code:02x}" for code in (*range(10), *range(11, 32), *range(127, 160))}
ESCAPES |= {0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Control characters, except line feeds, and the line separators of Unicode."""


def without_controls(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: text that others wrote cannot control the terminal or imitate a line
    of the log."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = value.translate(ESCAPES)
    return event


def configure_logs(level: int = logging.INFO) -> None:
    """Log to stderr what is at least of that level."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s %(message)s")
    # We log lost connections ourselves, in words for an operator.
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    renderer: Any = structlog.processors.LogfmtRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            without_controls,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
