"""Channel, Author, Message: a bad one can't be made."""

import dataclasses
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import (
    MAX_BODY,
    MAX_NAME,
    WEB_MARK,
    Author,
    Channel,
    Message,
    id_from,
    is_id,
    new_id,
)
from component.common.errors import BadInput, TooLong
from tests.support.fakes import AUTHOR, FROM, said

ID = "0" * 31 + "a"


@pytest.mark.parametrize(
    "text", ["shoutbox:lobby", "muc:team@rooms.example.org", "chat:*", "sms:+49151", "a:b:c"]
)
def test_a_channel_is_written_as_it_is_read(text: str) -> None:
    assert str(Channel.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "lobby",
        "shoutbox:",
        ":lobby",
        "Muc:a@b",
        "1a:b",
        "a b:c",
        "ä:b",
        f"{'m' * 33}:a",
        "a:\x00",
        "a:b\nc",
        "a: b",
        "a:b\u202ec",
        "a:\ud800",
        f"a:{'x' * 1024}",
    ],
)
def test_no_channel(text: str) -> None:
    with pytest.raises(BadInput):
        Channel.parse(text)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_a_channel_or_bad_input(text: str) -> None:
    try:
        channel = Channel.parse(text)
    except BadInput as error:
        str(error).encode()
    else:
        assert Channel.parse(str(channel)) == channel
        assert channel.anyone == Channel(channel.method, "*")


@pytest.mark.parametrize(
    "name", ["Zoe", "Zoë", "佐藤 さん", "a/b", "😀", "<b>", "o'Neill", "x" * MAX_NAME, "  Zoe   B "]
)
def test_a_name(name: str) -> None:
    author = Author.guest(name, "1")
    assert author.name == " ".join(name.split())
    assert author.shown == f"{author.name} {WEB_MARK}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\t\n",
        "\u200b",
        "\u202eeoz",
        "z\u00adoe",
        "a\x00b",
        "a\x1bb",
        "a\ufffeb",
        "\ud800",
        "x" * 2000,
        "é" * 1000,
        "x" * (MAX_NAME + 1),
        WEB_MARK,
        f"Zoe {WEB_MARK}",
        "Zoe (WEB)",
        "Zoe （ｗｅｂ）",
        "Zoe ( w e b )",
        "Zoe (wеb)",
    ],
)
def test_no_name(name: str) -> None:
    with pytest.raises(BadInput) as told:
        Author.guest(name, "1")
    assert len(str(told.value)) < 200


def test_only_guests_carry_the_mark() -> None:
    assert Author("juliet", "juliet@example.org").shown == "juliet"
    assert Author("demo", "token:demo").shown == "demo"
    assert Author.guest("Zoe", "1").shown == "Zoe (web)"


def test_a_message_is_scrubbed_and_gets_an_id() -> None:
    message = said("\n a\x00b\r\n\n")
    assert message.body == " a\ufffdb"
    assert is_id(message.id)
    assert message.origin == f"{FROM}#{message.id}"
    assert message.line == "Juliet:  a\ufffdb"
    assert said().id != said().id


def test_a_message_keeps_the_id_and_origin_it_brought() -> None:
    message = said(id=ID, origin="room#1")
    assert (message.id, message.origin) == (ID, "room#1")


@pytest.mark.parametrize("body", ["", " ", "\n\n", "\t \r\n"])
def test_an_empty_message(body: str) -> None:
    with pytest.raises(BadInput):
        said(body)


def test_a_message_too_long() -> None:
    said("x" * MAX_BODY)
    with pytest.raises(TooLong) as told:
        said("x" * (MAX_BODY + 1))
    assert str(MAX_BODY) in str(told.value)


@pytest.mark.parametrize("id", ["x", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n"])
def test_a_bad_id(id: str) -> None:
    with pytest.raises(BadInput):
        said(id=id)
    assert not is_id(id)


@pytest.mark.parametrize("bad", ["\udcff", "\x00", "\ufffe"])
def test_what_no_database_could_give_back(bad: str) -> None:
    """A lone surrogate (from the bytes of a header) once made a whole channel unreadable."""
    with pytest.raises(BadInput):
        said(origin=f"token:demo#{bad}")
    with pytest.raises(BadInput):
        said(author=Author(f"a{bad}", "k"))
    with pytest.raises(BadInput):
        said(author=Author("a", f"k{bad}"))
    with pytest.raises(BadInput):
        Message(ID, "o", FROM, AUTHOR, f"a{bad}", 1)


def test_nothing_can_be_changed() -> None:
    for one, field in ((said(), "body"), (FROM, "method"), (AUTHOR, "name")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, field, "x")


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_a_message_or_bad_input(body: str) -> None:
    try:
        said(body).body.encode()
    except BadInput as error:
        str(error).encode()


def test_one_origin_has_one_id() -> None:
    assert id_from("muc:a@b#1") == id_from("muc:a@b#1") != id_from("muc:a@b#2")
    assert is_id(id_from(""))
    assert not is_id(None)


def test_ids_grow_with_time() -> None:
    """UUIDs of version 7, RFC 9562 section 5.7."""
    now = 1_780_000_000_000
    ids = [new_id(now + step) for step in range(50)]
    assert ids == sorted(ids)
    assert len(set(ids) | {new_id(now) for _ in range(1_000)}) == 1_050
    for one in (*ids, new_id(0), new_id(-5), new_id(2**60)):
        assert is_id(one)
        assert uuid.UUID(one).version == 7
        assert uuid.UUID(one).variant == uuid.RFC_4122
    assert int(ids[0][:12], 16) == now


def test_a_message_has_an_id_of_its_time() -> None:
    message = Message.new(
        Channel("shoutbox", "lobby"), Author("J", "j@x"), "hello", 1_780_000_000_000
    )
    assert int(message.short_id, 16) == message.at
    assert message.id.startswith(message.short_id)
