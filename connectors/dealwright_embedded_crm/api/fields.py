"""The types of the API's fields: strict, so that what a client means is never guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from dealwright.model import crm

ID_PATTERN: Final = "^[1-9][0-9]{0,17}$"
KEY_PATTERN: Final = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"
AMOUNT_PATTERN: Final = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$"
MOMENT_PATTERN: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"

MOST_IDS: Final = 500
"""The most records that one bulk call changes."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(MOMENT_PATTERN, re.ASCII)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _clean(value: str) -> str:
    """Refuse what no database keeps; a query string can hold it, and a path."""
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate)") from None
    return value


def _day(value: Any) -> date:
    text = _text(value) if not isinstance(value, date) or isinstance(value, datetime) else value.isoformat()
    if not _DAY.fullmatch(text):
        raise ValueError("must be a day written as 2026-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def _moment(value: Any) -> datetime:
    text = _text(value) if not isinstance(value, datetime) else value.isoformat()
    if not _MOMENT.fullmatch(text):
        raise ValueError("must be a moment with a zone, written as 2026-01-31T09:00:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no moment of the calendar") from None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("must be true or false")


def _whole(value: Any) -> int:
    """Take a number written in digits; "1.0", "1e3" and true are none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value, re.ASCII):
        return int(value)
    raise ValueError("must be a whole number")


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _each_once(values: Any) -> Any:
    if len(set(values)) != len(values):
        raise ValueError("something is there twice")
    return values


UNIQUE: Final = (Field(json_schema_extra={"uniqueItems": True}), AfterValidator(_each_once))
"""For a list: each of its items once."""

KEPT: Final = AfterValidator(_clean)
"""For a text: refuses what no database keeps. It stands after the limits, which are then in the document too."""

WHOLE: Final = BeforeValidator(_whole)
"""For a whole number, in a body or in a query."""

Id = Annotated[str, Field(strict=True, pattern=ID_PATTERN, examples=["12"]), KEPT]
Key = Annotated[str, Field(strict=True, pattern=KEY_PATTERN, examples=["new-business"]), KEPT]
Line = Annotated[str, Field(strict=True, max_length=1_000), KEPT]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=1_000), KEPT]
Title = Annotated[str, Field(strict=True, min_length=1, max_length=10_000, examples=["Forty chairs"]), KEPT]
Paragraph = Annotated[str, Field(strict=True, min_length=1, max_length=64_000), KEPT]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Day = Annotated[
    date,
    BeforeValidator(_day),
    PlainSerializer(lambda day: day.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-31"]}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T09:00:00Z"]}),
]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


ABSENT: Final = Field(json_schema_extra=_without_default)
"""For a field of a change that is left alone when it is absent and cannot be null: it has no default to show."""


class Given(BaseModel):
    """What a client sends: fields that are not known are refused, for a typing error must not go unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, by name; one that was not sent is left alone, null clears."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class Shown(BaseModel):
    """What a client is sent."""

    model_config = ConfigDict(frozen=True)


class Money(Given):
    """An exact amount in one currency; the amount is a text, since a JSON number is not exact everywhere."""

    amount: Annotated[str, Field(strict=True, pattern=AMOUNT_PATTERN, examples=["12.50"])]
    currency: Annotated[str, Field(strict=True, pattern="^[A-Z]{3}$", examples=["USD"], description="ISO 4217.")]

    def value(self) -> crm.Money:
        """Return the domain's amount."""
        return crm.Money(Decimal(self.amount), self.currency)


class MoneyOut(Shown):
    """An exact amount in one currency, or a sum of them."""

    amount: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", examples=["1054.50"])]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]

    @classmethod
    def of(cls, money: crm.Money) -> MoneyOut:
        """Return the domain's amount as it is shown."""
        return cls(amount=format(money.amount, "f"), currency=money.currency)
