"""Open sessions: nobody's flood throws out anyone else's."""

import pytest

from commands.sessions import MAX_SESSIONS, PER_DOMAIN, PER_PERSON, Session, Sessions

ADMIN = "admin@example.org"


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(lambda: 0.0, lambda jid: jid == ADMIN)


def opened(sessions: Sessions, owner: str) -> Session:
    return sessions.open(owner, "route-add", None)


def test_a_persons_oldest_makes_room_for_their_next(sessions: Sessions) -> None:
    mine = [opened(sessions, "juliet@example.org") for _ in range(PER_PERSON + 1)]
    assert [one in sessions for one in mine] == [False] + [True] * PER_PERSON
    assert len(sessions) == PER_PERSON


def test_the_one_that_was_used_last_stays(sessions: Sessions) -> None:
    mine = [opened(sessions, "juliet@example.org") for _ in range(PER_PERSON)]
    assert sessions.find(mine[0].id, "juliet@example.org")
    opened(sessions, "juliet@example.org")
    assert mine[0] in sessions
    assert mine[1] not in sessions


def test_six_thousand_of_one_domain_throw_out_only_their_own(sessions: Sessions) -> None:
    kept = [opened(sessions, ADMIN), opened(sessions, "juliet@example.org")]
    for number in range(6_000):
        opened(sessions, f"{number}@evil.example")
    assert all(one in sessions for one in kept)
    assert len(sessions) == PER_DOMAIN + 2


def test_six_thousand_of_as_many_domains_leave_an_operators(sessions: Sessions) -> None:
    kept = opened(sessions, ADMIN)
    for number in range(6_000):
        opened(sessions, f"a@{number}.example")
    assert kept in sessions
    assert len(sessions) == MAX_SESSIONS


def test_one_that_ended_takes_no_room(sessions: Sessions) -> None:
    for number in range(3 * PER_DOMAIN):
        sessions.end(opened(sessions, f"{number % 7}@evil.example"))
    kept = [opened(sessions, f"{number}@evil.example") for number in range(PER_DOMAIN)]
    assert all(one in sessions for one in kept)
