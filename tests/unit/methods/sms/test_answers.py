"""What providers answer, and what is made of it. The bodies are in the shapes that each
documents."""

import pytest

from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.methods.sms.answers import Answer, Heard, Silence, verdict, wrong_in

FINE = [
    b'{"message-count":"1","messages":[{"to":"49","message-id":"0A","status":"0",'
    b'"remaining-balance":"3.1"}]}',
    b'{"sid":"SM1","status":"queued","error_code":null,"error_message":null,"num_segments":"2"}',
    b'{"messages":[{"apiMessageId":"a","accepted":true,"to":"49","error":null}],"error":null}',
    b'{"id":"e8","recipients":{"totalCount":1,"items":[{"recipient":49,"status":"sent"}]}}',
    b'{"http_code":200,"response_code":"SUCCESS","data":{"messages":[{"status":"SUCCESS",'
    b'"body":"x"}]}}',
    b'[{"id":"4","status":{"id":"ACCEPTED","type":"ACCEPTED","subtype":null}}]',
    b'{"success":true,"errors":[]}',
    b'{"error":{"code":0}}',
    b'{"status":"success","message":"Message added to queue"}',
    b"0: Accepted for delivery",
    b"",
    b"OK 5",
]
WRONG = [
    (b'{"messages":[{"status":"4","error-text":"Bad Credentials"}]}', "Bad Credentials (4)"),
    (b'{"messages":[{"status":"6","error-text":"Unroutable message"}]}', "Unroutable message (6)"),
    (
        b'{"status":"failed","error_code":30003,"message":"Unreachable handset"}',
        "Unreachable handset (30003)",
    ),
    (b'{"status":"undelivered","error_code":30006,"error_message":"Landline"}', "Landline (30006)"),
    (b'{"messages":[{"accepted":false,"error":"Invalid number"}],"error":null}', "Invalid number"),
    (
        b'{"messages":[],"errorCode":607,"error":"FROM","errorDescription":"No such sender"}',
        "No such sender (607)",
    ),
    (
        b'{"errors":[{"code":9,"description":"no (correct) recipients found"}]}',
        "no (correct) recipients found",
    ),
    (b'{"data":{"messages":[{"status":"INSUFFICIENT_CREDIT"}]}}', "INSUFFICIENT_CREDIT"),
    (b'[{"status":{"id":"FAILED.NO_CREDITS","type":"FAILED"}}]', "FAILED"),
    (b'{"success":false,"message":"Account closed"}', "Account closed"),
    (b'{"error":{"code":7,"message":"No\\u0000 funds\\r\\n"}}', "No\ufffd funds"),
    (b"ERROR|105", "ERROR|105"),
    (b"ERR: 001, Authentication failed", "ERR: 001, Authentication failed"),
]


@pytest.mark.parametrize("body", FINE)
def test_a_yes_is_a_yes(body: bytes) -> None:
    assert wrong_in(body) == ""
    assert verdict(True, [Answer(200, body)]) is None


@pytest.mark.parametrize(("body", "words"), WRONG)
def test_an_error_inside_a_200_is_none_and_told_in_the_provider_s_words(
    body: bytes, words: str
) -> None:
    fault = verdict(True, [Answer(200, body)])
    assert type(fault) is Refused
    assert str(fault) == f"The SMS provider did not accept the message: {words}."


@pytest.mark.parametrize(
    ("taken", "heard", "kind"),
    [
        (True, [], None),
        (False, [], Refused),
        (False, [Answer(400, b'{"code":21211,"message":"Invalid To","status":400}')], Refused),
        (False, [Answer(401)], Refused),
        (False, [Answer(402)], Refused),
        (False, [Answer(302)], Refused),
        (False, [Answer(429)], Unavailable),
        (False, [Answer(500)], Unavailable),
        (False, [Answer(503, b"<html>down</html>")], Unavailable),
        (False, [Answer(408)], Unconfirmed),
        (False, [Answer(504)], Unconfirmed),
        (
            True,
            [Answer(200, b'{"messages":[{"status":"1","error-text":"Throttled"}]}')],
            Unavailable,
        ),
        (
            True,
            [Answer(200, b'{"messages":[{"status":"5","error-text":"Internal Error"}]}')],
            Unavailable,
        ),
        (False, [Answer(200, b"Nothing known")], Refused),
        (False, [Silence(left=False)], Unavailable),
        (False, [Silence(left=True)], Unconfirmed),
        (False, [Answer(200, b'{"token":"x"}'), Silence(left=True)], Unconfirmed),
        (True, [Answer(500), Answer(200)], None),
    ],
)
def test_what_follows(taken: bool, heard: list[Heard], kind: type[DeliveryError] | None) -> None:
    fault = verdict(taken, heard)
    assert (type(fault) if fault else None) is kind


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"\xff\xfe", b"null", b"3"]
)
def test_odd_answers_break_nothing(body: bytes) -> None:
    assert verdict(True, [Answer(200, body)]) is None


def test_long_words_are_cut() -> None:
    fault = verdict(False, [Answer(400, b'{"message":"' + b"x" * 5_000 + b'","status":"error"}')])
    assert fault
    assert len(str(fault)) < 300
