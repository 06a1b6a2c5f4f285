"""What a refusal means for an address: one table for replies (RFC 5321) and reports (RFC 3464).
Pure.

Only what says that nobody is there ends anything. What is not in the table keeps the address.
"""

import re
from enum import Enum
from typing import Self

MAX_WORDS = 1_000
"""Characters of a refusal that are read."""


class Meaning(Enum):
    """What a refusal is about."""

    GONE = "gone"
    """Nobody is there."""
    ABOUT_US = "about-us"
    """The server that the mail came from, its sender or its words are not wanted."""
    KEPT = "kept"
    """Something else, or nothing is known: a full mailbox, a network, a fault that passes."""


GONE, ABOUT_US, KEPT = Meaning.GONE, Meaning.ABOUT_US, Meaning.KEPT

STATUSES = {
    (1, 1): GONE,
    (1, 2): GONE,
    (1, 3): GONE,
    (1, 6): GONE,
    (1, 7): ABOUT_US,
    (1, 8): ABOUT_US,
    (1, 10): GONE,
    (1, 351): GONE,  # Exchange Online: a server behind it knows no such recipient
    (2, 1): GONE,
    (2, 2): KEPT,
    (2, 3): KEPT,
}
"""Subject and detail of a status of class 5 (RFC 3463 section 3, and IANA's registry)."""
SUBJECTS = {3: KEPT, 4: KEPT, 5: KEPT, 6: KEPT, 7: ABOUT_US}
"""Subjects whose details are never about whether somebody is there."""
VAGUE = (5, 0)
"""What some servers, such as Outlook.com, give for everything, of those."""
CODES = {522: KEPT, 552: KEPT, 556: GONE}
"""Codes that say it by themselves: no room (RFC 5321), no mail in that domain (RFC 7504)."""
MAILBOX_CODES = frozenset({550, 551, 553})
"""Codes whose words count where no status is given (RFC 5321 section 4.2.3)."""

PASSING = re.compile(
    r"quota|\bfull\b|over ?drawn|exceed|too (?:large|big|long)|\bsize\b|storage|disk|"
    r"temporar|vorübergehend|try (?:again )?later|\bbusy\b|time[d ]*out",
    re.IGNORECASE,
)
"""The mailbox is there, and may take mail another time."""
NOT_WANTED = re.compile(
    r"\brelay(?:ing)? (?:access )?(?:is )?(?:not|denied|prohib|refus|disallow)|"
    r"(?:not?|to|mail|open) relay\b|rcpthosts|"
    r"spam|virus|phish|malware|unsolicited|\bbulk\b|abuse|suspicious|"
    r"\bblock|(?:black|deny|gr[ae]y) ?-?list|\b(?:dns|u?r)bls?\b|(?<!not )\blisted\b|"
    r"reput|polic(?:y|ies)|prohibit|\bban(?:ned)?\b|unwelcome|throttl|\brate\b|too (?:many|much)|"
    r"authenti|\bspf\b|\bdkim\b|\bdmarc\b|\bdns\b|\bptr\b|\bhelo\b|\behlo\b|"
    r"\bsend(?:er|ing)\b|mail from|from address|return.?path|verif(?:y|ication)|call(?:out|back)|"
    r"your (?:ip|host|server|network|isp|account|domain)\b|\bip (?:address|is|has|not)\b|"
    r"client (?:host|address|ip)|access (?:is )?denied|not (?:allowed|permitted|accepted)",
    re.IGNORECASE,
)
"""It is about the sender or the words."""
WHO = (
    r"(?:users?|recipients?|mail\s?box(?:es)?|accounts?|address(?:es|ee|ees)?|alias|person|"
    r"customer|subscriber|inbox|e-?mail|empfänger|benutzer|postfach|adresse)"
)
NOBODY = re.compile(
    rf"\b(?:no|not (?:an?|our)|unknown|invalid|bad|wrong|inactive|disabled|non-?existent|illegal|"
    rf"undeliverable|unroute?able)"
    rf"(?: such| such a| an?| valid| local| active| known| existing| or| illegal| e-?mail){{0,3}}"
    rf" {WHO}\b|"
    rf"\b{WHO}\b[^.;]{{0,80}}?"
    rf" (?:unknown|not (?:be )?(?:found|known|exist\w*|local|valid|active|listed|here)|"
    rf"(?:does ?n[o'’]?t|does not|do not|did not|didn['’]t|no longer|never) exists?|unavailable|"
    rf"invalid|inactive|disabled|deactivated|discontinued|closed|deleted|removed|no longer|"
    rf"(?:does ?n['’]?t|does not) have an?|couldn['’]t be found|can['’]t be found|"
    rf"unbekannt|existiert nicht|gibt es nicht)(?!\w)|"
    r"unroute?able mail domain|\bnot our (?:user|customer)|\bnobody (?:here|by that name)\b|"
    r"no longer (?:here|works? (?:here|for)|with (?:us|the)|employed)|"
    r"\bunbekannte\w* (?:benutzer|empfänger|adresse)|(?:utilisateur|destinataire) inconnu",
    re.IGNORECASE,
)
"""Nobody is there."""

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.])([2-5]\d\d)(?=[ -]|$)")
_NOT_WORDS = re.compile(r"<[^<>\s]*>|\S+@\S+|\w+://\S+|#?(?<![\d.])(?:5\d\d[ -])?5\.\d+\.\d+")
"""Addresses and numbers in a refusal, whose letters say nothing."""
_ACCESS_DENIED = re.compile(r"\brecipient\b.*\baccess denied\b", re.IGNORECASE)
"""How Exchange Online says with a 5.4.1 that it knows no such recipient."""


