"""What the bot says to a new contact: who reads what they write here, and how to begin."""

from collections.abc import Sequence

from component.common.i18n import Words, _, joined


def welcome_words(ends: Sequence[str], channel: str) -> Words:
    """The sentences for someone whose messages are posted to `ends`; `channel` is one to read, or
    ""."""
    lines = [_("Hello! I am Shoutbus. I forward messages between rooms, shoutboxes and people.")]
    if ends:
        lines.append(
            _(
                "What you write here and is not a command is posted to {ends}, where everyone can "
                "read it. I ask before your first post.",
                ends=", ".join(ends),
            )
        )
    else:
        lines.append(_("What you write here is not forwarded to anyone."))
    lines.append(_("Some lines to begin with:"))
    lines.append(_("“help” lists what I can do"))
    if channel:
        lines.append(_("“last {channel}” shows its newest messages", channel=channel))
        lines.append(_("“subscribe {channel} daily at 9” sends you a digest", channel=channel))
    else:
        lines.append(_("“whoami” shows who you are to me"))
        lines.append(_("“remind me in 20 minutes to stretch” reminds you"))
    return joined(lines, "\n")
