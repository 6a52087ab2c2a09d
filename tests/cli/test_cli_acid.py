"""The acid test: by the command line alone, for every deal, what happened and why."""

from __future__ import annotations

import pytest
from cli_world import TRUTH, Shell


@pytest.mark.slow
@pytest.mark.parametrize("deal", TRUTH)
def test_the_command_line_alone_tells_what_happened_to_a_deal_and_why(both: Shell, deal: str) -> None:
    listed = both.json("executions", "ls", "--deal", deal)
    told = {line["automation"]: line for line in listed}
    assert sorted(told) == sorted(truth.automation for truth in TRUTH[deal])
    for truth in TRUTH[deal]:
        line = told[truth.automation]
        assert line["state"] == truth.state
        assert line["reason"].startswith(truth.reason) if truth.reason else not line["reason"]
        shown = both.json("executions", "show", line["id"])
        assert shown["origin"]["deal"] == deal
        trace = [entry for turn in shown["turns"] for entry in turn["trace"]]
        if truth.seen:
            assert any(entry["what"].startswith(truth.seen) and entry["values"] for entry in trace), trace
        if truth.step:
            assert truth.step in [effect["step"] for effect in shown["effects"]]
        for effect in shown["effects"]:
            carried_out = effect["state"] == "sent"
            assert (effect["receipt"] is not None) is carried_out
        if truth.reason.startswith("again"):
            assert shown["instead"]["acted_at"].startswith("2026-03-02T14:00")
            assert shown["instead"]["deal"] in ("1", "17")
