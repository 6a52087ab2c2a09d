"""What we tell Prefect about a window, checked without a server."""

from __future__ import annotations

import json

import msgspec
import pytest

from dealwright.compile import ir
from dealwright.errors import ReleaseError
from dealwright.model.window import StepSummary, SubjectRow, Window
from dealwright_flows import names, wire
from tests.flows.fakes import EPOCH, account, window


def ended(**more: object) -> Window:
    return msgspec.structs.replace(window(), **more)


@pytest.mark.parametrize(
    ("executions", "state"),
    [
        ({}, ("COMPLETED", "Done")),
        ({"done": 40}, ("COMPLETED", "Done")),
        ({"done": 37, "parked": 2, "held": 1}, ("COMPLETED", "Done, 3 need attention")),
        ({"done": 39, "parked": 1}, ("COMPLETED", "Done, 1 needs attention")),
        ({"done": 95, "failed": 5}, ("COMPLETED", "Done, 5 need attention")),
        ({"done": 94, "failed": 6}, ("FAILED", "Failed")),
    ],
)
def test_a_run_fails_only_when_more_than_five_percent_of_it_failed(
    executions: dict[str, int], state: tuple[str, str]
) -> None:
    body = wire.end_state(ended(executions=executions))
    assert (body["type"], body["name"]) == state


def test_a_window_that_failed_itself_is_a_failed_run_with_its_reason() -> None:
    body = wire.end_state(ended(executions={"done": 3}, failed="the journal was away"))
    assert body == {"type": "FAILED", "name": "Failed", "message": "the journal was away"}


def test_a_cancelled_window_says_how_far_it_came() -> None:
    body = wire.end_state(ended(executions={"done": 17, "ready": 23}, cancelled=True))
    assert body == {"type": "CANCELLED", "name": "Cancelled", "message": "17 of 40 done"}


def test_what_is_sent_twice_is_the_same_twice_and_differs_between_windows() -> None:
    one, other = window(run_id="r1"), window(run_id="r1")
    assert wire.closing(one) == wire.closing(one) != wire.closing(other)
    assert wire.step_events(one, "r1") == wire.step_events(one, "r1")
    ids = [event["id"] for each in (one, other) for event in wire.step_events(each, "r1")]
    assert len(set(ids)) == 4
    assert wire.closing(one) != wire.closing(msgspec.structs.replace(one, run_id="another run"))


def test_a_step_is_told_with_its_true_times_and_after_the_step_before_it() -> None:
    made = window()
    first, second = wire.step_events(made, "r1")
    assert first["payload"]["task_run"]["start_time"] == made.steps[0].started_at.isoformat()
    assert first["payload"]["task_run"]["total_run_time"] == 0.5
    assert first["payload"]["task_run"]["task_inputs"] == {}
    before = second["payload"]["task_run"]["task_inputs"]["after"][0]["id"]
    assert first["resource"]["prefect.resource.id"] == f"prefect.task-run.{before}"


def test_a_clock_that_jumped_back_makes_no_negative_duration() -> None:
    step = StepSummary(name="s", started_at=EPOCH, ended_at=EPOCH.replace(hour=8), counts={})
    task_run = wire.step_events(ended(steps=(step,)), "r1")[0]["payload"]["task_run"]
    assert task_run["total_run_time"] == 0
    assert task_run["end_time"] == task_run["start_time"]


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({"sent": 3}, ("COMPLETED", "Done")),
        ({"sent": 3, "rejected": 1, "unknown": 1}, ("COMPLETED", "Done, 2 failed")),
        ({"rejected": 2}, ("FAILED", "Failed")),
        ({"held": 2}, ("COMPLETED", "Done")),
        ({}, ("COMPLETED", "Done")),
    ],
)
def test_a_step_fails_only_when_nothing_of_it_went_well(counts: dict[str, int], state: tuple[str, str]) -> None:
    assert wire.step_state(StepSummary(name="s", started_at=EPOCH, ended_at=EPOCH, counts=counts)) == state


def test_the_table_holds_two_hundred_rows_with_failures_first() -> None:
    rows = [SubjectRow(subject=f"deal:{n}", execution=f"e{n}", state="done") for n in range(500)]
    rows[400] = SubjectRow(subject="deal:400", execution="e400", state="failed", reason="refused")
    rows[300] = SubjectRow(subject="deal:300", execution="e300", state="parked")
    told = wire.table(ended(rows=tuple(rows), executions={"done": 498, "failed": 1, "parked": 1}), "r1")
    shown = json.loads(told["data"])
    assert len(shown) == 200
    assert [row["subject"] for row in shown[:3]] == ["deal:400", "deal:300", "deal:0"]
    assert told["description"].startswith("200 of 500 executions; 498 done, 1 parked, 1 failed")


def test_a_run_recorded_late_says_its_true_times_in_name_and_log() -> None:
    late = ended(opened_at=EPOCH, closed_at=EPOCH.replace(minute=3))
    assert names.late_run_name(late) == "greet 2026-03-02 09:00:00-09:03:00 UTC (recorded late)"
    said = wire.log_line(late, "r1", late=True)[0]["message"]
    assert "2026-03-02 09:00:00 to 09:03:00 UTC (180.0 s)" in said
    assert "Recorded late" in said


def test_an_upsert_leaves_the_operators_pause_alone_unless_it_was_lost() -> None:
    assert "paused" not in wire.deployment("f", "acme", "greet", version="v")
    assert wire.deployment("f", "acme", "greet", version="v", paused=True)["paused"] is True


def test_an_entrypoint_is_a_dotted_path_without_a_colon() -> None:
    assert names.entrypoint("acme", "new-business.stage-tasks") == (
        "dealwright_flows.automations.acme__new_business_stage_tasks"
    )


def test_two_automations_that_would_be_one_identifier_are_refused_by_name() -> None:
    with pytest.raises(ReleaseError, match=r"'acme\.a-b' and 'acme\.a\.b' would be one flow"):
        names.idents([account("a-b", "a.b")])
    found = names.idents([account("a", "b"), account("a", name="other")])
    assert sorted(found) == ["acme__a", "acme__b", "other__a"]
    assert isinstance(found["acme__a"][1], ir.Automation)
