"""The life of a delivery: every transition, and what follows a failure."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.delivery import MAX_AGE, MAX_ATTEMPTS, NEXT, Delivery, State, pause
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from tests.support.fakes import TO, said

START = Delivery(1, said(at=1_000), TO)


def test_the_table_is_whole() -> None:
    assert set(NEXT) == set(State)
    assert NEXT[State.PENDING] == {State.PENDING, State.DELIVERED, State.DEAD, State.DROPPED}
    assert NEXT[State.DELIVERED] == NEXT[State.RECEIVED] == frozenset()
    assert NEXT[State.DROPPED] == {State.DELIVERED}
    assert NEXT[State.DEAD] == {State.PENDING, State.DROPPED}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    ("change", "to"),
    [
        (lambda one: one.confirmed(2_000), State.DELIVERED),
        (lambda one: one.failed(Unavailable("gone"), 2_000), State.PENDING),
        (lambda one: one.failed(Refused("no"), 2_000), State.DEAD),
        (lambda one: one.retried(2_000), State.PENDING),
        (lambda one: one.dropped(2_000), State.DROPPED),
    ],
)
def test_every_transition_is_allowed_or_an_error(state: State, change: object, to: State) -> None:
    one = replace(START, state=state)
    assert callable(change)
    if to in NEXT[state]:
        assert change(one).state is to
    else:
        with pytest.raises(ValueError, match=f"from {state} to {to}"):
            change(one)


def test_confirmed() -> None:
    one = replace(START, attempts=2, error="late").confirmed(5_000)
    assert (one.state, one.attempts, one.error, one.changed) == (State.DELIVERED, 2, "", 5_000)
    assert START.state is State.PENDING


def test_refused_is_dead_and_says_why() -> None:
    one = START.failed(Refused("They said no."), 5_000)
    assert (one.state, one.attempts, one.error, one.changed) == (
        State.DEAD,
        1,
        "They said no.",
        5_000,
    )


def test_unconfirmed_spends_an_attempt_until_none_is_left() -> None:
    one = START
    for number in range(1, MAX_ATTEMPTS):
        one = one.failed(Unconfirmed("no word"), 5_000)
        assert (one.state, one.attempts) == (State.PENDING, number)
    assert one.failed(Unconfirmed("no word"), 5_000).state is State.DEAD


def test_unavailable_spends_none() -> None:
    one = START
    for _ in range(3 * MAX_ATTEMPTS):
        one = one.failed(Unavailable("away"), 5_000)
    assert (one.state, one.attempts, one.error) == (State.PENDING, 0, "away")


@pytest.mark.parametrize("error", [Unavailable("away"), Unconfirmed("no word")])
def test_too_old(error: DeliveryError) -> None:
    assert START.failed(error, 1_000 + MAX_AGE).state is State.PENDING
    assert START.failed(error, 1_001 + MAX_AGE).state is State.DEAD


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pause_is_bounded_and_grows(failures: int, luck: float) -> None:
    assert 0.5 <= pause(failures, luck) <= 60
    assert pause(failures, luck) <= pause(failures + 1, luck)
    assert pause(1, luck) <= 1
    assert pause(7, luck) >= 30
