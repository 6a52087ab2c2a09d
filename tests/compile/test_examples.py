"""Examples that stand beside automations: `check` runs them, and says what is done instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from company_files import GOOD

from dealwright import Example, Pipeline, Role, Stage
from dealwright.cli.main import cli
from dealwright.errors import DefinitionError

COMPANY = (
    GOOD
    + """
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.phone.is_set(),
    again=once(per=person),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name or 'them' }}", due=working_minutes(15)),
        wait("pause", days(1)),
        branch("size", case(deal.amount > 100, add_note("note", text="Large: {{ deal.amount }}"))),
    ],
    examples=[
        EXAMPLE
    ],
)
a = Account("a", zone="America/New_York", country="US", currency="USD", pipelines=[Sales], automations=[greet])
"""
)
AT = 'in_=Sales.incoming, at="2026-05-11 10:00"'


def checked(write, example: str) -> Result:
    folder: Path = write(a=COMPANY.replace("EXAMPLE", example))
    return CliRunner().invoke(cli, ["check", str(folder)])


LARGE = f'Example("a large one", {AT}, phone="+12125550142", amount=500, then='


@pytest.mark.parametrize(
    "example",
    [
        f"{LARGE}['call', 'note'])",
        f"{LARGE}['call at Mon 10:00', 'note at Tue 10:00', 'done'])",
        f"{LARGE}['call at Mon 11 May 10:00: Call Maria Silva', 'note: Large: 500.00 USD'])",
        f'Example("a small one", {AT}, phone="+12125550142", amount=5, then=["call"])',
        f'Example("nobody to call", {AT}, then=["skipped: conditions"])',
        f'Example("nobody at all", {AT}, contact=None, then=["skipped: conditions"])',
    ],
)
def test_an_example_that_comes_out_is_no_finding(write, example):
    result = checked(write, example)
    assert (result.exit_code, result.output) == (0, "a: 1 pipeline, 2 automations, ok\n")


@pytest.mark.parametrize(
    ("example", "message", "hint"),
    [
        (f"{LARGE}['call'])", "the example 'a large one' does not expect 'note at Tue 12 May 10:00: Large: 500.00 USD'",
         "it does: call at Mon 11 May 10:00: Call Maria Silva; note at Tue 12 May 10:00: Large: 500.00 USD; done"),
        (f"{LARGE}['call', 'note', 'close'])", "the example 'a large one' expects 'close', and then it is 'done'", ""),
        (f"{LARGE}['call at Mon 11:00', 'note'])",
         "expects 'call at Mon 11:00' as number 1, and 'call at Mon 11 May 10:00: Call Maria Silva' is done", ""),
        (f'Example("nobody", {AT}, then=[])', "the example 'nobody' ends 'skipped: conditions', which it does not say",
         "it does: skipped: conditions"),
        (f'Example("met", {AT}, phone="+12125550142", then=["skipped: conditions"])',
         "expects 'skipped: conditions'", ""),
    ],
)  # fmt: skip
def test_one_that_does_not_is_told_at_its_line_with_what_is_done(write, example, message, hint):
    result = checked(write, example)
    assert result.exit_code == 1
    first = result.output.splitlines()[0]
    line = next(n for n, text in enumerate(COMPANY.splitlines(), start=1) if text.strip() == "EXAMPLE")
    assert f"a.py:{line}:9 DW290 " in first
    assert message in first
    assert hint in result.output


def test_an_example_of_what_is_not_there_yet_is_not_run_and_finds_nothing(write):
    text = COMPANY.replace("deal_created(in_=Sales)", "no_activity(for_=days(3))")
    folder = write(a=text.replace("EXAMPLE", f'Example("never", {AT}, then=["nothing like that"])'))
    result = CliRunner().invoke(cli, ["check", str(folder)])
    assert result.exit_code == 0
    assert "`up` refuses greet: no_activity() is not there yet" in result.output


OWN = """
class Solar(DealFields):
    roof = Choice("Roof", ["tile", "flat"])
    kw, fee = Number("kW"), Money("Fee")
    marks = Choices("Marks", ["old", "shaded"])
