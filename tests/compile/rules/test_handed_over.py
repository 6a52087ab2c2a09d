"""DW242: what is for a deal's owner while its stage gives the deal to somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import snippet

FILE = """
closers = Role("closers")

class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=None, because="the customer acts")
    repaired = Stage("Repaired the machine", owner=closers, task=Task("Call", due=days(1)){more})
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])

rule = Automation(key="rule", on={on}, do=[{do}])
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Repairs, Sales], automations=[rule])
"""
NOTIFY = 'notify("n", who=deal.owner, text="It is yours")'
TEXT = 'add_note("t", text="{{ deal.owner.name }} has it")'
TASK = 'set_task("call", text="Call them", due=days(1))'
BEFORE = 'add_note("t", text="{{ event.before.owner.name }} had it")'
THERE = "entered(Repairs.repaired)"


def told(folder: Path, on: str, do: str, more: str = "") -> list[str]:
    """Return what DW242 says of a file."""
    found = snippet(folder, FILE.format(on=on, do=do, more=more))
    return [each.message.partition(" is for")[0] for each in found if each.code == "DW242"]


@pytest.mark.parametrize(
    ("on", "do", "steps"),
    [
        (THERE, NOTIFY, ["'n'"]),
        (THERE, TEXT, ["'t'"]),
        (THERE, TASK, ["'call'"]),
        (THERE, f'add_tags("mark", "seen"), {TEXT}', ["'t'"]),
        ("entered(Repairs.inspected, Repairs.repaired)", NOTIFY, ["'n'"]),
        ("stage_changed(in_=Repairs)", NOTIFY, ["'n'"]),
        ("deal_created(in_=Repairs)", NOTIFY, ["'n'"]),
        # behind another step the CRM gives the task to whoever has the deal by then
        (THERE, f'add_tags("mark", "seen"), {TASK}', []),
        (THERE, f'wait("settled", minutes(1)), {NOTIFY}', []),
        (THERE, BEFORE, []),
        ("entered(Repairs.inspected)", f"{NOTIFY}, {TASK}", []),
        ("deal_created(in_=Repairs.incoming)", NOTIFY, []),
        ("deal_updated(fields=[deal.amount], in_=Repairs)", NOTIFY, []),
    ],
)
def test_who_works_with_the_owner_at_the_same_time_is_told(tmp_path: Path, on: str, do: str, steps: list[str]) -> None:
    assert told(tmp_path, on, do) == steps


def test_a_stage_with_criteria_hands_over_too(tmp_path: Path) -> None:
    more = ', entry=Criteria([deal.amount.is_set()], says="How much?", else_="task")'
    assert told(tmp_path, THERE, NOTIFY, more) == ["'n'"]
    assert told(tmp_path, "entered(Repairs.inspected)", NOTIFY, more) == []
