"""`help`: what the bot can do for the one who asks."""

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.words import Words, _
from component.message import Channel
from component.roles import Role


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    mine = [
        action for action in bus.actions.values()
        if action.role <= caller.role and (action.public or not caller.in_room)
    ]  # fmt: skip
    lines = [
        _("{name}: {title}", name=action.name, title=action.title)
        for action in sorted(mine, key=lambda action: action.name)
    ]
    title = _("I pass messages between rooms, shoutboxes and people. I know these commands:")
    return Lines(title, [*lines, _rest(caller, bus)])


def _rest(caller: Caller, bus: Bus) -> Words:
    if caller.in_room:
        return _("In private, write to {bot}. The shoutboxes are at {web}", bot=bus.bot, web=bus.web)
    ends = bus.hub.leads_to(Channel("chat", caller.jid)) if caller.jid else ()
    if not ends:
        return _("The shoutboxes are at {web}", web=bus.web)
    return _("Anything else you write to me goes to {ends}, for everyone who reads there. The shoutboxes are at {web}",
             ends=", ".join(ends), web=bus.web)  # fmt: skip


ACTION = Action("help", _("List all commands"), Role.GUEST, _run, public=True)
