"""Turns one row of an import into a deal that can be created, or says everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from dealwright.errors import InputError
from dealwright.model.address import is_address
from dealwright.model.crm import Contact, Money, PipelineShape, StageShape
from dealwright.model.custom import Custom, Holder
from dealwright.model.iso import DECIMALS
from dealwright.model.requests import CreateDeal
from dealwright_embedded_crm import values
from dealwright_embedded_crm.mapping import FieldMap, near
from dealwright_embedded_crm.own_texts import PLAIN, Reading
from dealwright_embedded_crm.people_fields import FieldReader
from dealwright_embedded_crm.values import Refusal

T = TypeVar("T")

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

_NO_CURRENCY: Final = "the amount has no currency; give --currency, or map a column to currency"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One deal to create."""

    line: int
    deal: CreateDeal
    created_at: datetime | None = None
    stage_since: datetime | None = None
    lost_reason: str | None = None
    contact: Contact | None = None


class RowReader:
    """Reads rows by one mapping into one pipeline.

    Raises:
        InputError: a cell is to mean a stage that is not there, or amounts would have no currency.
    """

    def __init__(
        self,
        fields: FieldMap,
        pipeline: PipelineShape,
        *,
        currency: str | None,
        date_format: str | None = None,
        own: FieldReader | None = None,
        reading: Reading = PLAIN,
    ) -> None:
        for value, key in fields.stages.items():
            if pipeline.stage(key) is None:
                keys = [stage.key for stage in pipeline.stages]
                raise InputError(
                    f"--stage {value}={key}: pipeline {pipeline.key} has no stage {key!r}{near(key, keys)}"
                )
        if "amount" in fields.sources and "currency" not in fields.sources and currency is None:
            raise InputError(f"--map amount=...: {_NO_CURRENCY}")
        self._fields = fields
        self.pipeline = pipeline
        self._currency = currency
        self._date_format = date_format
        self._own = own
        self._reading = reading
        self._stages = {
            **{stage.name.casefold(): stage.key for stage in pipeline.stages},
            **{stage.key.casefold(): stage.key for stage in pipeline.stages},
            **{value.casefold(): key for value, key in fields.stages.items()},
        }

    def read(self, line: int, cells: Mapping[str, str]) -> tuple[Row | None, list[str]]:
        """Return the row, or None and every reason against it."""
        problems: list[str] = []

        def given(field: str, parse: Callable[[str], T | None]) -> T | None:
            text = self._fields.text(field, cells)
            try:
                return parse(_harmless(field, text)) if text else None
            except Refusal as refusal:
                problems.append(refusal.message)
                return None

        title = given("title", values.title)
        if title is None and not problems:
            problems.append("the title is blank")
        stage = given("stage", self._stage) if "stage" in self._fields.sources else self.pipeline.stages[0].key
        if stage is None and not self._fields.text("stage", cells):
            problems.append("the stage is blank")
        close_date = given("close_date", self._day)
        created = given("created", self._day)
        currency = given("currency", _currency) or self._currency
        amount = given("amount", lambda text: values.money(Money(_number(text), _named(currency))))
        reference = given("reference", lambda text: values.line("reference", text))
        owner = given("owner", lambda text: values.line("owner", text))
        company = given("company", lambda text: values.line("company", text))
        lost_reason = given("lost_reason", lambda text: self._lost_reason(text, stage))
        tags = self._tags(cells, problems)
        name = given("contact_name", lambda text: values.line("contact_name", text))
        first = given("contact_first_name", lambda text: values.line("contact_first_name", text))
        last = given("contact_last_name", lambda text: values.line("contact_last_name", text))
        name = name or " ".join(filter(None, (first, last))) or None
        phone = given("contact_phone", _phone)
        email = given("contact_email", _email)
        deals_own, contacts_own = (
            self._own_values("deal", cells, problems),
            self._own_values("contact", cells, problems),
        )
        contact = None
        if name or phone or email:
            own = contacts_own or UNSET
            contact = Contact(id="", name=name, first_name=first, last_name=last, phone=phone, email=email, custom=own)
        elif contacts_own:
            problems.append(f"contact.{contacts_own[0].key} is of a contact without a name, a phone and an e-mail")
        standing = self.pipeline.stage(stage or "")
        if standing is not None:
            problems.extend(
                _missing(
                    standing,
                    amount=amount,
                    # a closed deal gets its close date, and an owner is found for whoever needs one
                    close_date=close_date if standing.kind in ("incoming", "open") else standing,
                    reference=reference,
                    company=company,
                    contacts=contact,
                    lost_reason=lost_reason,
                    **{each.key: each for each in deals_own},
                )
            )
        if problems or title is None or stage is None:
            return None, problems
        since = _midnight(created)
        if standing is not None and standing.kind in ("won", "lost"):
            since = _midnight(close_date) or since
        deal = CreateDeal(
            pipeline=self.pipeline.key,
            stage=stage,
            title=title,
            owner=owner,
            amount=amount,
            close_date=close_date,
            reference=reference,
            tags=tags,
            company=company,
            custom=deals_own or UNSET,
        )
        row = Row(
            line=line,
            deal=deal,
            created_at=_midnight(created),
            stage_since=since,
            lost_reason=lost_reason,
            contact=contact,
        )
        return row, []

    def _tags(self, cells: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
        texts = [part for source in self._fields.tags for part in source.text(cells).split(";")]
        try:
            return values.tags([_harmless("tags", text) for text in texts])
        except Refusal as refusal:
            problems.append(refusal.message)
            return ()

    def _own_values(self, holder: Holder, cells: Mapping[str, str], problems: list[str]) -> tuple[Custom, ...]:
        found = []
        for name, source in self._fields.own.items():
            of, _, key = name.partition(".")
            text = source.text(cells) if of == holder else ""
            if not text or self._own is None:
                continue
            try:
                each = self._own.text(holder, key, text, self._reading)
            except Refusal as refusal:
                problems.append(refusal.message)
            else:
                found += [each] if each.value is not None else []
        return tuple(found)

    def _lost_reason(self, text: str, stage: str | None) -> str | None:
        standing = self.pipeline.stage(stage or "")
        if standing is None or standing.kind != "lost":
            return None  # a deal that was won again still carries why it was lost once, in many exports
        reason = values.line("lost_reason", text)
        if reason is not None and standing.reasons and reason not in standing.reasons:
            hint = near(reason, standing.reasons)
            raise Refusal("bad_lost_reason", f"stage {standing.key} has no lost reason {values.shown(reason)}{hint}")
        return reason

    def _stage(self, text: str) -> str:
        key = self._stages.get(text.casefold())
        if key is None or self.pipeline.stage(key) is None:
            names = [stage.name for stage in self.pipeline.stages]
            raise Refusal(
                "unknown_stage", f"pipeline {self.pipeline.key} has no stage {values.shown(text)}{near(text, names)}"
            )
        return key

    def _day(self, text: str) -> date:
        try:
            if self._date_format is not None:
                day = datetime.strptime(text, self._date_format).replace(tzinfo=UTC).date()
            elif _DAY.fullmatch(text):
                day = date.fromisoformat(text)
            else:
                raise ValueError
        except ValueError:
            wanted = self._date_format or "2026-01-31"
            raise Refusal("bad_date", f"{values.shown(text)} is no day written as {wanted}") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise Refusal("bad_date", f"{values.shown(text)} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
        return day


def _missing(stage: StageShape, *, lost_reason: str | None, **fields: object) -> Iterator[str]:
    for name in stage.required:
        if name != "owner" and fields.get(name) is None:  # an owner is found for whoever needs one
            yield f"stage {stage.key} requires {name}"
    if stage.kind == "lost" and stage.reason_required and lost_reason is None:
        yield f"stage {stage.key} requires a lost reason"


def _harmless(field: str, text: str) -> str:
    found = values.STEERS.search(text)
    if found is not None:
        raise Refusal(f"bad_{field}", f"the {field} holds the control character U+{ord(found.group()):04X}")
    return text


def _number(text: str) -> Decimal:
    if _AMOUNT.fullmatch(text.removeprefix("-")):
        return Decimal(text)
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise Refusal("bad_amount", "the amount is no finite number")
    raise Refusal("bad_amount", f"{values.shown(text)} is no amount written as 1054 or 1054.50")


def _currency(text: str) -> str:
    code = text.upper()
    if code not in DECIMALS:
        raise Refusal("bad_currency", f"{values.shown(text)} is no currency of ISO 4217, such as USD")
    return code


def _phone(text: str) -> str | None:
    phone = values.line("contact_phone", text)
    if phone is not None and not any(character.isdecimal() for character in phone):
        raise Refusal("bad_contact_phone", f"{values.shown(text)} is no phone: there is no digit in it")
    return phone


def _email(text: str) -> str | None:
    email = values.line("contact_email", text)
    if email is not None and not is_address(email):
        raise Refusal("bad_contact_email", f"{values.shown(text)} is no e-mail address, such as ann@example.com")
    return email


def _named(currency: str | None) -> str:
    if currency is None:
        raise Refusal("bad_currency", _NO_CURRENCY)
    return currency


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
