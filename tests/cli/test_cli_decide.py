"""What a person decides from the command line, with the engine doing what follows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cli_world import Company, Shell

HELD_THANKS = ("executions", "ls", "--automation", "thank", "--state", "held")


def only(shell: Shell, *words: object) -> dict[str, Any]:
    (line,) = shell.json("executions", "ls", *words)
    found: dict[str, Any] = line
    return found


def test_a_failed_execution_is_retried_and_done(company: Company, typed: Shell) -> None:
    failed = only(typed, "--state", "failed")
    assert f"executions retry {failed['id'][:8]}" in typed("executions", "show", failed["id"]).stdout
    assert "goes on" in typed("executions", "retry", failed["id"][:6]).stdout
    company.work()
    shown = typed.json("executions", "show", failed["id"])
    assert shown["state"] == "done"
    assert [item["actor"].partition(":")[0] for item in shown["changes"] if item["reason"] == "retried"] == ["user"]


def test_what_may_have_been_sent_is_repeated_only_when_told_so(company: Company, typed: Shell) -> None:
    parked = only(typed, "--state", "parked")
    refused = typed("executions", "retry", parked["id"], code=1)
    assert "--even-if-sent" in refused.stderr
    assert only(typed, "--state", "parked")["id"] == parked["id"]
    (told,) = typed.json("executions", "retry", parked["id"], code=1)
    assert (told["done"], told["id"]) == (False, parked["id"])
    typed("executions", "retry", parked["id"], "--even-if-sent")
    company.work()
    shown = typed.json("executions", "show", parked["id"])
    assert shown["state"] == "done"
    (effect,) = shown["effects"]
    assert [attempt["outcome"] for attempt in effect["tries"]] == ["unknown", "sent"]


def test_everything_of_an_automation_is_retried_after_a_question_that_counts(company: Company, typed: Shell) -> None:
    wrong = [line for line in typed.json("executions", "ls") if line["state"] in ("failed", "parked")]
    automation = next(line["automation"] for line in wrong if line["state"] == "failed")
    alike = [line["id"] for line in wrong if line["automation"] == automation]
    choose = ("executions", "retry", "--all", "--automation", automation)
    both = typed("executions", "retry", "--all", code=1, input="n\n")
    assert f"retry these {len(wrong)} executions of account acme?" in both.stderr
    treated = typed.json(*choose, "--yes", code=1)
    assert [item["id"] for item in treated] == list(reversed(alike))
    assert [item["done"] for item in treated] == [True, False], "what may have been sent needs --even-if-sent"
    company.work()
    done = typed.json("executions", "ls", "--automation", automation, "--state", "done")
    assert {line["id"] for line in done} & set(alike) == {treated[0]["id"]}
    assert "either ids or" in typed("executions", "retry", alike[0], "--deal", 1, code=2).stderr
    assert "--all is instead of ids" in typed("executions", "retry", "--all", alike[0], code=2).stderr


def test_more_than_one_is_asked_about_and_nothing_is_done_without_a_yes(company: Company, typed: Shell) -> None:
    choose = ("executions", "approve", "--automation", "thank")
    for answer in ("n\n", ""):
        asked = typed(*choose, code=1, input=answer)
        assert "thank: 2 held" in asked.stderr
        assert "approve these 2 executions of account acme?" in asked.stderr
        assert len(typed.json(*HELD_THANKS)) == 2
    typed(*choose, input="y\n")
    company.work()
    assert [line["state"] for line in typed.json("executions", "ls", "--automation", "thank")] == ["done", "done"]


def test_a_filter_takes_only_states_that_can_be_decided_about(company: Company, typed: Shell) -> None:
    treated = typed.json("executions", "cancel", "--deal", 13, "--yes")
    assert sorted(item["automation"] for item in treated) == ["hand-over", "thank"]
    assert {line["automation"]: line["state"] for line in typed.json("executions", "ls", "--deal", 13)} == {
        "greet": "done",
        "label": "done",
        "hand-over": "cancelled",
        "thank": "cancelled",
    }
    assert typed.json("executions", "cancel", "--deal", 13, "--yes") == []
    assert "nothing was done" in typed("executions", "cancel", "--deal", 13).stdout


@pytest.mark.parametrize("verb", ["retry", "approve", "cancel"])
def test_ids_or_filters_and_not_both_or_neither(typed: Shell, verb: str) -> None:
    assert "ids, or filters" in typed("executions", verb, code=2).stderr
    assert "not both" in typed("executions", verb, "abcd1234", "--deal", 1, code=2).stderr


def test_one_that_refuses_costs_the_others_nothing(typed: Shell) -> None:
    done = typed.json("executions", "ls", "--state", "done")[0]["id"]
    held = typed.json(*HELD_THANKS)[0]["id"]
    treated = typed.json("executions", "cancel", done, held, "--yes", code=1)
    assert {item["id"]: item["done"] for item in treated} == {done: False, held: True}
    assert "it has ended" in next(item["problem"] for item in treated if not item["done"])


def test_an_event_happens_again(company: Company, typed: Shell) -> None:
    event = typed.json("events", "ls", "--deal", 8, "--kind", "deal_updated")[0]["id"]
    (replayed,) = typed.json("events", "replay", event)
    assert replayed["event"] == event
    assert typed.json("events", "show", replayed["replayed_as"])["routed_at"] is None
    assert "not yet" in typed("events", "show", replayed["replayed_as"]).stdout
    assert typed.json("status", code=1)["accounts"][0]["unrouted"] == 1
    company.work()
    shown = typed.json("events", "show", replayed["replayed_as"])
    assert [item["automation"] for item in shown["executions"]] == ["quote-large"]
    assert shown["source"] == "replay"


def test_several_events_are_asked_about(typed: Shell) -> None:
    before = len(typed.json("events", "ls", "--limit", 1000))
    assert "replay 2 events" in typed("events", "replay", 1, 2, code=1, input="n\n").stderr
    assert len(typed.json("events", "ls", "--limit", 1000)) == before
    assert len(typed.json("events", "replay", 1, 2, 2, "--yes")) == 2


def test_messages_are_stopped_and_resumed_by_one_switch(typed: Shell) -> None:
    assert "dealwright resume --messages --account acme" in typed("stop", "--messages", "--account", "acme").stdout
    assert typed.json("status", code=1)["accounts"][0]["messages_stopped"] is True
    assert "messages to customers" in typed("status", code=1).stdout
    assert "name none" in typed("stop", "greet", "--messages", code=2).stderr
    assert "nothing was held" in typed("resume", "--messages").stdout
    assert typed.json("status", code=1)["accounts"][0]["messages_stopped"] is False


def test_a_stop_asks_what_becomes_of_its_pile(company: Company, typed: Shell) -> None:
    refused = typed("resume", "hand-over", code=2)
    assert "hand-over: 2 held, the oldest since 2026-03-03 10:00:00 (America/New_York)" in refused.stderr
    assert "contradict" in typed("resume", "hand-over", "--run", "--drop", code=2).stderr
    told = typed.json("resume", "hand-over", "--drop")
    assert told == {"account": "acme", "automation": "hand-over", "switch": "stop", "value": "off", "count": 2}
    states = [line["state"] for line in typed.json("executions", "ls", "--automation", "hand-over")]
    assert states == ["cancelled", "cancelled"]


def test_a_whole_account_is_stopped_only_by_its_name(typed: Shell) -> None:
    assert "--account KEY" in typed("stop", code=2).stderr
    assert "the whole account acme" in typed("stop", "--account", "acme", "--reason", "\x1b[31mbad").stdout
    told = typed("status", code=1).stdout
    assert "stopped: the whole account (\\e[31mbad)" in told


def test_a_mode_that_its_account_overrules_is_said(typed: Shell) -> None:
    typed("mode", "--account", "acme", "shadow")
    assert "stricter and counts" in typed("mode", "greet", "live").stdout
    assert "live|approve|shadow" in typed("mode", "greet", "asleep", code=2).stderr
    assert typed.json("mode", "greet", "approve")["value"] == "approve"


def test_the_mode_of_a_definition_holds_until_somebody_says_otherwise_and_after_it(
    company: Company, typed: Shell
) -> None:
    release = company.journal.active_release("acme")
    assert release is not None
    greet = msgspec.structs.replace(release.account.automations[0], mode="shadow")
    rest = release.account.automations[1:]
    company.journal.record_release(msgspec.structs.replace(release.account, automations=(greet, *rest)))
    assert f"{greet.key} (its definition says so)" in typed("status", code=1).stdout
    (report,) = typed.json("shadow", "report", "--automation", greet.key)
    assert report["in_shadow_since"] is not None
    told = typed("mode", greet.key, "live").stdout
    assert f"its definition says shadow; this wins until: dealwright mode {greet.key} --account acme default" in told
    assert f"set by somebody, though its definition says shadow: {greet.key}" in typed("status", code=1).stdout
    assert typed.json("shadow", "report", "--automation", greet.key) == []
    told = typed("mode", greet.key, "default").stdout
    assert told == f"acme.{greet.key} is shadow from now on, as its definition says\n"
    assert typed.json("status", code=1)["accounts"][0]["by_definition"] == {greet.key: "shadow"}


def test_what_is_written_and_not_yet_released_can_begin_in_shadow(typed: Shell) -> None:
    assert (
        "acme.coming is shadow as soon as `dealwright up` has released it" in typed("mode", "coming", "shadow").stdout
    )
    assert "stopped acme.coming" in typed("stop", "coming").stdout
    assert "did you mean coming?" in typed("mode", "comin", "shadow", code=2).stderr


def test_a_release_is_brought_back(company: Company, typed: Shell) -> None:
    (first,) = typed.json("releases", "ls")
    changed = company.journal.active_release("acme")
    assert changed is not None

    company.journal.record_release(msgspec.structs.replace(changed.account, name="Other"))
    newest, oldest = typed.json("releases", "ls")
    assert (newest["active"], oldest["active"], oldest["digest"]) == (True, False, first["digest"])
    assert "from now on" in typed("releases", "activate", first["digest"][:8]).stdout
    assert [line["active"] for line in typed.json("releases", "ls")] == [False, True]
    assert typed.json("releases", "activate", first["digest"])["changed"] is False
    assert "already" in typed("releases", "activate", first["digest"]).stdout
    assert company.journal.active_release("acme").digest == first["digest"]  # type: ignore[union-attr]
