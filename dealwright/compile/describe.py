"""IR in words: triggers, conditions and steps as people read them in summaries and traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dealwright.compile import ir
from dealwright.model.calendar import Duration


def trigger(on: ir.Trigger) -> str:
    """Return the trigger in words."""
    match on:
        case ir.OnDealCreated():
            return f"a deal is created{_within(on.pipelines, on.stages)}"
        case ir.OnDealUpdated():
            return f"{' or '.join(on.fields) or 'a field'} of a deal changes{_within(on.pipelines)}"
        case ir.OnStageChanged():
            start = f" from {_stages(on.from_)}" if on.from_ else ""
            end = f" to {_stages(on.to)}" if on.to else ""
            return f"a deal moves{start}{end}{_within(on.pipelines)}"
        case ir.OnEntered():
            return f"a deal comes into {_stages(on.stages)}"
        case ir.OnContactAdded():
            return f"a contact is added to a deal{_within(on.pipelines)}"
        case ir.OnContactRemoved():
            return f"a contact is removed from a deal{_within(on.pipelines)}"
        case ir.OnContactUpdated():
            return (
                f"{' or '.join(on.fields) or 'a field'} of a contact changes, for each open deal{_within(on.pipelines)}"
            )
        case ir.OnOwnerChanged():
            return f"a deal gets another owner{_within(on.pipelines)}"
        case ir.OnTaskCompleted():
            return f"a task of a deal is completed{_within(on.pipelines)}"
        case ir.OnActivityLogged():
            return f"{' or '.join(map(_an, on.kinds)) or 'an activity'} is logged for a deal{_within(on.pipelines)}"
        case ir.OnEventReceived():
            sender = on.source or "anybody"
            return f"{on.name!r} is received from {sender} for a deal{_within(on.pipelines)}"
        case ir.OnDateReached():
            near = _near(on.before, on.after)
            return f"it is {near}{on.field.path} of a deal{_within(on.pipelines)}"
        case ir.OnNoActivity():
            return f"nothing is done for a deal for {duration(on.for_)}{_within(on.pipelines)}"
        case ir.OnMessageFailed():
            return f"a message is not delivered{_within(on.pipelines)}"
        case ir.OnRepWrote():
            return f"a person of the company writes to a contact{_within(on.pipelines)}"
        case ir.OnOptedOut():
            return f"a contact wants no more messages{_within(on.pipelines)}"
        case ir.OnMessageReceived():
            return f"a contact writes, for each open deal{_within(on.pipelines)}"
        case ir.OnRecordAdded():
            return f"a deal gets a record {on.record}{_within(on.pipelines)}"
        case ir.OnRecordUpdated():
            return f"{' or '.join(on.fields) or 'a field'} of a record {on.record} changes{_within(on.pipelines)}"
        case ir.OnRecordRemoved():
            return f"a record {on.record} is taken away from a deal{_within(on.pipelines)}"
        case ir.OnReplied():
            return "a contact of the deal replies" + (f" to {on.to}" if on.to else "")


def condition(given: ir.Condition) -> str:
    """Return the condition in words, as its author would have typed it."""
    match given:
        case ir.All():
            return " & ".join(map(_inner, given.of)) or "always"
        case ir.Any():
            return " | ".join(map(_inner, given.of)) or "never"
        case ir.Not():
            return f"~{_inner(given.of)}"
        case ir.Compare():
            return f"{given.field.path} {given.op} {expression(given.value)}"
        case ir.CompareReckoned():
            return f"{expression(given.left)} {given.op} {expression(given.right)}"
        case ir.IsSet():
            return f"{given.field.path} is set"
        case ir.IsIn():
            return f"{given.field.path} is in {', '.join(map(expression, given.values))}"
        case ir.Has():
            return f"{given.field.path} has {' or '.join(map(repr, given.values))}"
        case ir.Scored():
            return f"{expression(given.score)} {given.op} {expression(given.value)}"
        case ir.Predicate():
            return f"predicate {given.label!r} of {', '.join(ref.path for ref in given.of)}"
        case ir.AnyContact():
            return f"deal.contacts.any({condition(given.of)})"
        case ir.OfRecords():
            asked = f"{'all' if given.every else 'any'}({condition(given.of)})"
            return f"{_records(given.record, given.where)}.{asked}"


def _inner(given: ir.Condition) -> str:
    words = condition(given)
    return f"({words})" if isinstance(given, ir.All | ir.Any) and len(given.of) > 1 else words


def _records(kind: str, where: ir.Condition | None) -> str:
    among = "" if where is None else f".where({condition(where)})"
    return f"deal.records({kind}){among}"


def reckoned(value: ir.Shift | ir.Reckoned | ir.OrElse | ir.Aggregate) -> str:
    """Return arithmetic as its author would have typed it, near enough."""
    if isinstance(value, ir.Aggregate):
        of = "" if value.value is None else f"({expression(value.value)})"
        return f"{_records(value.record, value.where)}.{value.of}{of}"
    if isinstance(value, ir.OrElse):
        of = expression(value.of)
        return f"{of if isinstance(value.of, ir.Ref | ir.OrElse) else f'({of})'}.or_({expression(value.other)})"
    if isinstance(value, ir.Shift):
        return f"{expression(value.of)} {'-' if value.back else '+'} {duration(value.by)}"
    left, right = (
        f"({expression(side)})" if isinstance(side, ir.Reckoned) else expression(side)
        for side in (value.left, value.right)
    )
    return f"{left} {value.sign} {right}"


def expression(value: ir.Expression) -> str:
    """Return what is written or compared with, in words."""
    match value:
        case ir.Ref():
            return value.path
        case ir.Points():
            return f"points({', '.join(f'{each.points:,f} if {condition(each.when)}' for each in value.of)})"
        case ir.TemplateText():
            return repr(value.source)
        case ir.Shift() | ir.Reckoned() | ir.OrElse() | ir.Aggregate():
            return reckoned(value)
        case ir.MoneyValue():
            return f"{value.amount:,} {value.currency}"
        case ir.NumberValue():
            return f"{value.value:,}"
        case ir.StageValue():
            return f"{value.pipeline}.{value.stage}"
        case ir.PipelineValue():
            return value.pipeline
        case ir.Cleared():
            return "nothing"
        case ir.RoleValue():
            return role(value)
        case ir.TagsValue():
            return ", ".join(map(repr, value.value)) or "no tags"
        case ir.TextValue():
            return repr(value.value)
        case ir.FlagValue():
            return "yes" if value.value else "no"
        case ir.DayValue() | ir.MomentValue():
            return value.value.isoformat()


def role(value: ir.RoleValue) -> str:
    """Return who is meant, in words."""
    match value.how:
        case "everybody":
            return f"everybody of {value.role}"
        case "least_loaded":
            return f"somebody of {value.role} (with the fewest open deals{_within((), value.open_in)})"
        case "sticky":
            return f"somebody of {value.role} (who had this person or company before)"
        case _:
            return f"somebody of {value.role} (in turn)"


def duration(given: Duration) -> str:
    """Return the length of time in words."""
    unit = given.unit.replace("_", " ")
    return f"{given.amount} {unit.removesuffix('s') if given.amount == 1 else unit}"


def _near(before: Duration | None, after: Duration | None) -> str:
    if before is not None:
        return f"{duration(before)} before "
    return "" if after is None else f"{duration(after)} after "


def again(given: ir.Again) -> str:
    """Return how often the automation acts, in words."""
    if isinstance(given, ir.EveryEvent):
        return "every time"
    within = f" within {duration(given.within)}" if given.within is not None else ""
    return f"once per {given.per.replace('_', ' ')}{within}"


def steps(given: Sequence[ir.Step], depth: int = 0) -> Iterator[str]:
    """Yield one line per step, those inside branches indented."""
    pad = "  " * depth
    for step in given:
        yield f"{pad}{step.name}: {_step(step)}"
        if isinstance(step, ir.BranchStep):
            for case in step.cases:
                yield f"{pad}  if {condition(case.when)}"
                yield from steps(case.do, depth + 2)
            if step.otherwise:
                yield f"{pad}  otherwise"
                yield from steps(step.otherwise, depth + 2)
            if step.unset is not None:
                yield f"{pad}  if that is unknown"
                yield from steps(step.unset, depth + 2)
        if isinstance(step, ir.WaitUntilStep) and step.on_timeout:
            yield f"{pad}  when the time is over"
            yield from steps(step.on_timeout, depth + 2)
        if isinstance(step, ir.LookupStep) and step.on_error:
            yield f"{pad}  if it gives nothing"
            yield from steps(step.on_error, depth + 2)
        if isinstance(step, ir.AskStep):
            for answer in step.answers:
                yield f"{pad}  if the answer is {answer.answer!r}"
                yield from steps(answer.do, depth + 2)
            if step.late:
                yield f"{pad}  if nobody answers in time"
                yield from steps(step.late, depth + 2)


def awaited(step: ir.WaitUntilStep) -> str:
    """Return what a step waits for, in words."""
    return condition(step.until) if step.until is not None else triggers(step.on)


def triggers(given: Sequence[ir.Trigger]) -> str:
    """Return several triggers, of which one is enough, in words."""
    return " or ".join(map(trigger, given))


def _step(step: ir.Step) -> str:
    match step:
        case ir.CreateDealStep():
            unless = "" if step.unless_open is None else f", unless one is open in {step.unless_open}"
            tags = ", with the tags of this one" if step.copy_tags else ""
            own = f", with {_fields(step.custom)}" if step.custom else ""
            return f"create a deal in {expression(step.stage)}, {expression(step.title)}{own}{tags}{unless}"
        case ir.UpdateDealStep():
            return f"set {_fields(step.changes)}"
        case ir.MoveDealStep():
            return f"move to {expression(step.to)}{', forward only' if step.only_forward else ''}"
        case ir.MoveBackStep():
            return f"move back to where it came from, for the criteria of {expression(step.stage)}"
        case ir.SetTaskStep():
            due = f"at {step.clock}" if step.clock else f"in {duration(step.due)}"
            return f"task {expression(step.text)}, due {due}"
        case ir.SendEventStep():
            return f"send {step.event!r} to {step.to}"
        case ir.ChangeTagsStep():
            added = [f"add the tags {', '.join(map(repr, step.add))}"] if step.add else []
            removed = [f"take the tags {', '.join(map(repr, step.remove))} off"] if step.remove else []
            return ", ".join(added + removed)
        case ir.CompleteTasksStep():
            if step.with_text is not None:
                return f"complete the open tasks with {step.with_text!r}"
            return "complete all open tasks" if step.only is None else f"complete the task of {step.only}"
        case ir.AddNoteStep():
            return f"note {expression(step.text)}"
        case ir.NotifyStep():
            return f"tell {expression(step.who)} {expression(step.text)}"
        case ir.CreateContactStep():
            role = "" if step.role is None else f" as {step.role}"
            return f"create a contact{role}: {_fields(step.fields)}"
        case ir.UpdateCompanyStep():
            return f"set {_fields(step.changes)} of deal.company"
        case ir.CreateRecordStep():
            return f"put a record {step.record} under the deal: {_fields(step.fields) or 'empty'}"
        case ir.UpdateRecordStep():
            return f"set {_fields(step.changes)} of the record {step.record}"
        case ir.RemoveRecordStep():
            return f"take the record {step.record} away"
        case ir.UpdateContactStep():
            return f"set {_fields(step.changes)} of {step.contact}"
        case ir.SendEmailStep():
            late = "" if step.late is None else f", unless it is {duration(step.late)} late"
            copied = f", copied to {', '.join(map(expression, step.cc))}" if step.cc else ""
            return f"e-mail {expression(step.subject)} to {step.to}{copied}{late}"
        case ir.SendMessageStep():
            late = "" if step.late is None else f", unless it is {duration(step.late)} late"
            return f"message {_message(step.message)} to {step.to} by {step.via}{late}"
        case ir.SendConversionStep():
            worth = "" if step.value is None else f" worth {expression(step.value)}"
            return f"conversion {step.event!r}{worth} of {step.to}"
        case ir.WaitStep():
            return f"wait {duration(step.duration)}"
        case ir.WaitForStep():
            late = "run on" if step.late == "run" else "skip what comes after"
            return f"wait until it is {_near(step.before, step.after)}{step.until.path}; if that is over, {late}"
        case ir.MuteStep():
            return f"nobody but people writes to {step.who} for {duration(step.for_)}"
        case ir.WaitUntilStep():
            return f"wait until {awaited(step)}, for {duration(step.timeout)} at most"
        case ir.LookupStep():
            gives = ", ".join(f"{name} (if any)" if name in step.optional else name for name in step.gives)
            return f"look up {gives} at {step.system}{step.path}, by {_fields(step.ask) or 'nothing'}"
        case ir.AskStep():
            answers = ", ".join(repr(each.answer) for each in step.answers)
            asked = f"ask {expression(step.who)} {expression(step.question)}"
            return f"{asked}: {answers}, within {duration(step.within)}"
        case ir.StopStep():
            return "stop"
        case ir.BranchStep():
            return "branch"


def _message(given: ir.MessageContent) -> str:
    if isinstance(given, ir.TemplateMessage):
        return repr(given.name)
    return expression(given.bodies[0].text) if given.bodies else "nothing"


def _fields(given: Mapping[str, ir.Expression]) -> str:
    return ", ".join(f"{name} to {expression(value)}" for name, value in given.items())


def _an(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _stages(stages: Sequence[ir.StageValue]) -> str:
    return " or ".join(map(expression, stages))


def _within(pipelines: Sequence[str], stages: Sequence[ir.StageValue] = ()) -> str:
    places = [*pipelines, *map(expression, stages)]
    return f" in {' or '.join(places)}" if places else ""
