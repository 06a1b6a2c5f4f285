"""Configuration: every fault at once, each naming its table and what to do."""

import hashlib
from pathlib import Path

import pytest

from component.bus.model.message import Channel
from component.bus.model.route import Route, Stage
from component.common.errors import ConfigError
from component.config import Config, digest, load, parse
from component.fetch.policy import Allowed
from component.methods import discover
from component.storage import open_store

METHODS = discover()
XMPP = """
[xmpp]
component = "bus.example.org"
secret = "s3cret"
rooms = "rooms.example.org"
"""
BOX = "[[channel]]\nname = 'shoutbox:a'\n"
TOKEN = '[[token]]\nname = "demo"\nsecret = "0123456789abcdef"\njid = "a@example.org"\n'


def _parse(text: str, **environment: str) -> Config:
    return parse(text, METHODS, environment)


def _faults(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as told:
        _parse(text, **environment)
    faults = [str(fault) for fault in told.value.faults]
    assert str(told.value) == "\n".join(faults)
    return faults


def _fault(text: str, **environment: str) -> str:
    (fault,) = _faults(text, **environment)
    return fault


def test_the_least() -> None:
    config = _parse(XMPP)
    assert (config.xmpp.host, config.xmpp.port, config.xmpp.bot) == ("127.0.0.1", 5347, "bot")
    assert (config.web.host, config.web.port, config.web.public_url) == (
        "127.0.0.1",
        8080,
        "http://127.0.0.1:8080",
    )
    assert config.store == "sqlite:shoutbus.db"
    assert (config.admins, config.channels, config.routes, config.tokens) == ((), (), (), ())


def test_the_most() -> None:
    config = _parse(
        XMPP.replace("bus.example", "Bus.Example")
        + """
host = "10.0.0.1"
clear_text = true
port = 5348
bot = "Robot"
[web]
listen = "[::1]:9000"
public_url = "https://shouts.example.org/"
proxies = ["10.0.0.0/8", "::1"]
[store]
url = "sqlite:/var/lib/shoutbus/bus.db"
[fetch]
allow = ["intranet.example", "10.0.0.0/8"]
[[admin]]
jid = "Admin@Example.org"
[[channel]]
name = "muc:team@rooms.example.org"
title = "Team"
subject = "Welcome"
invite = ["Juliet@example.org"]
[[channel]]
name = "shoutbox:team"
[[channel]]
name = "chat:*"
[[route]]
from = "muc:team@rooms.example.org"
to = "shoutbox:team"
both = true
[[route]]
from = "chat:romeo@example.org"
to = "shoutbox:team"
"""
        + TOKEN
    )
    team, box = Channel("muc", "team@rooms.example.org"), Channel("shoutbox", "team")
    assert config.xmpp.component == "bus.example.org"
    assert (config.xmpp.host, config.xmpp.port, config.xmpp.bot) == ("10.0.0.1", 5348, "robot")
    assert (config.web.host, config.web.port, config.web.public_url) == (
        "::1",
        9000,
        "https://shouts.example.org",
    )
    assert config.web.proxies == ("10.0.0.0/8", "::1")
    assert config.fetch == Allowed.parse(["intranet.example", "10.0.0.0/8"])
    assert config.admins == ("admin@example.org",)
    assert config.channels[0].title == "Team"
    assert config.channels[0].settings == {"subject": "Welcome", "invite": ["juliet@example.org"]}
    assert config.routes == (
        Route(team, box),
        Route(box, team),
        Route(Channel("chat", "romeo@example.org"), box),
    )
    assert (
        config.tokens[0].digest
        == hashlib.sha256(b"0123456789abcdef").hexdigest()
        == digest("0123456789abcdef")
    )


def test_a_secret_from_the_environment() -> None:
    bare = XMPP.replace('secret = "s3cret"', "")
    assert _parse(bare, SHOUTBUS_SECRET="other").xmpp.secret == "other"
    assert _parse(XMPP, SHOUTBUS_SECRET="other").xmpp.secret == "other"
    assert _parse(XMPP, SHOUTBUS_SECRET="").xmpp.secret == "s3cret"
    assert "SHOUTBUS_SECRET" in _fault(bare)


def test_every_fault_at_once() -> None:
    faults = _faults(
        """
colour = "red"
[xmpp]
host = "xmpp.example.org"
port = 70000
component = "bus example"
rooms = 7
[web]
listen = "8080"
public_url = "shouts"
proxies = ["nonsense"]
[[admin]]
jid = "nobody"
[[channel]]
name = "shoutbox:Lobby"
[[channel]]
name = "mux:lobby@rooms.example.org"
[[channel]]
title = "no name"
[[route]]
from = "shoutbox:a"
to = "shoutbox:*"
[[token]]
name = "demo"
secret = "short"
jid = "admin"
"""
    )
    for start, words in (
        ("the file: ", "colour is not a setting"),
        ("[xmpp]: ", "host xmpp.example.org is another machine"),
        ("[xmpp]: ", "port must be a port number from 1 to 65535"),
        (
            "[xmpp]: ",
            "component is “bus example”, which is not a domain. Write it as component.example.org",
        ),
        ("[xmpp]: ", "secret is missing"),
        ("[xmpp]: ", "rooms must be text in quotation marks"),
        ("[web]: ", "listen is “8080”. Write it as address:port, for example 127.0.0.1:8080"),
        ("[web]: ", "public_url is “shouts”"),
        ("[web]: ", "proxies contains “nonsense”"),
        ("[[admin]] 1: ", "jid is “nobody”, which is not a JID. Write it as juliet@example.org"),
        ("[[channel]] 1: ", "Write it as shoutbox:lobby"),
        ("[[channel]] 2: ", "did you mean muc?"),
        ("[[channel]] 3: ", "name is missing"),
        ("[[route]] 1: ", "to: "),
        ("[[token]] 1: ", "openssl rand -hex 24"),
        ("[[token]] 1: ", "jid is “admin”"),
    ):
        assert any(one.startswith(start) and words in one for one in faults), (start, words, faults)
    assert all(one.endswith((".", "?")) and one.count("\n") == 0 for one in faults)
    assert len(faults) == len(set(faults)) == 16, faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (XMPP.replace("rooms =", "room ="), "room is not a setting. Did you mean rooms?"),
        (XMPP.replace("[xmpp]", "[xmp]"), "xmp is not a setting. Did you mean xmpp?"),
        (XMPP + "[web]\nlissen = 'x:1'", "[web]: lissen is not a setting. Did you mean listen?"),
        (
            XMPP + TOKEN.replace("jid =", "jit ="),
            "[[token]] 1: jit is not a setting. Did you mean jid?",
        ),
        (XMPP + "zzzzz = 1", "[xmpp]: zzzzz is not a setting."),
    ],
)
def test_did_you_mean(text: str, fault: str) -> None:
    assert any(fault in one for one in _faults(text))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_word(host: str) -> None:
    assert _parse(f"{XMPP}host = '{host}'").xmpp.host == host


