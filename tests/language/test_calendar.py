"""Working time: additions that are right on every day of every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright.errors import DefinitionError
from dealwright.language.calendar import add, checked_zone, is_closed, is_working, next_working, parse_hours
from dealwright.model.calendar import Calendar, Duration, Span, WorkingSpan

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = Calendar(zone="America/New_York", spans=parse_hours("Mon-Fri 09:00-18:00, Sat 10:00-14:00"))
LUNCH = Calendar(zone="Europe/Berlin", spans=parse_hours("Mon-Thu 09:00-12:30 13:30-18:00, Fri 09:00-13:00"))
NIGHT = Calendar(zone="America/New_York", spans=parse_hours("Mon-Sun 00:00-06:00"))
ODD = Calendar(zone="Australia/Lord_Howe", spans=parse_hours("Sat-Sun 01:30-02:15, Wed 22:00-24:00"))
JUMPS_AT_MIDNIGHT = Calendar(zone="America/Santiago", spans=parse_hours("Mon-Sun 00:00-00:30 08:00-20:00"))

KEEPS_HOLIDAYS = msgspec.structs.replace(
    LUNCH,
    holidays=("DE-BY", "AT"),
    closed=(
        Span(first=date(2025, 12, 24), last=date(2026, 1, 6)),
        Span(first=date(2026, 3, 30), last=date(2026, 3, 30)),
    ),
    open_on=(date(2026, 5, 1),),
)

calendars = st.sampled_from([OFFICE, LUNCH, NIGHT, ODD, JUMPS_AT_MIDNIGHT, KEEPS_HOLIDAYS])
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
# The weeks in which clocks change, where mistakes live.
changes = st.sampled_from(
    [(2026, 3, 7), (2026, 10, 31), (2026, 3, 28), (2026, 10, 24), (2026, 4, 4), (2026, 9, 5)]
).flatmap(lambda day: st.timedeltas(timedelta(0), timedelta(days=3)).map(lambda by: datetime(*day, tzinfo=UTC) + by))
starts = moments | changes


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def minutes(amount: int) -> Duration:
    return Duration(amount=amount, unit="working_minutes")


def days(amount: int) -> Duration:
    return Duration(amount=amount, unit="working_days")


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("2026-03-03 10:00", minutes(15), "2026-03-03 10:15"),
        ("2026-03-03 17:50", minutes(15), "2026-03-04 09:05"),
        ("2026-03-03 17:45", minutes(15), "2026-03-03 18:00"),
        ("2026-03-03 18:00", minutes(15), "2026-03-04 09:15"),
        ("2026-03-07 22:30", minutes(15), "2026-03-09 09:15"),
        ("2026-03-06 17:00", Duration(amount=2, unit="working_hours"), "2026-03-07 11:00"),
        ("2026-03-06 17:00", Duration(amount=40, unit="working_hours"), "2026-03-12 17:00"),
        ("2026-03-03 10:00", days(1), "2026-03-04 10:00"),
        ("2026-03-06 17:00", days(1), "2026-03-07 14:00"),
        ("2026-03-06 09:30", days(1), "2026-03-07 10:00"),
        ("2026-03-07 22:30", days(1), "2026-03-10 09:00"),
        ("2026-03-03 07:00", days(0), "2026-03-03 09:00"),
        ("2026-03-03 10:00", days(6), "2026-03-10 10:00"),
        ("2026-03-03 10:00", days(60), "2026-05-12 10:00"),
        ("2026-03-07 10:00", Duration(amount=1, unit="days"), "2026-03-08 11:00"),
        ("2026-03-03 10:00", Duration(amount=2, unit="hours"), "2026-03-03 12:00"),
        ("2026-03-03 10:00", Duration(amount=90, unit="minutes"), "2026-03-03 11:30"),
    ],
)
def test_a_duration_is_added(start, duration, due):
    assert add(OFFICE, at(start), duration) == at(due)
    assert add(OFFICE, at(start), duration).tzinfo is UTC


def test_a_time_in_the_lunch_break_moves_to_its_end():
    berlin = ZoneInfo("Europe/Berlin")
    assert add(LUNCH, at("2026-03-05 13:00", berlin), minutes(0)) == at("2026-03-05 13:30", berlin)
    assert add(LUNCH, at("2026-03-05 14:00", berlin), days(1)) == at("2026-03-06 13:00", berlin)
    assert add(LUNCH, at("2026-03-06 12:45", berlin), days(1)) == at("2026-03-09 13:30", berlin)


def test_hours_that_the_clock_skips_or_repeats_are_counted_as_they_pass():
    # 8 March 2026: 02:00 to 03:00 do not exist; the night has five hours.
    assert add(NIGHT, at("2026-03-08 00:00"), Duration(amount=5, unit="working_hours")) == at("2026-03-08 06:00")
    # 1 November 2026: 01:00 to 02:00 come twice; the night has seven.
    assert add(NIGHT, at("2026-11-01 00:00"), Duration(amount=7, unit="working_hours")) == at("2026-11-01 06:00")


def test_a_local_time_that_does_not_exist_is_the_moment_of_the_jump():
    assert add(NIGHT, at("2026-03-07 02:30"), days(1)) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
    opens_in_the_gap = Calendar(zone="America/New_York", spans=parse_hours("Sun 02:30-02:45 02:50-04:00"))
    assert next_working(opens_in_the_gap, at("2026-03-08 01:00")) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_the_closing_time_is_not_working_time():
    assert is_working(OFFICE, at("2026-03-03 09:00"))
    assert is_working(OFFICE, at("2026-03-03 17:59:59"))
    assert not is_working(OFFICE, at("2026-03-03 18:00"))
    assert not is_working(OFFICE, at("2026-03-08 12:00"))


def test_no_minute_after_closing_time_is_at_the_next_opening():
    closing = add(OFFICE, at("2026-03-03 17:00"), minutes(60))
    assert closing == at("2026-03-03 18:00")
    assert add(OFFICE, closing, minutes(0)) == at("2026-03-04 09:00")


# Not from 0: what has ended at closing time is due then, and no minute from there on is at the next opening.
@given(calendars, starts, st.integers(0, 3000), st.integers(1, 3000))
def test_working_minutes_add_up(calendar, start, one, two):
    assert add(calendar, add(calendar, start, minutes(one)), minutes(two)) == add(calendar, start, minutes(one + two))


@given(calendars, starts, st.timedeltas(timedelta(0), timedelta(days=9)), st.integers(0, 3000))
def test_a_later_start_is_never_due_earlier(calendar, start, later, amount):
    assert add(calendar, start, minutes(amount)) <= add(calendar, start + later, minutes(amount))


@given(st.sampled_from([OFFICE, LUNCH]), starts, st.timedeltas(timedelta(0), timedelta(days=9)), st.integers(0, 30))
def test_a_later_start_is_never_due_earlier_in_working_days(calendar, start, later, amount):
    # Calendars open by day: in a night whose hour comes twice, the same local time of day goes back once.
    assert add(calendar, start, days(amount)) <= add(calendar, start + later, days(amount))


@given(calendars, starts, st.integers(0, 5000), st.sampled_from(["working_minutes", "working_hours", "working_days"]))
def test_a_due_time_lies_in_working_time_or_at_its_end(calendar, start, amount, unit):
    due = add(calendar, start, Duration(amount=amount % 300 if unit != "working_minutes" else amount, unit=unit))
    assert is_working(calendar, due) or is_working(calendar, due - timedelta(microseconds=1))
    assert due >= start


@given(calendars, starts, st.integers(1, 2000))
def test_counted_minutes_are_the_minutes_of_working_time_between(calendar, start, amount):
    due = add(calendar, start, minutes(amount))
    begin = next_working(calendar, start)
    steps = int((due - begin) / timedelta(minutes=5))
    sampled = sum(is_working(calendar, begin + timedelta(minutes=5 * n)) for n in range(steps))
    openings = (due - begin).days * 3 + 6
    assert abs(sampled * 5 - amount) <= 5 * openings


@given(calendars, starts, st.integers(0, 400))
def test_running_time_is_exact(calendar, start, amount):
    assert add(calendar, start, Duration(amount=amount, unit="days")) - start == timedelta(hours=24 * amount)


@given(calendars, starts, st.integers(0, 60))
def test_working_days_keep_to_days_with_working_hours(calendar, start, amount):
    due = add(calendar, start, days(amount)).astimezone(ZoneInfo(calendar.zone))
    begin = next_working(calendar, start).astimezone(ZoneInfo(calendar.zone))
    open_days = {span.weekday for span in calendar.spans}
    last = (due - timedelta(microseconds=1)).date() if not is_working(calendar, due) else due.date()
    between = [begin.date() + timedelta(days=n) for n in range(1, (last - begin.date()).days + 1)]
    assert sum(day.weekday() in open_days and not is_closed(calendar, day) for day in between) == amount


@pytest.mark.parametrize("start", ["2026-03-01T00:00", "2026-03-01T11:30", "2026-03-01T23:59"])
def test_a_working_day_from_a_closed_sunday_ends_with_tuesdays_opening(start):
    monday_to_friday = Calendar(zone="America/New_York", spans=parse_hours("Mon-Fri 09:00-18:00"))
    assert add(monday_to_friday, at(start), days(1)) == at("2026-03-03T09:00")


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="aware"):
        add(OFFICE, datetime(2026, 3, 3), minutes(1))  # noqa: DTZ001


def test_hours_are_parsed_as_written():
    assert parse_hours("sat 10:00-14:00, Mon-Tue 9:00-12:00 12:00-18:00") == (
        WorkingSpan(weekday=0, start=540, end=1080),
        WorkingSpan(weekday=1, start=540, end=1080),
        WorkingSpan(weekday=5, start=600, end=840),
    )
    assert [span.weekday for span in parse_hours("Fri-Mon 00:00-24:00")] == [0, 4, 5, 6]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon",
        "Mon 9-18",
        "Mon 18:00-09:00",
        "Mon 09:00-09:00",
        "Mon 09:60-10:00",
        "Mon 09:00-25:00",
        "Montag 09:00-10:00",
        "Mon 09:00-12:00 11:00-13:00",
        "Mon-Fri 09:00-18:00, Wed 10:00-11:00",
        "Mon- 09:00-10:00",
        "Mon 09:00-24:01",
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_an_example(text):
    with pytest.raises(DefinitionError, match="working hours") as caught:
        parse_hours(text)
    assert "Mon-Fri" in caught.value.hint


def test_a_misspelled_zone_is_named():
    with pytest.raises(DefinitionError) as caught:
        checked_zone("America/New_Yrok")
    assert caught.value.hint == "did you mean America/New_York?"


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        # Good Friday and Easter Monday are holidays, Thursday's evening is over.
        ("2026-04-02 17:50", minutes(15), "2026-04-07 09:05"),
        ("2026-04-02 10:00", days(1), "2026-04-07 10:00"),
        ("2026-12-23 10:00", days(1), "2026-12-24 10:00"),
        ("2026-12-24 10:00", days(1), "2026-12-28 10:00"),
        # Closed from Christmas Eve to Epiphany that year, and on one Monday.
        ("2025-12-23 10:00", days(1), "2026-01-07 10:00"),
        ("2026-03-27 12:55", minutes(10), "2026-03-31 09:05"),
        # The first of May is a holiday, and they work.
        ("2026-04-30 10:00", days(1), "2026-05-01 10:00"),
        # A holiday of Austria alone is kept too.
        ("2026-10-23 10:00", days(1), "2026-10-27 10:00"),
    ],
)
def test_nobody_works_on_holidays_and_closed_days(start, duration, due):
    assert add(KEEPS_HOLIDAYS, at(start, BERLIN), duration) == at(due, BERLIN)


def test_a_calendar_without_any_open_day_says_so_and_does_not_look_for_ever():
    shut = msgspec.structs.replace(LUNCH, closed=(Span(first=date(2026, 1, 1), last=date(2099, 12, 31)),))
    with pytest.raises(ValueError, match="all closed"):
        add(shut, at("2026-01-01 10:00", BERLIN), minutes(1))
