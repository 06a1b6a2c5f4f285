"""The bot's forms as a real client shows them (XEP-0050, XEP-0004)."""

from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ET, JID

from component.cli.prosody import COMPONENT
from tests.support.people import Person

BOT = f"bot@{COMPONENT}"
COMMANDS, DATA = "http://jabber.org/protocol/commands", "jabber:x:data"


class Form:
    """One command, step by step."""

    def __init__(self, me: Person, node: str) -> None:
        self._me = me
        self._node = node
        self._session: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        """What stands in each field."""

    async def send(self, action: str = "execute", **values: str) -> str:
        """A step; gives what is told: the note, or what stands above the fields."""
        iq: Any = self._me.make_iq(ito=JID(BOT), itype="set")
        command = ET.Element(
            f"{{{COMMANDS}}}command", {"node": self._node, "action": action, **self._session}
        )
        if values:
            form = ET.SubElement(command, f"{{{DATA}}}x", {"type": "submit"})
            for name, value in values.items():
                ET.SubElement(
                    ET.SubElement(form, f"{{{DATA}}}field", {"var": name}), f"{{{DATA}}}value"
                ).text = value
        iq.append(command)
        answer = (await iq.send(timeout=15)).xml.find(f"{{{COMMANDS}}}command")
        assert answer is not None
        self._session = {"sessionid": answer.get("sessionid", "")}
        shown = list(answer.iter(f"{{{DATA}}}field"))
        self.fields = dict(_value(one) for one in shown if one.get("type") != "fixed")
        above = " ".join(_value(one)[1] for one in shown if one.get("type") == "fixed")
        return answer.findtext(f"{{{COMMANDS}}}note") or above


def _value(one: Element) -> tuple[str, str]:
    return one.get("var", ""), one.findtext(f"{{{DATA}}}value") or ""
