"""A store on each engine."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.bus.ports.store import Store
from tests.contract.engines import ENGINES, Engine, Opened


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return ENGINES[request.param](tmp_path)


@pytest.fixture
async def opened(engine: Engine) -> AsyncIterator[Opened]:
    """Opens it, as often as one likes; what is open still at the end is closed."""
    async with contextlib.AsyncExitStack() as end:

        async def one() -> Store:
            store = await engine.open()
            end.push_async_callback(store.close)
            return store

        yield one


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    opened = await engine.open()
    yield opened
    await opened.close()
