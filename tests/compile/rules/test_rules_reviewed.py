"""Slips that a reviewer made and the check passed over: each is told, and its ordinary neighbours are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import FIRST, check_files, codes, example_file, snippet

from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.findings import Finding
from dealwright.compile.loader import load

RULE = """
x = Automation(
    key="x",
    on=deal_created(in_=Sales),
    {more}
    do=[{do}],
)
"""


def rule(more: str = "", do: str = 'add_note("n", text="Met.")') -> str:
    return example_file(RULE.format(more=more, do=do))


def text(words: str) -> str:
    return rule(do=f'set_task("call", text={words!r}, due=hours(1))')


UNFINISHED = {
    "todo": "todo",
    "todo_colon": "Call, todo: which number",
    "tbd": "Length: tbd",
    "marks": "Call ???",
    "angles": "Call the sponsor of <<deal.title>>",
    "brackets": "Call the sponsor of [[deal.title]]",
    "path": "Call the sponsor of deal.title (deal.amount)",
    "path_at_the_end": "Call the sponsor of deal.title.",
    "percent": "Call the sponsor of %s",
    "percent_named": "Call the sponsor of %(name)s.",
    "unopened": "deal.title }} is open again",
    "unopened_later": "{{ deal.title }}: call deal.main_contact.name }} about it",
    "unopened_words": "The deal }} is open again",
    "unopened_block": "Call if urgent %} now",
}
FINISHED = {
    "spanish": "Gracias por todo. Llamar.",
    "really": "Call. Really???",
    "discount": "A discount of 5%, said in 100% of cases, and 10%s",
    "url": "See https://example.com/deal.title?x=%20 and deal.title.example.com/deal.title",
    "mail": "Write to deal.title@example.com",
    "filled": "{{ deal.title }} of {% if deal.company %}{{ deal.company }}{% else %}them{% endif %}",
    "shift": "Is 1 << 2 more than [1]?",
    "group": "The deal. stage and deal.titles",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    files = {f"bad_{name}": text(words) for name, words in UNFINISHED.items()}
    files |= {f"good_{name}": text(words) for name, words in FINISHED.items()}
    css = "<html><head><style>@media print{p{color:red}}</style></head><body><p>Hello</p></body></html>"
    mail = f'send_email("m", to=deal.main_contact, subject="Hello", text="Hello", html={css!r})'
    files["good_css"] = rule("when=[deal.main_contact.email.is_set()], again=every_event(),", mail)
    sent = 'send_event("deal-created", to="erp", with_={{"a": {!r}}})'
    files["bad_sent"] = rule(do=sent.format("TODO"))
    files["bad_sent_path"] = rule(do=sent.format("deal.reference"))
    files["good_sent"] = rule(do=sent.format("message"))
    return check_files(tmp_path_factory.mktemp("texts") / "company", files)


def test_unfinished_texts_are_told(told) -> None:
    assert {name: codes(found) for name, found in told.items() if name.startswith("bad")} == {
        name: {"DW304"} for name in told if name.startswith("bad")
    }


def test_ordinary_texts_are_not(told) -> None:
    assert [str(each) for name, found in told.items() if name.startswith("good") for each in found] == []


ASKED = {
    "today": "from datetime import date as day\nx = day.today()\n",
    "now": "import datetime as dt\nmoment = dt.datetime\nx = moment.max\nx = dt.datetime.today()\n",
    "random": "import random\nx = random.randint(1, 9)\n",
    "choice": "from random import choice\nx = choice([1, 2])\n",
    "environ": "import os\nx = os.environ.get('LIMIT')\n",
    "inline": "x = __import__('os').getenv('LIMIT')\n",
    "function": "import time as t\ndef at():\n    return t.time()\nx = at()\n",
}
NOT_ASKED = {
    "day": "from datetime import date, datetime, timedelta\nx = date(2027, 1, 1) + timedelta(days=1)\n",
    "path": "import os\nx = os.path.join('a', 'b')\n",
    "own": "class day:\n    today = staticmethod(lambda: 1)\nx = day.today()\nrandom = 'random'\ntime = 5\n",
}


def test_what_is_fixed_when_a_file_is_loaded_is_told(tmp_path: Path) -> None:
    files = {f"bad_{name}": lines for name, lines in ASKED.items()}
    files |= {f"good_{name}": lines for name, lines in NOT_ASKED.items()}
    found = check_files(tmp_path / "company", {"all": example_file(""), **files})
    assert {name: [each.code for each in findings] for name, findings in found.items()} == {
        "all": [],
        **{f"bad_{name}": ["DW914"] for name in ASKED},
        **{f"good_{name}": [] for name in NOT_ASKED},
    }


SPLIT = 'when=[deal.lost_reason == "{}"],'


def test_a_reason_that_no_stage_lists_is_a_warning(tmp_path: Path) -> None:
    typo = SPLIT.format("Timming")
    branch = 'branch("b", case(deal.lost_reason.is_in("Prize", "Price"), stop()), otherwise=[add_note("n", text="x")])'
    found = check_files(
        tmp_path / "company",
        {
            "typo": rule(typo).replace("deal_created(in_=Sales)", "entered(Sales.lost)"),
            "branch": rule(do=branch).replace("deal_created(in_=Sales)", "entered(Sales.lost)"),
            "right": rule(SPLIT.format("Timing")).replace("deal_created(in_=Sales)", "entered(Sales.lost)"),
            "free": rule(typo)
            .replace("deal_created(in_=Sales)", "entered(Sales.lost)")
            .replace(', reasons=["Price", "Timing"]', ""),
        },
    )
    told = {name: [(each.code, each.severity, each.hint) for each in findings] for name, findings in found.items()}
    assert told == {
        "typo": [("DW214", "warning", "did you mean Timing?")],
        "branch": [("DW214", "warning", "did you mean Price?")],
        "right": [],
        "free": [],
    }


def test_steps_and_cases_that_do_nothing_are_told(tmp_path: Path) -> None:
    found = check_files(
        tmp_path / "company",
        {
            "case": rule(do='branch("b", case(deal.amount > 5), otherwise=[add_note("n", text="Met.")])'),
            "inner": rule(do='branch("b", case(deal.amount > 5, wait("w", days(1))), otherwise=[stop()])'),
            "goes_on": rule(
                do='branch("b", case(deal.amount > 5, wait("w", days(1))), otherwise=[wait("v", days(2))]),'
                ' add_note("n", text="Met.")'
            ),
        },
    )
    assert {name: [each.code for each in findings] for name, findings in found.items()} == {
        "case": ["DW219"],
        "inner": ["DW219"],
        "goes_on": [],
    }


def test_a_comma_after_the_fields_is_told_where_it_is(tmp_path: Path) -> None:
    whole = rule("when=[deal.amount > 5],")
    line = whole[: whole.index("deal = DealFields()")].count("\n") + 1
    found = check_files(tmp_path / "one", {"all": whole.replace("deal = DealFields()", "deal = DealFields(),")})["all"]
    assert [(each.code, each.line) for each in found] == [("DW210", line)]
    plain = check_files(tmp_path / "two", {"all": whole.replace("deal = DealFields()", "deal = (1, 2)")})["all"]
    assert codes(plain) == {"DW900"}


def test_the_later_one_with_a_key_is_told_whatever_the_order_of_the_list(tmp_path: Path) -> None:
    second = RULE.format(more="", do='add_note("n", text="Met.")').replace("x = ", "y = ")
    account = 'a = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[y, x])\n'
    found = snippet(tmp_path, RULE.format(more="", do='add_note("n", text="Met.")') + second + "\n" + account)
    assert [(each.code, each.line) for each in found] == [("DW201", FIRST + RULE.count("\n"))]
    assert f":{FIRST}" in found[0].message


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ("when=[deal.amount >= 25,000],", "a comma in a number makes two of it: write 25_000"),
        ("when=[deal.company is not None],", "write deal.company.is_set()"),
        ("when=[deal.company.is_set],", "write it with parentheses: deal.company.is_set()"),
        ('do=[update_deal("u", owner="deal.owner")],', "write deal.owner, without quotes"),
        ("again=once(per=stage_visit()),", "write stage_visit, without parentheses"),
    ],
)
def test_what_was_meant_is_said(more: str, hint: str, tmp_path: Path) -> None:
    written = RULE.format(more=more, do='add_note("n", text="Met.")')
    if more.startswith("do="):
        written = written.replace('do=[add_note("n", text="Met.")],', "")
    (found,) = snippet(tmp_path, written)
    assert found.code == "DW910"
    assert hint in found.hint


def test_a_move_that_leaves_out_a_reason_that_must_be_said_is_told(tmp_path: Path) -> None:
    strict = """
