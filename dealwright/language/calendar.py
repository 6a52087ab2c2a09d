"""Working time: what a week of opening hours means on the clock of its zone.

Opening hours are local; what is counted between them is real elapsed time. So a working hour is an hour long on the
days the clock changes too, local times that do not exist are the moment the clock jumps, and local times that exist
twice are their first occurrence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dealwright.errors import DefinitionError
from dealwright.language.holidays import is_holiday
from dealwright.language.schema import did_you_mean
from dealwright.model.calendar import Calendar, Duration, WorkingSpan

DAY: Final = 24 * 60
_LONGEST_CLOSED: Final = 4_000
"""Days in a row without an opening after which there will be none: an account may close 2,000."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_MINUTES_OF: Final = {"minutes": 1, "hours": 60, "days": DAY, "working_minutes": 1, "working_hours": 60}


def is_zone(name: str) -> bool:
    """Say whether this is an IANA time zone, such as `America/New_York`."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return "/" in name or name == "UTC"


def checked_zone(name: str) -> str:
    """Return the zone's name, or raise a DefinitionError that names the nearest zone there is."""
    if not is_zone(name):
        hint = did_you_mean(name, available_timezones()) or "write an IANA zone such as America/New_York"
        raise DefinitionError(f"{name!r} is not a time zone", code="DW911", hint=hint)
    return name


