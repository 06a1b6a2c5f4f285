"""The ways to send SMS, one file each. `for_setup` gives the one that is configured."""

import asyncio
from typing import Protocol

from component.bus.ports.method import Direct
from component.methods.sms.providers import smpp
from component.methods.sms.providers.gateway import GatewayProvider
from component.methods.sms.providers.http import HttpApi, HttpProvider
from component.methods.sms.providers.kannel import Kannel
from component.methods.sms.providers.twilio import Twilio
from component.methods.sms.providers.vonage import Vonage
from component.methods.sms.setup import ProviderName, SmsSetup


class Provider(Protocol):
    """Sends SMS.

    `send` returns once the other side has accepted the text. It raises Unavailable or Refused where
    the text was certainly not sent, and Unconfirmed where that is not known.
    """

    async def ready(self) -> None:
        """Return once the provider can be asked."""

    async def send(self, number: str, text: str, id: str) -> None:
        """Send a text to a number in E.164 form; `id` is the message's id, in hexadecimal."""

    async def close(self) -> None:
        """End all connections."""


def for_setup(setup: SmsSetup, direct: Direct) -> Provider:
    """The configured provider."""
    if setup.gateway:
        return GatewayProvider(direct, setup.gateway.domain)
    if setup.provider is ProviderName.SMPP:
        return smpp.SmppProvider(smpp.SmppAccount.of(setup))
    return HttpProvider(http_api(setup), setup.secrets)


def http_api(setup: SmsSetup) -> HttpApi:
    """The API of the configured provider, which is asked over HTTP."""
    if setup.provider is ProviderName.TWILIO:
        return Twilio.of(setup)
    if setup.provider is ProviderName.VONAGE:
        return Vonage.of(setup)
    return Kannel.of(setup)


async def probe(setup: SmsSetup) -> str:
    """Try what can be tried without sending a message, which is the login over SMPP.

    Returns what is wrong, "" where nothing is.
    """
    if setup.provider is not ProviderName.SMPP:
        return ""
    return await asyncio.to_thread(smpp.probe, smpp.SmppAccount.of(setup))
