"""DW107: a stage that gives nobody anything to do is told, whatever else its pipeline says of other stages."""

from __future__ import annotations

from pathlib import Path

from examples import codes, snippet

FILE = """
closers = Role("closers")

class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", owner=closers, task=Task("Call", due=days(1)))
    repaired = Stage(
        "Repaired the machine", owner=closers{more},
        entry=Criteria([deal.amount.is_set()], says="How much?", else_="task"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
{rule}
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Repairs, Sales], automations=[{listed}])
"""

RULE = """
bring = Automation(
    key="bring",
    on=entered(Repairs.repaired),
    do=[wait("settled", minutes(1)), set_task("bring", text="Bring it", due=days(1))],
)
"""


def test_a_stage_without_a_task_is_told_although_criteria_and_other_stages_have_some(tmp_path: Path) -> None:
    told = snippet(tmp_path, FILE.format(more="", rule="", listed=""))
    assert [(each.code, each.message) for each in told] == [
        ("DW107", "the stage 'Repaired the machine' sets no task: its deals have no next step")
    ]


def test_one_whose_task_a_rule_sets_or_that_says_why_is_not(tmp_path: Path) -> None:
    assert codes(snippet(tmp_path / "rule", FILE.format(more="", rule=RULE, listed="bring"))) == set()
    because = ', task=None, because="the customer comes for it"'
    assert codes(snippet(tmp_path / "because", FILE.format(more=because, rule="", listed=""))) == set()
