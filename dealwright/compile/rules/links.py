"""Which automation's step sets which other automation off, and the circles among them.

A link is drawn only if the other one's trigger and conditions can hold after the step; what cuts a circle for certain
(a move forward that has been made, an automation that acts once) takes links away. What is left may go round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.possible import ALWAYS, Alternatives, Logic, one_of, possible, same
from dealwright.compile.rules.readings import written as writes
from dealwright.compile.rules.rule import all_steps
from dealwright.compile.rules.ways import Place, of_trigger, places

_PLAIN: Final = (ir.TextValue, ir.NumberValue, ir.FlagValue)


class Link(NamedTuple):
    """A step of one automation that may set another one off; `forward` if it only ever moves a deal forward."""

    source: ir.Automation
    step: str
    target: ir.Automation
    forward: bool
    creates: bool
    ended: frozenset[str] = frozenset()
    """The steps of the other one that are not reached after it: what it wrote makes a case on the way to them false."""


class Caused(NamedTuple):
    """What a step makes happen: a kind of event, the fields in it, and what is known of the deal then."""

    kind: str
    fields: frozenset[str]
    known: Alternatives


def links_of(account: ir.Account, *, again: bool = True) -> Iterator[Link]:
    """Yield every link between the account's automations.

    With `again`, an automation that acts only once for a deal or a person is taken to have acted already: it cannot be
    part of a circle. Without, what can happen the first time.
    """
    logic = Logic.of(account)
    standing: dict[str, list[Place]] = {}
    steps = [
        (automation, step, caused)
        for automation in account.automations
        for step in all_steps(automation.do)
        for caused in caused_by(step)
    ]
    for automation, step, caused in steps:
        for target in account.automations:
            if answers(target.on, caused) and _may_run(target, caused, logic, automation is target, step, again):
                forward = isinstance(step, ir.MoveDealStep) and step.only_forward
                creates = isinstance(step, ir.CreateDealStep)
                ended: frozenset[str] = frozenset()
                if again and isinstance(step, ir.UpdateDealStep):
                    if target.key not in standing:
                        standing[target.key] = list(places(target, logic))
                    ended = frozenset(_not_reached(step, standing[target.key]))
                yield Link(automation, step.name, target, forward, creates, ended)


def made_by_events(account: ir.Account) -> Iterator[tuple[ir.Automation, ir.Automation]]:
    """Yield what answers an event that makes a deal where it finds none, with what answers that new deal."""
    logic = Logic.of(account)
    for automation in account.automations:
        made = made_by(account, automation)
        if made is None:
            continue
        for target in account.automations:
            if answers(target.on, made) and possible(of_trigger(target.on, logic), logic.true(target.when), made.known):
                yield automation, target


def made_by(account: ir.Account, automation: ir.Automation) -> Caused | None:
    """Return the deal that the automation's event makes where it finds none; None if it makes none."""
    event = account.outside_event(automation.on.name) if isinstance(automation.on, ir.OnEventReceived) else None
    match = None if event is None else event.match
    shape = account.pipeline(match.pipelines[0]) if match and match.if_none == "create" else None
    if shape is None or not shape.stages:
        return None
    first = ir.StageValue(pipeline=shape.key, stage=shape.stages[0].key)
    return Caused("deal_created", frozenset(), one_of("deal.stage", [first]))


def caused_by(step: ir.Step) -> Iterator[Caused]:
    """Yield what the step makes happen."""
    match step:
        case ir.CreateDealStep(stage=stage):
            yield Caused("deal_created", frozenset(), one_of("deal.stage", [stage]))
        case ir.MoveDealStep(to=to):
            yield Caused("stage_changed", frozenset(), one_of("deal.stage", [to]))
        case ir.UpdateDealStep(changes=changes):
            yield Caused("deal_updated", frozenset(changes), _left_by(changes))
        case ir.ChangeTagsStep():
            yield Caused("deal_updated", frozenset({"tags"}), ALWAYS)
        case ir.CompleteTasksStep():
            yield Caused("task_completed", frozenset(), ALWAYS)
        case ir.CreateContactStep():
            yield Caused("contact_added", frozenset(), ALWAYS)
        case ir.UpdateContactStep(changes=changes):
            yield Caused("contact_updated", frozenset(changes), ALWAYS)
        case ir.CreateRecordStep(record=kind):
            yield Caused(f"record_added {kind}", frozenset(), ALWAYS)
        case ir.UpdateRecordStep(record=kind, changes=changes):
            yield Caused(f"record_updated {kind}", frozenset(changes), ALWAYS)
        case ir.RemoveRecordStep(record=kind):
            yield Caused(f"record_removed {kind}", frozenset(), ALWAYS)


