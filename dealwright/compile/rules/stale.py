"""DW256: a value that an automation keeps up is reckoned of facts, too, that none of those who write it watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules import kept_up
from dealwright.compile.rules.kept_up import ADDED, RECKONED, REMOVED, Input, Kept, inputs, watches, writes
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        written: dict[tuple[str, str], list[Kept]] = {}
        for automation in account.automations:
            for kept in writes(automation):
                written.setdefault(kept.target, []).append(kept)
        for writers in written.values():
            yield from _stale(subject, account, writers)


def _stale(subject: Subject, account: ir.Account, writers: Sequence[Kept]) -> Iterator[Spot]:
    """Tell of a field that follows some of what it is reckoned of, and not the rest."""
    if any(kept.automation.for_each is not None for kept in writers):
        return  # it is reckoned anew for all deals now and then
    told: set[Input] = set()
    for kept in writers:
        on = kept.automation.on
        if not isinstance(kept.value, RECKONED) or not _each_time(kept.automation.again):
            continue
        of = inputs(kept, account)
        if not any(watches(on, each) for each in of):
            continue  # it is written when something else happens, as things stand then
        own = {Input(*each.target) for each in writes(kept.automation)}
        missed = sorted(
            each for each in of - own - told if not any(watches(other.automation.on, each) for other in writers)
        )
        if missed:
            told.update(missed)
            path, line = subject.step_at(kept.automation, kept.step)
            message = f"{kept.step!r} keeps {kept} up to date, and nothing does when {_either(map(str, missed))}"
            yield Spot(path=path, line=line, message=message, hint=_hint(missed, on))


def _each_time(again: ir.Again) -> bool:
    """Say whether it is written again and again: what is written once is meant to stay."""
    return isinstance(again, ir.EveryEvent) or again.per == "value"


def _hint(missed: Sequence[Input], on: ir.Trigger) -> str:
    here = [each for each in missed if not each.record] if isinstance(on, ir.OnDealUpdated) else []
    if isinstance(on, ir.OnRecordUpdated):
        here = [each for each in missed if each.record == on.record and each.field not in (ADDED, REMOVED)]
    elsewhere = [each for each in missed if each not in here]
    advice = [f"watch it too: fields=[..., {', '.join(each.name for each in here)}]"] if here else []
    if elsewhere:
        advice.append(f"write the same in an automation on={_either(dict.fromkeys(map(_trigger, elsewhere)))}")
    return "; ".join(advice)


def _trigger(changed: Input) -> str:
    if not changed.record:
        return f"deal_updated(fields=[{changed.name}])"
    kind = "".join(part.capitalize() for part in changed.record.split("-"))
    match changed.field:
        case kept_up.ADDED:
            return f"record_added({kind})"
        case kept_up.REMOVED:
            return f"record_removed({kind})"
    return f"record_updated({kind}, fields=[{kind}.{changed.field}])"


def _either(given: Iterable[str]) -> str:
    *most, last = given
    return f"{', '.join(most)} or {last}" if most else last


RULE: Final = Rule(
    code="DW256",
    severity="warning",
    title="a value that is kept up to date goes stale",
    reason=(
        "A sum of points, an amount or a date that is reckoned of fields is written when one of those changes that "
        "`fields=` names. When another one changes of which it is made, nothing happens, and the deal shows what was. "
        "The total of records changes, too, when a record comes or goes. Told is only what nothing watches that writes "
        "the field; what is written once, adds to what is there, or is made of nothing that is watched is taken to be "
        "meant as of that moment."
    ),
    bad="""
class Own(DealFields):
    seats = Number("Seats")
    price = Money("Price")


own = Own()

yearly = Automation(
    key="yearly",
    on=deal_updated(fields=[own.seats]),
    do=[update_deal("sum", amount=own.seats * own.price)],
)
""",
    good="""
class Own(DealFields):
    seats = Number("Seats")
    price = Money("Price")


own = Own()

yearly = Automation(
    key="yearly",
    on=deal_updated(fields=[own.seats, own.price]),
    do=[update_deal("sum", amount=own.seats * own.price)],
)
""",
    look=_look,
)
