"""A bus whose XMPP side is a test's own, as a process: `with own_bus(…, "tests.support.x") as bus`
runs that module, whose last line calls `serve`."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from component import methods
from component.app import running
from component.cli.prosody import HOST
from component.config import load
from component.xmpp.gateway import Gateway
from tests.support.servers import Bus


def serve(gateway: type[Gateway]) -> None:
    """Run a bus with this gateway until SIGINT. The first argument is its configuration file."""

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
        config = load(Path(sys.argv[1]), methods.discover())
        async with running(config, gateway=gateway):
            await stop.wait()

    asyncio.run(main())


@contextmanager
def own_bus(data: Path, config: str, port: int, module: str) -> Iterator[Bus]:
    """The bus of a module, ready, with its files in `data`; `config` is its configuration."""
    data.mkdir(exist_ok=True)
    file, log = data / "shoutbus.toml", data / "bus.log"
    file.write_text(config)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, str(file)], stdout=out, stderr=out
        )
    bus = Bus(f"http://{HOST}:{port}", process, log)
    try:
        bus.ready()
        yield bus
    finally:
        bus.stop()
