"""Told are a way that is missing (DW279), a task not set yet (DW278), and what is taken off of nothing (DW281)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    damage = Flag("Damage")
    costs, paid, refund, balance = Money("Costs"), Money("Paid"), Money("Refund"), Money("Balance")


own = Own()
r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])
"""
KEPT, RETURNED = 'send_event("kept", to="bank")', 'send_event("returned", to="{}")'
TASK = 'set_task("t", text="{}", due=days(1))'
AGAIN = 'x = Automation(key="x", on=deal_created(in_=Sales), do=[{}])'
SUM = "own.costs.or_(0) - own.paid"


def rule(do: str, *, on: str = "entered(Sales.quoted)", when: str = "", more: str = "") -> str:
    text = example_file(OWN.format(on=on, when=when, do=do) + more)
    return text.replace("pipelines=", "deal_fields=own, pipelines=")


def branch(unset: str, *, case: str = f"own.damage.is_true(), {KEPT}", more: str = "") -> str:
    return rule(f'branch("b", case({case}), {more}unset=[{unset}])')


def heard(text: str, stages: str, *, more: str = "") -> str:
    when = f'{stages}event.task.text == "{text}"'
    return rule('add_tags("g", "called")', on="task_completed(in_=Sales)", when=when, more=more)


def sent(value: str, *, name: str = "back", when: str = "") -> str:
    return rule(f'send_event("e", to="bank", with_={{"{name}": {value}}})', when=when)


BELOW = "DW281 {} is less than nothing wherever deal.costs is unset"
EARLY = "DW278 'Call back' is the task of sales.quoted, and 'r' asks for deals in sales.met, where it is not set yet"
FILES = {
    "no_way_for_no": (
        branch(RETURNED.format("bank")),
        "DW279 'b' tells 'bank' something where deal.damage is yes and where nobody has said, and does nothing where"
        " it is no",
    ),
    "no_way_for_yes": (
        branch('move_deal("w", to=Sales.won)', case='own.damage.is_false(), move_deal("v", to=Sales.won)'),
        "DW279 'b' moves the deal where deal.damage is no and where nobody has said, and does nothing where it is yes",
    ),
    "with_otherwise": (branch(RETURNED.format("bank"), more='otherwise=[add_tags("g", "fine")], '), ""),
    "asked_about": (branch(TASK.format("Ask for it")), ""),
    "told_another_system": (branch(RETURNED.format("books")), ""),
    "no_unset": (rule(f'branch("b", case(own.damage.is_true(), {KEPT}))'), ""),
    "of_two_cases": (
        rule(
            f'branch("b", case(own.damage.is_true(), {KEPT}), case(own.damage.is_false(), add_tags("g", "fine")),'
            f" unset=[{RETURNED.format('bank')}])"
        ),
        "",
    ),
    "of_an_amount": (branch(RETURNED.format("bank"), case=f"deal.amount > 5, {KEPT}"), ""),
    # --- tasks
    "task_of_a_later_stage": (heard("Call back", "deal.stage == Sales.met, "), EARLY),
    "in_any_stage": (heard("Call back", ""), ""),
    "in_its_own": (heard("Call back", "deal.stage == Sales.quoted, "), ""),
    "in_a_later_one": (heard("Send the quote", "deal.stage == Sales.quoted, "), ""),
    "in_both": (heard("Call back", "deal.stage.is_in(Sales.met, Sales.quoted), "), ""),
    "set_elsewhere": (heard("Call back", "deal.stage == Sales.met, ", more=AGAIN.format(TASK.format("Call back"))), ""),
    "may_be_set": (
        heard("Call back", "deal.stage == Sales.met, ", more=AGAIN.format(TASK.format("Call {{ deal.title }}"))),
        "",
    ),
    "another_template": (
        heard("Call back", "deal.stage == Sales.met, ", more=AGAIN.format(TASK.format("Write {{ deal.title }}"))),
        EARLY,
    ),
    "set_by_people": (heard("Call mother", "deal.stage == Sales.met, "), ""),
    # --- sums
    "sent": (sent(SUM), BELOW.format("back of 'e'")),
    "written": (rule(f'update_deal("u", refund={SUM})'), BELOW.format("refund of 'u'")),
    "worth": (rule(f'update_deal("u", amount={SUM})'), BELOW.format("amount of 'u'")),
    "right_way_round": (sent("own.paid - own.costs.or_(0)"), ""),
    "both_or_nothing": (sent("own.costs.or_(0) - own.paid.or_(0)"), ""),
    "a_balance": (rule(f'update_deal("u", balance={SUM})'), ""),
    "known_to_be_set": (sent(SUM, when="own.costs > 0"), ""),
    "instead_of_a_number": (sent("own.costs.or_(500) - own.paid"), ""),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    texts = {name: text for name, (text, _) in FILES.items()}
    listed = check_files(tmp_path_factory.mktemp("ways") / "company", texts)
    judged = ("DW278", "DW279", "DW281", "DW20", "DW9")
    return {
        name: [f"{each.code} {each.message}" for each in of if each.code.startswith(judged)]
        for name, of in listed.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_what_goes_no_way_comes_too_early_or_is_less_than_nothing_is_told(
    found: dict[str, list[str]], name: str
) -> None:
    told = FILES[name][1]
    assert [message[: len(told)] for message in found[name]] == ([told] if told else [])
