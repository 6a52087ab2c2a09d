"""Before the first release, and before anything can come: commands say what is so, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import MONDAY, Company, KeptCrm, Shell, compiled
from msgspec.structs import replace

from dealwright.cli.doctor import unheard
from dealwright.clock import PlayedClock
from dealwright.compile import ir
from dealwright.errors import DefinitionError


@pytest.fixture
def early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before a company that was never released; its files begin `greet` in shadow."""
    with closing(Company(tmp_path)):
        clock = PlayedClock(MONDAY)
        with closing(KeptCrm(f"sqlite:///{tmp_path / 'crm.db'}", clock)) as crm:
            shell = Shell(f"sqlite:///{tmp_path / 'journal.db'}", clock, monkeypatch, crm)
            account = compiled()
            rules = tuple(replace(each, mode="shadow" if each.key == "greet" else "") for each in account.automations)
            files = replace(account, automations=rules)
            monkeypatch.setattr(shell.project, "looked_at", lambda key: files)
            yield shell
            shell.close()


def test_a_mode_before_the_first_release_is_what_the_files_say(early: Shell) -> None:
    said = early("mode", "greet", "default").output
    assert "acme.greet is shadow as soon as `dealwright up` has released it, as its definition says" in said
    said = early("mode", "greet", "live").output
    assert "acme.greet is live as soon as `dealwright up` has released it" in said
    assert "its definition says shadow; this wins until: dealwright mode greet --account acme default" in said
    assert "acme.label is live as soon as" in early("mode", "label", "default").output
    assert "did you mean greet?" in early("mode", "gret", "default", code=2).output


def test_a_mode_of_what_is_released_counts_from_now_on(typed: Shell) -> None:
    assert "acme.greet is live from now on, as its definition says" in typed("mode", "greet", "default").output


def test_the_roles_before_the_first_release_are_those_of_the_files(
    early: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = early("people", "ls").output
    assert "no release was recorded yet: `dealwright up` records it" in said
    assert 'the files name closers: dealwright people set --role "closers" NAME ...' in said
    assert "use no role" not in said
    assert json.loads(early("people", "ls", "--json").stdout) == []

    def broken(key: str) -> ir.Account:
        raise DefinitionError("the files have errors")

    monkeypatch.setattr(early.project, "looked_at", broken)
    assert "no release was recorded yet" in early("people", "ls").output


def test_events_that_no_hook_source_can_tell_of_are_told() -> None:
    def hearing(key: str, name: str, source: str | None) -> ir.Automation:
        trigger = ir.OnEventReceived(name=name, source=source)
        return replace(compiled().automations[0], key=key, on=trigger)

    account = replace(
        compiled(),
        automations=(
            hearing("booked", "agenda.booked", "agenda"),
            hearing("told", "agenda.booked", "agenda"),
            hearing("paid", "invoice-paid", "billing"),
            hearing("any", "erp.paid", None),
            replace(compiled().automations[0], key="ended", exit_on=(ir.OnEventReceived(name="left", source="crm"),)),
        ),
    )
    assert list(unheard(account, {"billing"})) == [
        "agenda.booked from agenda, which booked, told hears of: the account has no such source, it has billing",
        "left from crm, which ended hears of: the account has no such source, it has billing",
    ]
    assert [each.partition(",")[0] for each in unheard(account, ())] == [
        "agenda.booked from agenda",
        "invoice-paid from billing",
        "erp.paid",
        "left from crm",
    ]
    assert list(unheard(account, {"billing", "agenda", "crm"})) == []
