"""How often the bot answers: programs that answer back are left alone after a few lines, people who
give commands never."""

import pytest

from component.xmpp.answers import IN_A_ROW, PAUSE_S, SAME_S, AnswerBudget

JULIET = "juliet@example.org"


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.budget = AnswerBudget(lambda: self.now)

    def said(self, *answers: str, peer: str = JULIET, expected: bool = False) -> int:
        """How many of these answers are said, one a second."""
        count = 0
        for answer in answers:
            self.now += 1
            count += self.budget.allows(peer, answer, expected=expected)
        return count


@pytest.fixture
def world() -> World:
    return World()


def test_the_same_answer_is_said_once_a_minute(world: World) -> None:
    assert world.said(*["I do not know this"] * 30) == 1
    world.now += SAME_S + PAUSE_S
    assert world.said("I do not know this") == 1


def test_answers_that_differ_end_after_a_few(world: World) -> None:
    answers = [f"I do not know {number}" for number in range(300)]
    assert world.said(*answers) == IN_A_ROW
    world.now += PAUSE_S + 1
    assert world.said("another day") == 1


def test_who_gives_a_command_is_answered_each_time(world: World) -> None:
    assert world.said(*["pong"] * 100, expected=True) == 100
    world.said(*(f"what {number}" for number in range(100)))
    assert world.said("pong", expected=True) == 1
    assert world.said("what now") == 1, "a command shows that a person is there"


def test_one_peer_takes_nothing_from_another(world: World) -> None:
    world.said(*(f"what {number}" for number in range(100)))
    assert world.said("what 1", peer="romeo@example.org") == 1
