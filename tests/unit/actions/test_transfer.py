"""Export and import: what is written is read again, a dry run first, every fault at once, all or nothing."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.action import Bus, Caller, Done, Step, begin, go_on
from commands.actions.export import table, written
from commands.text import Text
from component.config import digest
from component.errors import Conflict
from component.message import Channel
from component.ports import Audit, ChannelSpec, Drop, Grant, Put, Thing, Token
from component.roles import Role
from component.route import Route
from component.text import is_clean
from component.xmpp.bot import Asked
from tests.unit.fakes import a_bus

BOX, ROOM, OTHER, ANYONE = (
    Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.x"), Channel("shoutbox", "back"), Channel("chat", "*"),
)  # fmt: skip
NOBODY = Audit(0, "", "", "")
ADMIN = Caller("admin@x", "admin", Role.ADMIN, way="form")
LISTS = ("channel list", "route list", "role list")


class Stage:
    """An admin who writes to the bot."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str) -> str:
        return str(await self._text.answer(Asked("admin@x", "admin", line, False)))

    async def lists(self) -> list[str]:
        return [await self.says(line) for line in LISTS]

    async def changes(self) -> int:
        return len(await self.bus.hub.store.audit())


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        yield Stage(bus)


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Stage]:
    """A bus with one of everything."""
    (tmp_path / "full").mkdir()
    async with a_bus(tmp_path / "full") as bus:
        room = ChannelSpec(ROOM, 'The "team"\\', {"subject": "é 😀", "invite": ["a@x", "b@x"]}, enabled=False)
        things: list[Thing] = [
            ChannelSpec(BOX, "Lobby"), room, ChannelSpec(ANYONE), Route(BOX, ROOM), Route(ROOM, BOX, enabled=False),
            Route(ANYONE, BOX), Grant("juliet@x", "operator"), Grant("romeo@x", "member"),
            Token("news", digest("secret"), "juliet@x"),
        ]  # fmt: skip
        await bus.settings.change([Put(one) for one in things], NOBODY)
        yield Stage(bus)


async def test_what_is_exported_is_imported(stage: Stage, full: Stage) -> None:
    toml = await full.says("export")
    tomllib.loads(toml)
    assert digest("secret") not in toml
    assert await stage.says(f"import sure\n{toml}") == "Imported: 8 changes."
    assert await stage.lists() == await full.lists()
    assert {one.channel: one.settings for one in stage.bus.hub.channels} == {
        one.channel: one.settings for one in full.bus.hub.channels
    }
    assert not stage.bus.settings.tokens
    assert await stage.says(f"import remove sure\n{toml}") == "Nothing would change."
    assert await full.says(f"import remove\n{toml}") == "Nothing would change."


async def test_a_dry_run_first(stage: Stage, full: Stage) -> None:
    before = await full.lists()
    await stage.says(f"import sure\n{await full.says('export')}")
    toml = """
    [[channel]]
    name = "shoutbox:lobby"
    title = "Hall"
    [[channel]]
    name = "shoutbox:back"
    [[route]]
    from = "shoutbox:back"
    to = "shoutbox:lobby"
    both = true
    [[role]]
    jid = "juliet@x"
    role = "admin"
    [[token]]
    name = "other"
    jid = "juliet@x"
    """
    shown = await stage.says(f"import remove\n{toml}")
    assert set(shown.splitlines()) >= {
        "(token “other” is not made: its secret is nowhere; “token create” makes one)",
        "~ shoutbox:lobby title=Lobby ⇒ shoutbox:lobby title=Hall",
        "+ shoutbox:back",
        "- chat:*",
        "+ shoutbox:back → shoutbox:lobby",
        "+ shoutbox:lobby → shoutbox:back",
        "- muc:team@rooms.x → shoutbox:lobby (off)",
        "~ juliet@x: operator ⇒ admin",
        "- romeo@x: member",
    }
    assert await stage.says("no") == "Left as it was."
    assert await stage.lists() == before
    await stage.says(f"import remove\n{toml}")
    assert (await stage.says("yes")).startswith("Imported: ")
    assert {str(one.channel) for one in stage.bus.hub.channels} == {"shoutbox:lobby", "shoutbox:back"}
    assert len(stage.bus.hub.routes) == 2
    assert stage.bus.settings.roles.given == {"juliet@x": Role.ADMIN}
    (_, line), *_ = await stage.bus.hub.store.audit()
    assert line.what == "import"
    assert "~ juliet@x: operator ⇒ admin" in line.after