class Strict(Pipeline, key="strict", name="Strict"):
    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"], require_reason=True)
"""
    rules = RULE.replace("in_=Sales", "in_=Strict.incoming")
    without = snippet(tmp_path / "bad", strict + rules.format(more="", do='move_deal("m", to=Strict.lost)'))
    said = snippet(
        tmp_path / "good", strict + rules.format(more="", do='move_deal("m", to=Strict.lost, reason="Price")')
    )
    assert [(each.code, each.hint) for each in without] == [("DW206", "write reason='Price'")]
    assert said == []


@pytest.mark.parametrize("broken", ["", "import nothing_of_the_kind\n"], ids=["loads", "does-not-load"])
def test_a_field_and_an_automation_may_have_one_name(tmp_path: Path, broken: str) -> None:
    """A name in a class is another one than that of the file (the second example company writes so)."""
    own = 'class Own(DealFields):\n    rule = Number("Rule")\n\n\n'
    text = rule().replace("x = Automation", f"{own}rule = Automation").replace("automations=[x]", "automations=[rule]")
    found = check_files(tmp_path, {"company": f"{broken}{text}"})
    assert "DW210" not in {code for each in found.values() for code in codes(each)}, found


def test_the_pipeline_for_what_is_put_off_is_named(tmp_path: Path) -> None:
    stages = (
        'on_hold = Stage("On hold", task=None, because="they wait")\n    won = Won()\n    lost = Lost(reasons=["x"])\n'
    )
    later = f'class Later(Pipeline, key="later", name="Put off"):\n    {stages}'
    live = f'class Live(Pipeline, key="live", deferred_to=Later):\n    {stages}'
    found = [each for each in snippet(tmp_path, f"{later}\n\n{live}") if each.code == "DW106"]
    assert [each.hint for each in found] == ["move them to 'Put off', which deferred_to= names"]


@pytest.mark.parametrize(("written", "found"), [("most", set()), ("deal.amount * 2", {"DW216"})])
def test_what_is_capped_at_the_limit_it_is_compared_with_goes_round_once(
    written: str, found: set[str], tmp_path: Path
) -> None:
    """The second example company's approval of discounts cuts a discount down to the setting that it is over."""
    example = f"""
most = setting("most", Money, default=Money(500, "USD"))

x = Automation(
    key="x",
    on=deal_updated(fields=[deal.amount]),
    when=[deal.amount > most],
    do=[update_deal("cap", amount={written})],
)
"""
    assert codes(snippet(tmp_path, example)) == found


