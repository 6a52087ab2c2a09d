"""Two roles of one file with one name (DW251), and events whose end is heard from another system (DW253), are told."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

ROLES = """
office = Role("{office}")
{more} = Role("instructors")
r = Automation(key="r", on=entered(Sales.quoted), do=[assign_owner("o", to=office), notify("n", who={more}, text="!")])
"""
PAID = """
class Paid(OutsideEvent):
    key = "bank.paid"
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=[Sales])


{begins}
chase = Automation(
    key="chase",
    on=entered(Sales.quoted),
    exit_on=[{ends}],
    do=[wait("w", days(3)), set_task("t", text="Call", due=days(1))],
)
"""
BOOK = """
{0} = Automation(key="{0}", on=event_received(Paid, from_="{0}"), do=[add_tags("g", "paid")])
"""
HEARD = 'event_received(Paid, from_="{}")'


def test_two_roles_with_one_name_in_one_file_are_told(tmp_path: Path) -> None:
    texts = {
        "one_name": ROLES.format(office="instructors", more="instructors"),
        "in_capitals": ROLES.format(office="Instructors", more="instructors"),
        "both_called_otherwise": ROLES.format(office="instructors", more="crew"),
        "two_names": ROLES.format(office="office", more="instructors"),
        "written_over": ROLES.format(office="instructors", more="office"),
    }
    found = check_files(tmp_path / "company", {name: example_file(text) for name, text in texts.items()})
    told = {name: [each.message for each in of if each.code == "DW251"] for name, of in found.items()}
    line = example_file(texts["one_name"]).splitlines().index('office = Role("instructors")') + 1
    message = f"office and instructors, line {line + 1}, are both the role 'instructors'"
    assert [each.line for each in found["one_name"] if each.code == "DW251"] == [line]
    later = f"crew and office, line {line}, are both the role 'instructors'"
    expected = {"one_name": [message], "in_capitals": [message], "both_called_otherwise": [later]}
    assert told == {name: expected.get(name, []) for name in texts}


def test_an_end_that_is_heard_from_another_system_than_all_beginnings_is_told(tmp_path: Path) -> None:
    from_bank, from_pay = HEARD.format("bank"), HEARD.format("pay")
    texts = {
        "elsewhere": PAID.format(begins=BOOK.format("bank"), ends=from_pay),
        "same": PAID.format(begins=BOOK.format("bank"), ends=from_bank),
        "both": PAID.format(begins=BOOK.format("bank"), ends=f"{from_bank}, {from_pay}"),
        "two_begin": PAID.format(begins=BOOK.format("bank") + BOOK.format("pay"), ends=from_pay),
        "from_anybody": PAID.format(begins=BOOK.format("bank"), ends="event_received(Paid)"),
        "nothing_begins": PAID.format(begins="", ends=from_pay),
    }
    found = check_files(tmp_path / "company", {name: example_file(text) for name, text in texts.items()})
    told = {name: [each.message for each in of if each.code == "DW253"] for name, of in found.items()}
    message = "'bank.paid' from 'pay' ends 'chase', and what begins with it hears it from 'bank' alone"
    assert told == {name: [message] if name == "elsewhere" else [] for name in texts}


def test_an_event_that_is_waited_for_from_another_name_of_a_system_is_told(tmp_path: Path) -> None:
    text = """
paid = Automation(
    key="paid",
    on=event_received("paid", from_="{}"),
    do=[set_task("t", text="Thank {{{{ deal.title }}}}", due=days(1))],
)
asked = Automation(
    key="asked",
    on=entered(Sales.quoted),
    do=[wait_until("paid", event_received("paid", from_="bank"), timeout=days(3), on_timeout=[])],
)
"""
    found = check_files(
        tmp_path / "company", {name: example_file(text.format(name)) for name in ("banks", "bank", "erp")}
    )
    told = {name: [each.message for each in of if each.code == "DW253"] for name, of in found.items()}
    assert [len(each) for each in told.values()] == [1, 0, 0]
    assert "'banks'" in told["banks"][0]
    assert "'bank'" in told["banks"][0]
