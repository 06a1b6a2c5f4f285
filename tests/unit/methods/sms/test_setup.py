"""What `[sms]` may say."""

import pytest

from component import methods
from component.common.errors import ConfigError
from component.config import parse
from component.methods.sms import providers
from component.methods.sms.method import METHOD
from component.methods.sms.providers.smpp import SmppAccount
from component.methods.sms.setup import ProviderName, SmsSetup
from tests.unit.methods.sms.test_method import FakeDirect

BEGIN = """
[xmpp]
component = "bus.example.org"
secret = "0123456789abcdef"
rooms = "rooms.example.org"
"""
SMPP = 'provider = "smpp"\naccount = "a"\nsecret = "b"\nsender = "c"'
BAD_URLS = [
    "http://127.0.0.1",
    "127.0.0.1:2775",
    "smpp://",
    "smpp://user:secret77@127.0.0.1",
    "smpp://127.0.0.1:99999999",
]
SPECS = {**methods.discover(), METHOD.name: METHOD}


def _read(table: str, **environment: str) -> SmsSetup:
    setup = parse(f"{BEGIN}\n[sms]\n{table}", SPECS, environment).setup["sms"]
    assert isinstance(setup, SmsSetup)
    return setup


def _faults(table: str) -> str:
    with pytest.raises(ConfigError) as told:
        _read(table)
    return str(told.value)


def test_a_gateway() -> None:
    setup = _read('gateway = "SMS.example.org"\ncountries = ["+49", "+43"]\nzone = "europe/berlin"')
    assert str(setup.gateway) == "sms.example.org"
    assert (setup.parts, setup.budget, setup.per_number, str(setup.zone)) == (
        2,
        100,
        20,
        "Europe/Berlin",
    )
    assert setup.admits("+4915112345678")
    assert setup.admits("+436601234567")
    assert not setup.admits("+15551234567")


def test_a_secret_from_the_environment() -> None:
    setup = _read(
        'countries = ["+49"]\nprovider = "Vonage"\naccount = "abcdefgh"\nsender = "+15551234567"',
        SHOUTBUS_SMS_SECRET="0123456789abcdef",
    )
    assert setup.provider is ProviderName.VONAGE
    assert setup.secret == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(setup)


@pytest.mark.parametrize(
    "table",
    [
        'provider = "twilio"\naccount = "AC1"\nsecret = "x"\nsender = "+15551234567"',
        'provider = "twilio"\naccount = "AC1"\nsecret = "x"\nsender = "MG1"\nurl = '
        '"https://api.dublin.ie1.twilio.com"',
        'provider = "kannel"\naccount = "bus"\nsecret = "x"\nurl = "http://127.0.0.1:13013"',
        'provider = "smpp"\naccount = "bus"\nsecret = "x"\nsender = "1"\nurl = "smpp://[::1]"',
        'provider = "smpp"\naccount = "bus"\nsecret = "x"\nsender = "1"\nurl = "smpps://sms:3550"',
    ],
)
async def test_each_provider_is_made(table: str) -> None:
    await providers.for_setup(_read(f'countries = ["+49"]\n{table}'), FakeDirect()).close()


def test_ports_of_message_centres() -> None:
    table = 'countries = ["+49"]\nprovider = "smpp"\naccount = "b"\nsecret = "x"\nsender = "+1555"'
    plain = SmppAccount.of(_read(f'{table}\nurl = "smpp://sms.example.org"'))
    private = SmppAccount.of(_read(f'{table}\nurl = "smpps://sms.example.org"'))
    other = SmppAccount.of(_read(f'{table}\nurl = "smpps://sms.example.org:4000"'))
    assert [plain.port, private.port, other.port] == [2775, 3550, 4000]
    assert [plain.tls, plain.sender, plain.host] == [None, "1555", "sms.example.org"]
    assert private.tls


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('gateway = "sms.example.org"', "countries"),
        ('countries = ["+49"]', "needs either gateway or provider"),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nprovider = "twilio"',
            "needs either gateway or provider",
        ),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nbudget = 0',
            "budget must be between 1 and",
        ),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nper_number = -1',
            "per_number must be between 1 and",
        ),
        ('countries = ["+49"]\ngateway = "sms.example.org"\nzone = "Nowhere/Land"', "zone"),
        ('countries = ["+49"]\ngateway = "sms.example.org"\nbudjet = 5', "budget"),
        ('countries = ["+49"]\nprovider = "clickatell"', "“clickatell” is not a provider"),
        ('countries = ["+49"]\nprovider = "twilio"', "twilio needs account, secret, sender"),
        ('countries = ["+49"]\nprovider = "kannel"\naccount = "a"', "kannel needs secret, url"),
        *((f'countries = ["+49"]\n{SMPP}\nurl = "{url}"', "url must be") for url in BAD_URLS),
        # As settings were written before
        (
            'countries = ["+49"]\nvia = "twilio://AC1:secret77@+15551234567"',
            "Write provider = “twilio”, and account, secret, sender.",
        ),
        (
            'countries = ["+49"]\nvia = "smpps://user:secret77@example.org/15551234567"',
            "Write provider = “smpp”, and account, secret, url, sender.",
        ),
        ('countries = ["+49"]\nvia = "clickatell://secret77"', "provider is not supported"),
        ('countries = ["+49"]\nvia = "not a url"', "no longer read"),
    ],
)
def test_what_is_wrong_is_told(table: str, told: str) -> None:
    faults = _faults(table)
    assert told in faults
    assert "secret77" not in faults.lower()