@pytest.mark.parametrize("host", ["10.0.0.1", "xmpp.example.org", "0.0.0.0", "2001:db8::1"])
def test_another_machine_needs_clear_text(host: str) -> None:
    assert "clear_text = true" in _fault(f"{XMPP}host = '{host}'")
    assert _parse(f"{XMPP}host = '{host}'\nclear_text = true").xmpp.host == host


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("port = 0", "[xmpp]: port must be a port"),
        ("port = true", "[xmpp]: port must be a whole number"),
        ("port = '5347'", "[xmpp]: port must be a whole number"),
        ("clear_text = 'yes'", "[xmpp]: clear_text must be true or false"),
        ("bot = 'a b'", "[xmpp]: bot is “a b”"),
        ("bot = 'a/b'", "[xmpp]: bot is “a/b”"),
        ("bot = ''", "[xmpp]: bot is “”"),
        ("[[xmpp]]", "TOML"),
        ("[web]\nlisten = 'a:b'", "[web]: listen"),
        ("[web]\nlisten = ':80'", "[web]: listen"),
        ("[web]\nlisten = '1.2.3.4:99999'", "[web]: listen"),
        ("[web]\npublic_url = 'ftp://x'", "[web]: public_url"),
        ("[web]\npublic_url = 'http://[x'", "[web]: public_url"),
        ("[web]\nproxies = '10.0.0.1'", "[web]: proxies must be a list in square brackets"),
        ("[store]\nurl = 3", "[store]: url must be text in quotation marks"),
        (
            "[fetch]\nallow = ['10.0.0.0/8', 'a/b']",
            (
                "[fetch]: allow: “a/b” is not a host or a network. Write it as "
                "intranet.example.org or 10.1.0.0/16."
            ),
        ),
        ("[fetch]\nallow = '10.0.0.0/8'", "[fetch]: allow must be a list in square brackets"),
        ("[admin]\njid = 'a@b'", "the file: admin must be a list"),
        (
            "[[channel]]\nname = 'lobby'",
            (
                "[[channel]] 1: name: “lobby” is not a channel. Write it as method:address, for "
                "example shoutbox:lobby."
            ),
        ),
        ("[[channel]]\nname = 'muc:lobby'", "Write it as muc:team@rooms.example.org"),
        (
            "[[channel]]\nname = 'muc:a b@rooms.example.org'",
            "Write it as muc:team@rooms.example.org",
        ),
        (
            "[[channel]]\nname = 'shoutbox:a'\ninvite = ['a@x']",
            "shoutbox does not have settings, so “invite” cannot be set.",
        ),
        (
            "[[channel]]\nname = 'muc:a@x'\ninvite = ['nobody']",
            "[[channel]] 1: invite: “nobody” is not a JID. Write it as juliet@example.org.",
        ),
        (
            "[[channel]]\nname = 'muc:a@x'\nsubjekt = 'x'",
            "[[channel]] 1: muc does not have the setting “subjekt”; its settings are subject",
        ),
        (
            "[[channel]]\nname = 'shoutbox:a'\n[[channel]]\nname = 'shoutbox:a'",
            "shoutbox:a appears twice",
        ),
        (
            f"{BOX}[[route]]\nfrom = 'shoutbox:a'\nto = 'shoutbox:a'",
            "[[route]] 1: A route cannot lead from",
        ),
        (
            f"{BOX}[[route]]\nfrom = 'shoutbox:a'\nto = 'shoutbox:b'",
            "refers to shoutbox:b, which is not defined",
        ),
        (
            f"{BOX}[[channel]]\nname = 'chat:*'\n[[route]]\nfrom = 'chat:*'\nto = "
            "'shoutbox:a'\nboth = true",
            "[[route]] 1: from",
        ),
        (TOKEN + TOKEN.replace("abcdef", "abcdeg"), "Two [[token]] entries are named “demo”"),
        (
            TOKEN + TOKEN.replace("demo", "other"),
            "[[token]] “demo” and “other” have the same secret",
        ),
    ],
)
def test_one_fault(more: str, fault: str) -> None:
    found = _fault(XMPP + more)
    assert fault in found
    assert found.endswith(".")


