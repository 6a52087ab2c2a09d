"""Slips in an automation and in what it is made of, each told with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from records_world import Sales, account, deal, found

from dealwright import Automation, DealFields, Text, add_note, deal_updated, entered
from dealwright.errors import DefinitionError


def test_a_list_of_triggers_is_told_as_a_list():
    """It said: is a trigger, not list."""
    with pytest.raises(DefinitionError, match="is one trigger, and not a list of 2") as caught:
        Automation(key="x", on=[entered(Sales.won), deal_updated()], do=[add_note("n", text="x")])  # type: ignore[arg-type]
    assert "write one automation for each" in str(caught.value.hint)


def test_two_automations_may_name_one_list_of_steps():
    steps = [add_note("n", text="{{ deal.title }}")]
    one = Automation(key="one", on=entered(Sales.won), do=steps)
    other = Automation(key="other", on=deal_updated(fields=[deal.amount]), do=steps)
    assert found(account(one, other)) == []


def test_a_name_that_is_taken_is_told_at_its_line_with_all_that_are():
    with pytest.raises(DefinitionError, match="cannot be named 'amount': that name is taken") as caught:

        class Own(DealFields):
            first = Text()
            amount = Text()  # type: ignore[assignment]

    place = next(note for note in caught.value.__notes__ if note.startswith("at "))
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert lines[int(place.rpartition(":")[2]) - 1].strip().startswith("amount = Text()")
    assert "amount, close_date, company" in str(caught.value.hint)