def _left_by(changes: dict[str, ir.Expression]) -> Alternatives:
    """What is known of a deal after plain texts were written to it, or fields were cleared."""
    known: Alternatives = ALWAYS
    logic = Logic(None)
    for name, value in changes.items():
        if isinstance(value, ir.TextValue) and name in ("title", "reference", "company") and value.value.strip():
            written = ir.Compare(field=ir.Ref(path=f"deal.{name}", type="text"), op="==", value=value)
            known = [(*way, *more) for way in known for more in logic.true(written)]
        elif isinstance(value, ir.Cleared):
            cleared = ir.Not(of=ir.IsSet(field=ir.Ref(path=f"deal.{name}", type="text")))
            known = [(*way, *more) for way in known for more in logic.true(cleared)]
        elif name == "reference" and isinstance(value, ir.TemplateText) and value.source.partition("{")[0].strip():
            there = ir.IsSet(field=ir.Ref(path=f"deal.{name}", type="text"))
            known = [(*way, *more) for way in known for more in logic.true(there)]
    return known


def answers(on: ir.Trigger, caused: Caused) -> bool:
    """Say whether the trigger names what a step makes happen; where that is, is among what is known of it."""
    match on:
        case ir.OnEntered():
            return caused.kind in ("deal_created", "stage_changed")
        case ir.OnDealCreated():
            return caused.kind == "deal_created"
        case ir.OnStageChanged():
            return caused.kind == "stage_changed"
        case ir.OnDealUpdated(fields=fields):
            return caused.kind == "deal_updated" and (not fields or not caused.fields.isdisjoint(fields))
        case ir.OnOwnerChanged():
            return caused.kind == "deal_updated" and "owner" in caused.fields
        case ir.OnContactUpdated(fields=fields):
            return caused.kind == "contact_updated" and (not fields or not caused.fields.isdisjoint(fields))
        case ir.OnContactAdded():
            return caused.kind == "contact_added"
        case ir.OnRecordAdded(record=kind) | ir.OnRecordRemoved(record=kind):
            return caused.kind == f"{on.__struct_config__.tag} {kind}"
        case ir.OnRecordUpdated(record=kind, fields=fields):
            same = caused.kind == f"record_updated {kind}"
            return same and (not fields or not caused.fields.isdisjoint(fields))
        case ir.OnTaskCompleted():
            return caused.kind == "task_completed"
    return False


def _may_run(target: ir.Automation, caused: Caused, logic: Logic, own: bool, step: ir.Step, again: bool) -> bool:
    once = target.again
    # The second time round it has acted already; a deal that is made anew is another one, of the same person.
    counted = {"person"} if caused.kind == "deal_created" else {"person", "deal", "record"}
    if caused.kind.startswith("record_added"):
        counted.discard("record")  # so is a record that is made anew
    if again and isinstance(once, ir.Once) and once.within is None and once.per in counted:
        return False
    if own and isinstance(step, ir.UpdateDealStep | ir.ChangeTagsStep | ir.UpdateRecordStep) and _is_constant(step):
        # It sets itself off once, and then writes what is there already.
        return False
    if isinstance(step, ir.UpdateDealStep) and _made_false(target.when, step.changes):
        return False
    return possible(of_trigger(target.on, logic), logic.true(target.when), caused.known)


def _made_false(when: ir.Condition, changes: dict[str, ir.Expression]) -> bool:
    """Say whether a condition asks that a field differs from the very setting or field that was written to it."""
    match when:
        case ir.All(of=parts):
            return any(_made_false(part, changes) for part in parts)
        case ir.Compare(field=field, op="<" | ">" | "!=", value=ir.Ref() as other):
            written = changes.get(field.path.removeprefix("deal."))
            return written == other and other.path.removeprefix("deal.") not in changes
    return False


def _not_reached(step: ir.UpdateDealStep, there: Sequence[Place]) -> Iterator[str]:
    """Yield the steps among those that are not reached after this one, unless another one of them writes it first."""
    written = {f"deal.{name}" for name in step.changes}
    if any(written & {path for path, _ in writes(each.step)} for each in there if each.step != step):
        return
    left = [
        same(path, value.path) if isinstance(value, ir.Ref) else one_of(path, [value])
        for path, value in writes(step)
        if isinstance(value, _PLAIN) or (isinstance(value, ir.Ref) and value.path not in written)
    ]
    yield from (each.step.name for each in there if left and not possible(*each.known, *left))


