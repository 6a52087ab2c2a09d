"""Lowering: what was written becomes the IR that was meant (mistakes: test_lowering_mistakes.py)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from company_files import GOOD, account_of, rule_of

from dealwright.compile import ir
from dealwright.model.calendar import Duration

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


WON = ir.StageValue(pipeline="sales", stage="won")
LOST = ir.StageValue(pipeline="sales", stage="lost")
INCOMING = ir.StageValue(pipeline="sales", stage="incoming")
QUOTED = ir.StageValue(pipeline="sales", stage="quoted")
AMOUNT = ir.Ref(path="deal.amount", type="money")


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("deal_created()", ir.OnDealCreated()),
        ("deal_created(in_=Sales)", ir.OnDealCreated(pipelines=("sales",))),
        ("deal_created(in_=[Sales.won, Sales.lost])", ir.OnDealCreated(stages=(WON, LOST))),
        ("deal_created(in_=[Sales.won, Sales])", ir.OnDealCreated(stages=(WON, INCOMING, QUOTED, WON, LOST))),
        ("deal_updated(fields=[deal.amount, deal.owner])", ir.OnDealUpdated(fields=("amount", "owner"))),
        ("deal_updated(fields=deal.tags, in_=Sales)", ir.OnDealUpdated(fields=("tags",), pipelines=("sales",))),
        ("stage_changed(from_=Sales.quoted, to=Sales.won)", ir.OnStageChanged(from_=(QUOTED,), to=(WON,))),
        ("entered(Sales.won, Sales.lost)", ir.OnEntered(stages=(WON, LOST))),
        ("contact_added(in_=Sales)", ir.OnContactAdded(pipelines=("sales",))),
        ("contact_removed()", ir.OnContactRemoved()),
        (
            "contact_updated(fields=[deal.main_contact.email, event.contact.phone, deal.main_contact.email])",
            ir.OnContactUpdated(fields=("email", "phone")),
        ),
        ("contact_updated(in_=Sales)", ir.OnContactUpdated(pipelines=("sales",))),
        ("owner_changed(in_=[Sales])", ir.OnOwnerChanged(pipelines=("sales",))),
        ("task_completed(in_=Sales)", ir.OnTaskCompleted(pipelines=("sales",))),
        ('activity_logged(kind="call", in_=Sales)', ir.OnActivityLogged(kinds=("call",), pipelines=("sales",))),
        ('activity_logged(kind=["call", "email"])', ir.OnActivityLogged(kinds=("call", "email"))),
        (
            'event_received("invoice-paid", from_="billing", data=["number", "amount"], in_=Sales)',
            ir.OnEventReceived(name="invoice-paid", source="billing", data=("number", "amount"), pipelines=("sales",)),
        ),
        ('event_received("paid")', ir.OnEventReceived(name="paid")),
    ],
)
def test_triggers(text, lowered):
    assert rule_of(trigger(text)).on == lowered


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("[]", ir.All(of=())),
        ("deal.amount > 99.5", ir.Compare(field=AMOUNT, op=">", value=ir.NumberValue(value=Decimal("99.5")))),
        (
            '[deal.amount > Money(100, "EUR")]',
            ir.Compare(field=AMOUNT, op=">", value=ir.MoneyValue(amount=Decimal(100), currency="EUR")),
        ),
        (
            "(deal.company == deal.title) | ~deal.amount.is_set()",
            ir.Any(
                of=(
                    ir.Compare(
                        field=ir.Ref(path="deal.company", type="text"),
                        op="==",
                        value=ir.Ref(path="deal.title", type="text"),
                    ),
                    ir.Not(of=ir.IsSet(field=AMOUNT)),
                )
            ),
        ),
        (
            "deal.stage.is_open()",
            ir.IsIn(field=ir.Ref(path="deal.stage", type="stage"), values=(INCOMING, QUOTED)),
        ),
        (
            "deal.pipeline == Sales",
            ir.Compare(
                field=ir.Ref(path="deal.pipeline", type="pipeline"), op="==", value=ir.PipelineValue(pipeline="sales")
            ),
        ),
        (
            'deal.contact_as("Accounts payable").email.is_set()',
            ir.IsSet(field=ir.Ref(path="deal.contact_as.accounts_payable.email", type="text")),
        ),
        (
            'event.before.contact_as("buyer").id.is_set()',
            ir.IsSet(field=ir.Ref(path="event.before.contact_as.buyer.id", type="id")),
        ),
        (
            "deal.contacts.any(contact.email.is_set())",
            ir.AnyContact(of=ir.IsSet(field=ir.Ref(path="contact.email", type="text"))),
        ),
        ('deal.tags.has("a", "b")', ir.Has(field=ir.Ref(path="deal.tags", type="tags"), values=("a", "b"))),
        (
            "event.before.stage == Sales.won",
            ir.Compare(field=ir.Ref(path="event.before.stage", type="stage"), op="==", value=WON),
        ),
        (
            'deal.company.is_in("A", "B")',
            ir.IsIn(
                field=ir.Ref(path="deal.company", type="text"),
                values=(ir.TextValue(value="A"), ir.TextValue(value="B")),
            ),
        ),
    ],
)
def test_conditions(text, lowered):
    assert rule_of(when(text)).when == lowered


def test_actions():
    steps = rule_of(
        rule(
            """
            create_deal("next", in_=Sales.quoted, title="Re {{ deal.title }}", owner=deal.owner, amount=5, tags=["x"]),
            update_deal("set", amount=deal.amount, title="T", close_date=__import__("datetime").date(2026, 3, 1),
                        company=None, tags=[], owner="Ana"),
            move_deal("go", to=Sales.lost, reason="Price", only_forward=False),
            set_task("call", text=deal.title, due=working_minutes(15), owner=deal.owner),
            send_event("won", to="erp", with_={"n": 1.5, "who": deal.owner.name, "yes": True, "none": None,
                                               "t": "{{ deal.id }}"}),
            wait("pause", days(2)),
            stop(),
            """
        ),
    ).do
    assert steps == (
        ir.CreateDealStep(
            name="next",
            stage=QUOTED,
            title=ir.TemplateText(source="Re {{ deal.title }}"),
            owner=ir.Ref(path="deal.owner", type="user"),
            amount=ir.NumberValue(value=Decimal(5)),
            tags=("x",),
        ),
        ir.UpdateDealStep(
            name="set",
            changes={
                "title": ir.TextValue(value="T"),
                "owner": ir.TextValue(value="Ana"),
                "amount": AMOUNT,
                "close_date": ir.DayValue(value=date(2026, 3, 1)),
                "company": ir.Cleared(),
                "tags": ir.TagsValue(value=()),
            },
        ),
        ir.MoveDealStep(name="go", to=LOST, only_forward=False, reason="Price"),
        ir.SetTaskStep(
            name="call",
            text=ir.Ref(path="deal.title", type="text"),
            due=Duration(amount=15, unit="working_minutes"),
            owner=ir.Ref(path="deal.owner", type="user"),
        ),
        ir.SendEventStep(
            name="won",
            event="won",
            to="erp",
            with_={
                "n": ir.NumberValue(value=Decimal("1.5")),
                "who": ir.Ref(path="deal.owner.name", type="text"),
                "yes": ir.FlagValue(value=True),
                "none": ir.Cleared(),
                "t": ir.TemplateText(source="{{ deal.id }}"),
            },
        ),
        ir.WaitStep(name="pause", duration=Duration(amount=2, unit="days")),
        ir.StopStep(name="stop"),
    )


def test_branches_know_the_receipts_of_what_came_before():
    (_, branch) = rule_of(
        rule(
            """
            made := create_deal("next", in_=Sales.quoted, title="T"),
            branch("b",
                   case([made.deal_id.is_set(), deal.amount > 1],
                        set_task("t", text="{{ steps.next.deal_id }}", due=hours(1)), stop()),
                   otherwise=[stop()], unset=[]),
            """
        ),
    ).do
    assert isinstance(branch, ir.BranchStep)
    assert isinstance(branch.cases[0].when, ir.All)
    assert [step.name for step in branch.cases[0].do] == ["t", "b-stop"]
    assert [step.name for step in branch.otherwise] == ["b-stop-2"]
    assert branch.unset == ()


def test_how_often_it_acts():
    text = 'rules = [Automation(key="r", on=deal_created(), again={}, do=[stop()])]'
    assert rule_of(text.format("None")).again == ir.EveryEvent()
    assert rule_of(text.format("once(per=deal)")).again == ir.Once(per="deal")
    within = ir.Once(per="person", within=Duration(amount=30, unit="days"))
    assert rule_of(text.format("once(per=person, within=days(30))")).again == within


NAME = ir.Ref(path="deal.main_contact.name", type="text")


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        (
            'assign_owner("give", to="Ana Lima")',
            ir.UpdateDealStep(name="give", changes={"owner": ir.TextValue(value="Ana Lima")}),
        ),
        (
            'assign_owner("give", to=event.before.owner)',
            ir.UpdateDealStep(name="give", changes={"owner": ir.Ref(path="event.before.owner", type="user")}),
        ),
        ('add_tags("mark", "vip", "partner", "vip")', ir.ChangeTagsStep(name="mark", add=("vip", "partner"))),
        ('remove_tags("unmark", "cold")', ir.ChangeTagsStep(name="unmark", remove=("cold",))),
        ('complete_tasks("tidy")', ir.CompleteTasksStep(name="tidy")),
        (
            'add_note("log", text="{{ deal.title }} lives")',
            ir.AddNoteStep(name="log", text=ir.TemplateText(source="{{ deal.title }} lives")),
        ),
        (
            'create_contact("payer", name="Bo", phone=deal.main_contact.name)',
            ir.CreateContactStep(name="payer", fields={"name": ir.TextValue(value="Bo"), "phone": NAME}),
        ),
        (
            'update_contact("fix", deal.main_contact, phone=None, email="{{ deal.reference }}")',
            ir.UpdateContactStep(
                name="fix",
                contact="deal.main_contact",
                changes={"phone": ir.Cleared(), "email": ir.TemplateText(source="{{ deal.reference }}")},
            ),
        ),
        (
            'send_email("offer", to=deal.main_contact, subject="Hello {{ contact.first_name }}", text="Hi",'
            ' html="<p>{{ contact.name }}</p>", reply_to=deal.owner.email, bcc=["archive@acme.example"])',
            ir.SendEmailStep(
                name="offer",
                to="deal.main_contact",
                subject=ir.TemplateText(source="Hello {{ contact.first_name }}"),
                text=ir.TextValue(value="Hi"),
                html=ir.TemplateText(source="<p>{{ contact.name }}</p>"),
                reply_to=ir.Ref(path="deal.owner.email", type="text"),
                bcc=("archive@acme.example",),
            ),
        ),
        (
            'send_conversion("buy", event="Purchase", value=deal.amount, lead_id=deal.reference,'
            ' with_={"stage": deal.stage.name, "vip": True})',
            ir.SendConversionStep(
                name="buy",
                event="Purchase",
                to="deal.main_contact",
                value=AMOUNT,
                lead_id=ir.Ref(path="deal.reference", type="text"),
                with_={"stage": ir.Ref(path="deal.stage.name", type="text"), "vip": ir.FlagValue(value=True)},
            ),
        ),
    ],
)
def test_steps_that_keep_deals_and_contacts_in_order(text, lowered):
    body = f'rules = [Automation(key="r", on=stage_changed(), again=every_event(), do=[{text}])]'
    assert rule_of(body).do == (lowered,)


def test_the_task_of_an_earlier_step_is_named():
    do = rule_of(rule('c := set_task("call", text="Call", due=days(1)),\ncomplete_tasks("done", only=c),')).do
    assert do[1] == ir.CompleteTasksStep(name="done", only="call")


def test_what_an_event_from_outside_tells_is_known_by_its_declared_names():
    on = 'event_received("paid", data=["number"])'
    body = (
        f'rules = [Automation(key="r", on={on}, when=event.data("number") == "7",'
        ' do=[add_note("n", text="{{ event.data.number }}")])]'
    )
    number = ir.Ref(path="event.data.number", type="text")
    assert rule_of(body).when == ir.Compare(field=number, op="==", value=ir.TextValue(value="7"))


def test_stages_say_what_a_deal_must_have_there():
    text = """
        rules = []
        class Strict(Pipeline, key="strict"):
            met = Stage("Met", required=[deal.amount, deal.main_contact, deal.owner, deal.amount])
            won = Won(required=(deal.reference, deal.company, deal.close_date))
            lost = Lost(reasons=["Price"], require_reason=True)
            gone = Lost("Gone")
        b = Account("b", zone="UTC", country="US", pipelines=[Strict])
    """
    shape = account_of(text).accounts[0].pipelines[0]
    assert [(stage.required, stage.reason_required) for stage in shape.stages] == [
        (("amount", "contacts", "owner"), False),
        (("reference", "company", "close_date"), False),
        ((), True),
        ((), False),
    ]


def test_stage_tasks_are_one_automation_of_the_pipeline():
    loaded = account_of("rules = []")
    (tasks,) = loaded.accounts[0].automations
    assert tasks.key == "sales.stage-tasks"
    assert tasks.origin == "stage-tasks"
    assert tasks.on == ir.OnEntered(stages=(QUOTED,))
    assert tasks.again == ir.Once(per="stage_visit")
    (branch,) = tasks.do
    assert isinstance(branch, ir.BranchStep)
    assert branch.cases == (
        ir.Case(
            when=ir.Compare(field=ir.Ref(path="deal.stage", type="stage"), op="==", value=QUOTED),
            do=(
                ir.SetTaskStep(
                    name="task-quoted",
                    text=ir.TextValue(value="Call back"),
                    due=Duration(amount=1, unit="working_days"),
                ),
            ),
        ),
    )


def test_stages_stand_in_order_and_with_their_kinds():
    text = """
        rules = []
        class Odd(Pipeline, key="odd"):
            lost = Lost()
            won = Won()
            second = Stage(probability=60)
            first = Stage("First", probability=20)
            incoming = Incoming()
        b = Account("b", zone="UTC", country="US", pipelines=[Odd])
    """
    shape = account_of(text).accounts[0].pipelines[0]
    assert [(stage.key, stage.kind, stage.probability) for stage in shape.stages] == [
        ("incoming", "incoming", None),
        ("second", "open", 60),
        ("first", "open", 20),
        ("won", "won", 100),
        ("lost", "lost", 0),
    ]


def test_a_wait_for_something_has_its_triggers_or_its_condition_its_time_and_steps():
    body = (
        'a := wait_until("a", [stage_changed(to=Sales.won), task_completed()], timeout=days(2), on_timeout=[stop()]),\n'
        'wait_until("b", [deal.amount > 1, deal.company.is_set()], timeout=hours(4)),\n'
        'branch("c", case(a.timed_out.is_true() & (outcome("b") != "met"), stop())),'
    )
    waits = rule_of(rule(body)).do
    assert waits[0] == ir.WaitUntilStep(
        name="a",
        timeout=Duration(amount=2, unit="days"),
        on=(ir.OnStageChanged(to=(WON,)), ir.OnTaskCompleted()),
        on_timeout=(ir.StopStep(name="a-stop"),),
    )
    assert isinstance(waits[1], ir.WaitUntilStep)
    assert isinstance(waits[1].until, ir.All)
    assert isinstance(waits[2], ir.BranchStep)
    assert [each.field.path for each in waits[2].cases[0].when.of] == ["steps.a.timed_out", "steps.b.outcome"]


def test_what_ends_an_automation_is_kept():
    text = 'rules = [Automation(key="r", on=deal_created(), do=[stop()], exit_on=[stage_changed(to=Sales.won)])]'
    assert rule_of(text).exit_on == (ir.OnStageChanged(to=(WON,)),)