async def test_without_remove_the_rest_stays(full: Stage) -> None:
    toml = '[[route]]\nfrom = "shoutbox:lobby"\nto = "muc:team@rooms.x"\noff = true'
    assert await full.says(f"import sure\n{toml}") == "Imported: 1 changes."
    assert [route.enabled for route in full.bus.hub.routes] == [False, False, True]
    assert len(full.bus.hub.channels) == 3
    assert "no [[channel]] does" in await full.says(f"import remove sure\n{toml}")


async def test_asked_for_in_a_conversation(stage: Stage) -> None:
    assert (await stage.says("import")).startswith("TOML?")
    shown = await stage.says('[[channel]]\nname = "muc:team@rooms.x"\ninvite = ["a@x", "b@x"]')
    assert "+ muc:team@rooms.x invite=" in shown
    assert await stage.says("yes") == "Imported: 1 changes."
    assert stage.bus.hub.channels[0].settings == {"invite": ["a@x", "b@x"]}


async def test_every_fault_at_once(stage: Stage) -> None:
    told = await stage.says(
        """import sure
        [xmpp]
        [[channel]]
        name = "pigeon:x"
        [[channel]]
        name = "shoutbox:bot"
        [[channel]]
        name = "shoutbox:a"
        nmae = 1
        paused = "yes"
        [[channel]]
        name = "shoutbox:a"
        [[route]]
        from = "shoutbox:a"
        to = "shoutbox:b"
        [[role]]
        jid = "nobody"
        role = "king"
        """
    )
    for fault in (
        "xmpp is not a setting", "there is no method “pigeon”", "the bot's own address", "nmae is not a setting",
        "paused must be true or false", "shoutbox:a stands twice", "names shoutbox:b, and no [[channel]] does",
        "“nobody”, which is no JID", "role is “king”: write member, operator or admin",
    ):  # fmt: skip
        assert fault in told, fault
    assert await stage.changes() == 0


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("this is none", "The file is not TOML"),
        ('[[role]]\njid = "admin@x"\nrole = "member"', "an admin by the configuration"),
        ('[[channel]]\nname = "muc:lobby@bus.example.org"', "an address of the bus itself"),
        ('[[route]]\nfrom = "shoutbox:a"\nto = "shoutbox:a"', "to itself would go nowhere"),
        ('[[role]]\njid = "a@x"\nrole = "member"\n' * 2, "a@x stands twice"),
        ("", "TOML?"),
    ],
)
async def test_what_can_not_be_imported(stage: Stage, toml: str, told: str) -> None:
    assert told in await stage.says(f"import sure\n{toml}")
    assert await stage.changes() == 0


async def test_changed_between_the_dry_run_and_the_yes(full: Stage) -> None:
    action = full.bus.actions["import"]
    first = await begin(action, ADMIN, full.bus)
    assert isinstance(first, Step)
    lines = ["[[channel]]", 'name = "shoutbox:lobby"', 'title = "Hall"', "[[channel]]", 'name = "shoutbox:back"']
    asked = await go_on(action, first, {"toml": lines}, ADMIN, full.bus)
    assert isinstance(asked, Step)
    (spec,) = [one for one in full.bus.hub.channels if one.channel == BOX]
    await full.bus.settings.change([Drop(spec)], NOBODY)
    before = await full.changes()
    with pytest.raises(Conflict):
        await go_on(action, asked, {"sure": ["1"]}, ADMIN, full.bus)
    assert not full.bus.hub.find(OTHER), "nothing of it was taken"
    assert await full.changes() == before
    assert isinstance(await go_on(action, asked, {"sure": ["0"]}, ADMIN, full.bus), Done)


async def test_a_long_difference_is_cut(stage: Stage) -> None:
    toml = "\n".join(f'[[channel]]\nname = "shoutbox:{number:03}"' for number in range(100))
    shown = await stage.says(f"import\n{toml}")
    assert "+ shoutbox:059" in shown
    assert "shoutbox:060" not in shown
    assert "… and 40 more" in shown
    assert await stage.says("yes") == "Imported: 100 changes."


async def test_more_than_a_message_carries(stage: Stage) -> None:
    specs = [ChannelSpec(Channel("shoutbox", f"{number:04}"), "x" * 200) for number in range(400)]
    await stage.bus.settings.change([Put(spec) for spec in specs], NOBODY)
    assert (await stage.says("export")).startswith("Error: That is more than a message carries")
    assert len(list(written(stage.bus))) == 1_600


@given(st.text().filter(is_clean), st.lists(st.text().filter(is_clean)), st.booleans())
def test_any_text_comes_back_from_toml(text: str, several: list[str], flag: bool) -> None:
    lines = table("thing", {"text": text, "several": several, "flag": flag})
    (found,) = tomllib.loads("\n".join(lines))["thing"]
    expected = {"text": text, "several": several, "flag": flag}
    assert found == {key: value for key, value in expected.items() if value}
