"""The company's own fields over HTTP: which there are, and how their values are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from dealwright.model.custom import CustomType, Holder
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import Paged, succeeds
from dealwright_embedded_crm.api.fields import Key, Shown
from dealwright_embedded_crm.api.once import Answer, shown
from dealwright_embedded_crm.api.problems import OF_ONE_FIELD, documented
from dealwright_embedded_crm.own_fields import HOLDERS, Kind, OwnFields
from dealwright_embedded_crm.own_values import MOST_CHOSEN, Definition
from dealwright_embedded_crm.shape_fields import MOST_FIELDS
from dealwright_embedded_crm.values import LINE_BYTES

router: Final = APIRouter(prefix="/fields", tags=["fields"])

KEY: Final = "^[A-Za-z_][A-Za-z0-9_]{0,99}$"

_KEY: Final = re.compile(KEY, re.ASCII)
_QUERY: Final = re.compile(r"fields\[([^\[\]]*)\]")

_TEXT: Final = {"type": "string", "maxLength": LINE_BYTES}
_AMOUNT: Final = {
    "type": "object",
    "properties": {"amount": _TEXT, "currency": _TEXT},
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
_GIVEN: Final = {
    "type": "object",
    "description": "Own fields to set, by key; null clears, and one that is absent is left alone. `GET /fields` lists "
    "them. Numbers, days and moments are texts, an amount has its currency, a user is an id, e-mail or exact name.",
    "maxProperties": MOST_FIELDS,
    "propertyNames": {"pattern": KEY},
    "additionalProperties": {
        "anyOf": [
            {"type": "null"},
            {"type": "boolean"},
            _TEXT,
            {"type": "array", "items": _TEXT, "maxItems": MOST_CHOSEN},
            _AMOUNT,
        ]
    },
    "examples": [{}],
}
_WANTED: Final = {
    "type": "object",
    "description": "Only what has these values in its own fields, such as `fields[treatment]=implant`; of a field that "
    "holds several options, this one too.",
    "maxProperties": MOST_FIELDS,
    "propertyNames": {"pattern": KEY},
    "additionalProperties": {**_TEXT, "minLength": 1},
    "examples": [{}],
}


def _given(value: Any) -> dict[str, Any]:
    found = _keyed(value)
    for key, each in found.items():
        if not _can_be_meant(each):
            raise _wrong(
                key,
                "must be a text (as numbers and days are), true, false, a list of texts, an amount with its"
                " currency, or null",
            )
    return found


def _wanted(value: Any) -> dict[str, str]:
    found = _keyed(value)
    for key, each in found.items():
        if not isinstance(each, str) or not 1 <= len(each) <= LINE_BYTES or "\x00" in each:
            raise _wrong(key, f"needs a value of at most {LINE_BYTES} characters")
    return found


def _wrong(key: str, what: str) -> PydanticCustomError:
    """Return the error about one of the fields, whose key the answer names (problems.py)."""
    return PydanticCustomError(OF_ONE_FIELD, "{key} {what}", {"key": key, "what": what})


def _keyed(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object of fields by their keys")
    if len(value) > MOST_FIELDS or not all(_KEY.fullmatch(key) for key in value):
        raise ValueError("holds the key of no field, or too many")
    return value


def _can_be_meant(value: Any) -> bool:
    match value:
        case None | bool():
            return True
        case str():
            return len(value) <= LINE_BYTES
        case list():
            return len(value) <= MOST_CHOSEN and all(
                isinstance(each, str) and len(each) <= LINE_BYTES for each in value
            )
        case {"amount": str(amount), "currency": str(currency)} if len(value) == 2:
            return max(len(amount), len(currency)) <= LINE_BYTES
        case _:
            return False


OwnGiven = Annotated[dict[str, Any], BeforeValidator(_given), WithJsonSchema(_GIVEN)]
"""Own fields in a body."""

OwnWanted = Annotated[dict[str, str], BeforeValidator(_wanted), WithJsonSchema(_WANTED)]
"""Own fields in a query: `fields[treatment]=implant`."""


class OwnFilter(Paged):
    """The parameters of lists that can be filtered by own fields."""

    fields: OwnWanted = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, sent: Any) -> Any:
        """Gather `fields[...]` parameters; any other that is not known stays, and is refused."""
        if not isinstance(sent, Mapping) or not any(_QUERY.fullmatch(str(name)) for name in sent):
            return sent
        found: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for name, value in sent.items():
            match = _QUERY.fullmatch(str(name))
            if match is None:
                rest[name] = value
            else:
                found[match[1]] = value
        if "fields" in rest:
            raise ValueError("fields is written fields[key]=value, once for each field")
        return {**rest, "fields": found}


class RecordFieldOut(Shown):
    """One field of a kind of records; one that no release names any more is kept with what it holds."""

    key: Key
    label: str
    type: CustomType
    options: list[str]
    sensitive: Annotated[bool, Field(description="Only an account owner's token sees and sets it.")]
    renamed_from: list[str]
    released: Annotated[bool, Field(description="Whether the active release names it; if not, it can only be cleared.")]

    @classmethod
    def of_definition(cls, found: Definition, **more: Any) -> Self:
        """Return the field as shown."""
        shape = found.shape
        return cls(
            key=shape.key,
            label=shape.label,
            type=shape.type,
            options=list(shape.options),
            sensitive=shape.sensitive,
            renamed_from=list(shape.renamed_from),
            released=found.released,
            **more,
        )


class FieldOut(RecordFieldOut):
    """One field of the company's own, of deals, contacts or companies."""

    of: Holder


class RecordKindOut(Shown):
    """One kind of records that a deal can have under it; of one that no release names any more none can be added."""

    key: Key
    label: str
    released: bool
    fields: list[RecordFieldOut]

    @classmethod
    def of(cls, kind: Kind, fields: OwnFields) -> RecordKindOut:
        """Return the kind as shown."""
        own = [RecordFieldOut.of_definition(each) for each in fields.of(kind.key)]
        return cls(key=kind.key, label=kind.label, released=kind.released, fields=own)


class FieldsOut(Shown):
    """All own fields, in the order of their definitions, and the kinds of records with theirs."""

    items: list[FieldOut]
    records: list[RecordKindOut]


@router.get("", response_model=FieldsOut, responses={**documented(), **succeeds(200, "All own fields.")})
def list_fields(caller: Asking) -> Response:
    """List the company's own fields of deals, contacts and companies, and the kinds of records under deals."""
    fields = caller.crm.own_fields()
    items = [FieldOut.of_definition(each, of=holder) for holder in HOLDERS for each in fields.of(holder)]
    kinds = [RecordKindOut.of(kind, fields) for kind in fields.kinds]
    return shown(Answer(body=FieldsOut(items=items, records=kinds)))
