"""Lowering: what makes no sense is told by line, with what to do about it."""

from __future__ import annotations

import pytest
from company_files import GOOD, account_of, short

STEP = len(GOOD.splitlines())


def rule(body: str) -> str:
    return f'rules = [Automation(key="r", on=deal_created(), do=[\n{body}\n])]'


def when(condition: str) -> str:
    return f'rules = [Automation(key="r", on=stage_changed(), when={condition}, do=[stop()])]'


def mail(arguments: str) -> str:
    body = f'send_email("e", {arguments})'
    return f'rules = [Automation(key="r", on=deal_created(), again=every_event(), do=[\n{body}\n])]'


def trigger(text: str) -> str:
    return f'rules = [Automation(key="r", on={text}, do=[stop()])]'


@pytest.mark.parametrize(
    ("text", "line", "code", "says"),
    [
        (rule('stop("a"),\nstop("a"),'), 3, "DW201", "two steps of 'r'"),
        (rule('s := stop("a"),\nbranch("b", case(deal.amount > 1, s)),'), 2, "DW201", "two steps of 'r'"),
        (trigger("deal_created()") + "\nrules = rules * 2", 1, "DW201", "is listed twice"),
        (
            trigger("deal_created()") + "\n" + trigger("entered(Sales.won)").replace("[Auto", "rules + [Auto", 1),
            2,
            "DW201",
            "has the key of the one at all.py",
        ),
        (
            'rules = [Automation(key="sales-stage-tasks", on=deal_created(), do=[stop()])]',
            2,
            "DW204",
            "become one name",
        ),
        (
            'class Other(Pipeline, key="other"):\n    asked = Stage()\n' + trigger("entered(Other.asked)"),
            3,
            "DW202",
            "'other' is not one of the account's",
        ),
        (rule('update_deal("u", title="{{ 7 * 7 }}"),'), 2, "DW301", "computes something"),
        (rule('send_event("e", to="erp", with_={"x": "{{ deal.titel }}"}),'), 2, "DW302", "titel"),
        (trigger('entered(Stage("Loose"))'), 1, "DW202", "stands in no pipeline"),
        (rule('branch("b", case(outcome("cal") == "sent", stop())),'), 2, "DW203", "outcome('cal')"),
        (
            rule('set_task("call", text="x", due=days(1)),\nbranch("b", case(outcome("cal") == "sent", stop())),'),
            3,
            "DW203",
            "outcome('cal')",
        ),
        (
            rule(
                'wait_until("w", deal.amount > 1, timeout=days(1),'
                ' on_timeout=[set_task("t", text="x", due=days(1)), stop("w")]),'
            ),
            2,
            "DW201",
            "two steps of 'r'",
        ),
        (
            'class Other(Pipeline, key="other"):\n    asked = Stage()\n'
            'rules = [Automation(key="r", on=deal_created(), do=[stop()], exit_on=entered(Other.asked))]',
            3,
            "DW202",
            "'other' is not one of the account's",
        ),
        (when("event.contact.name.is_set()"), 1, "DW203", "event.contact.name is not known here"),
        (
            'rules = [Automation(key="r", on=deal_created(), when=event.before.title == "x", do=[stop()])]',
            1,
            "DW203",
            "event.before.title",
        ),
        (
            rule('branch("b", case(made.deal_id.is_set(), stop())),').replace(
                "rules", 'made = create_deal("m", in_=Sales.won, title="T")\nrules', 1
            ),
            3,
            "DW203",
            "steps.m.deal_id",
        ),
        (
            rule(
                'branch("b", case(deal.amount > 1, m := create_deal("m", in_=Sales.won, title="T")),\n'
                'otherwise=[set_task("t", text="{{ steps.m.deal_id }}", due=hours(1))]),'
            ),
            3,
            "DW302",
            "steps.m.deal_id",
        ),
        (
            rule('complete_tasks("d", only=c),\nc,').replace(
                "rules", 'c = set_task("c", text="Call", due=days(1))\nrules', 1
            ),
            3,
            "DW203",
            "which has set none here",
        ),
        (
            rule('complete_tasks("d", only=set_task("c", text="Call", due=days(1))),'),
            2,
            "DW203",
            "no step of this automation",
        ),
        (
            rule('set_task("c", text="Call", due=days(1)),\ncomplete_tasks("d", only=other),').replace(
                "rules", 'other = set_task("c", text="Visit", due=days(9))\nrules', 1
            ),
            4,
            "DW203",
            "no step of this automation",
        ),
        (rule('send_email("e", to=deal.main_contact, subject="S", text="T"),'), 1, "DW401", "does not say again="),
        (
            'rules = [Automation(key="r", on=contact_updated(), again=once(per=person), do=[branch("b", case('
            'deal.amount > 1, send_email("e", to=event.contact, subject="S", text="T")))])]',
            1,
            "DW402",
            "goes to event.contact",
        ),
        (
            'rules = [Automation(key="r", on=deal_created(), again=once(per=person), do=['
            'send_email("e", to=deal.contact_as("buyer"), subject="S", text="T")])]',
            1,
            "DW402",
            "goes to deal.contact_as.buyer",
        ),
        (rule('add_note("t", text=contact.name),'), 2, "DW203", "contact.name is not known here"),
        (when("contact.email.is_set()"), 1, "DW203", "contact.email is not known here"),
        (when("deal.contacts.any(deal.main_contact.email.is_set())"), 1, "DW241", "asks nothing of `contact`"),
        (when('deal.amount > setting("fee", Money, default=Money(150, "EUR"))'), 1, "DW285", "in EUR, and the account"),
        (when("deal.contacts.any(deal.contacts.any(contact.email.is_set()))"), 1, "DW240", "inside of another one"),
        (rule("add_note('t', text='{{ deal.contact_as.buyer.nam }}'),"), 2, "DW302", "deal.contact_as.buyer.nam"),
        (mail('to=event.contact, subject="S", text="T"'), 2, "DW203", "event.contact is not known here"),
        (
            mail('to=deal.main_contact, subject="S", text="T", reply_to=event.contact.email'),
            2,
            "DW203",
            "event.contact",
        ),
        (mail('to=deal.main_contact, subject="{{ contact.fist_name }}", text="T"'), 2, "DW302", "contact.fist_name"),
        (
            mail("to=deal.main_contact, subject='S', text='T', html='<p title={{ contact.name }}>'"),
            2,
            "DW301",
            "outside quotes",
        ),
        (rule('set_task("t", text="{{ contact.name }}", due=hours(1)),'), 2, "DW302", "'contact.name'"),
        (rule('add_note("t", text="{{ contact.name }}"),'), 2, "DW302", "'contact.name'"),
        (rule('update_contact("u", event.contact, name="Bo"),'), 2, "DW203", "event.contact is not known here"),
        (trigger('event_received("e", data=["number"]), when=event.data("numbre").is_set()'), 1, "DW203", "numbre"),
        (when('event.data("number").is_set()'), 1, "DW203", "event.data.number"),
        (when("event.task.text.is_set()"), 1, "DW203", "event.task.text"),
        (when('event.activity.outcome == "reached"'), 1, "DW203", "event.activity.outcome"),
        (trigger("contact_updated(), when=event.before.title.is_set()"), 1, "DW203", "event.before.title"),
        (rule('move_deal("m", to=Sales.lost, reason="Prize"),'), 2, "DW206", "'Prize'"),
        (rule('move_deal("m", to=Sales.won, reason="Price"),'), 2, "DW206", "'Price'"),
        (rule('set_task("t", text="Call {{ deal.titel }}", due=hours(1)),'), 2, "DW302", "deal.titel"),
        (rule('set_task("t", text="Call {{ deal.title", due=hours(1)),'), 2, "DW300", "cannot be read"),
        (rule('set_task("t", text="{{ \'a\' * 9 }}", due=hours(1)),'), 2, "DW301", "computes"),
        (rule('send_event("e", to="erp", with_={"x": "{{ deal.main_contact }}"}),'), 2, "DW302", "has parts"),
    ],
)
def test_what_makes_no_sense_is_told_by_line(text, line, code, says):
    loaded = account_of(text)
    assert not loaded.accounts
    assert [short(finding) for finding in loaded.findings] == [f"all.py:{STEP + line} {code}"]
    assert says in loaded.findings[0].message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (rule('set_task("t", text="{{ contact.name }}", due=hours(1)),'), "write deal.main_contact.name"),
        (mail('to=deal.main_contact, subject="{{ contact.fist_name }}", text="T"'), "did you mean contact.first_name?"),
        (
            trigger('event_received("e", data=["number"]), when=event.data("numbre").is_set()'),
            "did you mean event.data.number?",
        ),
        (when('event.data("number").is_set()'), "event.data belongs to event_received("),
        (when("event.task.text.is_set()"), "event.task belongs to task_completed()"),
        (when('event.activity.kind == "call"'), "event.activity belongs to activity_logged()"),
        (rule('send_email("e", to=deal.main_contact, subject="S", text="T"),'), "again=once(per=person"),
    ],
)
def test_what_is_not_known_comes_with_what_to_do(text, hint):
    assert hint in account_of(text).findings[0].hint


