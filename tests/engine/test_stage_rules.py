"""What stages say of whoever moves deals: hand-overs to an owner role, and criteria with what a breach does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import World

from dealwright import (
    Account,
    Automation,
    Criteria,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Role,
    Stage,
    Task,
    Won,
    entered,
    hours,
    set_task,
    setting,
    stage_changed,
    working_days,
)
from dealwright import Money as Amount
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.model.crm import Deal, Money, User
from dealwright.model.requests import DealChanges
from dealwright.testing.scripted import ScriptedConnector

deal = DealFields()
sdr, closers = Role("sdr"), Role("closers")
most = setting("most", Amount, default=Amount(500, "USD"))


class Handed(Pipeline, key="handed", name="Handed"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", owner=sdr, task=Task("Call", due=working_days(1)))
    agreed = Stage("Agreed the terms", owner=closers, task=Task("Write the contract", due=working_days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Strict(Pipeline, key="strict", name="Strict"):
    incoming = Incoming()
    quoted = Stage(
        "Sent the quote",
        task=Task("Call", due=working_days(1)),
        entry=Criteria([deal.amount <= most], else_="move_back", says="Ask for the discount"),
        exit=Criteria(deal.reference.is_set(), else_="report", says="Write the number down"),
    )
    agreed = Stage(
        "Agreed the terms",
        owner=closers,
        task=Task("Write the contract", due=working_days(1)),
        entry=Criteria([deal.company.is_set()], else_="task", says="Name the company"),
    )
    paid = Stage("Received the payment", owner=closers)
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Mail(ScriptedConnector):
    def __init__(self) -> None:
        super().__init__(("notify",))


def company(pipeline: type[Pipeline], *automations: Automation) -> ir.Account:
    account = Account(
        "acme", zone="America/New_York", country="US", currency="USD", pipelines=[pipeline], automations=automations
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


@pytest.fixture
def mail() -> Mail:
    return Mail()


def told(mail: Mail) -> list[tuple[str, str, str]]:
    requests = [call.request for calls in mail.requests for call in calls]
    return [(each.to, each.subject, each.text) for each in requests]  # type: ignore[union-attr]


def world(folder: Path, lowered: ir.Account, mail: Mail) -> tuple[World, dict[str, User]]:
    made = World(folder, lowered, mail)
    staff = {name: made.crm.add_user(name, f"{name.lower()}@acme.example") for name in ("Sam", "Cleo", "Carl")}
    made.journal.set_role("acme", "sdr", [staff["Sam"]], actor="user:test")
    made.journal.set_role("acme", "closers", [staff["Cleo"], staff["Carl"]], actor="user:test")
    return made, staff


def new(
    made: World, pipeline: str, stage: str = "incoming", amount: int | None = 100, owner: str | None = None
) -> Deal:
    worth = None if amount is None else Money(Decimal(amount), "USD")
    return made.crm.create_deal(pipeline=pipeline, stage=stage, title="Forty chairs", amount=worth, owner=owner)


def move(made: World, deal_id: str, stage: str) -> Deal:
    here = made.crm.deal(deal_id)
    assert here is not None
    made.clock.move(timedelta(minutes=1))  # a stage visit is known by its moment
    made.crm.move_deal(deal_id, here.pipeline, stage, actor="user:ana")
    made.work()
    found = made.crm.deal(deal_id)
    assert found is not None
    return found


def tasks(made: World) -> Sequence[tuple[str, str]]:
    return [(task.text, task.owner.name if task.owner else "") for task in made.crm.tasks()]


def test_who_owns_the_stage_gets_the_deal_and_its_task_and_the_one_before_is_told(tmp_path: Path, mail: Mail) -> None:
    made, staff = world(tmp_path, company(Handed), mail)
    one = new(made, "handed", "quoted", owner=staff["Sam"].id)
    made.work()
    assert tasks(made) == [("Call", "Sam")]
    assert told(mail) == []  # Sam has it already
    after = move(made, one.id, "agreed")
    assert after.owner == staff["Cleo"]
    assert tasks(made)[1:] == [("Write the contract", "Cleo")]
    assert told(mail) == [("sam@acme.example", "Forty chairs", "Forty chairs: Agreed the terms → Cleo")]
    other = new(made, "handed", "agreed", owner=staff["Carl"].id)
    made.work()
    assert getattr(made.crm.deal(other.id), "owner", None) == staff["Carl"], "who is of the role keeps it"
    made.close()


def test_stages_are_lowered_to_one_automation_where_order_matters() -> None:
    handed, strict = company(Handed), company(Strict)
    assert [each.key for each in handed.automations] == ["handed.hand-over"]
    assert [each.key for each in strict.automations] == ["strict.criteria"]
    assert handed.roles == ("closers", "sdr")
    assert [each.key for each in strict.settings] == ["most"]
    assert ir.decode(ir.encode(strict)) == strict


def test_what_does_not_meet_the_criteria_goes_back_once_and_sets_nothing_off(tmp_path: Path, mail: Mail) -> None:
    back = Automation(key="back", on=stage_changed(), do=[set_task("look", text="Look", due=hours(1))])
    came = Automation(key="came", on=entered(Strict.incoming), do=[set_task("new", text="New", due=hours(1))])
    made, _ = world(tmp_path, company(Strict, back, came), mail)
    one = new(made, "strict", amount=900)
    made.work()
    after = move(made, one.id, "quoted")
    assert after.stage == "incoming"
    assert [task for task, _ in tasks(made)] == ["New", "Look"], "of the way there, and not of the way back"
    assert [note.text for note in made.crm.notes(one.id)] == ["↩ Sent the quote: Ask for the discount"]
    assert "moved back: it stands where it stood before" in made.reasons()
    again = move(made, one.id, "quoted")
    assert again.stage == "quoted", "who moves it again means it"
    assert [note.text for note in made.crm.notes(one.id)][1:] == ["! Sent the quote: Ask for the discount"]
    assert ("Call", "Ana Vogel") in tasks(made)
    found = made.journal.breaches("acme", made.clock.now().replace(year=2000), 10)
    assert [(each.side, each.stage, each.done) for each in found] == [
        ("entry", "quoted", "move_back"),
        ("entry", "quoted", "again"),
    ]
    made.close()


def test_the_setting_decides_and_what_is_unset_does_not_meet_the_criteria(tmp_path: Path, mail: Mail) -> None:
    made, _ = world(tmp_path, company(Strict), mail)
    (most,) = [each for each in made.company.settings if each.key == "most"]
    made.journal.set_setting("acme", most, "1000 USD", actor="user:test")
    large, unknown = new(made, "strict", amount=900), new(made, "strict", amount=None)
    assert move(made, large.id, "quoted").stage == "quoted"
    assert move(made, unknown.id, "quoted").stage == "incoming"
    made.close()


def test_leaving_without_is_noted_and_coming_without_is_a_task_for_the_new_owner(tmp_path: Path, mail: Mail) -> None:
    made, _ = world(tmp_path, company(Strict), mail)
    one = new(made, "strict", "quoted")
    made.work()
    after = move(made, one.id, "agreed")
    assert after.stage == "agreed"
    assert [note.text for note in made.crm.notes(one.id)] == ["Sent the quote: Write the number down"]
    assert [task for task, _ in tasks(made)] == ["Call", "Name the company", "Write the contract"]
    found = made.journal.breaches("acme", made.clock.now().replace(year=2000), 10)
    assert {(each.side, each.stage, each.done, each.rep.name if each.rep else "") for each in found} == {
        ("exit", "quoted", "report", "Ana Vogel"),
        ("entry", "agreed", "task", "Ana Vogel"),
    }
    two = new(made, "strict", "quoted")
    made.crm.update_deal(two.id, DealChanges(reference="Q-1", company="Acme"), actor="user:ana")
    made.work()
    assert move(made, two.id, "agreed").stage == "agreed"
    assert made.crm.notes(two.id) == []
    lost = new(made, "strict", "quoted")
    made.work()
    made.crm.move_deal(lost.id, "strict", "lost", lost_reason="Price", actor="user:ana")
    made.work()
    assert made.crm.notes(lost.id) == [], "a lost deal goes nowhere"
    made.close()


def test_a_deal_that_has_moved_on_is_not_moved_back(tmp_path: Path, mail: Mail) -> None:
    made, _ = world(tmp_path, company(Strict), mail)
    one = new(made, "strict", amount=900)
    made.work()
    made.crm.move_deal(one.id, "strict", "quoted", actor="user:ana")
    made.crm.move_deal(one.id, "strict", "won", actor="user:ana")
    made.work()
    found = made.crm.deal(one.id)
    assert found is not None
    assert found.stage == "won"
    made.close()
