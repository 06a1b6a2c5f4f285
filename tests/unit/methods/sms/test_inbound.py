"""Which SMS end what goes to a number."""

import pytest

from component.methods.sms.inbound import START_WORDS, STOP_WORDS, keyword
from tests.support.cases import rows


@pytest.mark.parametrize("row", rows("sms.tsv"), ids=lambda row: row["id"])
def test_words_that_come_back(row: dict[str, str]) -> None:
    word = keyword(row["input"])
    assert (word in STOP_WORDS) is (row["expected"] == "stop")
    assert (word in START_WORDS) is (row["expected"] == "start")


@pytest.mark.parametrize("words", ["Bitte abmelden", "STOPP, danke!", "Beenden.", "ENDE"])
def test_in_german(words: str) -> None:
    assert keyword(words) in STOP_WORDS


@pytest.mark.parametrize("words", ["Ende gut, alles gut", "Bitte", "", "Stoppt den Bus!"])
def test_words_of_a_person_in_german(words: str) -> None:
    assert keyword(words) not in STOP_WORDS
