"""What can never hold, or never does while nobody has said anything: segments, exits, denied flags, new deals."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, codes, example_file

BEFORE = """
class Own(DealFields):
    vip = Flag("VIP")
    code = Text("Code")


own = Own()


class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", required=[deal.amount], task=Task("Send the estimate", due=days(1)))
    sent = Stage(
        "Sent the estimate",
        task=Task("Call back", due=days(1)),
        entry=Criteria([{criteria}], else_="move_back", says="Write it down"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Prices(OutsideEvent):
    key = "prices"
    code = Text()
    match = {match}


"""
NOTE = 'do=[add_note("n", text="Look")]'


def file(rule: str, *, criteria: str = "deal.amount > 0", match: str = "None") -> str:
    return example_file(BEFORE.format(criteria=criteria, match=match) + f"r = Automation(key='r', {rule})\n")


def made(where: str, more: str = "") -> str:
    return f'on=entered(Sales.won), do=[create_deal("c", in_=Repairs.{where}, title="New"{more})]'


def segment(where: str, when: str = "[]") -> str:
    return f"on=event_received(Prices), for_each=Segment(in_=[Repairs], where=[{where}]), when={when}, {NOTE}"


EACH = "again=every_event(), "
FOUND = {
    "segment": (file(segment("deal.amount > 5, deal.amount < 4")), "DW214", "the segment of 'r' never holds a deal"),
    "segment_of_another_pipeline": (file(segment("deal.stage == Sales.met")), "DW214", "never holds a deal"),
    "segment_and_when": (
        file(segment("deal.amount > 5", "[deal.amount < 4]")), "DW214", "its conditions contradict its segment",
    ),
    "exit": (
        file(f"on=entered(Sales.met), exit_on=[stage_changed(to=Sales.won, in_=Repairs)], {NOTE}"),
        "DW214", "exit_on of 'r' names what never happens",
    ),
    "flag": (file(f"on=entered(Sales.met), when=[~own.vip.is_true()], {NOTE}"), "DW223", "~deal.vip.is_true()"),
    "flag_no": (file(f"on=entered(Sales.met), when=[~own.vip.is_false()], {NOTE}"), "DW223", "~deal.vip.is_false()"),
    "flag_inside": (
        file(f"on=entered(Sales.met), when=[~(own.vip.is_true() | (deal.amount > 5))], {NOTE}"), "DW223", "deal.vip",
    ),
    "flag_in_points": (
        file(f"on=entered(Sales.met), when=points((1, ~own.vip.is_true())) > 0, {NOTE}"), "DW223", "deal.vip",
    ),
    "flag_in_criteria": (
        file(f"on=entered(Sales.met), {NOTE}", criteria="~own.vip.is_true()"), "DW223", "~deal.vip.is_true()",
    ),
    "required": (file(made("inspected")), "DW224", "takes none without amount"),
    "entry": (file(made("sent")), "DW224", "entry criteria it does not meet: deal.amount > 0"),
    "entry_of_own": (
        file(made("sent", ", amount=5"), criteria='own.code == "x"'), "DW224", "entry criteria it does not meet",
    ),
}  # fmt: skip
WELL = {
    "segment": file(segment("deal.amount > 4", "[deal.amount < 9]")),
    "exit": file(f"on=entered(Sales.met), exit_on=[stage_changed(to=Sales.won), entered(Repairs.won)], {NOTE}"),
    "flag": file(f"on=entered(Sales.met), when=[own.vip.is_false()], {NOTE}"),
    "flag_that_is_asked_for": file(f"on=entered(Sales.met), when=[own.vip.is_unset() | ~own.vip.is_true()], {NOTE}"),
    "flag_of_a_step": file(
        'on=entered(Sales.met), do=[moved := move_deal("m", to=Sales.quoted), '
        'branch("b", case(~moved.moved.is_true(), add_tags("t", "stayed")))]'
    ),
    "required": file(made("inspected", ", amount=5")),
    "copied": file(made("inspected", ", copy=[deal.amount]")),
    "entry": file(made("sent", ", amount=deal.amount")),
    "entry_by_company": file(made("sent"), criteria="deal.company.is_set()"),
    "entry_or": file(made("sent"), criteria="(deal.amount > 0) | deal.main_contact.phone.is_set()"),
    "or_else": file(made("sent"), criteria="deal.amount.or_(0) < 5"),
}


def test_what_never_holds_is_told(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", {name: text for name, (text, *_) in FOUND.items()})
    for name, (_, code, words) in FOUND.items():
        told = [each.message for each in found[name] if each.code == code]
        assert len(told) == 1 and words in told[0], (name, [str(each) for each in found[name]])


def test_what_may_hold_is_left_alone(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", WELL)
    assert {name: codes(each) & {"DW214", "DW223", "DW224"} for name, each in found.items()} == {
        name: set() for name in WELL
    }


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("(mail, deal.contacts.phone)", "compares an e-mail address with deal.contacts.phone, which is a phone number"),
        (
            "(phone, deal.contacts.email)",
            "compares a phone number with deal.contacts.email, which is an e-mail address",
        ),
        ("(phone, own.mail)", "compares a phone number with deal.mail, which is an e-mail address"),
        ("(kind, own.phone)", "compares a choice with deal.phone, which is a phone number"),
    ],
)
def test_a_pair_of_unlike_kinds_is_an_error(pair: str, said: str, tmp_path: Path) -> None:
    event = f"""
class Own(DealFields):
    mail, phone = Email("Mail"), Phone("Phone")


own = Own()


class Booked(OutsideEvent):
    key = "booked"
    mail, phone, kind, text = Email(), Phone(), Choice("Kind", ["a", "b"]), Text()
    match = Match(by=[(text, deal.contacts.phone), (mail, own.mail), (phone, deal.reference), {pair}], in_=Sales)
"""
    (told,) = [
        each for each in check_files(tmp_path / "c", {"rules": example_file(event)})["rules"] if each.code == "DW910"
    ]
    assert said in told.message


EVENT = """
class Own(DealFields):
    code, note, on = Text("Code"), Text("Note"), Day("On")


own = Own()


class Paid(OutsideEvent):
    key = "paid"
    number, total, on = Text(), Money(), Day()


r = Automation(key="r", on=event_received(Paid), when=[{when}], again=every_event(), do=[update_deal("u", {changes})])
s = Automation(key="s", on=entered(Sales.won), do=[update_deal("v", note="Won")])
"""
CLEARS = {
    "amount": ("", "amount=Paid.total", "clears deal.amount where the event does not tell event.data.total"),
    "reckoned": ("", "amount=Paid.total * 2", "clears deal.amount where"),
    "shifted": ("", "close_date=Paid.on + days(2)", "clears deal.close_date where"),
    "several": ("", "amount=Paid.total, reference=Paid.number", "clears deal.amount, deal.reference where"),
    "written_by_two": ("", "note=Paid.number", "clears deal.note where"),
    "own_and_another_is_asked": ("Paid.number.is_set()", "on=Paid.on", "clears deal.on where"),
    "own_among_others": ("Paid.number.is_set()", "note='Won', code=Paid.number, on=Paid.on", "clears deal.on where"),
    "another_is_asked": ("Paid.on.is_set()", "amount=Paid.total", "clears deal.amount where"),
}
KEEPS = {
    "asked": ("Paid.total.is_set()", "amount=Paid.total"),
    "compared": ("Paid.total > 5", "amount=Paid.total"),
    "or": ("", "amount=Paid.total.or_(deal.amount), close_date=Paid.on.or_(deal.close_date) + days(1)"),
    "text": ("", 'reference="{{ event.data.number or deal.reference }}"'),
    "own_of_one": ("", "code=Paid.number, on=Paid.on"),
    "own_text_and_another_is_asked": ("Paid.total.is_set()", "code=Paid.number"),
    "own_and_the_deal_is_asked": ("own.code.is_set()", "on=Paid.on"),
    "own_and_another_is_compared": ("Paid.number == 'x'", "on=Paid.on"),
    "own_that_is_asked": ("Paid.number.is_set(), Paid.on.is_set()", "on=Paid.on"),
    "own_with_or": ("Paid.number.is_set()", "on=Paid.on.or_(own.on)"),
    "of_the_deal": ("", "close_date=own.on"),
}


def test_what_an_event_may_not_tell_clears_what_others_know(tmp_path: Path) -> None:
    files = {
        name: example_file(EVENT.format(when=when, changes=changes)) for name, (when, changes, _) in CLEARS.items()
    }
    found = check_files(tmp_path / "company", files)
    for name, (_, _, words) in CLEARS.items():
        told = [each.message for each in found[name] if each.code == "DW225"]
        assert len(told) == 1 and words in told[0], (name, told)
    files = {name: example_file(EVENT.format(when=when, changes=changes)) for name, (when, changes) in KEEPS.items()}
    kept = check_files(tmp_path / "kept", files)
    assert {name: [each.message for each in told if each.code == "DW225"] for name, told in kept.items()} == {
        name: [] for name in KEEPS
    }


ASKED = """
class Asked(Pipeline, key="asked", name="Asked"):
    incoming = Incoming()
    met = Stage(
        "Held the meeting", probability=40, task=Task("Write", due=days(1)),
        {side}=Criteria([own.code.is_set(), deal.amount > 5], else_="report", says="Enter the code"),
    )
    won, lost = Won(), Lost(reasons=["Price"])
"""


def test_what_the_criteria_have_people_fill_in_is_known_to_others_than_the_event(tmp_path: Path) -> None:
    event = EVENT.format(when="", changes="code=Paid.number, on=Paid.on")
    files = {side: example_file(event + ASKED.format(side=side)) for side in ("entry", "exit")}
    found = check_files(tmp_path / "company", files)
    told = {name: [each.message for each in told if each.code in ("DW225", "DW910")] for name, told in found.items()}
    cleared = ["'u' clears deal.code where the event does not tell event.data.number"]
    assert told == {"entry": cleared, "exit": cleared}


def test_hints_name_a_pipeline_of_the_authors_own(tmp_path: Path) -> None:
    slips = {
        "stage": ("deal.stage == 'won'", "compare it with a stage: == Sales.won"),
        "other_stage": ('move_deal("m", to="met")', "write Sales.met"),
        "pipeline": ("Segment(in_='sales')", "in_=[Sales]"),
        "two": ('class Repairs(Pipeline, key="x"):\n    won = Won()\nx = create_deal("a")', "in_=Repairs.won, title="),
    }
    found = check_files(tmp_path / "c", {name: example_file(f"{slip}\n") for name, (slip, _) in slips.items()})
    for name, (_, hint) in slips.items():
        told = [each.hint for each in found[name] if each.code == "DW910"]
        assert len(told) == 1 and hint in told[0], (name, told)


def test_what_is_looked_at_again_may_stand_elsewhere_by_then(tmp_path: Path) -> None:
    """`when_within` waits for the deal to come there, and it was an error that the trigger finds it elsewhere."""
    waits = "on=deal_created(in_=Repairs.inspected), when_within=days(1), again=once(per=deal)"
    never = "when=[deal.stage == Repairs.sent, deal.stage == Repairs.won]"
    files = {
        "waits": file(f"{waits}, when=deal.stage == Repairs.sent, {NOTE}"),
        "never": file(f"{waits}, {never}, {NOTE}"),
    }
    told = check_files(tmp_path / "company", files)
    assert {name: codes(each) & {"DW214"} for name, each in told.items()} == {"waits": set(), "never": {"DW214"}}
