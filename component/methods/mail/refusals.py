"""Whether a refusal says that nobody is at an address: one table for the replies of mail servers
and for reports (RFC 3463, RFC 5321 section 4.2). Pure.

A refusal that is about the sender, the content, the size, a quota, a policy or the network says
nothing about the address. What the table does not list is of that kind too, so the address is kept.
"""

import re

NOBODY = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (1, 351), (2, 1)})
"""Subject and detail of a status that means that the mailbox or its domain does not exist, has
moved or is closed. 5.1.351 is what Exchange Online reports of another server's 5.1.1."""
VAGUE = frozenset({(0, 0), (1, 0), (2, 0), (5, 0)})
"""Subject and detail of a status that does not say what is wrong: the words do."""
ACCESS_DENIED = (4, 1)
"""Exchange Online's status for a recipient that does not exist, with the words “Access denied”."""

STATUS = re.compile(r"(?:\d{3}[ -]+)?([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
"""A status (RFC 3463 section 2) at the beginning of a server's words, or behind a reply code."""
_THING = r"(?:users?|recipients?|mailbox|address|addressee|account|person)"
_DENIED_RECIPIENT = re.compile(r"\brecipient\b.*\baccess denied\b", re.IGNORECASE)
_NO_MAILBOX = re.compile(
    rf"\bno such (?:\w+ )?{_THING}\b"
    rf"|\b(?:unknown|invalid|non-?existent) (?:local )?{_THING}\b"
    rf"|\b{_THING}\b[^.;]*? (?:unknown|invalid|closed|deleted)\b"
    rf"|\b{_THING}\b[^.;]*? not (?:found|known|valid|local|here)\b"
    rf"|\b{_THING}\b[^.;]*? (?:does not|doesn['’]t|did not) exist\b"
    rf"|\bnot (?:our|a (?:local|known|valid)) (?:customer|{_THING})\b"
    rf"|\bno (?:{_THING}) (?:here|by that name|with that name)\b"
    r"|\bmailbox (?:is )?unavailable\b"
    r"|\bunrout(?:e)?able address\b"
    r"|\b(?:benutzer|empfänger|postfach|adresse)\b[^.;]*? (?:unbekannt|existiert nicht)\b"
    r"|\bunbekannter? (?:benutzer|empfänger)\b",
    re.IGNORECASE,
)
_OTHER_REASON = re.compile(
    r"relay|spam|polic|block|black|grey|gray|listed|reput|denied|prohib|refus|authenti|sender"
    r"|spf|dkim|dmarc|\brate\b|not (?:allowed|permitted|accepted)|reject(?:ed)? by"
    r"|too (?:many|much)|client|\bdns\b|quota|\bfull\b|tempor|later|locked|suspend|expired",
    re.IGNORECASE,
)


def is_nobody(words: str, status: str = "") -> bool:
    """Return whether a refusal means that nobody is at the address.

    `words` are those of the server, with or without its reply code. `status` is the one that a
    report gives beside them; a status in the words is more exact, and counts instead.
    """
    words = words.strip()
    if re.match(r"[234]\d\d\b", words):
        return False  # for now only
    found = STATUS.match(words) or STATUS.match(status.strip())
    if not found:
        return says_no_mailbox(words)
    if found[1] != "5":
        return False
    return is_nobody_by_status((int(found[2]), int(found[3])), words)


def is_nobody_by_status(kind: tuple[int, int], words: str) -> bool:
    """Return what a permanent status of that subject and detail means, with the server's words."""
    if kind in VAGUE:
        return says_no_mailbox(words)
    if kind == ACCESS_DENIED:
        return bool(_DENIED_RECIPIENT.search(words))
    if kind == (2, 1):  # also Gmail's status for a mailbox that gets too much at the moment
        return not re.search(r"\brate\b|tempor|later", words, re.IGNORECASE)
    return kind in NOBODY


def says_no_mailbox(words: str) -> bool:
    """Return whether words say that the mailbox does not exist, and give no other reason."""
    return bool(_NO_MAILBOX.search(words)) and not _OTHER_REASON.search(words)
