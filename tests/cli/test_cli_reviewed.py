"""What a reviewer found at the command line, and is so no more."""

from __future__ import annotations

import click
import msgspec
import pytest
from cli_world import Company, Shell
from sqlalchemy import text

from dealwright.engine.records import Asked
from dealwright.journal.payload import seal, unseal


def test_events_that_cannot_be_replayed_cost_the_others_nothing_and_all_are_told(typed: Shell) -> None:
    (waiting,) = typed.json("events", "replay", 1)
    told = typed("events", "replay", 1, waiting["replayed_as"], 2, "--yes", code=1)
    assert "event 1 happens again as event" in told.stdout and "event 2 happens again as event" in told.stdout
    assert f"event {waiting['replayed_as']} cannot be replayed: it was not routed yet" in told.stderr
    refused, again = typed.json("events", "replay", waiting["replayed_as"], 2, "--yes", code=1)
    assert (refused["done"], refused["replayed_as"]) == (False, None)
    assert "not routed yet" in refused["problem"]
    assert (again["done"], again["event"], again["problem"]) == (True, 2, "")


def held(shell: Shell) -> list[str]:
    return [line["id"] for line in shell.json("executions", "ls", "--automation", "thank", "--state", "held")]


def test_an_approval_shows_what_it_lets_go(company: Company, typed: Shell) -> None:
    told = typed("executions", "approve", held(typed)[0])
    assert "asks, digest " in told.stderr
    assert "set_task, deal:14" in told.stderr and "text: Say thank you" in told.stderr
    assert "is approved" in told.stdout


def test_an_approval_is_of_what_show_showed(company: Company, typed: Shell) -> None:
    id_, other = held(typed)
    digest = typed.json("executions", "show", id_)["asked_digest"]
    assert f"executions approve {id_[:8]} --digest {digest}" in typed("executions", "show", id_).stdout
    assert "is not what has the digest" in typed("executions", "approve", other, "--digest", digest, code=1).stderr
    assert len(held(typed)) == 2
    assert "give its id" in typed("executions", "approve", "--automation", "thank", "--digest", digest, code=2).stderr
    typed("executions", "approve", id_, "--digest", digest)
    assert held(typed) == [other]


def test_what_is_held_anew_while_a_person_reads_is_not_approved(
    company: Company, typed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine renders it anew between the list and the answer: what leaves would be what nobody has read."""

    def read_and_say_yes(*_: object, **__: object) -> bool:
        with company.journal.database.write() as connection:
            rows = connection.execute(text("select key, request from effects where state = 'held'")).all()
            for key, stored in rows:
                asked = unseal(stored, Asked)
                changed = msgspec.structs.replace(asked.request, text="GRATIS")  # type: ignore[call-arg]
                body = seal(msgspec.structs.replace(asked, request=changed))
                connection.execute(
                    text("update effects set request = :body where key = :key"), {"body": body, "key": key}
                )
        return True

    monkeypatch.setattr(click, "confirm", read_and_say_yes)
    told = typed("executions", "approve", "--automation", "thank", code=1)
    assert told.stderr.count("text: Say thank you") == 2
    assert told.stderr.count("is not what has the digest") == 2
    assert len(held(typed)) == 2


def test_many_approvals_are_listed_one_line_each(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright.cli.executions._TOLD", 1)
    told = typed("executions", "approve", "--automation", "thank", code=1, input="n\n")
    assert told.stderr.count("set_task, deal:1") == 2
    assert told.stderr.count("“Say thank you”, due ") == 2
    assert len(held(typed)) == 2
