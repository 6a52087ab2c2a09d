"""DW313: a text to a customer with a gap where a fact may be unset."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import snippet

FILE = """
class Own(DealFields):
    ends = Day("Trial ends")
    dentist = Text("Dentist")

class Part(Record, key="part", name="Part"):
    worth = Money("Worth")

own = Own()

class Trials(Pipeline, key="trials", name="Trials"):
    incoming = Incoming()
    begun = Stage("Began the trial", required=[own.ends], task=None, because="they try")
    asked = Stage(
        "Asked for an answer", task=None, because="they answer",
        entry=Criteria([own.dentist.is_set()], else_="task", says="Who is it?"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])

rule = Automation(key="rule", on={on}, when=[deal.main_contact.email.is_set(){when}], again=every_event(), do=[{do}])
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Trials, Sales], automations=[rule])
"""
DATE = "It ends on {{ deal.ends }}."

CALL = 'set_task("agree", text="Agree the day", due=hours(4))'
WRITE = 'update_deal("write", ends=deal.close_date)'
IF_LARGE = f'branch("large", case(deal.amount > 5, {CALL}, stop()))'


def wait(late: str) -> str:
    """Return a step that waits for the day, and what is done when it does not come."""
    return f'w := wait_until("w", own.ends.is_set(), timeout=days(3), on_timeout=[{late}])'


def mail(text: str, subject: str = "News") -> str:
    """Return a step that sends the text."""
    return f'send_email("mail", to=deal.main_contact, subject="{subject}", text="{text}")'


def told(folder: Path, do: str, *, when: str = "", on: str = "entered(Sales.met)") -> list[str]:
    """Return what DW313 says is not known to be set."""
    found = snippet(folder, FILE.format(on=on, when=when, do=do))
    # That nothing ends the wait is told by DW415.
    assert {each.code for each in found} <= {"DW313", "DW415"}, found
    gaps = [each.message for each in found if each.code == "DW313"]
    return [each.partition(" writes ")[2].partition(" to a customer")[0] for each in gaps]


@pytest.mark.parametrize(
    ("do", "paths"),
    [
        (mail(DATE), "{{ deal.ends }}"),
        (mail("It comes to {{ deal.amount | money }}."), "{{ deal.amount }}"),
        (mail("Hello.", "Your quote {{ deal.reference }}"), "{{ deal.reference }}"),
        (mail("For {{ deal.company }}, {{ deal.dentist }}."), "{{ deal.company }} and {{ deal.dentist }}"),
        (f'branch("b", case(deal.amount > 5, {mail(DATE)}))', "{{ deal.ends }}"),
        (f'update_deal("clear", ends=None), {mail(DATE)}', "{{ deal.ends }}"),
        (f"{wait(CALL)}, {mail(DATE)}", "{{ deal.ends }}"),
        (f"{wait(IF_LARGE)}, {mail(DATE)}", "{{ deal.ends }}"),
        (f'{wait(CALL)}, branch("b", case(deal.amount > 5, stop())), {mail(DATE)}', "{{ deal.ends }}"),
    ],
)
def test_a_fact_that_may_be_unset_in_a_customers_text_is_told(tmp_path: Path, do: str, paths: str) -> None:
    assert told(tmp_path, do) == [paths]


@pytest.mark.parametrize(
    "do",
    [
        mail("It ends on {{ deal.ends or 'Friday' }}."),
        mail("{% if deal.ends %}It ends on {{ deal.ends }}.{% endif %}"),
        f'branch("b", case(own.ends.is_set(), {mail(DATE)}))',
        f'branch("b", case(own.ends.is_unset(), stop()), otherwise=[{mail(DATE)}])',
        f'update_deal("date", ends=deal.close_date), {mail(DATE)}',
        f'wait_until("w", own.ends.is_set(), timeout=days(3), on_timeout=[stop()]), {mail(DATE)}',
        f"{wait(CALL + ', stop()')}, {mail(DATE)}",
        f"{wait(WRITE)}, {mail(DATE)}",
        f'{wait(CALL)}, branch("b", case(w.timed_out.is_true(), stop())), {mail(DATE)}',
        f'{wait(CALL)}, branch("b", case(w.timed_out.is_false(), {mail(DATE)}))',
        f'branch("b", case(own.ends.is_unset(), {wait("stop()")})), {mail(DATE)}',
        mail("{{ deal.title }}, {{ deal.stage.name }}, {{ deal.owner.name }}"),
        'set_task("call", text="Call before {{ deal.ends }}", due=hours(4))',
        'add_note("note", text="{{ deal.ends }}")',
    ],
)
def test_a_fact_that_is_there_or_read_by_our_own_people_is_not(tmp_path: Path, do: str) -> None:
    assert told(tmp_path, do) == []


def test_a_text_whose_endif_is_missing_is_told_as_that_alone(tmp_path: Path) -> None:
    """What stood inside of the `if` was told as a gap as well: where it ends was not known."""
    text = mail("It ends{% if deal.ends %} on {{ deal.ends }}.")
    found = snippet(tmp_path, FILE.format(on="entered(Sales.met)", when="", do=text))
    assert [each.code for each in found] == ["DW300"]


def test_conditions_and_what_a_stage_requires_say_that_it_is_set(tmp_path: Path) -> None:
    assert told(tmp_path, mail(DATE), when=", own.ends.is_set()") == []
    assert told(tmp_path, mail(DATE), on="entered(Trials.begun)") == []
    # what criteria only ask a task for may be missing
    assert told(tmp_path, mail("{{ deal.dentist }}"), on="entered(Trials.asked)") == ["{{ deal.dentist }}"]
    assert told(tmp_path, mail(DATE), on="stage_changed(in_=Trials)") == ["{{ deal.ends }}"]


def test_a_date_that_is_reached_is_set_and_a_records_field_may_be_unset(tmp_path: Path) -> None:
    assert told(tmp_path, mail(DATE), on="date_reached(own.ends, before=days(1))") == []
    worth = mail("We have your {{ record.worth }}.")
    assert told(tmp_path, worth, on="record_updated(Part)") == ["{{ record.worth }}"]
    assert told(tmp_path, worth, on="record_updated(Part)", when=", Part.worth > 0") == []
