"""DW274: spans of time that nobody means, by what they are written for."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

NOTE = 'add_note("n", text="x")'
FILE = """
from datetime import date


class Asked(Pipeline, key="asked", name="Asked"):
    incoming = Incoming({incoming})
    met = Stage("Held the meeting", probability=40, task=Task("Write", due={due}))
    won, lost = Won(), Lost(reasons=["Price"])


r = Automation(key="r", on=entered(Sales.quoted), {more}when=[deal.amount > 1], again=once(per=stage_visit), do=[{do}])

acme = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales, Asked], automations=[r],
    working_hours="Mon-Fri 09:00-17:00", closed=[{closed}],
)
"""


def company(do: str = NOTE, more: str = "", incoming: str = "", due: str = "days(1)", closed: str = "") -> str:
    return example_file(FILE.format(do=do, more=more, incoming=incoming, due=due, closed=closed).strip())


TOLD = {
    "within": (company(more="when_within=days(10), "), "when_within= of 'r' is days(10): it is for facts that arrive"),
    "within_working": (company(more="when_within=working_days(2), "), "when_within= of 'r' is working_days(2)"),
    "within_hours": (company(more="when_within=hours(25), "), "when_within= of 'r' is hours(25)"),
    "answered": (
        company(incoming="first_response=working_days(30)"),
        "first_response= is working_days(30): whoever asked has bought elsewhere by then",
    ),
    "answered_hours": (company(incoming="first_response=working_hours(56)"), "first_response= is working_hours(56)"),
    "answered_days": (company(incoming="first_response=days(8)"), "first_response= is days(8)"),
    "wait": (company(f'wait("w", days(1400)), {NOTE}'), "'w' waits days(1400), which is more than a year"),
    "wait_working": (company(f'wait("w", working_days(300)), {NOTE}'), "'w' waits working_days(300)"),
    "wait_minutes": (company(f'wait("w", minutes(1000000)), {NOTE}'), "'w' waits minutes(1000000)"),
    "timeout": (
        company(f'wait_until("w", deal.amount > 5, timeout=days(1400), on_timeout=[stop()]), {NOTE}'),
        "'w' waits as long as days(1400)",
    ),
    "inside": (
        company(f'branch("b", case(deal.amount > 5, wait("w", days(500)), {NOTE}))'),
        "'w' waits days(500), which is more than a year",
    ),
    "asked": (
        company(f'ask("w", who=deal.owner, question="x?", yes=[{NOTE}], within=working_hours(4000), late=[stop()])'),
        "'w' waits as long as working_hours(4000)",
    ),
    "closes_before": (
        company(
            'create_deal("w", in_=Asked.incoming, title="{{ deal.title }}", close_date=deal.close_date - days(365))'
        ),
        "the deal of 'w' closes days(365) before deal.close_date",
    ),
    "task": (company('set_task("w", text="x", due=days(700))'), "'w' sets a task that is due in days(700)"),
    "task_of_a_stage": (company(due="days(700)"), "'task-met' sets a task that is due in days(700)"),
    "closed": (
        company(closed="(date(2026, 12, 24), date(2027, 12, 31))"),
        "closed= from 2026-12-24 to 2027-12-31 is 373 days in a row",
    ),
}
SILENT = {
    "closes_some_days_before": company(
        'create_deal("w", in_=Asked.incoming, title="Again {{ deal.title }}", close_date=deal.close_date - days(30))'
    ),
    "closes_later": company(
        'create_deal("w", in_=Asked.incoming, title="Again {{ deal.title }}", close_date=deal.close_date + days(365))'
    ),
    "within": company(more="when_within=hours(24), "),
    "within_working": company(more="when_within=working_days(1), "),
    "answered": company(incoming="first_response=working_days(5)"),
    "answered_hours": company(incoming="first_response=working_hours(40)"),
    "wait": company(f'wait("w", days(400)), {NOTE}'),
    "two_years": company(f'wait("w", days(730)), {NOTE}'),
    "four_years": company(f'wait("w", days(1461)), {NOTE}'),
    "task_in_two_years": company('set_task("w", text="x", due=days(730))'),
    "wait_working": company(f'wait("w", working_days(285)), {NOTE}'),
    "season": company(closed="(date(2026, 10, 25), date(2027, 5, 1))"),
    "holidays": company(closed="date(2026, 12, 24), (date(2026, 12, 27), date(2027, 1, 6))"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("spans") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW274"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_span_that_nobody_means_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert TOLD[name][1] in message


@pytest.mark.parametrize("name", SILENT)
def test_a_span_that_somebody_may_mean_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []


def test_what_a_stage_says_is_told_at_its_line(tmp_path: Path) -> None:
    text = company(incoming="first_response=working_days(30)")
    (finding,) = [each for each in check_files(tmp_path / "c", {"a": text})["a"] if each.code == "DW274"]
    assert "incoming = Incoming(" in text.splitlines()[finding.line - 1]
