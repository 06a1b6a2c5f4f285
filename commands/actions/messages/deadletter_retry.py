"""`deadletter-retry` sends a dead letter again, or all of a channel, unless the destination has
it already."""

from collections.abc import Sequence

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import Letters, dead_letters, entry
from component.bus.model.delivery import Delivery
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.i18n import _


async def run(caller: Caller, form: Letters, bus: Bus) -> Reply:
    """Send dead letters again. Raises NotFound where their channel is gone."""
    letters = await dead_letters(bus, form.which, form.channel)
    for letter in letters:
        if not bus.hub.find(letter.channel) or letter.channel.method not in bus.methods:
            raise NotFound(
                _(
                    "The channel {channel} no longer exists. Add it, or drop the dead letter.",
                    channel=letter.channel,
                )
            )
    await bus.hub.retry(letters, entry(caller, bus, "deadletter-retry", before=listed(letters)))
    return Done(
        _(
            "Retrying {count}. “trace {id}” shows the progress.",
            count=len(letters),
            id=letters[0].message.short_id,
        )
    )


def listed(letters: Sequence[Delivery]) -> str:
    """Dead letters for the audit log."""
    return f"{letters[0].channel} " + ", ".join(str(one.seq) for one in letters)


ACTION = Action(
    "deadletter-retry", _("Retry dead letters"), Role.OPERATOR, run, Letters, group="system"
)
