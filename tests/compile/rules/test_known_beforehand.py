"""What is known beforehand: points that never come so far, values that are unset, changes that are undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    score, other = Number("Score"), Number("Other")
    engineer = Person("Engineer")
    note, text = Text("Note"), Text("Text")


own = Own()
PHONE = deal.main_contact.phone.is_set()
low = setting("low", int, default=70, min=0, max=500, editable_by="Ana")
high = setting("high", int, default=700, min=0, max=1000, editable_by="Ana")
r = Automation(key="r", on={on}, when=[{when}], again={again}, do=[{do}])
s = Automation(key="s", on=deal_updated(fields=[deal.amount]), again=every_event(), do=[{also}])"""
TASK = 'set_task("t", text="Call", due=days(1))'
SCORE = 'update_deal("u", score=points((40, PHONE), (30, own.note.is_set())))'
FOR = 'set_task("t", text="Call", owner=own.engineer, due=days(1))'
BACK = 'assign_owner("o", to=event.before.owner)'
SOLD = 'send_conversion("c", event="Purchase", value=deal.amount)'


def rule(
    do: str = TASK, *, on: str = "entered(Sales.quoted)", when: str = "", again: str = "every_event()", also: str = TASK
) -> str:
    return example_file(OWN.format(on=on, when=when, do=do, again=again, also=also))


def asked(condition: str, also: str = SCORE) -> str:
    return rule(f'branch("b", case({condition}, {TASK}))', also=also)


LOST = {"on": "entered(Sales.lost)", "when": "PHONE, deal.amount > 0"}
TOLD = {
    "DW214 more": asked("own.score >= 71"),
    "DW214 equal": asked("own.score == 700"),
    "DW214 below": asked("own.score < 0"),
    "DW214 part": asked("(own.score > 100) | PHONE"),
    "DW214 of two writers": rule(f'update_deal("v", score=80), branch("b", case(own.score > 80, {TASK}))', also=SCORE),
    "DW214 in when": rule(when="own.score > 100", also=SCORE),
    "DW214 setting": asked("own.score >= high"),
    "DW246 text": rule('add_note("n", text="By {{ deal.engineer.name }}")', when="own.engineer.is_unset()"),
    "DW246 owner": rule(FOR, when="own.engineer.is_unset()"),
    "DW246 case": rule(f'branch("b", case(own.engineer.is_unset(), {FOR}))'),
    "DW246 written": rule('update_deal("u", text=own.note)', when="own.note.is_unset()"),
    "DW246 reckoned": rule('update_deal("u", score=own.other * 2)', when="own.other.is_unset()"),
    "DW246 behind a note": rule(f'add_note("n", text="x"), {FOR}', when="own.engineer.is_unset()"),
    "DW221 lost": rule(SOLD, **LOST),
    "DW237 owner": rule(BACK, on="owner_changed()"),
    "DW237 asked whether there is one": rule(
        f"{TASK}, {BACK}",
        on="owner_changed(in_=Sales)",
        when="event.before.owner.is_set(), deal.owner.is_set(), deal.owner != event.before.owner",
    ),
    "DW237 amount": rule('update_deal("u", amount=event.before.amount)', on="deal_updated(fields=[deal.amount])"),
    "DW247": rule(on="deal_created(in_=Sales)", again="once(per=stage_visit)"),
}
QUIET = {
    "DW214 within": asked("own.score >= 70"),
    "DW214 another writer": asked("own.score >= 80", also=f'{SCORE}, update_deal("v", score=own.other)'),
    "DW214 a greater number": asked("own.score >= 80", also=f'{SCORE}, update_deal("v", score=90)'),
    "DW214 no points": asked("own.score >= 80", also='update_deal("v", score=5)'),
    "DW214 by hand": asked("own.score >= 80", also=TASK),
    "DW214 setting": asked("own.score >= low"),
    "DW246 or something": rule('add_note("n", text="{{ deal.note or 1 }}")', when="own.note.is_unset()"),
    "DW246 or else": rule('update_deal("u", score=own.other.or_(5))', when="own.other.is_unset()"),
    "DW246 perhaps": rule(FOR, when="own.engineer.is_unset() | PHONE"),
    "DW246 another": rule(FOR, when="own.note.is_unset()"),
    "DW246 given before": rule(f'update_deal("u", engineer=deal.owner), {FOR}', when="own.engineer.is_unset()"),
    "DW246 waited for": rule(f'wait("w", days(1)), {FOR}', when="own.engineer.is_unset()"),
    "DW221 won": rule(SOLD, **{**LOST, "on": "entered(Sales.won)"}),
    "DW221 won or lost": rule(SOLD, **{**LOST, "on": "entered(Sales.won, Sales.lost)"}),
    "DW221 another event": rule('send_conversion("c", event="Lost deal")', **LOST),
    "DW237 some changes": rule(BACK, on="owner_changed()", when="deal.stage == Sales.met"),
    "DW237 in a case": rule(f'branch("b", case(PHONE, {BACK}))', on="owner_changed()"),
    "DW237 another field": rule(BACK, on="deal_updated(fields=[deal.amount, deal.owner])"),
    "DW247 for a deal": rule(on="deal_created(in_=Sales)", again="once(per=deal)"),
    "DW247 visits": rule(again="once(per=stage_visit)"),
}
JUDGED = {"DW214", "DW221", "DW237", "DW246", "DW247"}


