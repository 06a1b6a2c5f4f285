"""`stop`: what a message is answered with by who wants no more: their one subscription ends, of several it is asked
which. The word alone: “stop it please” is a message."""

from commands.action import Action, Bus, Caller, Done, Reply
from commands.subscribing import NONE_YET, choose, end
from component.roles import Role
from component.words import _

_TITLE = _("End subscriptions")


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    mine = await bus.subscriptions.of(caller.jid)
    if not mine:
        return Done(NONE_YET)
    return await end(caller, mine, bus) if len(mine) == 1 else choose(_TITLE, mine, end)


ACTION = Action("stop", _TITLE, Role.MEMBER, _run, group="subscriptions", also=("stopp",))
