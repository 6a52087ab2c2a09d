"""The company that is killed: eleven automations with actions, a branch, waits, records, a role, a limit per person."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.model.calendar import Calendar, Duration, WorkingSpan
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.model.custom import FieldShape, RecordShape

ACCOUNT: Final = "acme"
AT_MOST_ONCE: Final = ("hello", "trail")
"""Automations that send to `audit`, which knows no repeats; it is their last step, so nothing hangs on an answer."""


def _stage(stage: str) -> ir.StageValue:
    return ir.StageValue(pipeline="sales", stage=stage)


def _text(source: str) -> ir.TemplateText:
    return ir.TemplateText(source=source)


_DEALS: Final = ir.OnDealCreated(pipelines=("sales",))
_ALWAYS: Final = ir.All(of=())
_AMOUNT: Final = ir.Ref(path="deal.amount", type="money")
_STAGE: Final = ir.Ref(path="deal.stage", type="stage")

SALES: Final = PipelineShape(
    key="sales",
    name="Sales",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="quoted", name="Quoted", kind="open", probability=50),
        StageShape(key="agreed", name="Agreed", kind="open", probability=80),
        StageShape(key="won", name="Won", kind="won", probability=100),
    ),
)
CARE: Final = PipelineShape(
    key="care",
    name="Care",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="won", name="Done", kind="won", probability=100),
    ),
)

GREET: Final = ir.Automation(
    key="greet",
    on=_DEALS,
    when=ir.Compare(field=_AMOUNT, op=">", value=ir.NumberValue(value=Decimal(10))),
    again=ir.EveryEvent(),
    do=(
        ir.SetTaskStep(name="call", text=_text("Call {{ deal.title }}"), due=Duration(amount=1, unit="working_days")),
        ir.SendEventStep(name="tell", event="greeted", to="erp"),
        ir.WaitStep(name="two-days", duration=Duration(amount=2, unit="days")),
        ir.BranchStep(
            name="still",
            cases=(
                ir.Case(
                    when=ir.Compare(field=_STAGE, op="==", value=_stage("incoming")),
                    do=(ir.MoveDealStep(name="advance", to=_stage("quoted")),),
                ),
            ),
            otherwise=(ir.SendEventStep(name="already", event="moved-on", to="erp"),),
        ),
    ),
)
HELLO: Final = ir.Automation(
    key="hello",
    on=_DEALS,
    when=_ALWAYS,
    again=ir.Once(per="person"),
    do=(ir.SendEventStep(name="hello", event="hello", to="audit"),),
)
QUOTE: Final = ir.Automation(
    key="quote",
    on=ir.OnEntered(stages=(_stage("quoted"),)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(
        ir.SetTaskStep(name="quote", text=_text("Quote {{ deal.title }}"), due=Duration(amount=2, unit="hours")),
        ir.CreateDealStep(
            name="after", stage=ir.StageValue(pipeline="care", stage="incoming"), title=_text("After {{ deal.title }}")
        ),
        ir.UpdateDealStep(name="mark", changes={"reference": _text("care {{ steps.after.deal_id }}")}),
    ),
)
TRAIL: Final = ir.Automation(
    key="trail",
    on=ir.OnDealUpdated(fields=("reference",)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(ir.SendEventStep(name="trail", event="referred", to="audit"),),
)
WELCOME: Final = ir.Automation(
    key="welcome",
    on=ir.OnDealCreated(pipelines=("care",)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(ir.SetTaskStep(name="welcome", text=_text("Welcome {{ deal.title }}"), due=Duration(amount=1, unit="days")),),
)
AGREE: Final = ir.Automation(
    key="agree",
    on=ir.OnStageChanged(to=(_stage("agreed"),)),
    when=_ALWAYS,
    again=ir.Once(per="deal"),
    do=(ir.SendEventStep(name="agree", event="agreed", to="erp"),),
)

MEET: Final = ir.Automation(
    key="meet",
    on=ir.OnContactAdded(pipelines=("sales",)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(ir.SetTaskStep(name="meet", text=_text("Meet {{ event.contact.name }}"), due=Duration(amount=1, unit="days")),),
)

PAID: Final = ir.Automation(
    key="paid",
    on=ir.OnEventReceived(name="paid", source="billing", pipelines=("sales",)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(ir.SetTaskStep(name="thank", text=_text("Thank {{ deal.title }}"), due=Duration(amount=1, unit="days")),),
)

_TO_QUOTED: Final = ir.OnStageChanged(to=(_stage("quoted"),))
CHASE: Final = ir.Automation(
    key="chase",
    on=_DEALS,
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(
        ir.WaitUntilStep(
            name="quote",
            on=(_TO_QUOTED,),
            timeout=Duration(amount=30, unit="days"),
            on_timeout=(
                ir.SetTaskStep(name="chase", text=_text("Chase {{ deal.title }}"), due=Duration(amount=1, unit="days")),
                ir.StopStep(name="enough"),
            ),
        ),
        ir.SetTaskStep(name="saw", text=_text("Saw {{ deal.title }}"), due=Duration(amount=1, unit="days")),
    ),
)
"""Waits for what `greet` does to some deals; the others it chases."""

GUARD: Final = ir.Automation(
    key="guard",
    on=_DEALS,
    when=_ALWAYS,
    again=ir.EveryEvent(),
    exit_on=(_TO_QUOTED,),
    do=(
        ir.WaitStep(name="long", duration=Duration(amount=60, unit="days")),
        ir.SetTaskStep(name="guard", text=_text("Guard {{ deal.title }}"), due=Duration(amount=1, unit="days")),
    ),
)
"""Is ended by what `greet` does to some deals; over the others it stands guard."""

BILLERS: Final = "billers"
BILL: Final = ir.Automation(
    key="bill",
    on=ir.OnRecordAdded(record="line"),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    do=(
        ir.UpdateRecordStep(name="mark", record="line", changes={"billed": ir.FlagValue(value=True)}),
        ir.CreateRecordStep(name="receipt", record="receipt", fields={"no": ir.Ref(path="record.no", type="text")}),
        ir.SetTaskStep(
            name="bill",
            text=_text("Bill {{ record.no }}"),
            due=Duration(amount=1, unit="days"),
            owner=ir.RoleValue(role=BILLERS),
        ),
    ),
)
"""Writes to what lies under a deal, and gives the work to people in turn."""

RECORDS: Final = (
    RecordShape(key="line", fields=(FieldShape(key="no", type="text"), FieldShape(key="billed", type="flag"))),
    RecordShape(key="receipt", fields=(FieldShape(key="no", type="text"),)),
)

COMPANY: Final = ir.Account(
    key=ACCOUNT,
    name="Acme",
    calendar=Calendar(
        zone="America/New_York",
        spans=tuple(WorkingSpan(weekday=day, start=540, end=1080) for day in range(5)),
    ),
    country="US",
    currency="USD",
    pipelines=(SALES, CARE),
    automations=(GREET, HELLO, QUOTE, TRAIL, WELCOME, AGREE, MEET, PAID, CHASE, GUARD, BILL),
    roles=(BILLERS,),
    records=RECORDS,
)

ADOPT: Final = ir.Automation(
    key="adopt",
    on=ir.OnEntered(stages=(_stage("agreed"),)),
    when=_ALWAYS,
    again=ir.EveryEvent(),
    existing="enrol",
    do=(
        ir.SetTaskStep(name="adopt", text=_text("Adopt {{ deal.id }}"), due=Duration(amount=1, unit="days")),
        ir.SendEventStep(name="adopted", event="adopted", to="erp"),
    ),
)
"""Begins with the deals that stand in Agreed when it is released."""

ENROLLING: Final = msgspec.structs.replace(COMPANY, automations=(*COMPANY.automations, ADOPT))
"""The company with one automation more, released later."""
