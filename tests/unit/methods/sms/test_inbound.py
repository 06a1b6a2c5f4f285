"""What numbers write back: words that end SMS, words that let them come again, and all else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.methods.sms.inbound import (
    POLITE_WORDS,
    START_WORDS,
    STOP_WORDS,
    Inbound,
    keyword,
)
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows
from tests.support.fakes import FakeWorld
from tests.unit.methods.sms.test_method import NUMBER, FakeAddresses


@pytest.mark.parametrize("case", rows("sms.tsv"), ids=case_id)
async def test_words_seen_in_the_wild(case: dict[str, str]) -> None:
    addresses, world = FakeAddresses(), FakeWorld()
    await Inbound(addresses, world, world.clock, "sms").hear(NUMBER, case["input"], "a1")
    number = [Channel("sms", NUMBER)]
    found = {
        "stop": addresses.stopped == number,
        "start": addresses.allowed == number,
        "pass": bool(world.accepted) and not addresses.allowed,
    }
    assert [name for name, is_so in found.items() if is_so] == [case["expected"]]


@pytest.mark.parametrize(
    "words",
    [
        "Bitte abmelden",
        "Melde mich ab",
        "Abo kündigen!",
        "ENDE",
        "Keine SMS mehr",
        "Stopp, danke",
        "Stop all messages now",
        "Revoke",
        "ＳＴＯＰ",
        "s t o p",
        "Arrêt",
        "STOPP, danke!",
        "Beenden.",
    ],
)
def test_other_words_that_end_it(words: str) -> None:
    assert keyword(words) in STOP_WORDS


@pytest.mark.parametrize(
    "words",
    [
        "",
        "please",
        "Thank you",
        "--\nstop",
        "stop it",
        "bus stop",
        "Das Ende war gut",
        "Bitte beende den Bericht",
        "restart",
        "Ende gut, alles gut",
        "Bitte",
        "Stoppt den Bus!",
    ],
)
def test_what_ends_nothing(words: str) -> None:
    assert keyword(words) not in STOP_WORDS | START_WORDS


POLITE = st.sampled_from(sorted(POLITE_WORDS))


@given(st.sampled_from(sorted(STOP_WORDS)), st.lists(POLITE, max_size=3), st.lists(POLITE))
def test_politeness_changes_nothing(word: str, before: list[str], behind: list[str]) -> None:
    assert keyword(" ".join([*before, word.upper(), *behind]) + "!") == word


@given(st.text(max_size=300))
def test_any_words_are_read(words: str) -> None:
    assert keyword(words) == keyword(f"please {words}")


def test_long_words_cost_what_their_length_is() -> None:
    with counting_calls() as calls:
        assert keyword("stop music " * 20_000) not in STOP_WORDS
    assert len(calls) < 50_000