def judged(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    named = {f"f{place}": text for place, text in enumerate(files.values())}
    found = check_files(folder / "company", named).values()
    codes = ({each.code for each in listed if each.code in JUDGED or each.code >= "DW9"} for listed in found)
    return dict(zip(files, codes, strict=True))


@pytest.mark.parametrize("files", [TOLD, QUIET])
def test_what_is_known_beforehand_is_told(files: dict[str, str], tmp_path: Path) -> None:
    wanted = {name: {name[:5]} if files is TOLD else set() for name in files}
    assert judged(tmp_path, files) == wanted


def test_a_number_that_points_never_come_to_is_a_warning_that_says_how_far_they_come(tmp_path: Path) -> None:
    text = asked("own.score >= 700")
    (found,) = [each for each in check_files(tmp_path / "company", {"rules": text})["rules"] if each.code == "DW214"]
    assert (found.severity, found.message) == (
        "warning",
        "deal.score >= 700 is never true: the points that are written there come to 0 to 70",
    )


MADE = 'made = facts["deal.created_at"]\n    return None if made is None else '


@pytest.mark.parametrize(
    ("body", "odd"),
    [
        (f"{MADE}made.month", "made.month"),
        (f"{MADE}made.weekday()", "made.weekday()"),
        (f"{MADE}5", "5"),
        (f"{MADE}made.month % 2", "made.month % 2"),
        (f"{MADE}len(str(made))", "len(str(made))"),
        (f"{MADE}(made.month > 3 and made.day)", "made.day"),
        ('if facts["deal.amount"]:\n        return True\n    return 0', "0"),
        ('return facts["deal.amount"]', "facts['deal.amount']"),
        ('return facts.get("deal.created_at")', "facts.get('deal.created_at')"),
        (f"{MADE}3 <= made.month <= 9", ""),
        (f"{MADE}bool(made.month % 2)", ""),
        (f"{MADE}(made.month > 3) & (made.day > 3)", ""),
        (f"{MADE}not made.month % 2", ""),
        (f"{MADE}(made.month > 3 and made.day > 3)", ""),
        (f"{MADE}helper(made)", ""),
        ('return any(each is not None for each in facts.values())', ""),
        ('def inner(made):\n        return made.month\n    return inner(facts["deal.created_at"]) > 3', ""),
        ('return facts["deal.won"]', ""),
    ],
)  # fmt: skip
def test_a_predicate_that_returns_a_number_or_a_fact_is_refused(body: str, odd: str, tmp_path: Path) -> None:
    asks = 'predicate("fair", fair, of=[deal.amount, deal.created_at])'.replace(
        "of=[", "of=[own.won, " if "deal.won" in body else "of=["
    )
    text = (
        'class Own(DealFields):\n    won = Flag("Won before")\n\n\nown = Own()\n\n\n'
        "def helper(made):\n    return made.month > 3\n\n\n"
        f'def fair(facts):\n    {body}\n\n\nr = Automation(key="r", on=entered(Sales.met), when=[{asks}], do=[{TASK}])'
    )
    found = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    said = f"the predicate 'fair' returns {odd}, which is neither yes nor no: it is unknown"
    assert [each.message for each in found if each.code >= "DW27"] == ([said] if odd else [])


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ('facts["deal.amount"] > 5', True),
        ('return None', True),
        ('x = facts["deal.amount"]', True),
        ('def inner(x):\n        return x\n    inner(facts["deal.amount"])', True),
        ('return facts["deal.amount"] is None', False),
        ('if facts["deal.amount"] is None:\n        return None\n    return True', False),
    ],
)  # fmt: skip
def test_a_predicate_that_never_returns_anything_is_refused(body: str, refused: bool, tmp_path: Path) -> None:
    asks = 'predicate("fair", fair, of=[deal.amount])'
    text = (
        f'def fair(facts):\n    {body}\n\n\nr = Automation(key="r", on=entered(Sales.met), when=[{asks}], do=[{TASK}])'
    )
    found = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    assert [each.code for each in found if each.code >= "DW27"] == (["DW272"] if refused else [])
