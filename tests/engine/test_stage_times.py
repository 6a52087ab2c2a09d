"""What stages say about time: an inquiry that nobody answers is told of, and a deal that lies rots."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import World

from dealwright import Account, Incoming, Lost, Pipeline, Stage, Task, Won, days, working_days, working_minutes
from dealwright.compile import ir
from dealwright.compile.carried import carried
from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.later import later
from dealwright.compile.lower import lower
from dealwright.errors import DefinitionError
from dealwright.testing.scripted import ScriptedConnector


class Later(Pipeline, key="later"):
    asked = Stage("Asked again", task=Task("Call", due=working_days(2)))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Sales(Pipeline, key="sales", name="Sales", deferred_to=Later):
    incoming = Incoming("Inbox", first_response=working_minutes(15))
    quoted = Stage("Sent the quote", task=Task("Call", due=working_days(2)), rot_after=days(10))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


def company() -> ir.Account:
    account = Account("acme", zone="America/New_York", country="US", currency="USD", pipelines=[Sales], automations=[])
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


def released() -> ir.Account:
    """Return what `up` records: without what is not there yet."""
    whole = company()
    kept = tuple(each for each in whole.automations if not later(each, whole))
    return ir.Account(**{name: getattr(whole, name) for name in whole.__struct_fields__} | {"automations": kept})


def texts(world: World) -> list[str]:
    return [task.text for task in world.crm.tasks()]


@pytest.fixture
def mail() -> ScriptedConnector:
    return ScriptedConnector(("notify",))


def test_an_inquiry_that_nobody_answers_in_time_is_told_of_once(tmp_path: Path, mail: ScriptedConnector) -> None:
    here = World(tmp_path, released(), mail)
    here.new_deal(title="Chairs")
    here.work()
    assert texts(here) == []
    here.clock.move(timedelta(minutes=16))
    here.work()
    here.clock.move(timedelta(days=3))
    here.work()
    assert texts(here) == ["⏰ Chairs: Inbox"]
    here.close()


def test_what_is_done_in_time_is_an_answer(tmp_path: Path, mail: ScriptedConnector) -> None:
    here = World(tmp_path, released(), mail)
    called, moved = here.new_deal(title="Called"), here.new_deal(title="Moved")
    here.work()
    here.crm.log_activity(called.id, kind="call", outcome="reached")
    here.crm.move_deal(moved.id, "sales", "quoted")
    here.work()
    here.clock.move(timedelta(minutes=16))
    here.work()
    assert texts(here) == ["Call"], "the task of the stage alone"
    assert here.states()["sales.first-response"] == {"done": 2}
    here.close()


def test_a_deal_that_rots_waits_for_a_word_that_is_not_there_yet() -> None:
    whole = company()
    words = {each.key: [word.word for word in later(each, whole)] for each in whole.automations}
    assert words == {"sales.first-response": [], "sales.rot-quoted": ["rot_after="], "sales.stage-tasks": []}


def test_without_e_mail_the_task_is_set_all_the_same() -> None:
    kept, left = carried(released(), actions=frozenset({"set_task"}), untold=frozenset())
    rule = kept.automation("sales.first-response")
    assert rule is not None
    assert not left
    assert [type(step) for step in ir.actions(rule.do)] == [ir.SetTaskStep]


@pytest.mark.parametrize("language", sorted(TONGUES))
def test_the_page_for_the_owner_says_both(language: str) -> None:
    said = page(company(), TONGUES[language])
    assert "15" in said
    assert "10" in said
    assert said.count("(") >= 1


def test_other_things_than_times_are_refused() -> None:
    with pytest.raises(DefinitionError, match="first_response is a length of time, not int"):
        Incoming(first_response=15)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="rot_after is a length of time, not str"):
        Stage("Sent", rot_after="10d")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="deferred_to of Odd is a pipeline, not str"):

        class Odd(Pipeline, key="odd", deferred_to="later"):  # type: ignore[arg-type]
            won = Won()
