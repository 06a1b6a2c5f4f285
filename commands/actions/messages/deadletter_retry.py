"""`deadletter-retry`: try a dead letter again, or all of a channel; looked for first, so that none
comes twice."""

from collections.abc import Sequence

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import Letters, dead_letters, entry
from component.bus.model.delivery import Delivery
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.i18n import _


async def _run(caller: Caller, form: Letters, bus: Bus) -> Reply:
    letters = await dead_letters(bus, form.which, form.channel)
    for letter in letters:
        if not bus.hub.find(letter.channel) or letter.channel.method not in bus.methods:
            raise NotFound(
                _(
                    "There is no channel {channel} any more: add it, or drop the letter.",
                    channel=letter.channel,
                )
            )
    await bus.hub.retry(letters, entry(caller, bus, "deadletter-retry", before=listed(letters)))
    return Done(
        _(
            "{count} on the way again: “trace {id}” tells how it goes.",
            count=len(letters),
            id=letters[0].message.id[:8],
        )
    )


def listed(letters: Sequence[Delivery]) -> str:
    """Dead letters for the audit log."""
    return f"{letters[0].channel} " + ", ".join(str(one.seq) for one in letters)


ACTION = Action(
    "deadletter-retry", _("Retry dead letters"), Role.OPERATOR, _run, Letters, group="deadletters"
)
