"""When an automation starts, how often it may, and what ends it, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from dealwright.compile import ir
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.tongue import Tongue, harmless
from dealwright.model.calendar import Duration


def again(given: ir.Again, tongue: Tongue) -> str:
    """Return how often an automation acts."""
    match given:
        case ir.EveryEvent():
            return tongue.say("again.every_event")
        case ir.Once():
            per = tongue.say(f"per.{given.per}")
            if given.within is None:
                return tongue.say("again.once", per=per)
            return tongue.say("again.once.within", per=per, within=tongue.duration(given.within))


def any_of(given: Sequence[ir.Trigger], names: Names) -> str:
    """Return several triggers of which one is enough."""
    return names.tongue.one_of(trigger(each, names) for each in given)


def ends(given: Sequence[ir.Trigger], names: Names) -> str:
    """Return what ends an execution that has begun."""
    return names.tongue.say("rule.exit.triggers", triggers=any_of(given, names))


def trigger(on: ir.Trigger, names: Names) -> str:
    """Return when an automation starts."""
    say, tongue = names.tongue.say, names.tongue
    match on:
        case ir.OnDealCreated():
            return say("on.deal_created", where=names.where(on.pipelines, on.stages))
        case ir.OnDealUpdated():
            return _changed("on.deal_updated", on, "deal", names)
        case ir.OnContactUpdated():
            return _changed("on.contact_updated", on, "contact", names)
        case ir.OnStageChanged():
            return say(
                "on.stage_changed",
                from_=say("on.stage_changed.from", stages=names.stages(on.from_)) if on.from_ else "",
                to=say("on.stage_changed.to", stages=names.stages(on.to)) if on.to else "",
                where=names.where(on.pipelines),
            )
        case ir.OnEntered():
            return say("on.entered", stages=names.stages(on.stages))
        case ir.OnContactAdded():
            return say("on.contact_added", where=names.where(on.pipelines))
        case ir.OnContactRemoved():
            return say("on.contact_removed", where=names.where(on.pipelines))
        case ir.OnOwnerChanged():
            return say("on.owner_changed", where=names.where(on.pipelines))
        case ir.OnTaskCompleted():
            return say("on.task_completed", where=names.where(on.pipelines))
        case ir.OnActivityLogged():
            kinds = tongue.one_of(say(f"kind.{kind}") for kind in on.kinds) or say("kind.any")
            return say("on.activity_logged", kinds=kinds, where=names.where(on.pipelines))
        case ir.OnMessageReceived():
            return say("on.message_received", where=names.where(on.pipelines))
        case ir.OnRecordAdded():
            return say("on.record_added", kind=names.kind(on.record), where=names.where(on.pipelines))
        case ir.OnRecordUpdated():
            fields = tongue.one_of(names.of_record(on.record).field(f"record.{field}") for field in on.fields)
            key = "on.record_updated" if fields else "on.record_updated.any"
            return say(key, kind=names.kind(on.record), fields=fields, where=names.where(on.pipelines))
        case ir.OnRecordRemoved():
            return say("on.record_removed", kind=names.kind(on.record), where=names.where(on.pipelines))
        case ir.OnReplied():  # by which channel is that of the step
            return say("on.replied") if on.to is None else say("on.replied.to", step=names.step(on.to))
        case ir.OnEventReceived():
            key = "on.event_received" if on.source is not None else "on.event_received.any"
            name, where = tongue.quoted(on.name), names.where(on.pipelines)
            return say(key, source=harmless(on.source or ""), name=name, where=where)
        case ir.OnDateReached():
            return say(
                "on.date_reached",
                date=nearness(on.before, on.after, on.field, names),
                where=names.where(on.pipelines),
            )
        case ir.OnNoActivity():
            return say("on.no_activity", duration=tongue.duration(on.for_), where=names.where(on.pipelines))
        case ir.OnMessageFailed():
            return say("on.message_failed", where=names.where(on.pipelines))
        case ir.OnRepWrote():
            return say("on.rep_wrote", where=names.where(on.pipelines))
        case ir.OnOptedOut():
            return say("on.opted_out", where=names.where(on.pipelines))


def without_a_deal(on: ir.Trigger, names: Names) -> str:
    """Return when an automation starts whose event is about no deal."""
    if not isinstance(on, ir.OnEventReceived):
        return trigger(on, names)
    key = "on.event_received.alone" if on.source is not None else "on.event_received.alone.any"
    return names.tongue.say(key, source=harmless(on.source or ""), name=names.tongue.quoted(on.name))


def nearness(before: Duration | None, after: Duration | None, date: ir.Ref, names: Names) -> str:
    """Return a date of the deal, or how long before or after it."""
    say, field = names.tongue.say, names.field(date.path)
    if before is not None:
        return say("date.before", duration=names.tongue.duration(before), date=field)
    if after is not None:
        return say("date.after", duration=names.tongue.duration(after), date=field)
    return say("date", date=field)


def _changed(key: str, on: ir.OnDealUpdated | ir.OnContactUpdated, of: str, names: Names) -> str:
    fields = names.tongue.one_of(names.changed(field, of) for field in on.fields)
    return names.tongue.say(key if fields else f"{key}.any", fields=fields, where=names.where(on.pipelines))
