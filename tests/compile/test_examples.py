"""Examples that stand beside automations: `check` runs them, and says what is done instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from company_files import GOOD

from dealwright import Example, Pipeline, Stage
from dealwright.cli.main import cli
from dealwright.errors import DefinitionError

COMPANY = (
    GOOD
    + """
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.phone.is_set(),
    again=once(per=person),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name or 'them' }}", due=working_minutes(15)),
        wait("pause", days(1)),
        branch("size", case(deal.amount > 100, add_note("note", text="Large: {{ deal.amount }}"))),
    ],
    examples=[
        EXAMPLE
    ],
)
a = Account("a", zone="America/New_York", country="US", currency="USD", pipelines=[Sales], automations=[greet])
"""
)
AT = 'in_=Sales.incoming, at="2026-05-11 10:00"'


def checked(write, example: str) -> Result:
    folder: Path = write(a=COMPANY.replace("EXAMPLE", example))
    return CliRunner().invoke(cli, ["check", str(folder)])


LARGE = f'Example("a large one", {AT}, phone="+12125550142", amount=500, then='


@pytest.mark.parametrize(
    "example",
    [
        f"{LARGE}['call', 'note'])",
        f"{LARGE}['call at Mon 10:00', 'note at Tue 10:00', 'done'])",
        f"{LARGE}['call at Mon 11 May 10:00: Call Maria Silva', 'note: Large: 500 USD'])",
        f'Example("a small one", {AT}, phone="+12125550142", amount=5, then=["call"])',
        f'Example("nobody to call", {AT}, then=["skipped: conditions"])',
        f'Example("nobody at all", {AT}, contact=None, then=["skipped: conditions"])',
    ],
)
def test_an_example_that_comes_out_is_no_finding(write, example):
    result = checked(write, example)
    assert (result.exit_code, result.output) == (0, "a: 1 pipeline, 2 automations, ok\n")


@pytest.mark.parametrize(
    ("example", "message", "hint"),
    [
        (f"{LARGE}['call'])", "the example 'a large one' does not expect 'note at Tue 12 May 10:00: Large: 500 USD'",
         "it does: call at Mon 11 May 10:00: Call Maria Silva; note at Tue 12 May 10:00: Large: 500 USD; done"),
        (f"{LARGE}['call', 'note', 'close'])", "the example 'a large one' expects 'close', and then it is 'done'", ""),
        (f"{LARGE}['call at Mon 11:00', 'note'])",
         "expects 'call at Mon 11:00' as number 1, and 'call at Mon 11 May 10:00: Call Maria Silva' is done", ""),
        (f'Example("nobody", {AT}, then=[])', "the example 'nobody' ends 'skipped: conditions', which it does not say",
         "it does: skipped: conditions"),
        (f'Example("met", {AT}, phone="+12125550142", then=["skipped: conditions"])',
         "expects 'skipped: conditions'", ""),
    ],
)  # fmt: skip
def test_one_that_does_not_is_told_at_its_line_with_what_is_done(write, example, message, hint):
    result = checked(write, example)
    assert result.exit_code == 1
    first = result.output.splitlines()[0]
    line = next(n for n, text in enumerate(COMPANY.splitlines(), start=1) if text.strip() == "EXAMPLE")
    assert f"a.py:{line}:9 DW290 " in first
    assert message in first
    assert hint in result.output


def test_an_example_of_what_is_not_there_yet_is_not_run_and_finds_nothing(write):
    text = COMPANY.replace("deal_created(in_=Sales)", "no_activity(for_=days(3))")
    folder = write(a=text.replace("EXAMPLE", f'Example("never", {AT}, then=["nothing like that"])'))
    result = CliRunner().invoke(cli, ["check", str(folder)])
    assert result.exit_code == 0
    assert "`up` refuses greet: no_activity() is not there yet" in result.output


class Sales(Pipeline, key="sales"):
    """A short pipeline."""

    quoted = Stage("Sent the quote")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"in_": "quoted"}, "in_ of the example 'x' is a stage"),
        ({"at": "Monday"}, "at of the example 'x' is no moment: 'Monday'"),
        ({"at": "2026-05-09 22:30+02:00"}, "is local time, without a zone"),
        ({"then": "call"}, "then of the example 'x' is a list of texts"),
        ({"contact": None, "phone": "1"}, "has no contact, and a phone or an e-mail"),
    ],
)
def test_an_example_that_is_none_is_refused(wrong, message):
    given = {"in_": Sales.quoted, "at": "2026-05-11 10:00", "then": [], **wrong}
    with pytest.raises(DefinitionError) as refusal:
        Example("x", **given)  # type: ignore[arg-type]
    assert message in str(refusal.value)
    assert refusal.value.hint
