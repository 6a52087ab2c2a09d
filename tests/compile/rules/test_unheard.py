"""What a second rule makes of the event that set both off is answered by none of them again: that is told (DW226)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, codes, example_file

TWO = """
class Line(Record, key="line"):
    price, rebate = Number("Price"), Number("Rebate %")


lines = deal.records(Line)
worth = Automation(
    key="worth",
    on={reader},
    {more}
    do=[{reads}],
)
cap = Automation(
    key="cap",
    on={writer},
    when=[{when}],
    do=[{writes}],
)
"""
LINES = {
    "reader": "record_updated(Line)",
    "reads": 'add_note("sum", text="{{ record.rebate }}")',
    "writer": "record_updated(Line, fields=[Line.rebate])",
    "when": "Line.rebate > 10",
    "writes": 'update_record("down", Line, rebate=10)',
    "more": "",
}
DEALS = {
    "reader": "deal_updated(fields=[deal.amount, deal.owner])",
    "reads": 'branch("large", case(deal.amount > 1_000, set_task("call", text="Call", due=days(1))))',
    "writer": "deal_updated(fields=[deal.amount])",
    "when": "deal.amount > 5_000",
    "writes": 'update_deal("down", amount=5_000)',
    "more": "",
}
TOTAL = 'update_deal("sum", reference="x", close_date=None, amount=deal.amount * lines.total(Line.rebate))'


def written(case: dict[str, str]) -> str:
    return example_file(TWO.format(**case))


def test_what_another_rule_changes_after_the_one_event_is_told(tmp_path: Path) -> None:
    found = check_files(
        tmp_path / "company",
        {
            "line": written(LINES),
            "total": written(LINES | {"reads": TOTAL}),
            "loop": written(
                LINES | {"reads": 'add_note("n", text="{% for x in deal.records.line %}{{ x.rebate }}{% endfor %}")'}
            ),
            "deal": written(DEALS),
            "once_per_value": written(DEALS | {"more": "again=once(per=value),"}),
            "contact": written(
                DEALS
                | {
                    "reader": "contact_updated(fields=[deal.main_contact.phone, deal.main_contact.email])",
                    "reads": 'add_note("n", text="{{ event.contact.phone }}")',
                    "writer": "contact_updated(fields=[deal.main_contact.email])",
                    "when": "event.contact.email.is_set()",
                    "writes": 'update_contact("p", event.contact, phone="1")',
                }
            ),
            "stage": written(
                DEALS
                | {
                    "reader": "stage_changed(in_=Sales)",
                    "reads": 'add_note("n", text="{{ deal.stage.name }}")',
                    "writer": "entered(Sales.met)",
                    "writes": 'move_deal("on", to=Sales.quoted)',
                }
            ),
        },
    )
    assert [name for name, each in found.items() if "DW226" not in codes(each)] == []
    (told,) = found["deal"]
    assert told.message == (
        "'large' works with deal.amount, which 'cap' changes ('down') when both answer one event: 'worth' has run in "
        "that chain, and does not run again for the change"
    )
    assert told.line == written(DEALS).splitlines().index(f"    do=[{DEALS['reads']}],") + 1


def test_what_is_answered_after_all_or_read_later_is_not_told(tmp_path: Path) -> None:
    found = check_files(
        tmp_path / "company",
        {
            "answered": written(LINES | {"writer": "record_updated(Line, fields=[Line.price])", "reader": ONLY_REBATE}),
            "another_event": written(
                DEALS | {"writer": "owner_changed()", "reader": "deal_updated(fields=deal.amount)"}
            ),
            "another_field": written(LINES | {"reads": 'add_note("n", text="{{ record.price }}")'}),
            "another_deal": written(DEALS | {"more": "when=[deal.amount < 5_000],"}),
            "once": written(LINES | {"more": "again=once(per=record),"}),
            "later": written(DEALS | {"reads": f'wait("w", days(1)), {DEALS["reads"]}'}),
            "other_kind": written(
                LINES
                | {
                    "reads": 'add_note("n", text="{% for x in deal.records.other %}{{ x.rebate }}{% endfor %}")',
                    "more": "",
                }
            ).replace("lines = ", 'class Other(Record, key="other"):\n    rebate = Number("R")\n\n\nlines = ', 1),
        },
    )
    assert {name: [str(each) for each in told if each.code == "DW226"] for name, told in found.items()} == {
        name: [] for name in found
    }


ONLY_REBATE = "record_updated(Line, fields=[Line.rebate])"
