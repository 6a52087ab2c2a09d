"""Settings as they are written: typed, bounded, never of one another, and read back from what people type."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import Account, Automation, DealFields, Money, deal_created, every_event, setting, stop, update_deal
from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest
from dealwright.compile.lower import lower
from dealwright.compile.settings import in_force, read, spelled
from dealwright.errors import DefinitionError, InputError

deal = DealFields()


def account(when: object, *steps: object) -> tuple[ir.Account | None, list[str]]:
    rule = Automation(key="one", on=deal_created(), when=[when], again=every_event(), do=[*steps, stop()])  # type: ignore[list-item]
    lowered, found = lower(
        Account("acme", zone="UTC", country="US", currency="USD", automations=[rule]), Path(__file__).parent
    )
    return lowered, [f"{item.code} {item.message}" for item in found]


def one(when: object, *steps: object) -> ir.Account:
    lowered, found = account(when, *steps)
    assert lowered is not None, found
    return lowered


@pytest.mark.parametrize(
    ("type_", "more", "said"),
    [
        (int, {"default": 1.5}, "a whole number"),
        (int, {"default": True}, "is not a number"),
        (int, {"default": 200, "max": 100}, "outside its bounds"),
        (int, {"default": 5, "min": 9, "max": 1}, "nothing fits"),
        (int, {"default": deal.amount}, "a field, which has no value yet"),
        (int, {"default": setting("other", int, default=1)}, "a field, which has no value yet"),
        (float, {"default": float("nan")}, "is not a number"),
        (bool, {"default": 1}, "does not fit its type"),
        (bool, {"default": True, "min": 0}, "no min and max"),
        (str, {"default": ""}, "does not fit its type"),
        (str, {"default": "{{ deal.title }}"}, "does not fit its type"),
        (["soft", "firm"], {"default": "frim"}, "none of its options"),
        (["soft", "soft"], {"default": "soft"}, "twice"),
        ([], {"default": "soft"}, "no type that a setting can have"),
        (bytes, {"default": b""}, "no type that a setting can have"),
        (Money, {"default": 5}, "does not fit its type"),
    ],
)
def test_what_is_no_setting_is_refused(type_: object, more: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        setting("most", type_, **more)  # type: ignore[call-overload]


def test_an_option_typo_and_another_type_do_not_compare() -> None:
    tone = setting("tone", ["soft", "firm"], default="soft")
    with pytest.raises(DefinitionError, match="none of its options"):
        tone == "frim"  # noqa: B015
    with pytest.raises(DefinitionError, match="do not compare"):
        deal.amount > setting("most", int, default=1)  # type: ignore[operator]  # noqa: B015


def test_two_definitions_with_one_key_are_found() -> None:
    first, second = (setting("most", int, default=number) for number in (1, 2))
    lowered, found = account((first > 0) & (second > 0))
    assert lowered is None
    assert [item.partition(" ")[0] for item in found] == ["DW207"]


def test_who_decides_is_no_behaviour_and_a_bound_is() -> None:
    plain = one(setting("most", int, default=1) > 0)
    assert behaviour_digest(plain) == behaviour_digest(one(setting("most", int, default=1, editable_by="Ana") > 0))
    assert behaviour_digest(plain) != behaviour_digest(one(setting("most", int, default=1, max=9) > 0))
    assert ir.decode(ir.encode(plain)) == plain


def test_a_step_uses_a_setting_too() -> None:
    made = one(deal.amount > 0, update_deal("cap", amount=setting("cap", Money, default=Money(5, "USD"))))
    assert [item.key for item in made.settings] == ["cap"]


@given(st.decimals(min_value=-1000, max_value=1000, places=3))
def test_what_is_spelled_is_read_back(number: Decimal) -> None:
    item = one(setting("most", float, default=1.0) > 0).settings[0]
    assert read(item, spelled(number)) == number


@given(st.text(max_size=40))
def test_no_text_breaks_reading_and_what_is_read_fits(text: str) -> None:
    item = one(setting("most", int, default=1, min=0, max=9) > 0).settings[0]
    try:
        value = read(item, text)
    except InputError:
        return
    assert isinstance(value, Decimal)
    assert 0 <= value <= 9


def test_a_value_that_fits_no_more_gives_way_to_the_default() -> None:
    made = one(setting("most", int, default=1, max=9) > 0)
    assert in_force(made, {"most": "5", "gone": "x"}) == {"most": 5}
    assert in_force(made, {"most": "50"}) == {"most": 1}
