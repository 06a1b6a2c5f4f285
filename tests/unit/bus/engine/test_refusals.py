"""What an author is told of what processors stopped: only what is for them, and no other person's
address."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from component import processors
from component.bus.engine.hub import Hub
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.route import Route, Stage
from component.bus.ports.method import Refusal
from component.common.i18n import Words
from component.storage import open_store
from tests.support.fakes import FROM, FakeClock, said

TEAM = Channel("shoutbox", "team")
CREW = Channel("shoutbox", "crew")
ROMEO = Channel("chat", "romeo@x")
ALL = Channel("shoutbox", "all")
REFUSES = Stage(1, "words", (("words", ("darn",)), ("then", ("refuse",))))
QUIETLY = Stage(1, "exclude", (("words", ("darn",)),))


@pytest.mark.parametrize("language", ["en", "de"])
async def test_who_learns_what(tmp_path: Path, language: str) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    routes = [
        Route(FROM, TEAM, stages=(REFUSES,)),
        Route(FROM, ROMEO, stages=(REFUSES,)),
        Route(FROM, CREW, stages=(QUIETLY,)),
        Route(FROM, ALL),
    ]
    specs = [
        ChannelSpec(FROM),
        ChannelSpec(TEAM, "The team"),
        ChannelSpec(CREW),
        ChannelSpec(ROMEO),
        ChannelSpec(ALL),
    ]
    await store.configuration.seed(specs, routes, ())
    hub = Hub(store, FakeClock())
    hub.attach({"shoutbox": None, "chat": None}, ["chat"], processors.make)
    await hub.start()
    message = said("darn it")
    receipt = await hub.accept(message)
    told: Sequence[Refusal] = hub.refusals(receipt)
    assert [one.to for one in told] == ["The team", "chat:…"]
    assert all(isinstance(one.why, Words) for one in told)
    sentence = {
        "en": "The message was posted here, but not forwarded to The team: “darn” is",
        "de": "nicht weitergeleitet an The team: „darn“",
    }
    assert sentence[language] in told[0].sentence.told(language)
    assert hub.refusals(await hub.accept(message)) == (), (
        "a message that is known is not told of again"
    )
    assert hub.refusals(await hub.accept(said("fine"))) == ()
    assert hub.leads_to(FROM, {TEAM, ROMEO}) == (str(CREW), str(ALL))
    await hub.stop()
    await store.close()
