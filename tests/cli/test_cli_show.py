"""What `show`, `history`, `shadow report` and `status` tell, in words and as JSON."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cli_world import Company, Shell

from dealwright.cli import status


def execution(shell: Shell, deal: int, automation: str) -> str:
    (line,) = shell.json("executions", "ls", "--deal", deal, "--automation", automation)
    return str(line["id"])


def test_an_execution_is_told_with_conditions_values_receipts_cause_and_what_followed(both: Shell) -> None:
    told = both("executions", "show", execution(both, 8, "quote-large")).stdout
    for words in (
        "times in    America/New_York",
        "event changed: amount 100.00 USD -> 5000.00 USD",
        "deal.amount >= 1000  true  [deal.amount = 5,000.00 USD]",
        "deal.stage is open  true  [deal.stage = sales.incoming]",
        "move_deal to sales.quoted  sent  [moved True, from_stage incoming, to_stage quoted]",
        "what followed",
        "stage_changed of deal 8, made by effect dw-",
        "follow-up  done",
        "user:ana",
    ):
        assert words in told, told
    assert (
        "our own doing: step quote of quote-large" in both("executions", "show", execution(both, 8, "follow-up")).stdout
    )


def test_who_acted_instead_is_named_with_the_time(both: Shell) -> None:
    words = "of deal 1 acted on 2026-03-02 09:00:00"
    assert words in both("executions", "show", execution(both, 6, "greet")).stdout
    assert words in both("history", 6).stdout


def test_one_execution_that_is_held_says_what_to_do(shell: Shell) -> None:
    assert "executions approve" in shell("executions", "show", execution(shell, 13, "thank")).stdout
    assert "dealwright resume" in shell("executions", "show", execution(shell, 13, "hand-over")).stdout
    assert "--even-if-sent" in shell("executions", "show", execution(shell, 12, "tell-erp")).stdout


def test_an_event_is_told_with_what_it_changed_and_set_off(both: Shell) -> None:
    (event,) = both.json("events", "ls", "--deal", 8, "--kind", "stage_changed")
    shown = both.json("events", "show", event["id"])
    assert shown["changed"] == [{"field": "stage", "before": "incoming", "after": "quoted"}]
    assert shown["cause"]["automation"] == "quote-large"
    assert shown["chain"] == both.json("events", "ls", "--deal", 8, "--kind", "deal_updated")[0]["id"]
    told = both("events", "show", event["id"]).stdout
    for words in ("our own doing: step quote", "stage  incoming  quoted", "follow-up", "automation:acme.quote-large"):
        assert words in told, told


def test_an_effect_is_told_with_its_request_sendings_and_receipt(both: Shell) -> None:
    (effect,) = both.json("effects", "ls", "--deal", 8, "--kind", "move_deal")
    shown = both.json("effects", "show", effect["key"])
    assert shown["request"]["stage"] == "quoted"
    assert shown["receipt"]["moved"] is True
    assert [attempt["outcome"] for attempt in shown["tries"]] == ["sent"]
    assert [item["kind"] for item in shown["followed"]] == ["stage_changed"]
    told = both("effects", "show", effect["key"]).stdout
    for words in ("KEYED", "sendings, in real time", "receipt", "from_stage  incoming", "made by effect"):
        assert words in told, told


def test_a_deals_history_has_the_events_that_only_its_executions_tell_of(company: Company, typed: Shell) -> None:
    """An event of a contact is about a contact; it belongs to the history of the deals it was answered for."""
    with company.journal.database.write() as connection:
        connection.exec_driver_sql("update events set subject = 'contact:8' where subject = 'deal:8'")
    assert [event["kind"] for event in typed.json("history", 8)] == ["deal_created", "deal_updated", "stage_changed"]
    assert len(typed.json("events", "ls", "--deal", 8)) == 3


def test_shadow_reports_what_would_have_been_done_and_why_not(both: Shell) -> None:
    (report,) = both.json("shadow", "report", "--sample", 2)
    assert (report["automation"], report["executions"], report["skipped"]) == ("label", 22, {})
    (step,) = report["steps"]
    assert (step["step"], step["kind"], step["count"]) == ("mark", "update_deal", 22)
    assert [item["asked"]["changes"]["reference"] for item in step["sample"]] == [
        f"D-{item['deal']}" for item in step["sample"]
    ]
    assert len(step["sample"]) == 2
    told = both("shadow", "report").stdout
    assert "acme.label, in shadow since" in told
    assert "mark: update_deal, 22 would have been sent, 2026-03-02 09:00:00 to 2026-03-02 09:00:00" in told
    assert both.json("shadow", "report", "--automation", "greet") == []
    (nothing,) = both.json("shadow", "report", "--since", "1d")
    assert (nothing["steps"], nothing["executions"]) == ([], 0)


def test_shadow_reports_the_reasons_of_those_that_were_skipped(company: Company, typed: Shell) -> None:
    typed("mode", "greet", "shadow")
    for number, phone in ((23, "(212) 555-0900"), (24, "(212) 555-0900"), (25, None), (26, "(212) 555-0901")):
        company.create(number, phone=phone, tags=("spam",) if number == 26 else ())
        company.work()
    (report,) = typed.json("shadow", "report", "--automation", "greet")
    assert report["skipped"] == {"again: another execution acted": 1, "conditions": 2}
    assert [step["count"] for step in report["steps"]] == [1]
    assert report["executions"] == 4
    typed("mode", "greet", "live")
    (report,) = typed.json("shadow", "report", "--automation", "greet")
    assert report["in_shadow_since"] is None


def test_status_tells_holds_by_guard_and_needs_somebody_for_what_is_parked(both: Shell) -> None:
    found = both.json("status", code=1)
    (account,) = found["accounts"]
    assert account["held"] == {"approve": 2, "stop": 2}
    assert account["executions"]["parked"] == 1
    assert account["stopped"] == {"hand-over": "wrong list"}
    assert (account["shadow"], account["approve"]) == (["label"], ["thank"])
    assert (found["lag_seconds"], found["lanes_without_head"], found["engines"]) == (0, 0, 0)
    assert found["prefect"]["windows_to_record"] > 0
    (need,) = found["needs"]
    assert "parked" in need


def test_status_is_0_when_nobody_is_needed(typed: Shell) -> None:
    (parked,) = typed.json("executions", "ls", "--state", "parked")
    typed("executions", "cancel", parked["id"])
    assert typed.json("status")["needs"] == []


def test_status_tells_the_lag_of_events_and_of_what_is_due(company: Company, typed: Shell) -> None:
    (parked,) = typed.json("executions", "ls", "--state", "parked")
    typed("executions", "cancel", parked["id"])
    company.clock.move(timedelta(days=2, minutes=10))  # the follow-ups of 15 and 16 fell due ten minutes ago
    found = typed.json("status", code=1)
    assert (found["accounts"][0]["due"], found["lag_seconds"]) == (2, 600)
    no_engine, too_long = found["needs"]
    assert "2 events and executions wait and no engine is at work" in no_engine
    assert too_long == "the oldest of what is due waits for 10 min, longer than 5 min"
    assert len(typed.json("status", "--max-lag", 601, code=1)["needs"]) == 1


def test_status_asks_who_knows_where_prefect_is(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.json("status", code=1)["prefect"]["reachable"] is None

    class Entry:
        def load(self) -> object:
            return lambda project: (False, "no answer at http://127.0.0.1:1")

    monkeypatch.setattr(status, "entry_points", lambda **_: [Entry()])
    assert shell.json("status", code=1)["prefect"]["reachable"] is False
    assert "Prefect: does not answer (no answer at" in shell("status", code=1).stdout
