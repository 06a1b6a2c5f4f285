"""The times and sizes of the XMPP side, in one place so that a test can choose its own."""

from dataclasses import dataclass

from component.bus.model.flow_control import PATIENCE_S

BODY_BYTES = 60_000
"""Bytes of a body on the wire; the rest is behind a link."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Names end in their unit where it is a time (`_s`: seconds)."""

    join_s: float = 20.0
    """How long a room may take to let the bot in."""
    quiet_s: float = 60.0
    """Silence after which the bot asks a room whether it is still inside (XEP-0410)."""
    first_return_s: float = 2.0
    """How long the bot waits before it comes back after a kick; doubles up to `last_return_s`."""
    last_return_s: float = 60.0
    rules_s: float = 60.0
    """How long a room's entry rules are believed where nothing is seen to change."""
    expelled: int = 10_000
    """People seen put out of rooms whose lists the bot may not see."""
    puppets: int = 50
    """Puppets in one room."""
    puppet_idle_s: float = 600.0
    """How long a puppet stays after its last words."""
    puppet_join_s: float = 10.0
    """How long its join may take: a server that mangles the nickname never answers."""
    watched: int = 50_000
    """People whose presence is watched."""
    clients: int = 10
    """Clients of one person that are remembered."""
    silence_s: float = PATIENCE_S
    """How long a server may take to answer a ping before it counts as silent."""
    greeted_per_s: float = 250.0
    """Contacts that are shown presence in a second, after a start."""
    hidden: int = 5_000
    """Contacts to whom the bot says at the end that it goes offline."""
    contact_days: int = 365
    """Days after which a contact ends whose server has not asked for our presence."""
    contacts_per_domain: int = 5_000
    contacts: int = 100_000
    """Contacts of one domain other than the team's own, and in all."""
    person_burst: float = 200
    person_per_s: float = 20
    """Stanzas of one person: at once, and then in a second."""
    domain_burst: float = 1_000
    domain_per_s: float = 100
    """Stanzas of all people of one server that is not the team's own."""
    all_burst: float = 10_000
    all_per_s: float = 1_000
    """Stanzas of all people together: a morning's sign-ins of ten thousand are let in."""
