"""Definitions with one mistake each, who finds it, and what it says: `mypy --strict`, or else `dealwright check`."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

BEGINNING: Final = """
from datetime import date
from dealwright import *


class Own(DealFields):
    treatment = Choice("Treatment", ["cleaning", "implant"])
    appointment_at = Moment("Appointment")


deal = Own()


class Line(Record, key="line"):
    qty, price, cost = Number("Qty"), Money("Price"), Money("Cost", sensitive=True)


lines = deal.records(Line)


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Task("Call back", due=working_days(1)))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price", "Timing"])


"""
END: Final = """

a = Account(
    "a", zone="UTC", country="US", currency="USD", deal_fields=Own, pipelines=[Sales], automations=[rule]
)
"""


class Wrong(NamedTuple):
    """A mistake: what it is, who says so, a part of the message, and the definition."""

    what: str
    by: Literal["mypy", "check"]
    message: str
    source: str
    end: str = END


def rule(inside: str) -> str:
    """Return an automation with this inside."""
    return f'rule = Automation(key="rule", {inside})'


def with_policy(inside: str) -> str:
    """Return the account with this message policy."""
    return END.replace("currency", f"messages=MessagePolicy({inside}), currency")


DO: Final = 'do=[set_task("call", text="Call", due=hours(1))]'
CREATED: Final = "on=deal_created(in_=Sales)"

WRONG: Final = (
    # --- what Python would decide at once
    Wrong("an f-string of a field", "check", "DW212 deal.title has no text yet",
          rule(f'{CREATED}, do=[set_task("call", text=f"Call {{deal.title}}", due=hours(1))]')),
    Wrong("str() of a field", "check", "deal.title has no text yet",
          rule(f'{CREATED}, do=[set_task("call", text="Call " + str(deal.title), due=hours(1))]')),
    Wrong("format() of a field", "check", "deal.title has no text yet",
          rule(f'{CREATED}, do=[set_task("call", text="Call {{}}".format(deal.title), due=hours(1))]')),
    Wrong("a text plus a field", "mypy", 'Unsupported operand types for + ("str" and "TextField")',
          rule(f'{CREATED}, do=[set_task("call", text="Call " + deal.title, due=hours(1))]')),
    Wrong("and between conditions", "check", "DW211 `and` between",
          rule(f"{CREATED}, when=(deal.amount > 1) and deal.tags.has('a'), {DO}")),
    Wrong("or between conditions", "check", "DW211 `or` between",
          rule(f"{CREATED}, when=(deal.amount > 1) or deal.tags.has('a'), {DO}")),
    Wrong("or behind a field", "check", "DW211 `or` behind a field is decided now",
          'rule = Automation(key="r", on=deal_created(), when=[(deal.amount or 0) > 5], do=[])'),
    Wrong("or behind a field without parentheses", "check", "DW211 `or` behind a field is decided now",
          'rule = Automation(key="r", on=deal_created(), when=[deal.amount or 0 > 5], do=[])'),
    Wrong("not before a condition", "check", "DW211 `not` before",
          rule(f"{CREATED}, when=[not deal.tags.has('a')], {DO}")),
    Wrong("a chain of comparisons", "check", "DW211 a chain of comparisons keeps the last one only",
          rule(f"{CREATED}, when=0 < deal.amount < 9, {DO}")),
    Wrong("a text in a field", "mypy", 'Unsupported right operand type for in ("TagsField")',
          rule(f"{CREATED}, when=['a' in deal.tags], {DO}")),
    Wrong("a field in a list", "mypy", 'List item 0 has incompatible type "bool"; expected "Condition"',
          rule(f"{CREATED}, when=[deal.title in ['a', 'b']], {DO}")),
    Wrong("the truth of a field", "check", "deal.insured has no truth yet",
          'class Flags(Own):\n    insured = Flag("Insured")\n\n\nif Flags().insured:\n    pass\n'
          + rule(f"{CREATED}, {DO}")),
    Wrong("a condition by if", "check", "DW910 a condition has no truth yet",
          rule(f"{CREATED}, when=(deal.amount > 1 if deal.amount > 1 else deal.amount > 2), {DO}")),
    Wrong("a set of fields", "mypy", 'expected "Field | Sequence[Field]"',
          rule(f"on=deal_updated(fields={{deal.amount, deal.title}}), {DO}")),
    Wrong("a comma too many", "check", "automations of 'a' lists a tuple, which is none",
          rule(f"{CREATED}, {DO}") + ",\n"),
    Wrong("a comma too many, of what nobody lists", "check", "DW210 the automation 'rule' is in no account",
          rule(f"{CREATED}, {DO}") + ",\n", END.replace("[rule]", "[]")),
    Wrong("a name that is given twice", "check", "DW210 the automation 'first' is in no account",
          rule(f"{CREATED}, {DO}").replace('"rule"', '"first"') + "\n" + rule(f"{CREATED}, {DO}")),
    Wrong("an automation that nobody lists", "check", "DW210 the automation 'rule' is in no account",
          rule(f"{CREATED}, {DO}"), END.replace("[rule]", "[]")),
    Wrong("two texts without a comma between", "check", "DW213 two texts stand side by side",
          rule(f'{CREATED}, when=deal.tags.has("spam" "vendor"), {DO}')),
    # --- types that do not fit
    Wrong("a text compared with a number", "mypy", 'List item 0 has incompatible type "bool"; expected "Condition"',
          rule(f"{CREATED}, when=[deal.title == 5], {DO}")),
    Wrong("an amount compared with a text", "mypy", "Unsupported operand types",
          rule(f'{CREATED}, when=[deal.amount > "5"], {DO}')),
    Wrong("a day compared with a text", "mypy", "Unsupported operand types",
          rule(f'{CREATED}, when=[deal.close_date > "2026-01-01"], {DO}')),
    Wrong("an order of texts", "mypy", 'Unsupported operand types for > ("str" and "TextField")',
          rule(f'{CREATED}, when=[deal.title < "b"], {DO}')),
    Wrong("fields of two types", "mypy", "Unsupported operand types",
          rule(f"{CREATED}, when=[deal.title == deal.amount], {DO}")),
    Wrong("a stage compared with its name", "mypy", 'List item 0 has incompatible type "bool"',
          rule(f'{CREATED}, when=[deal.stage == "won"], {DO}')),
    Wrong("a field that is none", "mypy", 'has no attribute "titel"',
          rule(f'{CREATED}, when=[deal.titel == "a"], {DO}')),
    Wrong("a field as a condition", "mypy", 'expected "Condition | Sequence[Condition]"',
          rule(f"{CREATED}, when=deal.amount, {DO}")),
    Wrong("an option that is none", "check", "'implants' is no option of deal.treatment",
          rule(f'{CREATED}, when=[deal.treatment == "implants"], {DO}')),
    Wrong("an option that is none, in a step", "check", "DW203 the field 'treatment' is a choice",
          rule(f'{CREATED}, do=[update_deal("set", treatment="implants")]')),
    Wrong("a field that is none, in a step", "check", "DW203 no field of a deal is named 'treatmnt'",
          rule(f'{CREATED}, do=[update_deal("set", treatmnt="implant")]')),
    Wrong("a field that no contact has", "check", "DW203 no field of a contact is named 'company'",
          rule(f'{CREATED}, do=[update_contact("fix", deal.main_contact, company="Acme")]')),
    Wrong("several where there is one", "check", "DW203 the field 'treatment' is a choice",
          rule(f'{CREATED}, do=[update_deal("set", treatment=["implant"])]')),
    Wrong("all contacts compared with one number", "check", "contacts",
          rule(f'{CREATED}, when=[deal.contacts.phone == "1"], {DO}')),
    # --- units
    Wrong("a task that is due in 5", "mypy", 'incompatible type "int"',
          rule(f'{CREATED}, do=[set_task("call", text="Call", due=5)]')),
    Wrong("once within 30", "mypy", 'incompatible type "int"; expected "RunningTime | None"',
          rule(f"{CREATED}, again=once(per=person, within=30), {DO}")),
    Wrong("working time where days run on", "mypy", 'incompatible type "WorkingTime"; expected "RunningTime | None"',
          rule(f"{CREATED}, again=once(per=person, within=working_days(30)), {DO}")),
    Wrong("half an hour", "mypy", 'incompatible type "float"; expected "int"',
          rule(f'{CREATED}, do=[set_task("call", text="Call", due=hours(0.5))]')),
    Wrong("a wait for a text", "mypy", "No overload variant of",
          rule(f'{CREATED}, do=[wait("pause", "2 days"), *{DO[3:]}]')),
    Wrong("a time of day that is none", "check", "'6 pm' is none",
          rule(f'{CREATED}, do=[set_task("call", text="Call", due=local("6 pm"))]')),
    # --- relations
    Wrong("a pipeline by place", "mypy", "Too many positional arguments",
          rule(f"on=deal_created(Sales), {DO}")),
    Wrong("a stage by place", "mypy", "Too many positional arguments",
          rule(f"on=stage_changed(Sales.won), {DO}")),
    Wrong("a pipeline where a stage is meant", "mypy", 'incompatible type "type[Sales]"',
          rule(f"on=entered(Sales), {DO}")),
    Wrong("a stage where a pipeline is meant", "mypy", "incompatible type",
          rule(f"on=deal_updated(in_=Sales.won), {DO}")),
    Wrong("a stage that is none", "mypy", 'has no attribute "quotd"',
          rule(f"on=entered(Sales.quotd), {DO}")),
    Wrong("a relation that is none", "mypy", 'Unexpected keyword argument "where"',
          rule(f"on=deal_created(where=Sales), {DO}")),
    Wrong("a trigger that is not called", "mypy", 'Argument "on" to "Automation" has incompatible type',
          rule(f"on=deal_created, {DO}")),
    Wrong("an automation without steps", "mypy", 'Missing named argument "do"', rule(CREATED)),
    Wrong("an automation that does nothing", "check", "does nothing", rule(f"{CREATED}, do=[]")),
    Wrong("a step that is not called", "mypy", "List item 0 has incompatible type",
          rule(f"{CREATED}, do=[stop]")),
    Wrong("a step that is in no list", "mypy", 'Argument "do" to "Automation" has incompatible type "Stop"',
          rule(f"{CREATED}, do=stop()")),
    Wrong("a step without a name", "mypy", 'Missing positional argument "name"',
          rule(f'{CREATED}, do=[set_task(text="Call", due=hours(1))]')),
    Wrong("two steps of one name", "check", "DW201 two steps of 'rule' are named 'call'",
          rule(f"{CREATED}, do=[{DO[4:-1]}, {DO[4:-1]}]")),
    Wrong("a reason that is none", "check", "DW206 'Prize' is no reason",
          rule(f'{CREATED}, do=[move_deal("drop", to=Sales.lost, reason="Prize")]')),
    Wrong("a kind of activity that is none", "mypy", '"Literal[\'cal\']"',
          rule(f'on=activity_logged(kind="cal"), {DO}')),
    Wrong("an outcome that is none", "mypy", 'Argument 1 to "case" has incompatible type "bool"',
          rule(f'{CREATED}, do=[{DO[4:-1]}, branch("b", case(outcome("call") == "snet", stop()))]')),
    # --- texts
    Wrong("a fact that is none", "check", "DW302 there is no fact 'deal.titel' here",
          rule(f'{CREATED}, do=[set_task("call", text="{{{{ deal.titel }}}}", due=hours(1))]')),
    Wrong("a call in a text", "check", "DW301",
          rule(f'{CREATED}, do=[set_task("call", text="{{{{ deal.title.upper() }}}}", due=hours(1))]')),
    Wrong("a brace that is open", "check", "DW300",
          rule(f'{CREATED}, do=[set_task("call", text="{{{{ deal.title }}", due=hours(1))]')),
    Wrong("a fact of another trigger", "check", "DW302 there is no fact 'event.contact.name' here",
          rule(f'{CREATED}, do=[set_task("call", text="{{{{ event.contact.name }}}}", due=hours(1))]')),
    Wrong("a message without again", "check", "DW401 the automation 'rule' sends messages",
          rule(f'{CREATED}, when=deal.main_contact.email.is_set(), '
               'do=[send_email("hi", to=deal.main_contact, subject="Hi", text="Hi")]')),
    Wrong("a message to a deal", "mypy", 'No overload variant of "send_email" matches argument types "str", "Own"',
          rule(f'{CREATED}, again=every_event(), do=[send_email("hi", to=deal, subject="Hi", text="Hi")]')),
    # --- how it is run, and what is not there yet
    Wrong("a mode that is none", "mypy", 'expected "Literal[\'shadow\', \'approve\', \'live\']"',
          rule(f'{CREATED}, mode="dry", {DO}')),
    Wrong("a scope that is none", "mypy", 'incompatible type "str"',
          rule(f'{CREATED}, again=once(per="deal"), {DO}')),
    Wrong("a date that is a text", "mypy", 'incompatible type "TextField"',
          rule(f"on=date_reached(deal.title), {DO}")),
    Wrong("a date before what is over", "check", "deal.created_at is always over",
          rule(f"on=date_reached(deal.created_at, before=days(1)), {DO}")),
    Wrong("a wait that is late in another way", "mypy", "No overload variant of",
          rule(f'{CREATED}, do=[wait("w", until=deal.close_date, late="stop"), *{DO[3:]}]')),
    Wrong("a wait for a trigger that only starts", "mypy", "incompatible type",
          rule(f'{CREATED}, do=[wait_until("w", no_activity(for_=days(1)), timeout=days(1)), *{DO[3:]}]')),
    Wrong("quiet hours that are none", "check", "'8pm' is none",
          rule(f"{CREATED}, {DO}"), with_policy('quiet=("8pm", "09:00")')),
    Wrong("quiet hours the other way round", "check", "DW410 quiet from 08:00 to 20:00",
          rule(f"{CREATED}, {DO}"), with_policy('quiet=("08:00", "20:00")')),
    Wrong("a cap in days without a unit", "mypy", "Dict entry 0 has incompatible type",
          rule(f"{CREATED}, {DO}"), with_policy("max_per_person={1: 3}")),
    Wrong("an example without a deal", "mypy", 'Missing named argument "in_"',
          rule(f'{CREATED}, {DO}, examples=[Example("a lead at 22:30 on Saturday", at="2026-05-09", then=["call"])]')),
    Wrong("an example at no moment", "check", "is no moment: 'Saturday'",
          rule(f'{CREATED}, {DO}, examples=[Example("x", in_=Sales.incoming, at="Saturday", then=["call"])]')),
    # --- records under a deal
    Wrong("a sum by another name", "mypy", '"Records" has no attribute "sum"',
          rule(f"{CREATED}, when=[lines.sum(Line.price) > 5], {DO}")),
    Wrong("a total of a text", "mypy", 'Value of type variable "_Summed"',
          rule(f"{CREATED}, when=[lines.total(deal.title) > 5], {DO}")),
    Wrong("a record where there is none", "check", "DW203 Line.qty is not known here",
          rule(f"{CREATED}, when=[Line.qty > 1], {DO}")),
    Wrong("once per record without one", "check", "DW411 the automation",
          rule(f"{CREATED}, again=once(per=record), {DO}")),
    Wrong("records asked of something else", "check", "DW241 deal.records(Line).any(...) asks nothing",
          rule(f"{CREATED}, when=[lines.any(deal.amount > 1)], {DO}")),
    Wrong("a record that is changed where there is none", "check", "DW203 'x' is about the Line",
          rule(f'{CREATED}, do=[update_record("x", Line, qty=1)]')),
    Wrong("a field of a record with a slip in it", "check", "DW910 'x' names 'qyt'",
          rule(f'{CREATED}, do=[create_record("x", Line, qyt=1)]')),
    Wrong("what records cost told to an outside system", "check", "DW231 'x' would tell record.cost",
          rule(f'{CREATED}, do=[send_event("x", to="erp", with_={{"cost": lines.total(Line.cost)}})]')),
    Wrong("a number of something for an amount", "check", "DW910 amount of 'x' is an amount",
          rule(f'{CREATED}, do=[update_deal("x", amount=lines.total(Line.qty))]')),
    Wrong("a number of something for an own amount", "check", "DW203 the field 'price' is an amount",
          rule(f'{CREATED}, do=[create_record("x", Line, price=lines.total(Line.qty))]')),
    # --- pipelines and the account
    Wrong("a stage that is a state", "check", "DW101 the stage 'Thinking it over' is a state",
          'class Other(Pipeline, key="other"):\n    incoming = Incoming()\n    think = Stage("Thinking it over", '
          'probability=5, task=Task("Call", due=days(1)))\n    won = Won("Won")\n'
          '    lost = Lost("Lost", reasons=["No"])\n\n\n'
          + rule(f"{CREATED}, {DO}"), END.replace("[Sales]", "[Sales, Other]")),
    Wrong("a pipeline that the account does not have", "check", "DW202 the pipeline 'sales' is not one of the",
          rule(f"{CREATED}, {DO}"), END.replace("[Sales]", "[]")),
    Wrong("a zone that is none", "check", "DW911 'America/New_Yrk' is not a time zone",
          rule(f"{CREATED}, {DO}"), END.replace('"UTC"', '"America/New_Yrk"')),
    Wrong("hours that overlap", "check", "DW911 the working hours",
          rule(f"{CREATED}, {DO}"), END.replace("currency", 'working_hours="Mon 9:00-12:00 11:00-13:00", currency')),
    Wrong("an import that is none", "check", "DW903 cannot import name 'Pipelne'",
          "from dealwright import Pipelne\n" + rule(f"{CREATED}, {DO}")),
)  # fmt: skip