ROUTE = (
    "[[channel]]\nname = 'muc:team@rooms.x'\n[[route]]\nfrom = 'shoutbox:a'\nto = "
    "'muc:team@rooms.x'\n"
)


def test_processors_of_a_route() -> None:
    """In their order, as a form or a line would set them; both ways where the route is."""
    (there, back) = _parse(
        XMPP
        + BOX
        + ROUTE
        + "both = true\n[[route.processor]]\nname = 'throttle'\ncount = 5\nper = '60s'\n"
        "then = 'hold'\n[[route.processor]]\nname = 'match'\nwords = ['storm', "
        "'rain']\nhas_link = true\n"
    ).routes
    assert (
        there.stages
        == back.stages
        == (
            Stage(1, "throttle", (("count", ("5",)), ("per", ("1min",)), ("then", ("hold",)))),
            Stage(2, "match", (("words", ("storm", "rain")), ("has_link", ("1",)))),
        )
    )


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ("name = 'delai'\nby = '1s'", "the processor “delai” does not exist; available are "),
        ("by = '1s'", "name is missing."),
        ("name = 1", "name must be text in quotation marks."),
        (
            "name = 'delay'\nby = 90",
            "by: “90” is not a duration. Write it as 90s, 10min, 2h or 1d.",
        ),
        ("name = 'delay'\nby = true", "by: “true” is not a duration"),
        ("name = 'delay'\nby = '1000d'", "is out of range. Choose from 1s to "),
        (
            "name = 'throttle'\ncount = 1.5\nper = '1s'\nthen = 'hold'",
            "count: “1.5” is not a whole number.",
        ),
        (
            "name = 'throttle'\ncount = 1\nper = '1s'\nthen = 'wait'",
            "then: “wait” is not one of the choices",
        ),
        ("name = 'digest'", "digest"),
    ],
)
def test_a_processor_that_is_wrong(stage: str, fault: str) -> None:
    found = _fault(
        f"{XMPP}{BOX}{ROUTE}[[route.processor]]\nname = 'quotes'\n[[route.processor]]\n{stage}"
    )
    assert found.startswith("[[route]] 1, [[route.processor]] 2: ")
    assert found.endswith((".", "?"))
    assert fault in found.casefold() if fault == "digest" else fault in found