deal = Solar()
EVENT
greet = Automation(
    key="greet", on=TRIGGER, again=every_event(), when=[deal.roof != "flat"],
    do=[
        wait_until("reply", deal_updated(), timeout=days(1), on_timeout=[stop()]),
        ask("may", who=deal.owner, question="May we?", within=days(1), yes=[add_tags("t", "x")], no=[], late=[stop()]),
    ],
    examples=[Example("x", at="2026-05-11 10:00", MORE)],
)
a = Account("a", zone="UTC", country="US", currency="USD", deal_fields=Solar, pipelines=[Sales], automations=[greet])
"""
FITS = 'in_=Sales.incoming, own={"roof": "tile", "kw": 5, "fee": 9, "marks": ["old"]}, met=["reply"]'
TOLD = "event_received(Measured)"


MEASURED = """class Measured(OutsideEvent):
    key = "measured"
    ref, kw = Text(), Number()
    match = Match(by=[(ref, deal.reference)], in_=[Sales])"""


def happens(write, trigger: str, more: str) -> str:
    event = MEASURED if trigger == TOLD else "\n" * MEASURED.count("\n")
    text = GOOD + OWN.replace("EVENT", event).replace("TRIGGER", trigger).replace("MORE", more)
    if trigger == TOLD:  # what nobody reads is a finding of its own
        text = text.replace('!= "flat"]', '!= "flat", Measured.kw > 0]')
    return CliRunner().invoke(cli, ["check", str(write(a=text))]).output


@pytest.mark.parametrize(
    ("trigger", "more"),
    [
        ("deal_created(in_=Sales)", f'{FITS}, answers={{"may": "yes"}}, then=["may", "t"]'),
        ("entered(Sales.quoted)", f'{FITS}, answers={{"may": "yes"}}, then=["may", "t"]'),
        (TOLD, f'{FITS}, data={{"ref": "A", "kw": "5.2"}}, answers={{"may": "no"}}, then=["may", "done"]'),
        ('event_received("m", data=["kw"])', f'{FITS}, data={{"kw": "5,2"}}, answers={{"may": "no"}}, then=["may"]'),
        ("deal_created(in_=Sales.quoted)", 'in_=Sales.incoming, own={"roof": "tile"}, then=["skipped"]'),
    ],
)
def test_an_example_that_fits_its_fields_and_steps_is_no_finding(write, trigger, more):
    assert happens(write, trigger, more) == "a: 1 pipeline, 2 automations, ok\n"


@pytest.mark.parametrize(
    ("trigger", "more", "told"),
    [
        ("deal_created(in_=Sales)", 'own={"roof": "fat"}', "roof takes one of tile, flat"),
        ("deal_created(in_=Sales)", 'own={"rof": "flat"}', "deals have no field 'rof'; did you mean roof?"),
        ("deal_created(in_=Sales)", 'own={"kw": "abc"}', "kw is a number, and what is given is none"),
        ("deal_created(in_=Sales)", 'own={"marks": ["new"]}', "marks takes one of old, shaded"),
        ("deal_created(in_=Sales)", 'met=["answer"]', "it has no wait_until('answer', ...); it has reply"),
        ("deal_created(in_=Sales)", 'answers={"mai": "yes"}', "it has no ask('mai', ...); it has may"),
        ("deal_created(in_=Sales)", 'answers={"may": "perhaps"}', "'may' takes 'yes', 'no', and not 'perhaps'"),
        ("deal_created(in_=Sales)", 'data={"kw": "5"}', "the trigger is no event from outside"),
        (TOLD, 'data={"kwx": "5"}', "measured tells no 'kwx'; did you mean kw?"),
        (TOLD, 'data={"kw": "5,2"}', "kw is no number such as 120.50: such an event would wait"),
        ('event_received("m", data=["kw"])', 'data={"reff": "5"}', "m tells no 'reff'; it tells kw"),
        ("deal_created(in_=Sales.quoted)", "own={}", "its trigger does not answer that"),
    ],
)
def test_an_example_that_cannot_happen_is_a_finding(write, trigger, more, told):
    output = happens(write, trigger, f'in_=Sales.incoming, {more}, then=["t"]')
    line = next(
        n for n, text in enumerate((GOOD + OWN.replace("EVENT", MEASURED)).splitlines(), start=1) if "Example(" in text
    )
    assert f"a.py:{line}:5 DW290 " in output.splitlines()[0]
    assert told in output


# --- people, other systems and answers -------------------------------------------------------------------------------

WHOLE = (
    GOOD
    + """