def test_a_plain_amount_needs_a_currency():
    text = (
        rule('update_deal("u", amount=5),').replace("do=", "when=deal.amount > 5, do=")
        + '\nb = Account("b", zone="UTC", country="US", pipelines=[Sales], automations=rules)'
    )
    loaded = account_of(text)
    assert [account.key for account in loaded.accounts] == ["a"]
    assert [short(finding) for finding in loaded.findings] == [f"all.py:{STEP + 1} DW205", f"all.py:{STEP + 2} DW205"]


def test_a_typo_in_a_stage_task_is_told_at_its_stage():
    text = 'rules = []\nclass B(Pipeline, key="b"):\n    one = Stage(task=Task("{{ deal.x }}", due=days(1)))\nSales = B'
    loaded = account_of(text)
    assert [short(finding) for finding in loaded.findings] == [f"all.py:{STEP + 3} DW302"]


def test_two_pipelines_with_one_key_and_two_stages_with_one_name_are_told():
    text = """rules = []
class B(Pipeline, key="sales"):
    one = Stage("Same")
    two = Stage("same")
b = Account("b", zone="UTC", country="US", pipelines=[Sales, B])
"""
    loaded = account_of(text)
    assert [short(finding) for finding in loaded.findings] == [f"all.py:{STEP + 2} DW201", f"all.py:{STEP + 4} DW201"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('move_deal("m", to=Sales.won, only_forward="yes"),', "not of its type"),
        ('set_task("t", text="\\ud800", due=hours(1)),', "the automation 'r' holds half of a character"),
    ],
)
def test_a_value_that_would_not_come_back_from_the_journal_is_told(text, says):
    loaded = account_of(rule(text))
    assert not loaded.accounts
    assert [finding.code for finding in loaded.findings] == ["DW910"]
    assert says in loaded.findings[0].message