async def test_processors_seed_a_store(tmp_path: Path) -> None:
    config = _parse(f"{XMPP}{BOX}{ROUTE}[[route.processor]]\nname = 'delay'\nby = '10min'")
    store = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    await store.configuration.seed(config.channels, config.routes, config.tokens)
    (route,) = await store.configuration.routes()
    await store.close()
    assert route.stages == (Stage(1, "delay", (("by", ("10min",)),)),)


def test_tables_written_as_a_list() -> None:
    """They were once passed over in silence: an admin who was none."""
    assert "[[admin]]" in _fault(f'admin = ["a@example.org"]\n{XMPP}')


@pytest.mark.parametrize("key", ["name", "secret", "jid"])
def test_a_token_needs_all_of_it(key: str) -> None:
    text = "\n".join(line for line in TOKEN.splitlines() if not line.startswith(key))
    assert _fault(XMPP + text).startswith(f"[[token]] 1: {key} is missing")


def test_nothing_at_all() -> None:
    faults = _faults("")
    assert "the file: xmpp is missing." in faults


def test_not_toml() -> None:
    fault = _fault("[xmpp\n")
    assert "TOML" in fault
    assert "line 1" in fault


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "shoutbus.toml"
    file.write_text(XMPP)
    assert load(file, METHODS, {}).xmpp.secret == "s3cret"
    file.write_bytes(b"# caf\xe9\n" + XMPP.encode())
    for path, words in (
        (file, "is not UTF-8 (byte 5). Save it as UTF-8"),
        (tmp_path / "none.toml", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
    ):
        with pytest.raises(ConfigError) as told:
            load(path, METHODS, {})
        assert str(path) in str(told.value)
        assert words in str(told.value)


def test_jids_are_as_a_server_has_them() -> None:
    config = _parse(
        XMPP.replace("bus.example.org", "Bus.Example.org")
        + """
[[admin]]
jid = "Größe@Example.org"

[[channel]]
name = "muc:Straße@Rooms.example.org"

[[channel]]
name = "chat:Juliet@Example.org"
"""
    )
    assert config.xmpp.component == "bus.example.org"
    assert config.admins == ("grösse@example.org",)
    assert [str(spec.channel) for spec in config.channels] == [
        "muc:strasse@rooms.example.org",
        "chat:juliet@example.org",
    ]
