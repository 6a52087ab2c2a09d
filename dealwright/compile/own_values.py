"""What a company's own field can hold of what it is given, as far as that is known before there is a deal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.reckoned import kind_of
from dealwright.language.schema import FieldType, did_you_mean, spoken
from dealwright.language.values import NO_AMOUNT
from dealwright.model.address import is_address
from dealwright.model.custom import CustomType, FieldShape
from dealwright.model.link import is_link

_LINES: Final = ("text", "id", "choice", "phone", "email", "link")
_TAKES: Final[Mapping[CustomType, tuple[FieldType, ...]]] = {
    "text": _LINES,
    "number": ("number",),
    "flag": ("flag",),
    "choice": ("text", "id", "choice"),
    "choices": ("choices", "tags"),
    "day": ("day",),
    "moment": ("moment",),
    "money": ("money",),
    "phone": ("phone", "text"),
    "email": ("email", "text"),
    "link": ("link", "text"),
    "user": ("user",),
}
"""Of which types a fact may be that a field is given. A text from elsewhere is looked at when it is there."""

_TEXTS: Final = ("text", "phone", "email", "link")


def misfit(given: ir.Expression, field: FieldShape, told: Collection[str] = ()) -> str | None:
    """Return the advice if the field cannot hold what it is given; None if it can, or if nobody knows yet.

    `told` is all that it is given can be, where that is known: the options of another field.
    """
    if _fits(given, field) and (not told or not field.options or not set(told).isdisjoint(field.options)):
        return None
    if field.options:
        texts = given.value if isinstance(given, ir.TagsValue) else ()
        if isinstance(given, ir.TextValue):
            if field.type == "choices":
                return f"write a list: {field.key}=[{given.value[:80]!r}]"
            texts = (given.value,)
        wrong = next((text for text in texts if text not in field.options), "")
        near = did_you_mean(wrong, field.options) if wrong else ""
        return near or f"one of {', '.join(field.options)}"[:400]
    if field.type == "money" and _is_number(given):
        return NO_AMOUNT
    return _ADVICE.get(field.type) or f"give it {spoken(field.type)}"


_ADVICE: Final[Mapping[CustomType, str]] = {
    "phone": "give it a phone number, with digits in it",
    "email": "give it an e-mail address, such as ana@example.com",
    "link": "give it an address that begins with https:// or http://",
    "money": 'give it a number in the account\'s currency, 0 or more, or Money("100", "EUR")',
    "flag": "give it True or False, or a field that is a flag",
    "user": "give it deal.owner, or a user's name or id",
}


def _fits(given: ir.Expression, field: FieldShape) -> bool:
    match given:
        case ir.Cleared():
            return True
        case ir.Ref(type=type_):
            return type_ in _TAKES[field.type]
        case ir.Reckoned() | ir.Shift() | ir.OrElse() | ir.Aggregate():
            return kind_of(given) in _TAKES[field.type]
        case ir.TextValue(value=text):
            return _holds(field, text)
        case ir.TagsValue(value=texts):
            return field.type == "choices" and all(text in field.options for text in texts)
        case ir.TemplateText():
            return field.type in _TEXTS
        case ir.Points():
            return field.type == "number"
        case ir.NumberValue(value=value):
            return field.type == "number" or (field.type == "money" and value >= 0)
        case ir.MoneyValue(amount=amount):
            return field.type == "money" and amount >= 0
        case ir.FlagValue():
            return field.type == "flag"
        case ir.DayValue():
            return field.type == "day"
        case ir.MomentValue():
            return field.type == "moment"
    return False


def _is_number(given: ir.Expression) -> bool:
    """Say whether it is a number that a fact says, and so of no currency."""
    match given:
        case ir.Ref() | ir.Reckoned() | ir.OrElse() | ir.Aggregate():
            return kind_of(given) == "number"
    return isinstance(given, ir.Points)


def _holds(field: FieldShape, text: str) -> bool:
    match field.type:
        case "choice":
            return text in field.options
        case "email":
            return is_address(text)
        case "link":
            return is_link(text)
        case "phone":
            return any(character.isdecimal() for character in text)
        case _:
            return field.type in ("text", "user")