def parse_hours(text: str) -> tuple[WorkingSpan, ...]:
    """Return the spans of a weekly table such as `Mon-Fri 09:00-12:30 13:30-18:00, Sat 10:00-14:00`."""
    spans = sorted(_entries(text), key=lambda span: (span.weekday, span.start))
    joined: list[WorkingSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is None or last.weekday != span.weekday or last.end < span.start:
            joined.append(span)
        elif last.end == span.start:
            joined[-1] = WorkingSpan(weekday=span.weekday, start=last.start, end=span.end)
        else:
            raise _bad_hours(text, f"{_WEEKDAYS[span.weekday].title()} has hours that overlap")
    if not joined:
        raise _bad_hours(text, "it names no hours")
    return tuple(joined)


def _entries(text: str) -> Iterator[WorkingSpan]:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        days, *hours = entry.split()
        if not hours:
            raise _bad_hours(text, f"{entry!r} has no hours")
        for weekday in _days(text, days):
            for piece in hours:
                yield _span(text, weekday, piece)


def _days(text: str, days: str) -> Iterator[int]:
    first, dash, last = days.lower().partition("-")
    if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
        raise _bad_hours(text, f"{days!r} is not a day or a range of days")
    start = _WEEKDAYS.index(first)
    end = _WEEKDAYS.index(last) if dash else start
    for offset in range((end - start) % 7 + 1):
        yield (start + offset) % 7


def _span(text: str, weekday: int, piece: str) -> WorkingSpan:
    found = _HOURS.fullmatch(piece)
    if found is None:
        raise _bad_hours(text, f"{piece!r} is not a span like 09:00-18:00")
    opens, opens_minute, closes, closes_minute = map(int, found.groups())
    start, end = opens * 60 + opens_minute, closes * 60 + closes_minute
    if opens_minute > 59 or closes_minute > 59 or not 0 <= start < end <= DAY:
        raise _bad_hours(text, f"{piece!r} does not end after it starts, within one day")
    return WorkingSpan(weekday=weekday, start=start, end=end)


def _bad_hours(text: str, why: str) -> DefinitionError:
    return DefinitionError(
        f"the working hours {text!r} cannot be read: {why}",
        code="DW911",
        hint='write them like "Mon-Fri 09:00-18:00, Sat 10:00-14:00"',
    )


def add(calendar: Calendar, start: datetime, duration: Duration) -> datetime:
    """Return the moment `duration` after `start`, aware, in UTC.

    `minutes`, `hours` and `days` (of 24 hours) run on. `working_minutes` and `working_hours` count opening time only.
    `working_days` keep the local time of day, that many days with opening hours later, moved into the hours of that
    day (the next opening if it falls between two spans, the closing time if it falls after the last). A start outside
    opening hours counts from the next opening. A result may be a closing time.
    """
    if start.tzinfo is None:
        raise ValueError(f"a duration is added to an aware moment, not to {start!r}")
    instant = start.astimezone(UTC)
    if duration.unit == "working_days":
        return _add_days(calendar, instant, duration.amount)
    length = timedelta(minutes=duration.amount * _MINUTES_OF[duration.unit])
    if not duration.unit.startswith("working_"):
        return instant + length
    return _add_open_time(calendar, instant, length)


def next_clock(calendar: Calendar, start: datetime, clock: str) -> datetime:
    """Return the next moment after `start` at which the clock of the calendar's zone shows this (18:00), in UTC.

    A time that the clock jumps over is the moment it jumps; one that it shows twice is the first of both.
    """
    zone = ZoneInfo(calendar.zone)
    instant = start.astimezone(UTC)
    day = instant.astimezone(zone).date()
    while True:
        found = _instant(zone, datetime.combine(day, time.fromisoformat(clock)))
        if found > instant:
            return found
        day += timedelta(days=1)


def is_working(calendar: Calendar, when: datetime) -> bool:
    """Say whether the moment lies in opening hours; the closing time itself does not."""
    instant = when.astimezone(UTC)
    day = instant.astimezone(ZoneInfo(calendar.zone)).date()
    return any(opens <= instant < closes for opens, closes in _openings(calendar, day))


def is_closed(calendar: Calendar, day: date) -> bool:
    """Say whether nobody works on the local day, whatever weekday it is: it is closed, or a holiday that is kept."""
    if any(span.first <= day <= span.last for span in calendar.closed):
        return True
    return bool(calendar.holidays) and day not in calendar.open_on and is_holiday(calendar.holidays, day)


def next_working(calendar: Calendar, when: datetime) -> datetime:
    """Return the moment itself if it lies in opening hours, else the next opening; in UTC."""
    return _add_open_time(calendar, when.astimezone(UTC), timedelta())


def _add_open_time(calendar: Calendar, instant: datetime, left: timedelta) -> datetime:
    for opens, closes in _from(calendar, instant):
        begin = max(opens, instant)
        if begin + left <= closes:
            return begin + left
        left -= closes - begin
    raise AssertionError("opening hours never end")


def _add_days(calendar: Calendar, instant: datetime, amount: int) -> datetime:
    zone = ZoneInfo(calendar.zone)
    begin = _add_open_time(calendar, instant, timedelta())
    local = begin.astimezone(zone)
    open_days = {span.weekday for span in calendar.spans}
    day, rest = local.date(), amount
    if not (calendar.holidays or calendar.closed):
        # Whole weeks at once: every week has the same open days.
        weeks, rest = divmod(amount, len(open_days))
        day += timedelta(weeks=weeks)
    while rest:
        day += timedelta(days=1)
        rest -= day.weekday() in open_days and not is_closed(calendar, day)
    if day == local.date():
        return begin
    wanted = _instant(zone, datetime.combine(day, local.time()))
    openings = _openings(calendar, day)
    for opens, closes in openings:
        if wanted <= closes:
            return max(wanted, opens)
    # The clock may jump over a whole span: then the day has no opening left, and the next one has.
    return openings[-1][1] if openings else _add_open_time(calendar, wanted, timedelta())


def _from(calendar: Calendar, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The openings that end after the instant, in order, for ever."""
    if not calendar.spans:
        raise ValueError("a calendar without opening hours has no working time")
    day = instant.astimezone(ZoneInfo(calendar.zone)).date()
    shut = 0
    while shut < _LONGEST_CLOSED:
        openings = _openings(calendar, day)
        for opens, closes in openings:
            if closes > instant:
                yield opens, closes
        shut = 0 if openings else shut + 1
        day += timedelta(days=1)
    raise ValueError("a calendar whose days are all closed has no working time")


@lru_cache(maxsize=8192)
def _openings(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The day's openings as instants; one that the clock jumps over is not there, and none is on a closed day."""
    if is_closed(calendar, day):
        return ()
    zone = ZoneInfo(calendar.zone)
    midnight = datetime.combine(day, time())
    spans = [span for span in calendar.spans if span.weekday == day.weekday()]
    opens = [_instant(zone, midnight + timedelta(minutes=span.start)) for span in spans]
    closes = [_instant(zone, midnight + timedelta(minutes=span.end)) for span in spans]
    return tuple((start, end) for start, end in zip(opens, closes, strict=True) if start < end)


def _instant(zone: ZoneInfo, local: datetime) -> datetime:
    """The instant of a local time: its first occurrence, or the moment the clock jumps over it."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    # In a gap, fold=0 lands after the jump and fold=1 before it; the jump is the whole second where the offset changes.
    whole = local.replace(microsecond=0, tzinfo=zone)
    after, before = whole.replace(fold=0).astimezone(UTC), whole.replace(fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
