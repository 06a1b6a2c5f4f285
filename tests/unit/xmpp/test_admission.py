"""One rate for stanzas of every kind: who floods is stopped, and nobody else."""

import pytest

from component.common.errors import TooMany
from component.xmpp.admission import Admission
from component.xmpp.limits import Limits

LIMITS = Limits(
    person_burst=3, person_per_s=1, domain_burst=5, domain_per_s=1, all_burst=8, all_per_s=1
)


class World:
    """An admission with small limits, and its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.admission = Admission(
            lambda: self.now,
            LIMITS,
            "home.example",
            lambda jid: jid == "admin@evil.example",
            lambda where: where == "sms.example",
        )

    def taken(self, *senders: str) -> int:
        """How many of these are taken."""
        count = 0
        for sender in senders:
            try:
                self.admission.spend(sender)
            except TooMany:
                continue
            count += 1
        return count


@pytest.fixture
def world() -> World:
    return World()


def test_a_person_has_a_limit_over_all_clients(world: World) -> None:
    assert world.taken(*(f"juliet@home.example/{number}" for number in range(9))) == 3
    assert world.taken("romeo@home.example/phone") == 1
    world.now = 2.0
    assert world.taken(*["juliet@home.example/1"] * 9) == 2


@pytest.mark.parametrize(
    ("domain", "taken"), [("evil.example", 5), ("home.example", 8), ("sms.example", 8)]
)
def test_a_server_has_a_limit_unless_it_is_ours(world: World, domain: str, taken: int) -> None:
    assert world.taken(*(f"{number}@{domain}/x" for number in range(20))) == taken


def test_many_servers_have_a_limit_together(world: World) -> None:
    assert world.taken(*(f"a@{number}.example" for number in range(20))) == 8


def test_an_operator_gets_through_a_flood(world: World) -> None:
    world.taken(*(f"{number}@{number}.example" for number in range(20)))
    assert world.taken("juliet@home.example") == 0
    assert world.taken(*["admin@evil.example/1"] * 9) == 3


def test_one_who_is_refused_takes_nothing_from_the_others(world: World) -> None:
    world.taken(*["juliet@home.example"] * 100)
    assert world.taken(*(f"{number}@home.example" for number in range(9))) == 5