CAPPED = """
most = setting("most", Money, default=Money(500, "USD"))


class Own(DealFields):
    agreed = Money("Agreed")
    kept = Money("Kept")


own = Own()

x = Automation(
    key="x",
    on=deal_updated(fields=[own.amount]),
    do=[
        {before}
        branch(
            "much",
            case(own.amount > {limit}, ask("ask", who=Role("boss"), question="So much?", within=hours(8), {no})),
        ),
        update_deal("net", kept=own.amount * 2),
    ],
)
{more}
"""
NO = 'no=[update_deal("cap", amount={limit})]'
LOWER = NO.format(limit="own.amount / 2")
OTHER = 'y = Automation(key="y", on=deal_updated(fields=[own.{on}]), do=[update_deal("more", amount=own.{of})])'
CAPS = {
    # name: (the limit, what is done for no, a step before, another automation, whether they set each other off)
    "setting": ("most", NO.format(limit="most"), "", "", False),
    "field": ("own.agreed", NO.format(limit="own.agreed"), "", "", False),
    "lowered": ("most", LOWER, "", "", True),
    "grown_before": ("own.agreed", NO.format(limit="own.agreed"), 'update_deal("g", amount=own.amount * 2),', "", True),
    "grown_by_another": (
        "own.agreed", NO.format(limit="own.agreed"), "", OTHER.format(on="amount", of="agreed * 2"), True,
    ),
    "heard_by_another": (
        "own.agreed", NO.format(limit="own.agreed"), "", OTHER.format(on="title", of="agreed * 2"), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPS)
def test_what_a_case_on_the_way_asks_for_and_the_step_makes_false_goes_round_once(name: str, tmp_path: Path) -> None:
    """Two newcomers' companies cut a discount down to the most that is allowed; the case stood in a branch."""
    limit, no, before, more, rounds = CAPS[name]
    text = CAPPED.format(limit=limit, no=no, before=before, more=more)
    assert ("DW216" in codes(snippet(tmp_path, text))) == rounds


def test_a_text_that_cannot_be_read_is_told_also_behind_an_event_from_outside(tmp_path: Path) -> None:
    """A newcomer's brace that was missing ended the whole check, without a file and a line."""
    example = """
class Tariff(OutsideEvent):
    key = "tariff.changed"
    day = Day()


x = Automation(
    key="x",
    on=event_received(Tariff),
    do=[set_task("tell", text="New from {{ event.data.day }", due=days(2))],
)
"""
    assert "DW300" in codes(snippet(tmp_path, example))


def test_an_account_that_is_not_loaded_is_not_said_to_have_no_languages(tmp_path: Path) -> None:
    example = """
hello = Template("hello", body={"en": "Hello", "pt": "Olá"})
x = Automation(
    key="x",
    on=deal_created(in_=Sales),
    again=every_event(),
    when=deal.main_contact.phone.is_set(),
    do=[send_message("hi", via="crm", template=hello, to=deal.main_contact)],
)
acme = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[x, y])
"""
    assert codes(snippet(tmp_path, example)) == {"DW900"}


def test_a_part_of_fields_with_a_type_and_no_value_is_told(tmp_path: Path) -> None:
    example = """
class Person(ContactFields):
    language = Text("Language")


class Own(DealFields):
    contact: Person
"""
    (found,) = snippet(tmp_path, example)
    assert found.message == "contact of Own has a type and no value, so it is nothing"
    assert found.hint == "write contact: Person = Person()"


@pytest.mark.parametrize(("answer", "found"), [("yes", set()), ("sim", {"DW222"})])
def test_an_answer_that_a_question_does_not_have_is_never_given(answer: str, found: set[str], tmp_path: Path) -> None:
    example = f"""
x = Automation(
    key="x",
    on=deal_created(in_=Sales),
    do=[
        decided := ask("may", who=deal.owner, question="May we?", yes=[], no=[], within=days(1), late=[stop()]),
        branch("b", case(decided.choice == "{answer}", add_tags("t", "x"))),
    ],
)
"""
    assert codes(snippet(tmp_path, example)) == found


@pytest.mark.parametrize(("if_none", "promised"), [("create", False), ("hold", True)])
def test_the_owner_is_not_told_that_no_deal_is_made_where_an_event_makes_one(
    if_none: str, promised: bool, tmp_path: Path
) -> None:
    example = f"""
class Trial(OutsideEvent):
    key = "trial.started"
    email = Email()
    match = Match(by=[(email, deal.contacts.email)], in_=[Sales], if_none="{if_none}")


x = Automation(key="x", on=event_received(Trial), do=[set_task("t", text="{{{{ event.data.email }}}}", due=days(1))])
"""
    folder = tmp_path / "company"
    folder.mkdir()
    (folder / "rules.py").write_text(example_file(example), encoding="utf-8")
    (account,) = load(folder).accounts
    assert ("makes new deals or contacts" in page(account, TONGUES["en"])) is promised
