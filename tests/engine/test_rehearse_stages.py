"""Moves and deals that stages do not take: a rehearsal refuses and passes by what the embedded CRM does, as it does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from engine_world import MONDAY, World

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Role,
    Stage,
    Text,
    Won,
    add_note,
    add_tags,
    assign_owner,
    branch,
    case,
    create_deal,
    deal_created,
    move_deal,
    outcome,
    update_deal,
)
from dealwright.cli.main import cli
from dealwright.journal.history import ExecutionStory
from dealwright.language.steps import Step
from dealwright.model.crm import Deal
from dealwright.testing import Told, a_contact, a_deal, compiled_account, rehearse


class Own(DealFields):
    treatment = Text("Treatment")


deal = Own()


class Clinic(Pipeline, key="clinic"):
    """A pipeline whose stages ask for something."""

    incoming = Incoming()
    planned = Stage("Planned", task=None, because="tests", required=[deal.amount, deal.treatment])
    seen = Stage("Seen", task=None, because="tests", required=[deal.main_contact])
    won = Won("Treated", required=[deal.close_date])
    lost = Lost("Gone elsewhere", reasons=["Price", "Fear"])


def rule(*do: Step) -> Account:
    return Account(
        "acme",
        zone="UTC",
        country="US",
        currency="USD",
        pipelines=[Clinic],
        automations=[Automation(key="rule", on=deal_created(in_=Clinic), do=list(do))],
        deal_fields=Own,
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[list[World]]:
    worlds: list[World] = []
    yield worlds
    for each in worlds:
        each.close()


def really(worlds: list[World], folder: Path, company: Account, stage: str, **fields: object) -> ExecutionStory:
    """Let the engine and the embedded CRM do it."""
    world = World(folder, compiled_account(company))
    worlds.append(world)
    maria = world.crm.create_contact(name="Maria Silva").id
    made = world.crm.create_deal(pipeline="clinic", stage=stage, title="Forty chairs", contacts=(maria,), **fields)  # type: ignore[arg-type]
    world.work()
    (story,) = (each for event in world.journal.timeline("acme", f"deal:{made.id}") for each in event.executions)
    return story


def foreseen(company: Account, stage: str, **fields: object) -> Told:
    stood: Deal = a_deal(getattr(Clinic, stage), contact=a_contact(), **fields)  # type: ignore[arg-type]
    return rehearse(company, "rule", stood, at=MONDAY)


plan = move_deal("plan", to=Clinic.planned)
see = move_deal("see", to=Clinic.seen)
lose = move_deal("lose", to=Clinic.lost, reason="Price")
WAYS = branch(
    "ways",
    case(outcome("plan") == "failed", add_note("short", text="Something is missing.")),
    otherwise=[add_note("fine", text="It is planned.")],
)
NEXT = create_deal("next", in_=Clinic.incoming, title="Next", unless_open=Clinic)
TOLD = branch(
    "told", case(outcome("next") == "dropped", add_tags("t", "one-is-open")), otherwise=[add_tags("n", "new")]
)


@pytest.mark.parametrize(
    ("stage", "steps", "state", "acts", "passed"),
    [
        ("incoming", [plan], "failed", [], {"plan": "refused (fields_required): stage planned requires an amount, "}),
        ("incoming", [plan, WAYS], "done", ["short"], {"plan": "refused (fields_required)"}),
        ("incoming", [update_deal("fill", amount=5, treatment="Filling"), plan, WAYS], "done", None, {}),
        ("seen", [plan, WAYS], "done", ["fine"], {"plan": "not moved: it stood in clinic.seen, and goes forward only"}),
        ("seen", [see], "done", [], {"see": "not moved: it stood in clinic.seen already"}),
        ("won", [see], "done", [], {"see": "not moved: it stood in clinic.won, and goes forward only"}),
        ("incoming", [move_deal("win", to=Clinic.won)], "done", ["win"], {}),
        ("incoming", [lose, see], "done", ["lose"], {"see": "not moved: it stood in clinic.lost, and"}),
        ("incoming", [update_deal("nobody", owner=None)], "done", ["nobody"], {}),
        ("seen", [update_deal("nobody", owner=None)], "failed", [], {"nobody": "refused (owner_required)"}),
        ("won", [update_deal("undated", close_date=None)], "failed", [], {"undated": "refused (fields_required)"}),
        ("seen", [NEXT, TOLD], "done", ["t"], {"next": "not created: deal 1 is open"}),
        ("won", [NEXT, TOLD], "done", ["next", "n"], {}),
    ],
)
def test_the_rehearsal_refuses_and_passes_by_what_the_crm_does(
    tmp_path: Path,
    world: list[World],
    stage: str,
    steps: list[Step],
    state: str,
    acts: list[str] | None,
    passed: dict[str, str],
) -> None:
    company, fields = rule(*steps), ({"close_date": date(2026, 3, 2)} if stage == "won" else {})
    told = foreseen(company, stage, **fields)
    assert told.state == state
    assert told.acts == acts or acts is None
    assert told.passed.keys() == passed.keys()
    assert all(told.passed[step].startswith(why) for step, why in passed.items())
    real = really(world, tmp_path, company, stage, **fields)
    asked = {part.step for part in told.rehearsal.parts if part.request is not None}
    assert (real.state, {each.step for each in real.effects}) == (state, asked)
    if state == "failed":
        assert told.reason.startswith(real.reason)


def test_a_step_that_would_not_act_says_why_when_it_is_asked_for() -> None:
    told = foreseen(rule(see), "won", close_date=date(2026, 3, 2))
    assert told.moves == []
    with pytest.raises(AssertionError, match=r"'see' would not act \(not moved: it stood in clinic.won,"):
        told.when("see")


def test_a_step_that_is_not_reached_says_how_the_rehearsal_ended() -> None:
    told = foreseen(rule(assign_owner("share", to=Role("closers")), see), "seen")
    with pytest.raises(AssertionError, match=r"these would: none; it ends held: nobody stands behind role closers"):
        told.when("see")


COMPANY = """
from dealwright import *

class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Closed won", required=[DealFields().amount])
    lost = Lost("Closed lost", reasons=["Price"])

rule = Automation(key="rule", on=deal_created(in_=Sales), do=[move_deal("win", to=Sales.won)], examples=[EXAMPLE])
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule])
"""
WORTH = 'Example("worth nothing yet", in_=Sales.incoming, at="2026-05-11 10:00", then=[{}])'


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ('"failed"', "ok"),
        ('"win"', "expects 'win', and then it is 'failed: win: refused (fields_required): stage won requires"),
    ],
)
def test_an_example_does_not_expect_a_move_that_the_stage_refuses(tmp_path: Path, then: str, said: str) -> None:
    (tmp_path / "acme.py").write_text(COMPANY.replace("EXAMPLE", WORTH.format(then)))
    assert said in CliRunner().invoke(cli, ["check", str(tmp_path)]).output
