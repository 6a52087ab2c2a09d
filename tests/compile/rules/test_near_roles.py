"""Roles with nearly one name (DW251), of colleagues and of contacts, and names that are well beside each other."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
r = Automation(
    key="r",
    on=entered(Sales.quoted),
    again=once(per=deal),
    do=[
{steps}
    ],
)
"""


def rule(*steps: str) -> str:
    return example_file(RULE.format(steps="\n".join(f"        {step}," for step in steps)))


def role(step: str, name: str) -> str:
    return f'assign_owner("{step}", to=Role("{name}"))'


def note(step: str, contact: str) -> str:
    return f'add_note("{step}", text="{{{{ deal.contact_as.{contact}.name }}}}")'


PHONE = 'update_contact("{}", deal.contact_as("{}"), phone="+15550100")'
NEAR = {
    "plural": ([role("a", "closers"), role("b", "closer"), role("c", "closers")], 2, 'Role("closers")'),
    "later_of_two": ([role("a", "closers"), role("b", "clsoers")], 2, 'Role("closers")'),
    "one_of_several_words": ([role("a", "front desk"), role("b", "front dessk")], 2, 'Role("front desk")'),
    "contact": ([PHONE.format("a", "payer"), PHONE.format("b", "payr")], 2, 'deal.contact_as("payer")'),
    "given": (['create_contact("a", name="Eva", role="payer")', PHONE.format("b", "payerr")], 2, 'contact_as("payer")'),
    "in_a_text": ([PHONE.format("a", "payer"), note("b", "payre"), note("c", "payer")], 2, 'contact_as("payer")'),
}
EVEN = {"one_of_several_words"}
APART = {
    "numbers": [role("a", "team 1"), role("b", "team 2"), role("c", "team1"), role("d", "team2")],
    "short": [role("a", "team a"), role("b", "team b"), role("c", "SDR"), role("d", "ADR")],
    "other_words": [role("a", "closers"), role("b", "callers"), role("c", "closers north"), role("d", "closers south")],
    "one_way_to_write_it": [PHONE.format("a", "Accounts payable"), PHONE.format("b", "accounts-payable")],
    "a_man_and_a_woman": [PHONE.format("a", "novia"), PHONE.format("b", "novio"), PHONE.format("c", "novia")],
    "a_man_and_a_woman_of_two_words": [role("a", "socia norte"), role("b", "socio norte")],
    "side_by_side": [
        'send_email("m", to=deal.main_contact, subject="S", text="T", cc=[deal.contact_as("witness"),'
        ' deal.contact_as("withness")])',
        PHONE.format("a", "witness"),
    ],
    "one_of_each": [role("a", "payers"), PHONE.format("b", "payer")],
}


def test_near_names_are_told_where_the_rarer_one_stands(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", {name: rule(*steps) for name, (steps, *_) in NEAR.items()})
    first = next(place for place, line in enumerate(rule("-").splitlines(), 1) if line.startswith("        -"))
    for name, (_, line, meant) in NEAR.items():
        told = [each for each in found[name] if each.code == "DW251"]
        assert [(each.line, each.severity) for each in told] == [(first + line - 1, "warning")], name
        # Where one is written more often, it is the one that is meant.
        assert ("write one name in both places" if name in EVEN else meant) in told[0].hint, name


def test_names_that_are_well_beside_each_other_are_left_alone(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", {name: rule(*steps) for name, steps in APART.items()})
    assert {name: [each.message for each in told if each.code == "DW251"] for name, told in found.items()} == {
        name: [] for name in APART
    }


def test_a_slip_in_a_text_of_its_own_file_is_told_at_the_step(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "offer.md").write_text("Dear {{ deal.contact_as.payre.name }}", encoding="utf-8")
    mail = 'send_email("offer", to=deal.main_contact, template=EmailText("Our offer", texts("offer")))'
    found = check_files(folder, {"rules": rule(PHONE.format("a", "payer"), mail)})["rules"]
    assert [each.message for each in found if each.code == "DW251"] == [
        "the role 'payre' is nearly 'payer' of rules.py:23"
    ]


def test_a_role_with_letters_exchanged_against_its_variable_is_told(tmp_path: Path) -> None:
    said = {
        "contact": 'guardian = deal.contact_as("gaurdian")',
        "colleagues": 'front_desk = Role("front dekss")',
        "desk": 'front_desk = Role("Front-dekc")',
        "swapped": 'closers = Role("Colsers")',
        "language": 'client = deal.contact_as("cliente")',
        "plural": 'payers = deal.contact_as("payer")',
        "other": 'desk = deal.contact_as("referrer")',
        "same": 'front_desk = Role("front-desk")',
    }
    found = check_files(tmp_path / "company", {name: example_file(f"\n{text}\n") for name, text in said.items()})
    told = {name: [each.message for each in each_told if each.code == "DW251"] for name, each_told in found.items()}
    assert {name: messages for name, messages in told.items() if messages} == {
        "contact": ["the role 'gaurdian' is nearly what it is called here: guardian"],
        "swapped": ["the role 'Colsers' is nearly what it is called here: closers"],
    }
