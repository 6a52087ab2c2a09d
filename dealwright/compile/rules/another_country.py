"""DW259: the zone or the holidays of an account are of another country, or it is open on a day that is no holiday."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.language.holidays import is_holiday, is_place

_TABLES: Final = ("zone.tab", "zone1970.tab")
_LOOKED_AT: Final = tuple(datetime(2030, month, day, tzinfo=UTC) for month in range(1, 13) for day in (1, 15))
"""Moments at which two clocks are compared: in summer and in winter, here and on the other side of the earth."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.accounts:
        if (elsewhere := _zone(account)) is not None:
            path, line = subject.account_at(account, "zone")
            message = f"the zone {account.calendar.zone} is in {elsewhere}, and the account in {account.country}"
            yield Spot(path=path, line=line, message=message, hint=_zones_hint(account.country))
        places = account.calendar.holidays
        if places and all(place.partition("-")[0] != account.country for place in places):
            path, line = subject.account_at(account, "holidays")
            message = f"{', '.join(places)} is not {account.country}: the account keeps holidays of another country"
            yield Spot(path=path, line=line, message=message, hint=_holidays_hint(account))
        if (idle := _open_on(account)) is not None:
            path, line = subject.account_at(account, "open_on")
            message = f"open_on names {idle}, which is no holiday that the account keeps: nothing changes"
            yield Spot(path=path, line=line, message=message, hint="write the holiday that is meant, or take it out")


# --- zones ----------------------------------------------------------------------------------------------------------


def _zone(account: ir.Account) -> str | None:
    """Return the countries that the account's zone is in; None if its own is one, or has a place with that clock."""
    there = _countries().get(account.calendar.zone, frozenset())
    if not there or account.country in there:
        return None
    own = [name for name, countries in _countries().items() if account.country in countries]
    clock = _clock(account.calendar.zone)
    return None if not own or any(_clock(name) == clock for name in own) else ", ".join(sorted(there))


def _zones_hint(country: str) -> str:
    own = sorted(name for name, countries in _countries().items() if country in countries)
    return f"zones of {country} are {', '.join(own[:6])}"


@cache
def _countries() -> Mapping[str, frozenset[str]]:
    """The countries of each zone, as the tz database lists them; of a name that is no longer used it lists none."""
    found: dict[str, frozenset[str]] = {}
    package = find_spec("tzdata")
    folders = (package.submodule_search_locations or ()) if package is not None else ()
    for file in (Path(folder, "zoneinfo", table) for folder in folders for table in _TABLES):
        for line in file.read_text("utf-8").splitlines():
            if not line.startswith("#"):
                countries, _, name, *_ = line.split("\t")
                found[name] = found.get(name, frozenset()) | set(countries.split(","))
    return found


def _clock(zone: str) -> tuple[timedelta | None, ...] | None:
    try:
        known = ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return None
    return tuple(moment.astimezone(known).utcoffset() for moment in _LOOKED_AT)


# --- holidays -------------------------------------------------------------------------------------------------------


def _holidays_hint(account: ir.Account) -> str:
    for place in account.calendar.holidays:
        if is_place(region := f"{account.country}-{place}"):
            return f"did you mean {region!r}?"
    return f"write holidays={account.country!r}, or a region of it"


def _open_on(account: ir.Account) -> date | None:
    """Return the first of days in a row of which none is a holiday that the account keeps; None if there is none."""
    calendar = account.calendar
    rows: list[list[date]] = []
    for day in calendar.open_on:
        if rows and day == rows[-1][-1] + timedelta(days=1):
            rows[-1].append(day)
        else:
            rows.append([day])
    return next((row[0] for row in rows if not any(is_holiday(calendar.holidays, day) for day in row)), None)


RULE: Final = Rule(
    code="DW259",
    severity="warning",
    title="the zone or the holidays of an account are of another country",
    reason=(
        "`country` says how phone numbers are read, `zone` when it is morning, `holidays` who works when. A zone whose "
        "clock no place of the country has, and holidays of another country alone, are mostly slips: RS is Serbia, and "
        "BR-RS a state of Brazil. So is a day of `open_on` that is no holiday: it is open anyhow, or stays closed."
    ),
    bad="""
acme = Account(
    "acme", zone="America/Sao_Paulo", country="BR", holidays="RS", pipelines=[Sales], automations=[]
)
""",
    good="""
acme = Account(
    "acme", zone="America/Sao_Paulo", country="BR", holidays="BR-RS", pipelines=[Sales], automations=[]
)
""",
    look=_look,
)
