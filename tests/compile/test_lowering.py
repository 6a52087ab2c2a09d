"""Lowering: what was written becomes the IR that was meant, and what makes no sense is told by line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from company_files import GOOD, account_of, rule_of, short

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
        (trigger('entered(Stage("Loose"))'), 1, "DW202", "stands in no pipeline"),
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
    "text",
    [
        'move_deal("m", to=Sales.won, only_forward="yes"),',
        'stop("a") if 0 else set_task("t", text="\\ud800", due=hours(1)),',
    ],
)
def test_a_value_that_would_not_come_back_from_the_journal_is_told(text):
    loaded = account_of(rule(text))
    assert not loaded.accounts
    assert [finding.code for finding in loaded.findings] == ["DW910"]
    assert "not of its type" in loaded.findings[0].message
