"""What `[sms]` may say."""

import pytest

from component import methods
from component.common.errors import ConfigError
from component.config.config import parse
from component.methods.sms.method import METHOD
from component.methods.sms.setup import SmsSetup, Via

BEGIN = """
[xmpp]
component = "bus.example.org"
secret = "0123456789abcdef"
rooms = "rooms.example.org"
"""
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


def test_a_provider_from_the_environment() -> None:
    setup = _read(
        'countries = ["+49"]', SHOUTBUS_SMS_VIA="vonage://abcdefgh:0123456789abcdef@15551234567"
    )
    assert setup.via
    assert setup.via.to("+4915112345678").targets == ["4915112345678"]
    assert "0123456789abcdef" not in repr(setup) + str(setup.via)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('gateway = "sms.example.org"', "countries"),
        (
            'countries = ["+49"]',
            (
                'sms requires either gateway = "sms.example.org" or via with a provider\'s URL, '
                "but not both."
            ),
        ),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nvia = '
            '"smpp://u:p@127.0.0.1/15551234567"',
            (
                'sms requires either gateway = "sms.example.org" or via with a provider\'s URL, '
                "but not both."
            ),
        ),
        (
            'countries = ["49"]\ngateway = "sms.example.org"',
            "“49” is not a country code. Write it as +49.",
        ),
        (
            'countries = ["+0"]\ngateway = "sms.example.org"',
            "“+0” is not a country code. Write it as +49.",
        ),
        ('countries = ["+49"]\ngateway = "a b"', "“a b” is not a domain"),
        ('countries = ["+49"]\ngateway = "sms.example.org/x"', "is not a domain"),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nparts = 0',
            "parts must be between 1 and 10.",
        ),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nparts = 11',
            "parts must be between 1 and 10.",
        ),
        ('countries = ["+49"]\ngateway = "sms.example.org"\nbudget = 0', "budget must be 1 to"),
        (
            'countries = ["+49"]\ngateway = "sms.example.org"\nper_number = -1',
            "per_number must be 1 to",
        ),
        ('countries = ["+49"]\ngateway = "sms.example.org"\nzone = "Nowhere/Land"', "zone"),
        ('countries = ["+49"]\ngateway = "sms.example.org"\nbudjet = 5', "budget"),
        ('countries = ["+49"]\nvia = "nonsense://x"', "via"),
        ('countries = ["+49"]\nvia = "not a url"', "via"),
        ('countries = ["+49"]\nvia = "mailto://me:secret77@example.org"', "via"),
        (
            'countries = ["+49"]\nvia = "clickatell://SECRET77/15551234567/+4915100000000"',
            (
                "The value is not an Apprise URL for SMS, or it already contains a recipient "
                "number. Write it as twilio://SID:TOKEN@FROM."
            ),
        ),
    ],
)
def test_what_is_wrong_is_told(table: str, told: str) -> None:
    faults = _faults(table)
    assert told in faults
    assert "secret77" not in faults.lower()


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@+15551234567",
        "vonage://abcdefgh:0123456789abcdef@15551234567/?ttl=60000",
        "smpp://user:pass@127.0.0.1:2775/15551234567",
        "clickatell://KEYKEYKEY",
        "msgbird://" + "a" * 25 + "/15551234567",
        "sinch://" + "a" * 32 + ":" + "b" * 32 + "@15551234567",
        "bulksms://user:pass@{to}",
        "httpsms://key@15551234567",
        "form://127.0.0.1:13013/cgi-bin/sendsms?method=get&:message=text&-to={to}",
    ],
)
def test_the_number_gets_its_place_in_each_provider_s_url(url: str) -> None:
    one = Via.parse(url).to("+436601234567")
    assert len(one) == 1
    assert "436601234567" in one.url()


def test_secrets_are_taken_out_of_words() -> None:
    via = Via.parse("clickatell://KEY%2BKEY77?to={to}")
    assert via.hidden("no account KEY+KEY77, KEY%2BKEY77") == "no account …, …"