class Status(tuple[int, int, int]):
    """Class, subject and detail (RFC 3463 section 2)."""

    __slots__ = ()

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The first status in a text."""
        found = _STATUS.search(text)
        if found is None:
            return None
        return cls(int(part) for part in found.groups())

    @property
    def meaning(self) -> Meaning | None:
        """What it means by itself; None where it is for the words to say."""
        kind, subject, detail = self
        if kind != 5:
            return KEPT
        if (subject, detail) == VAGUE:
            return None
        return STATUSES.get((subject, detail), SUBJECTS.get(subject))


def of_reply(code: int, text: str) -> Meaning:
    """What a reply to RCPT or DATA is about."""
    return judge(code, text, None)


def of_report(status: str, diagnostic: str) -> Meaning:
    """What a report says of a recipient: the reply that it quotes is more exact than its status."""
    code = 550
    found = _REPLY.search(diagnostic)
    if found:
        code = int(found[1])
    return judge(code, diagnostic, Status.find(status))


def is_vague(status: str) -> bool:
    """Whether a status leaves it to words what it is about, as 5.0.0 does."""
    found = Status.find(status)
    return found is None or found.meaning is None


def judge(code: int, text: str, reported: Status | None) -> Meaning:
    """What a refusal is about, by the most exact of what it says."""
    if code < 500 or (reported and reported[0] != 5):
        return KEPT
    text = text[:MAX_WORDS]
    status = Status.find(text)
    if status == (5, 4, 1) and _ACCESS_DENIED.search(plain(text)):
        return GONE
    for given in (status, reported):
        meaning = given and given.meaning
        if meaning is GONE:
            return doubted(text)
        if meaning:
            return meaning
    return by_words(code, text, has_status=bool(status or reported))


def doubted(text: str) -> Meaning:
    """What a status that says that nobody is there is about, where the words deny it."""
    words = plain(text)
    if PASSING.search(words):
        return KEPT
    if NOT_WANTED.search(words):
        return ABOUT_US
    return GONE


def by_words(code: int, text: str, *, has_status: bool) -> Meaning:
    """What a refusal without a status that means something is about."""
    meaning = doubted(text)
    if meaning is not GONE:
        return meaning
    if code in CODES:
        return CODES[code]
    if (has_status or code in MAILBOX_CODES) and NOBODY.search(plain(text)):
        return GONE
    return KEPT


def plain(text: str) -> str:
    """The words of a refusal, in one line."""
    return " ".join(_NOT_WORDS.sub(" ", text).split())
