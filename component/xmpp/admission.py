"""How much anyone may ask: one rate for stanzas of every kind, by person, by server and in all.

The check comes before everything that costs more. What a room of ours relays has the room's own
limits, and what answers us was asked for.
"""

from collections.abc import Callable

from component.common.rate import Rate
from component.xmpp.limits import Limits
from component.xmpp.stanza import bare, domain

ALL = ""
"""The key of what all servers send together."""


class Admission:
    """`home` is the domain of the team's own server, `is_trusted` tells operators by bare JID, and
    `is_gateway` the domains that the operators set up; `clock` gives seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        limits: Limits,
        home: str,
        is_trusted: Callable[[str], bool],
        is_gateway: Callable[[str], bool],
    ) -> None:
        self._home = home
        self._is_trusted = is_trusted
        self._is_gateway = is_gateway
        self._by_person = Rate(clock, limits.person_burst, limits.person_per_s)
        self._by_domain = Rate(clock, limits.domain_burst, limits.domain_per_s)
        self._in_all = Rate(clock, limits.all_burst, limits.all_per_s)

    def spend(self, jid: str) -> None:
        """Take a stanza from a JID; raises TooMany.

        Operators only have the limit of a person, so that they can act while others flood. For
        people of the team's server and of gateways the limit of a domain does not apply.
        """
        who, where = bare(jid), domain(jid)
        self._by_person.spend(who)
        if self._is_trusted(who):
            return
        if where != self._home and not self._is_gateway(where):
            self._by_domain.spend(where)
        self._in_all.spend(ALL)
