"""Who and what decides: people, other systems, scores and code. mypy --strict has nothing to say about any of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from dealwright import (
    Automation,
    Choice,
    DealFields,
    Example,
    Incoming,
    Lost,
    Number,
    Pipeline,
    Role,
    Stage,
    Text,
    Won,
    a_reply,
    add_note,
    ask,
    branch,
    case,
    days,
    deal_created,
    event,
    every_event,
    lookup,
    minutes,
    move_deal,
    notify,
    outcome,
    owner_changed,
    points,
    predicate,
    stop,
    update_deal,
    working_hours,
)


class Own(DealFields):
    treatment = Choice("Treatment", ["cleaning", "implant"])
    dentist = Text("Doctor")
    discount = Number("Discount %")


deal = own = Own()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="the customer acts")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


head = ask(
    "head",
    who=deal.owner,
    question="{{ deal.title }}?",
    yes=[add_note("ok", text="Agreed by {{ answer.by }}: {{ answer.note or '' }}")],
    no=[stop()],
    within=working_hours(4),
    late=[notify("late", who=deal.owner, text="{{ deal.title }} waits")],
)
how = ask("how", who=event.before.owner, question=deal.title, answers={"post": [stop()], "mail": ()}, within=days(1))
r41 = Automation(
    key="r41",
    on=owner_changed(),
    again=every_event(),
    do=[
        head,
        how,
        branch(
            "told",
            case((outcome("head") == "yes") & (how.choice == "post") & how.choice.is_in("post", "mail"), stop()),
            case(head.by.is_set() & (head.note != "x") & (outcome("how") == "answered"), stop()),
        ),
    ],
)
vies = lookup(
    "vies",
    at="vies:/check",
    ask={"vat": deal.company, "days": 5, "strict": True},
    gives={"valid": bool, "name": str, "worth": Decimal, "people": int, "since": date, "shop": str | None},
    timeout=5,
    cache=days(90),
    on_error=[stop()],
)


def is_large(facts: Mapping[str, Any]) -> bool | None:
    return bool(facts["deal.amount"]) or None


renewal_moved = move_deal("moved", to=Sales.quoted)
score = points((30, deal.amount > 1000), (20, vies.valid), (10.5, deal.tags.has("vip")), (5, renewal_moved.moved))
r43 = Automation(
    key="r43",
    on=deal_created(),
    when=[score >= 50, score < 90, predicate("large", is_large, of=[deal.amount, deal.created_at])],
    again=every_event(),
    do=[update_deal("own", discount=score)],
)
r42 = Automation(
    key="r42",
    on=deal_created(),
    again=every_event(),
    do=[vies, branch("b", case(vies.valid.is_true() & (vies.worth > 5) & (outcome("vies") == "answered"), stop()))],
)

examples = [
    Example(
        "a lead that answers",
        in_=Sales.incoming,
        at="2026-05-11 10:00",
        people={Role("closers"): ["Ana Lima"]},
        given={"vies": {"valid": True, "worth": Decimal("10.5"), "people": 7, "since": date(2020, 1, 1), "shop": None}},
        replies={"answer": a_reply(button="yes", after=minutes(10)), "other": a_reply("When?")},
        then=["vies", "done"],
    )
]
