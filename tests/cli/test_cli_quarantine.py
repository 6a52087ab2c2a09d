"""`dealwright quarantine`: what was not understood is listed, shown, replayed once, dropped."""

from __future__ import annotations

from cli_world import PAID, Shell


def test_what_is_kept_is_listed_and_shown_without_its_content(shell: Shell) -> None:
    listed = shell.json("quarantine", "ls")
    assert [(row["id"], row["source"], row["state"]) for row in listed] == [
        (number, "billing", "kept") for number in (3, 2, 1)
    ]
    assert shell.json("quarantine", "ls", "--source", "shop") == []
    assert shell.json("quarantine", "ls", "--state", "dropped") == []
    for words in (("ls",), ("ls", "--json"), ("show", 2), ("show", 2, "--json")):
        assert "Zaphod" not in shell("quarantine", *words).output
    assert shell.json("quarantine", "show", 2)["raw"] is None
    assert shell.json("quarantine", "show", 2, "--raw")["raw"] == PAID.decode()
    assert shell("quarantine", "show", 2, "--raw").stdout_bytes == PAID
    assert "quarantine ls" in shell("quarantine", "show", 99, code=2).output


def test_a_replay_reads_again_appends_once_and_leaves_what_is_still_not_understood(typed: Shell) -> None:
    answers = typed.json("quarantine", "replay", "--all", "--source", "billing", "--yes", code=1)
    assert [(each["id"], each["done"], each["events"]) for each in answers] == [
        (1, False, None),
        (2, True, 1),
        (3, True, 0),
    ]
    assert "no JSON" in answers[0]["problem"]
    (event,) = typed.json("events", "ls", "--kind", "event_received")
    assert (event["source"], event["source_id"]) == ("billing", "evt-1")
    assert [row["id"] for row in typed.json("quarantine", "ls")] == [1]
    shown = typed.json("quarantine", "show", 2, "--raw")
    assert (shown["state"], shown["events"], shown["raw"]) == ("replayed", 1, None)
    assert "was replayed already" in typed("quarantine", "replay", 2, code=1).output
    assert len(typed.json("events", "ls", "--kind", "event_received")) == 1


def test_a_drop_is_for_good_and_says_who(typed: Shell) -> None:
    assert "request 1: dropped" in typed("quarantine", "drop", 1).output
    assert typed.json("quarantine", "show", 1)["actor"].startswith("user:")
    assert "was dropped already" in typed("quarantine", "replay", 1, code=1).output
    assert "aborted" in typed("quarantine", "drop", "--all", "--source", "billing", code=1, input="n\n").output
    assert len(typed.json("quarantine", "ls")) == 2


def test_which_must_be_said(typed: Shell) -> None:
    for words in ((), ("--all",), ("--source", "billing"), (1, "--all", "--source", "billing")):
        for verb in ("replay", "drop"):
            assert "give ids, or --all with --source" in typed("quarantine", verb, *words, code=2).output
    assert len(typed.json("quarantine", "ls")) == 3
