"""What the XMPP side asks of the rest of the bus, and the data that pass between them."""

from dataclasses import dataclass

from component.xmpp.stanza import COMMANDS, error


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that may be meant for the bot: the bare JID of its author ("" where a room hides it),
    their name, the text, whether others read along, and the language it is answered in."""

    jid: str
    nick: str
    text: str
    in_room: bool
    language: str = "en"


@dataclass(frozen=True, slots=True)
class PlainMessage:
    """A line that is not a command, because its author marked it as a message. `body` is the text
    without the mark."""

    body: str


class IqFault(Exception):
    """Answers an IQ with an error: its type, RFC 6120 condition, a sentence, and where there is one
    the condition of XEP-0050."""

    def __init__(self, kind: str, condition: str, sentence: str, own: str = "") -> None:
        super().__init__(sentence)
        self.xml = error(kind, condition, sentence, f'<{own} xmlns="{COMMANDS}"/>' if own else "")