closers = Role("closers")
hello = Template("hello", body="Hi {{ contact.first_name or 'there' }}", buttons=[Button("yes", "Yes")])
vies = lookup("vies", at="vies:/check", ask={"vat": deal.title},
              gives={"valid": bool, "staff": int, "worth": Decimal, "since": date, "shop": str | None},
              on_error=[add_tags("away", "away"), stop()])
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.id.is_set(),
    again=once(per=person),
    do=[
        vies,
        assign_owner("owner", to=closers),
        send_message("hi", via="crm", template=hello, to=deal.main_contact),
        wait_until("answer", replied(to="hi"), timeout=hours(4), on_timeout=[stop()]),
        branch("said", case(hello.pressed("yes"), add_note("n", text="{{ deal.owner.name }}: {{ steps.vies.staff }}")),
               otherwise=[add_note("m", text="{{ reply.text }} {{ steps.vies.shop or 'nowhere' }}")]),
    ],
    examples=[Example("x", in_=Sales.incoming, at="2026-05-11 10:00", MORE)],
)
a = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[greet])
""".replace("from dealwright import *", "")
).replace(
    "from dealwright import *", "from datetime import date\nfrom decimal import Decimal\nfrom dealwright import *"
)
GIVEN = '"vies": {"valid": True, "staff": 7, "worth": 10.5, "since": date(2020, 1, 31)}'
YES = 'replies={"answer": a_reply(button="yes", after=minutes(10))}'
ANA = 'people={closers: ["Ana Lima", "Ben Ek"]}'


@pytest.mark.parametrize(
    "more",
    [
        f"{ANA}, given={{{GIVEN}}}, {YES}, then=['vies', 'owner', 'hi at Mon 10:00', 'n at Mon 10:10: Ana Lima: 7']",
        f"given={{{GIVEN}}}, {YES}, then=['vies', 'owner', 'hi', 'n: closers: 7']",
        f"given={{{GIVEN}}}, then=['vies', 'owner', 'hi', 'done']",
        f"{YES}, then=['vies', 'away', 'done']",
        f"given={{{GIVEN}}}, replies={{'answer': a_reply('When?')}}, then=['vies', 'owner', 'hi', 'm: When? nowhere']",
    ],
)
def test_an_example_says_who_is_picked_what_others_give_and_what_is_answered(write, more):
    result = CliRunner().invoke(cli, ["check", str(write(a=WHOLE.replace("MORE", more)))])
    assert result.output == "a: 1 pipeline, 2 automations, ok\n"


@pytest.mark.parametrize(("named", "told"), [("closers", False), ("callers", True)])
def test_an_example_whose_people_are_all_of_roles_that_it_does_not_pick_is_a_finding(write, named, told):
    other = 'Automation(key="o", on=entered(Sales.won), do=[assign_owner("o", to=Role("callers"))])'
    text = WHOLE.replace("MORE", f"people={{Role('{named}'): ['Ana']}}, {YES}, given={{{GIVEN}}}, then=THEN")
    text = text.replace("THEN", "['vies', 'owner', 'hi', 'n']").replace("[greet]", f"[greet, {other}]")
    output = CliRunner().invoke(cli, ["check", str(write(a=text))]).output
    assert ("cannot be run: its people are of callers, and the automation picks of closers" in output) == told
    assert ("DW290" in output) == told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('people={Role("callers"): ["Ana"]}', "nobody is picked of a role 'callers'"),
        ('given={"vise": {"valid": True}}', "has no step lookup('vise', ...)"),
        ('given={"vies": {"valid": True}}', "'vies' gives shop, since, staff, valid, worth, and not valid"),
        (f"given={{{GIVEN.replace('7', '7.5')}}}", "'staff' of 'vies' is a whole"),
        ('replies={"anser": a_reply("x")}', "'anser' of 'greet' waits for no answer; those that do: answer"),
        ('replies={"answer": a_reply(button="no")}', "has the button 'no'; it has 'yes'"),
    ],
)
def test_an_example_that_names_what_there_is_not_is_a_finding(write, more, told):
    output = CliRunner().invoke(cli, ["check", str(write(a=WHOLE.replace("MORE", f"{more}, then=['vies']")))]).output
    assert " DW290 the example 'x' cannot be run: " in output
    assert told in output


class Sales(Pipeline, key="sales"):
    """A short pipeline."""

    quoted = Stage("Sent the quote")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"in_": "quoted"}, "in_ of the example 'x' is a stage"),
        ({"at": "Monday"}, "at of the example 'x' is no moment: 'Monday'"),
        ({"at": "2026-05-09 22:30+02:00"}, "is local time, without a zone"),
        ({"then": "call"}, "then of the example 'x' is a list of texts"),
        ({"own": {"kw": object()}}, "'kw' of own= is a object"),
        ({"contact": None, "phone": "1"}, "has no contact, and a phone or an e-mail"),
        ({"people": {"closers": ["Ana"]}}, "people of the example 'x' are names by role"),
        ({"people": {Role("closers"): "Ana"}}, "people of the role 'closers' is a list of texts"),
        ({"given": {"vies": True}}, "given of the example 'x' is what other systems give, by step"),
        ({"given": {"vies": {"valid": ["a"]}}}, "'vies' of the example 'x' gives single values"),
        ({"replies": {"answer": "yes"}}, "replies of the example 'x' are answers by step"),
    ],
)
def test_an_example_that_is_none_is_refused(wrong, message):
    given = {"in_": Sales.quoted, "at": "2026-05-11 10:00", "then": [], **wrong}
    with pytest.raises(DefinitionError) as refusal:
        Example("x", **given)  # type: ignore[arg-type]
    assert message in str(refusal.value)
    assert refusal.value.hint


HANDED = (
    GOOD
    + """
handed = Automation(
    key="handed",
    on=owner_changed(in_=Sales),
    when=event.before.owner.is_set(),
    do=[notify("goodbye", who=event.before.owner, text="{{ deal.title }} is {{ deal.owner.name }}'s now")],
    examples=[
        Example("from Bo", AT, owner_before="Bo Reyes", then=["goodbye: Forty chairs is Ana Lima's now"]),
        Example("from nobody", AT, then=["skipped: conditions"]),
    ],
)
a = Account("a", zone="America/New_York", country="US", currency="USD", pipelines=[Sales], automations=[handed])
""".replace("AT", AT)
)


def test_an_example_says_whose_the_deal_was(write):
    result = CliRunner().invoke(cli, ["check", str(write(a=HANDED))])
    assert (result.exit_code, result.output) == (0, "a: 1 pipeline, 2 automations, ok\n")
    created = HANDED.replace("owner_changed", "deal_created").replace("when=event.before.owner.is_set(),", "")
    result = CliRunner().invoke(cli, ["check", str(write(a=created.replace("event.before.owner", "deal.owner")))])
    assert "no change of the deal sets the automation off: leave owner_before= out" in result.output
