"""A component's connection, to a server that does no more than the handshake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

from component.cli.prosody import HOST
from component.xmpp.stream.connection import ComponentAccount, Connection, connect

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='1' from='bus.localhost'>"
)


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"xmlns:stream")
    writer.write(HEADER)
    await reader.readuntil(b"</handshake>")
    writer.write(b"<handshake/>")
    await reader.read()
    writer.close()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, list[Element]]]:
    """A connection past its handshake, and what it hears."""
    heard: list[Element] = []
    server = await asyncio.start_server(shake_hands, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    connection = await connect(
        ComponentAccount(HOST, port, "bus.localhost", "secret"), heard.append
    )
    try:
        yield connection, heard
    finally:
        await connection.close()
        server.close()


async def test_a_stanza_in_two_parts_waits_for_no_other() -> None:
    stanza = b"<message from='juliet@localhost/balcony' to='bot@bus.localhost'><body/></message>"
    async with connected() as (connection, heard):
        for cut in range(len(stanza)):
            connection.data_received(stanza[:cut])
            connection.data_received(stanza[cut:])
            assert len(heard) == cut + 1


async def test_a_stanza_comes_byte_by_byte() -> None:
    stanza = b"<message from='juliet@localhost'><body>Good night</body></message> "
    async with connected() as (connection, heard):
        for place in range(len(stanza)):
            connection.data_received(stanza[place : place + 1])
        [message] = heard
        assert "Good night" in message.itertext()


async def test_what_is_no_xml_ends_the_stream() -> None:
    async with connected() as (connection, heard):
        connection.data_received(b"<message><body></message>")
        await asyncio.wait_for(connection.ended.wait(), 10)
        assert heard == []
