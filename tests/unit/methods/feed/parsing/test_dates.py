"""Dates as feeds write them: the moment in UTC, or none where that is not sure."""

from datetime import UTC, date, datetime
from html import escape
from json import dumps

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.feed.parsing.date_text import NoDate, moment
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.read import read
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows

NOW = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)


def shown(at: int) -> str:
    if not at:
        return "none"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("row", rows("dates.tsv"), ids=case_id)
def test_a_date_that_feeds_write(row: dict[str, str]) -> None:
    items = ""
    for element in ("pubDate", "dc:date"):
        items += f"<item><title>t</title><{element}>{escape(row['input'])}</{element}></item>"
    feed = read(f"<rss><channel>{items}</channel></rss>".encode(), "", "https://example.org/", NOW)
    assert [item.title for item in feed.items] == ["t", "t"]  # told, whatever its date
    assert [shown(item.at) for item in feed.items] == [row["expected"]] * 2
    json = {"version": "https://jsonfeed.org/version/1.1", "items": [dated(row["input"])]}
    data = dumps(json).encode()
    assert shown(read(data, "", "https://example.org/", NOW).items[0].at) == row["expected"]


def dated(text: str) -> dict[str, str]:
    return {"id": "1", "title": "t", "date_published": text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Twelve hours.
        ("May 3rd 2014 12 am", "2014-05-03T00:00:00Z"),
        ("May 3rd 2014 12:15 pm", "2014-05-03T12:15:00Z"),
        ("12:30 AM, May 3rd, 2014", "2014-05-03T00:30:00Z"),
        ("3 May 2014 at 5pm", "2014-05-03T17:00:00Z"),
        ("3 May 2014 13:15 pm", "2014-05-03T13:15:00Z"),
        ("3 May 2014 13:15 am", "none"),
        ("3 May 2014 0:15 pm", "none"),
        # In German.
        ("13. Mai 2016, 18:30 Uhr", "2016-05-13T18:30:00Z"),
        ("01.02.2024 um 14 Uhr", "2024-02-01T14:00:00Z"),
        ("01.02.2024, 10.30 Uhr", "2024-02-01T10:30:00Z"),
        ("Di., 1. März 2014 8:05 MEZ", "2014-03-01T07:05:00Z"),
        ("Dienstag, den 3. Jänner 2014", "2014-01-03T00:00:00Z"),
        # In other languages.
        ("ven., 08 mars 2024 10:00:00 +0100", "2024-03-08T09:00:00Z"),
        ("mar, 13 ene 2004 10:00:00 GMT", "2004-01-13T10:00:00Z"),
        ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z"),
        ("2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z"),
        ("2004년 05월 28일 01:31:15", "2004-05-28T01:31:15Z"),
        # Standards and what programs make.
        ("20240313T134925Z", "2024-03-13T13:49:25Z"),
        ("20240313", "2024-03-13T00:00:00Z"),
        ("2024-05-01+02:00", "2024-04-30T22:00:00Z"),
        ("2023-02-25T24:00:00Z", "2023-02-26T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2014-07-13T09:15:00+02:00[Europe/Berlin]", "2014-07-13T07:15:00Z"),
        ("Wed Jan 22 2014 13:00:00 GMT+0100 (Central European Time)", "2014-01-22T12:00:00Z"),
        ("25JUL2022 13:00", "2022-07-25T13:00:00Z"),
        ("1709892000", "2024-03-08T10:00:00Z"),
        ("1709892000123", "2024-03-08T10:00:00Z"),
        # What is missing is not made up, and what is too much is not left out.
        ("2003-12", "none"),
        ("2003", "none"),
        ("May 2014", "none"),
        ("14 May", "none"),
        ("13:45", "none"),
        ("12 pm", "none"),
        ("today", "none"),
        ("Posted on 25 July 2022", "none"),
        ("2 May 2014 - 4 May 2014", "none"),
        ("10:00 2 May 2014 12:00", "none"),
        ("2024-05-01 10:00 XYZ", "none"),
        ("2024-05-01T10:00:00 +2500", "none"),
        ("2024-05-01 25:00", "none"),
        ("2014-02-30", "none"),
        # The order of numbers.
        ("08.16.2017", "2017-08-16T00:00:00Z"),
        ("Tue, 05.07.2019", "none"),
        ("Mon, 07/05/2019", "none"),
        ("24-03-13", "none"),
        ("Wed, 24-03-13", "2024-03-13T00:00:00Z"),
        # Years that no feed means.
        ("Wed, 30 Nov -0001 00:00:00 +0000", "none"),
        ("Mon, 01 Jan 99999 00:00:00 GMT", "none"),
        ("Wed, 02 Oct 102 13:00:00", "none"),
    ],
)
def test_a_date_like_them(text: str, expected: str) -> None:
    assert shown(stamp(text, NOW)) == expected


@given(st.dates(min_value=date(1971, 1, 2), max_value=date(2026, 11, 30)))
def test_one_day_in_many_layouts(day: date) -> None:
    expected = f"{day:%Y-%m-%d}T00:00:00Z"
    for layout in ("%Y-%m-%d", "%d %b %Y", "%B %d, %Y", "%A, %d. %B %Y", "%d.%m.%Y", "%Y/%m/%d"):
        assert shown(stamp(day.strftime(layout), NOW)) == expected
    for layout in ("%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y"):
        # Day and month are the same, told apart, or not read at all; never taken for each other.
        assert shown(stamp(day.strftime(layout), NOW)) in (expected, "none")
        assert shown(stamp(f"{day:%a} {day.strftime(layout)}", NOW)) in (expected, "none")


PIECES = (
    "Mon, Tuesday Do 3 13 2014 14 May März 13:05 1:05:07 pm Uhr CET Z +0200 -05:00 / . - T at 1st ("
    " ) [ 00 20240313 年 : ٣ ² \u2028"
).split(" ")


@given(st.text(max_size=120) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_no_text_raises_anything_else(text: str) -> None:
    assert 0 <= stamp(text, NOW) <= NOW
    try:
        assert moment(text).tzinfo is UTC
    except NoDate:
        pass


@pytest.mark.parametrize("part", ["1", "1:", "a", " ", "-", "(", "13:05 ", "Mon ", "+01:00"])
def test_a_long_text_costs_no_more_than_a_short_one(part: str) -> None:
    costs = []
    for size in (1_000, 100_000):
        with counting_calls() as calls:
            stamp(part * size, NOW)
        costs.append(len(calls))
    assert costs[1] <= costs[0] + 2
