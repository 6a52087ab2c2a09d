"""An account: one company, and the list of what is on for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from dealwright.language.automation import Automation
from dealwright.language.calendar import checked_zone, parse_hours
from dealwright.language.deal import DealFields
from dealwright.language.holidays import checked_days, checked_places
from dealwright.language.keys import checked_key, checked_name
from dealwright.language.money import checked_currency
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import PipelineType, is_pipeline
from dealwright.language.policy import Limits, MessagePolicy
from dealwright.language.records import RecordType, checked_kind
from dealwright.language.texts import checked_language
from dealwright.model.calendar import Calendar, Span
from dealwright.model.iso import COUNTRIES

USUAL_HOURS = "Mon-Fri 09:00-18:00"
"""The working hours of an account that says nothing about them."""


@dataclass(frozen=True, init=False)
class Account:
    """One company: its zone, country, currency and working hours, and the pipelines and automations that are on."""

    key: str
    name: str
    country: str
    currency: str | None
    calendar: Calendar
    pipelines: tuple[PipelineType, ...]
    automations: tuple[Automation, ...]
    messages: MessagePolicy | None
    limits: Limits | None
    kinds: tuple[type, ...]
    """The classes of the company's own fields, and kinds of records, that were named."""
    languages: tuple[str, ...]
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        key: str,
        *,
        zone: str,
        country: str,
        currency: str | None = None,
        name: str | None = None,
        working_hours: str = USUAL_HOURS,
        holidays: str | Sequence[str] = (),
        closed: Sequence[date | tuple[date, date]] = (),
        open_on: Sequence[date | tuple[date, date]] = (),
        pipelines: Sequence[PipelineType] = (),
        automations: Sequence[Automation] = (),
        messages: MessagePolicy | None = None,
        limits: Limits | None = None,
        deal_fields: type[DealFields] | DealFields | None = None,
        records: Sequence[RecordType] = (),
        languages: Sequence[str] = (),
    ) -> None:
        checked_key(key, "an account")
        if not isinstance(country, str) or country not in COUNTRIES:
            raise refused(f"{country!r} is not a country", hint="write an ISO 3166 code such as US")
        for pipeline in _listed(pipelines, "pipelines"):
            if not is_pipeline(pipeline):
                raise refused(f"pipelines of {key!r} lists {_called(pipeline)}", hint=_advice(pipeline, "pipelines"))
        for automation in _listed(automations, "automations"):
            if not isinstance(automation, Automation):
                raise refused(
                    f"automations of {key!r} lists {_called(automation)}", hint=_advice(automation, "automations")
                )
        _one_of(messages, MessagePolicy, "messages=MessagePolicy(max_per_person={days(1): 3})")
        _one_of(limits, Limits, "limits=Limits(per_hour=40)")
        named = deal_fields() if isinstance(deal_fields, type) and issubclass(deal_fields, DealFields) else deal_fields
        if named is not None and not isinstance(named, DealFields):
            raise refused(f"deal_fields of {key!r} is a class of fields", hint="deal_fields=ClinicDeal")
        values = {
            "key": key,
            "name": key.replace("-", " ").capitalize() if name is None else checked_name(name, "an account"),
            "country": country,
            "currency": None if currency is None else checked_currency(currency),
            "calendar": Calendar(
                zone=checked_zone(zone),
                spans=parse_hours(working_hours),
                holidays=checked_places(holidays),
                closed=tuple(Span(first=first, last=last) for first, last in checked_days(closed, "closed")),
                open_on=_each(checked_days(open_on, "open_on")),
            ),
            "pipelines": tuple(pipelines),
            "automations": tuple(automations),
            "messages": messages,
            "limits": limits,
            "kinds": (
                *(() if named is None else (type(named), *named._kinds)),
                *(checked_kind(each, f"records of {key!r}") for each in _listed(records, "records")),
            ),
            "languages": _languages(languages),
            "origin": here(),
        }
        for name_, value in values.items():
            object.__setattr__(self, name_, value)


def _each(spans: Sequence[tuple[date, date]]) -> tuple[date, ...]:
    """Return every day of spans, once."""
    days = {first + timedelta(days=n) for first, last in spans for n in range((last - first).days + 1)}
    return tuple(sorted(days))


def _languages(given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise refused("languages of an account are a list", hint='languages=["es", "en"], the first one for all others')
    kept = tuple(map(checked_language, given))
    if len(set(kept)) < len(kept):
        raise refused("languages of an account name one twice", hint="write each once, the first one for all others")
    return kept


def _listed(given: object, what: str) -> Sequence[object]:
    if not isinstance(given, list | tuple):
        raise refused(f"{what} of an account is a list", hint=f"{what}=[...]")
    return given


def _one_of(given: object, kind: type, example: str) -> None:
    if given is not None and not isinstance(given, kind):
        hint = f"call it: {example}" if given is kind else example
        raise refused(f"{example.partition('=')[0]} of an account is a {kind.__name__}, and this is none", hint=hint)


def _called(item: object) -> str:
    return f"{item.__name__}, which is none" if isinstance(item, type) else f"a {type(item).__name__}, which is none"


def _advice(item: object, what: str) -> str:
    if isinstance(item, tuple | list):
        return "there is a comma after its definition, or a list in the list: write *items to list them all"
    return f"{what}=[...] takes what was defined, by its name"
