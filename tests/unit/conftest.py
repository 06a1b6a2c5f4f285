"""A hub with a fake wire on a real store, and no real pauses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.bus.model.route import Route
from component.storage import open_store
from tests.support.fakes import FROM, OTHER, TO, Bench, FakeMethod, seeded


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A shoutbox whose messages go to two channels on one wire."""
    store = await seeded(
        await open_store(f"sqlite:{tmp_path / 'bus.db'}"), [Route(FROM, TO), Route(FROM, OTHER)]
    )
    one = Bench(store, FakeMethod())
    yield one
    await one.close()
