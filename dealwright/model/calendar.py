"""Lengths of time and the working week, as values; the arithmetic is in language/calendar.py."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Unit = Literal["minutes", "hours", "days", "working_minutes", "working_hours", "working_days"]


class Duration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A length of time; units that start with `working_` count in the account's working hours, the others run on."""

    amount: int
    unit: Unit


class WorkingSpan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of working time on one weekday (0 = Monday), in minutes since local midnight; `end` up to 1440."""

    weekday: int
    start: int
    end: int


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days in a row, the last one included."""

    first: date
    last: date


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's working time: an IANA zone, the spans of a week in order, not overlapping, and days without work.

    `holidays` are places whose public holidays are kept (`DE`, `DE-BY`), `closed` further days without work, and
    `open_on` days that are no holidays here, whatever the places say.
    """

    zone: str
    spans: tuple[WorkingSpan, ...]
    holidays: tuple[str, ...] = ()
    closed: tuple[Span, ...] = ()
    open_on: tuple[date, ...] = ()
