"""Public holidays of countries and their regions, as the library `holidays` knows them."""

from __future__ import annotations

import importlib
from collections.abc import Container, Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Final

from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean

_MOST: Final = 2_000
"""Days that an account may close: there must be days on which somebody works."""


def is_holiday(places: tuple[str, ...], day: date) -> bool:
    """Say whether the day is a public holiday in one of the places (`DE`, `DE-BY`)."""
    return any(day in _of(place, day.year) for place in places)


def is_place(place: str) -> bool:
    """Say whether holidays of the country or the region (`DE-BY`) are known."""
    country, dash, region = place.partition("-")
    known: dict[str, list[str]] = _library().list_supported_countries(include_aliases=False)
    return country in known and (not dash or region in known[country])


def checked_places(given: object) -> tuple[str, ...]:
    """Return the places whose holidays an account keeps: one, or a list of them.

    Raises:
        DefinitionError: nothing is known of one.
    """
    places = (given,) if isinstance(given, str) else given
    if not isinstance(places, list | tuple):
        raise refused(
            f"holidays of an account is no {type(given).__name__}", hint='holidays="DE-BY", or a list of such'
        )
    return tuple(dict.fromkeys(_place(place) for place in places))


def _place(given: object) -> str:
    if not isinstance(given, str):
        raise refused(f"holidays of an account lists a {type(given).__name__}", hint='holidays=["DE", "AT"]')
    country, dash, region = given.partition("-")
    known: dict[str, list[str]] = _library().list_supported_countries(include_aliases=False)
    if country not in known:
        hint = did_you_mean(country, known) or "write an ISO 3166 code: a country such as DE, or a region of it, DE-BY"
        raise refused(f"no holidays are known of {given!r}", hint=hint)
    if dash and region not in known[country]:
        there = ", ".join(f"{country}-{each}" for each in known[country][:20])
        regions = [f"{country}-{each}" for each in known[country]]
        alike = [each for each in regions if sum(map(str.__ne__, each, given)) <= 1 and len(each) == len(given)]
        # Of several that differ in one letter nobody can tell which is meant.
        nearest = f"one of {', '.join(alike)}?" if len(alike) > 1 else did_you_mean(given, regions)
        raise refused(
            f"no holidays are known of {given!r}",
            hint=nearest or (f"there are {there}" if there else f"there are no regions: write {country}"),
        )
    return given


def checked_days(given: object, what: str) -> tuple[tuple[date, date], ...]:
    """Return days as (first, last), in order: each is a date, or a pair of dates that stands for all days between.

    Raises:
        DefinitionError: something is no date, ends before it begins, or they are more than an account can close.
    """
    if not isinstance(given, list | tuple):
        raise refused(f"{what} of an account is a list of dates", hint=f"{what}=[date(2026, 12, 24)]")
    spans = sorted({_span(each, what) for each in given})
    if sum((last - first).days + 1 for first, last in spans) > _MOST:
        raise refused(f"{what} of an account names more than {_MOST:,} days", hint="write those of the next years")
    return tuple(spans)


def _span(given: object, what: str) -> tuple[date, date]:
    pair = given if isinstance(given, tuple) else (given, given)
    if len(pair) != 2 or not all(type(each) is date for each in pair):
        raise refused(
            f"{what} of an account lists {given!r:.80}, which is no date",
            hint=f"{what}=[date(2026, 12, 24), (date(2026, 12, 27), date(2026, 12, 31))]",
        )
    first, last = pair
    if last < first:
        raise refused(
            f"{what} of an account: {first} to {last} ends before it begins", hint="write the first day first"
        )
    return first, last


@lru_cache(maxsize=512)
def _of(place: str, year: int) -> Container[date]:
    country, _, region = place.partition("-")
    found: Iterable[date] = _library().country_holidays(country, subdiv=region or None, years=year)
    return frozenset(found)


def _library() -> Any:
    """The library is loaded when an account keeps holidays: it takes 0.04 s, which every `check` would pay."""
    return importlib.import_module("holidays")
