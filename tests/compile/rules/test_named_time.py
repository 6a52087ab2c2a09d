"""DW248: names of waits that say another time than the step waits, in three languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

TOLD = {
    "two-weeks": "hours(14)",
    "ten-months": "working_days(300)",
    "once-meses": "hours(330)",
    "dez-dias": "hours(10)",
    "after-3-days": "days(4)",
    "una-semana": "days(1)",
    "um-mes": "days(7)",
    "treinta-dias": "hours(30)",
    "wait-15-minutes": "hours(15)",
    "two-hours": "working_days(2)",
    "two-days": "working_hours(2)",
    "two-quarters": "days(90)",
    "one-year": "days(36)",
}
ALONE = {
    "quarter": "days(9)",
    "a-week": "hours(7)",
    "a-month": "working_hours(30)",
    "a-quarter": "working_days(9)",
    "half-year": "days(18)",
    "half-a-year": "days(18)",
    "half-a-day": "days(2)",
    "after-half-year": "days(200)",
    "year": "days(36)",
    "half-hour": "hours(30)",
    "fortnight": "days(4)",
    "quinzena": "working_days(1)",
}
FINE = {
    "two-weeks": "working_days(10)",
    "after-14-days": "working_days(10)",
    "after-5-days": "days(7)",
    "six-days": "working_days(6)",
    "a-week": "working_days(2)",
    "half-a-day": "working_hours(4)",
    "medio-mes": "days(15)",
    "in-a-minute": "minutes(10)",
    "una-semana": "working_days(6)",
    "ten-months": "days(300)",
    "once-meses": "days(330)",
    "um-mes": "days(30)",
    "after-48-hours": "days(2)",
    "dois-dias": "working_days(2)",
    "one-day": "working_hours(8)",
    "next-day": "working_days(1)",
    "after-3-days-before": "days(1)",
    "twenty-one-days": "days(21)",
    "quarter": "days(90)",
    "a-quarter": "working_days(65)",
    "quarter-past": "days(9)",
    "in-a-quarter": "minutes(15)",
    "half-year": "days(120)",
    "a-half-year": "days(180)",
    "year": "days(365)",
    "two-years": "days(730)",
    "half-hour": "minutes(30)",
    "fortnight": "working_days(10)",
    "quincena": "days(15)",
    "season": "days(9)",
    "day": "days(9)",
    "week": "days(9)",
}
RULE = 'r = Automation(key="r", on=entered(Sales.quoted), again=every_event(), do=[{}, add_note("n", text="x")])\n'


def told(folder: Path, waits: dict[str, str]) -> dict[str, list[str]]:
    files = {f"w{n}": example_file(RULE.format(each)) for n, each in enumerate(waits.values())}
    found = check_files(folder / "company", files)
    listed = ([each.message for each in found[name] if each.code.startswith(("DW248", "DW9"))] for name in files)
    return dict(zip(waits, listed, strict=True))


@pytest.mark.parametrize("step", ['wait("{}", {})', 'wait_until("{}", deal.amount > 5, timeout={})'])
def test_a_wait_whose_name_says_another_time_is_told(tmp_path: Path, step: str) -> None:
    assert told(tmp_path, {name: step.format(name, time) for name, time in TOLD.items()}) == {
        name: [f"{name!r} waits {time}, and its name says another time"] for name, time in TOLD.items()
    }


def test_a_wait_whose_name_says_its_time_is_left_alone(tmp_path: Path) -> None:
    found = told(tmp_path, {name: f'wait("{name}", {time})' for name, time in FINE.items()})
    assert found == {name: [] for name in FINE}


def test_a_name_may_count_from_the_beginning(tmp_path: Path) -> None:
    waits = 'wait("one-day", days(1)), add_note("m", text="y"), wait("three-days", days(2))'
    assert told(tmp_path, {"counted": waits}) == {"counted": []}


def test_a_time_without_a_number_is_told_of_waits_and_not_of_what_is_waited_for(tmp_path: Path) -> None:
    assert told(tmp_path, {name: f'wait("{name}", {time})' for name, time in ALONE.items()}) == {
        name: [f"{name!r} waits {time}, and its name says another time"] for name, time in ALONE.items()
    }
    until = 'wait_until("year", deal.amount > 5, timeout=days(9))'
    assert told(tmp_path / "until", {"until": until}) == {"until": []}


TODAY = {
    "call|Call {{ deal.title }} today|working_days(60)": "today",
    "call|Call {{ deal.title }} today.|days(2)": "today",
    "call|Heute anrufen: {{ deal.title }}|hours(48)": "Heute",
    "call-today|Call {{ deal.title }} today about it|working_hours(60)": "today",
    "call|Llamar a {{ deal.title }} hoy|working_days(2)": "hoy",
    "call|Ligar hoje!|working_minutes(6000)": "hoje",
    # --- near ones
    "call|Call {{ deal.title }} today|working_days(1)": "",
    "call|Call today|hours(24)": "",
    "call|Call today|working_minutes(60)": "",
    "call-today|Call {{ deal.title }}|working_days(60)": "",
    "call|The offer to {{ deal.title }} that went out today was read: call|days(5)": "",
    "call|Send the todays-special|days(5)": "",
    "call|Call {{ deal.title or 'today' }}|days(5)": "",
}


def test_a_task_of_today_that_is_due_some_days_later_is_told(tmp_path: Path) -> None:
    tasks = {each: 'set_task("{}", text="{}", due={})'.format(*each.split("|")) for each in TODAY}
    assert told(tmp_path, tasks) == {
        each: [f"the task {each.split('|')[0]!r} says {word!r}, and is due in {each.split('|')[2]}"] if word else []
        for each, word in TODAY.items()
    }
