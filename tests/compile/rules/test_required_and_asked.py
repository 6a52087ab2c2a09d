"""Entry criteria against `required=` of their stage: what is required is set when a deal has come."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

FILE = """
class Own(DealFields):
    code = Text("Code")


own = Own()


class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    seen = Stage("Saw it", required=[deal.reference], task=Task("Call", due=days(1)))
    sent = Stage(
        "Sent the estimate",
        required=[{required}],
        task=Task("Call back", due=days(1)),
        entry=Criteria([{asked}], says="Write it down"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


"""
NEVER = {
    "amount": ("deal.amount", "deal.amount.is_unset(), deal.tags.has('x')"),
    "own": ("own.code", "own.code.is_unset()"),
    "contact": ("deal.main_contact", "deal.main_contact.id.is_unset()"),
    "company": ("deal.company", "deal.company.is_unset()"),
    "counted": ("deal.main_contact", "deal.contacts.count == 0"),
}
ALWAYS = {
    "amount": ("deal.amount", "deal.amount.is_set(), deal.tags.has('x')"),
    "own": ("own.code", "own.code.is_set()"),
    "contact": ("deal.main_contact", "deal.main_contact.id.is_set()"),
    "either": ("deal.close_date", "deal.close_date.is_set() | deal.tags.has('x')"),
}
FINE = {
    "other": ("deal.amount", "deal.reference.is_set()"),
    "of_another_stage": ("deal.amount", "deal.reference.is_unset()"),
    "more": ("deal.amount", "deal.amount > 100"),
    "both": ("deal.amount", "(deal.amount.is_unset() & deal.tags.has('x')) | deal.close_date.is_set()"),
    "of_the_contact": ("deal.main_contact", "deal.main_contact.email.is_set()"),
    "contacts": ("deal.main_contact", "deal.contacts.count > 1"),
}


def told(folder: Path, given: dict[str, tuple[str, str]], code: str) -> dict[str, list[str]]:
    files = {
        name: example_file(FILE.format(required=required, asked=asked)) for name, (required, asked) in given.items()
    }
    found = check_files(folder, files)
    return {name: [each.message for each in of if each.code == code] for name, of in found.items()}


def test_criteria_for_what_the_stage_requires_to_be_otherwise_are_never_met(tmp_path: Path) -> None:
    for name, messages in told(tmp_path / "never", NEVER, "DW111").items():
        assert len(messages) == 1, name
        assert "entry criteria of 'sent'" in messages[0]


def test_criteria_that_ask_for_what_the_stage_requires_ask_nothing(tmp_path: Path) -> None:
    for name, messages in told(tmp_path / "always", ALWAYS, "DW235").items():
        assert len(messages) == 1, name
        assert "required= of the stage asks for it already" in messages[0]


def test_criteria_for_more_than_the_stage_requires_are_left_alone(tmp_path: Path) -> None:
    for code in ("DW111", "DW235"):
        assert told(tmp_path / code, FINE, code) == {name: [] for name in FINE}
