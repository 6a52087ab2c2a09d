"""Good definitions with records under a deal: mypy --strict has nothing to say about them."""

from __future__ import annotations

from datetime import date

from dealwright import (
    Automation,
    Day,
    DealFields,
    Flag,
    Moment,
    Money,
    Number,
    Record,
    Text,
    add_note,
    create_record,
    days,
    deal_created,
    every_event,
    once,
    record,
    record_added,
    record_removed,
    record_updated,
    remove_record,
    replied,
    update_deal,
    update_record,
    wait_until,
)


class Line(Record, of="deal", key="quote-line", name="Line"):
    sku, qty, price, in_stock = Text("SKU"), Number("Qty"), Money("Price"), Flag("In stock")
    ships_on, packed_at = Day("Ships on"), Moment("Packed at")


deal = DealFields()
lines = deal.records(Line)

reckons = Automation(
    key="reckons",
    on=deal_created(),
    when=[
        lines.count > 0,
        lines.any(Line.in_stock.is_false(), Line.qty > 1),
        lines.where(Line.in_stock.is_true()).all(Line.ships_on < date(2026, 3, 14)),
        lines.total(Line.price * Line.qty) > deal.amount,
        lines.where(Line.qty > 1).count >= 2,
        lines.least(Line.ships_on) + days(3) < deal.close_date,
        lines.greatest(Line.qty) * 2 > 5,
        lines.greatest(Line.packed_at) > deal.created_at,
    ],
    do=[
        update_deal("sum", amount=lines.total(Line.price), close_date=lines.greatest(Line.ships_on)),
        create_record("one", Line, sku="A-1", qty=lines.count + 1, price=deal.amount / 2, in_stock=True),
    ],
    again=every_event(),
)
one = Automation(
    key="one",
    on=record_updated(Line, fields=[Line.qty, Line.price]),
    when=[Line.qty > 1, Line.price == deal.amount],
    again=once(per=record),
    exit_on=[record_removed(Line), replied()],
    do=[
        changed := update_record("x", Line, qty=Line.qty + 1, ships_on=None),
        wait_until("packed", record_updated(Line, fields=Line.packed_at), timeout=days(3)),
        add_note("n", text="{{ record.sku }}"),
        remove_record("gone", Line),
    ],
)
added = Automation(key="added", on=record_added(Line), do=[add_note("n", text="x")], again=every_event())