def _is_constant(step: ir.UpdateDealStep | ir.ChangeTagsStep | ir.UpdateRecordStep) -> bool:
    return isinstance(step, ir.ChangeTagsStep) or all(
        isinstance(value, ir.Value) or (isinstance(value, ir.Ref) and value.path.startswith("settings."))
        for value in step.changes.values()
    )


def one_event(first: ir.Trigger, second: ir.Trigger) -> bool:
    """Say whether one event may set both off; where they are is among what is known."""
    match first, second:
        case (ir.OnEntered(), ir.OnDealCreated() | ir.OnStageChanged() | ir.OnEntered()):
            return True
        case (ir.OnDealCreated() | ir.OnStageChanged(), ir.OnEntered()):
            return True
        case (ir.OnDealUpdated(fields=fields), ir.OnOwnerChanged()) | (
            ir.OnOwnerChanged(),
            ir.OnDealUpdated(fields=fields),
        ):
            return not fields or "owner" in fields
        case (ir.OnDealUpdated(fields=one), ir.OnDealUpdated(fields=other)):
            return not one or not other or not set(one).isdisjoint(other)
        case (ir.OnContactUpdated(fields=one), ir.OnContactUpdated(fields=other)):
            return not one or not other or not set(one).isdisjoint(other)
        case (ir.OnRecordAdded(), ir.OnRecordAdded()):
            return first.record == second.record
        case (ir.OnRecordUpdated(fields=one), ir.OnRecordUpdated(fields=other)):
            return first.record == second.record and (not one or not other or not set(one).isdisjoint(other))
        case (ir.OnEventReceived(), ir.OnEventReceived()):
            return first.name == second.name and (
                first.source == second.source or None in (first.source, second.source)
            )
    return type(first) is type(second)


# --- circles --------------------------------------------------------------------------------------------------------


def cycles(links: Sequence[Link]) -> Iterator[list[Link]]:
    """Yield the shortest circle of each group of automations that can go round."""
    for group in _groups(links):
        inside = [link for link in links if link.source.key in group and link.target.key in group]
        if any(link.forward for link in inside) and not _goes_back(inside):
            # Moves that only go forward come to an end.
            yield from cycles([link for link in inside if not link.forward])
            continue
        ways = [way for link in inside if (way := _circle(link, inside)) is not None]
        if len(ways) < len(inside):
            # What comes round by no way that is reached takes part in none.
            yield from cycles([way[0] for way in ways])
            continue
        yield min(ways, key=len)


def _goes_back(links: Iterable[Link]) -> bool:
    """Say whether anything lets a forward move be made again: a move back, or a new deal."""
    for link in links:
        if link.creates:
            return True
        for step in all_steps(link.source.do):
            if step.name == link.step and isinstance(step, ir.MoveDealStep) and not step.only_forward:
                return True
    return False


def _circle(first: Link, links: Sequence[Link]) -> list[Link] | None:
    """The shortest way from the link round to where it begins; None if what is written on the way ends each of them."""
    ways = [[first]]
    seen = {(first.target.key, first.ended)}
    while ways:
        way = ways.pop(0)
        last = way[-1]
        if last.target.key == first.source.key and first.step not in last.ended:
            return way
        for link in links:
            if link.source.key != last.target.key or link.step in last.ended:
                continue
            if (link.target.key, link.ended) not in seen:
                seen.add((link.target.key, link.ended))
                ways.append([*way, link])
    return None


def _groups(links: Sequence[Link]) -> list[set[str]]:
    """The groups of automations each of which leads to every other one of its group (and to itself, if it is alone)."""
    after: dict[str, set[str]] = {}
    for link in links:
        after.setdefault(link.source.key, set()).add(link.target.key)
    reach = {key: _reached(key, after) for key in after}
    groups: list[set[str]] = []
    for key, reached in reach.items():
        if key in reached and not any(key in group for group in groups):
            groups.append({other for other in reached if key in reach.get(other, ())})
    return groups


def _reached(start: str, after: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for key in after.get(waiting.pop(), ()):
            if key not in found:
                found.add(key)
                waiting.append(key)
    return found
