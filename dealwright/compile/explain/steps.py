"""Steps in sentences, in the order in which they are done, each with a number by which others name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dealwright.compile import ir
from dealwright.compile.explain.conditions import condition, expression
from dealwright.compile.explain.messages import conversation, letter, send_message
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.tongue import harmless
from dealwright.compile.explain.triggers import any_of, nearness


def numbered(steps: Sequence[ir.Step]) -> dict[str, int]:
    """Return the number of every step by its name, those inside branches in the order they are written."""
    return {step.name: number for number, step in enumerate(_all(steps), start=1)}


def told(steps: Sequence[ir.Step], names: Names, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a list of steps, in Markdown."""
    pad = "  " * depth
    for step in steps:
        yield f"{pad}- ({names.numbers[step.name]}) {sentence(step, names)}"
        match step:
            case ir.BranchStep():
                yield from _ways(step, names, depth + 1)
            case ir.WaitUntilStep():
                if step.on_timeout:
                    yield f"{pad}  - {names.tongue.say('do.wait_until.timeout')}"
                    yield from told(step.on_timeout, names, depth + 2)
            case ir.LookupStep():
                if step.on_error:
                    yield f"{pad}  - {names.tongue.say('do.lookup.on_error')}"
                    yield from told(step.on_error, names, depth + 2)
            case ir.AskStep():
                for answer in step.answers:
                    said = names.answer(answer, step)
                    if answer.do:
                        yield f"{pad}  - {names.tongue.say('do.ask.answer', answer=said)}"
                        yield from told(answer.do, names, depth + 2)
                if step.late:
                    yield f"{pad}  - {names.tongue.say('do.ask.late')}"
                    yield from told(step.late, names, depth + 2)
            case ir.SendEmailStep():
                yield from letter(step.by_language or (step,), names, pad)
            case ir.SendMessageStep():
                yield from conversation(step, names, pad)


def _ways(step: ir.BranchStep, names: Names, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for case in step.cases:
        yield f"{pad}- {names.tongue.say('do.branch.case', test=condition(case.when, names))}"
        yield from told(case.do, names, depth + 1)
    for key, way in (("do.branch.otherwise", step.otherwise), ("do.branch.unset", step.unset or ())):
        if way:
            yield f"{pad}- {names.tongue.say(key)}"
            yield from told(way, names, depth + 1)


def sentence(step: ir.Step, names: Names) -> str:
    """Return what one step does."""
    say, tongue = names.tongue.say, names.tongue
    match step:
        case ir.CreateDealStep():
            return _create_deal(step, names)
        case ir.UpdateDealStep():
            return say("do.update_deal", changes=_changes(step.changes, names, "deal"))
        case ir.MoveDealStep():
            reason = say("do.move_deal.reason", reason=tongue.quoted(step.reason)) if step.reason else ""
            key = "do.move_deal.forward" if step.only_forward else "do.move_deal"
            return say(key, stage=names.stage(step.to), reason=reason)
        case ir.MoveBackStep():
            return say("do.move_back", stage=names.stage(step.stage))
        case ir.SetTaskStep():
            return say("do.set_task.clock" if step.clock else "do.set_task", **_task(step, names))
        case ir.SendEventStep():
            more = _more(step.with_, names) + _reveals(step.reveals, names)
            return say("do.send_event", to=harmless(step.to), event=harmless(step.event), more=more)
        case ir.ChangeTagsStep():
            added = [say("do.change_tags.add", tags=names.tags(step.add))] if step.add else []
            removed = [say("do.change_tags.remove", tags=names.tags(step.remove))] if step.remove else []
            return say("do.change_tags", changes=tongue.all_of(added + removed))
        case ir.CompleteTasksStep():
            if step.only is None:
                if step.with_text is not None:
                    return say("do.complete_tasks.with_text", text=names.tongue.quoted(step.with_text))
                return say("do.complete_tasks")
            return say("do.complete_tasks.only", step=names.step(step.only))
        case ir.AddNoteStep():
            return say("do.add_note", text=expression(step.text, names))
        case ir.NotifyStep():
            return say("do.notify", who=expression(step.who, names), text=expression(step.text, names))
        case ir.CreateContactStep():
            changes = _changes(step.fields, names, "contact")
            if step.role is not None:
                return say("do.create_contact.role", role=harmless(step.role), changes=changes)
            return say("do.create_contact", changes=changes)
        case ir.UpdateCompanyStep():
            return say("do.update_company", changes=_changes(step.changes, names, "company"))
        case ir.CreateRecordStep():
            changes = _changes(step.fields, names, "record", step.record)
            return say("do.create_record", kind=names.kind(step.record), changes=changes)
        case ir.UpdateRecordStep():
            changes = _changes(step.changes, names, "record", step.record)
            return say("do.update_record", kind=names.kind(step.record), changes=changes)
        case ir.RemoveRecordStep():
            return say("do.remove_record", kind=names.kind(step.record))
        case ir.UpdateContactStep():
            changes = _changes(step.changes, names, "contact")
            return say("do.update_contact", contact=names.contact(step.contact), changes=changes)
        case ir.SendEmailStep():
            return _send_email(step, names)
        case ir.SendMessageStep():
            return send_message(step, names)
        case ir.SendConversionStep():
            worth = ""
            if step.value is not None:
                worth = say("do.send_conversion.value", value=expression(step.value, names, money=True))
            if step.lead_id is not None:
                worth += say("do.send_conversion.lead_id", lead_id=expression(step.lead_id, names))
            more = worth + _more(step.with_, names)
            return say("do.send_conversion", contact=names.contact(step.to), event=harmless(step.event), more=more)
        case ir.WaitStep():
            return say("do.wait", duration=tongue.duration(step.duration))
        case ir.WaitUntilStep():
            return say("do.wait_until", what=_awaited(step, names), timeout=tongue.duration(step.timeout))
        case ir.WaitForStep():
            date = nearness(step.before, step.after, step.until, names)
            return say("do.wait_for", date=date, late=say(f"do.wait_for.{step.late}"))
        case ir.MuteStep():
            return say("do.mute", contact=names.contact(step.who), duration=tongue.duration(step.for_))
        case ir.LookupStep():
            return _lookup(step, names)
        case ir.AskStep():
            return say(
                "do.ask",
                who=expression(step.who, names),
                question=expression(step.question, names),
                answers=tongue.one_of(names.answer(each, step) for each in step.answers),
                within=tongue.duration(step.within),
            )
        case ir.StopStep():
            return say("do.stop")
        case ir.BranchStep():
            return say("do.branch")


def _create_deal(step: ir.CreateDealStep, names: Names) -> str:
    fields = {
        name: value
        for name in ("owner", "amount", "close_date", "reference")
        if (value := getattr(step, name)) is not None
    }
    if step.tags:
        fields["tags"] = ir.TagsValue(value=step.tags)
    fields |= step.custom
    with_contacts = names.tongue.say("do.create_deal.with_contacts") if step.with_contacts else ""
    copied = names.tongue.say("do.create_deal.copy_tags") if step.copy_tags else ""
    if step.unless_open is not None:
        copied += names.tongue.say("do.create_deal.unless_open", pipeline=names.pipeline(step.unless_open))
    return names.tongue.say(
        "do.create_deal",
        title=expression(step.title, names),
        stage=names.stage(step.stage),
        more=with_contacts + copied + _more_fields(fields, names),
    )


def _reveals(paths: Sequence[str], names: Names) -> str:
    fields = names.tongue.all_of(map(names.field, paths))
    return names.tongue.say("do.reveals", fields=fields) if paths else ""


def _lookup(step: ir.LookupStep, names: Names) -> str:
    say, tongue = names.tongue.say, names.tongue
    told = _more(step.ask, names) + _reveals(step.reveals, names)
    given = tongue.all_of(
        say("do.lookup.optional" if name in step.optional else "do.lookup.given", name=tongue.quoted(name))
        for name in step.gives
    )
    kept = "" if step.cache is None else say("do.lookup.cache", cache=tongue.duration(step.cache))
    place = harmless(f"{step.system}{step.path}")
    return say("do.lookup", system=place, gives=given, more=told, cache=kept)


def _send_email(step: ir.SendEmailStep, names: Names) -> str:
    say = names.tongue.say
    more = ""
    if step.reply_to is not None:
        more += say("do.send_email.reply_to", reply_to=expression(step.reply_to, names))
    if step.cc:
        more += say("do.send_email.cc", cc=names.tongue.all_of(expression(each, names) for each in step.cc))
    if step.bcc:
        more += say("do.send_email.bcc", bcc=names.tongue.all_of(map(names.tongue.quoted, step.bcc)))
    if step.late is not None:
        more += say("do.send_email.late", late=names.tongue.duration(step.late))
    return say("do.send_email", contact=names.contact(step.to), subject=expression(step.subject, names), more=more)


def _awaited(step: ir.WaitUntilStep, names: Names) -> str:
    if step.until is not None:
        return names.tongue.say("do.wait_until.test", test=condition(step.until, names))
    return names.tongue.say("do.wait_until.triggers", triggers=any_of(step.on, names))


def stage_task(step: ir.SetTaskStep, names: Names) -> str:
    """Return a task that every deal of a stage gets."""
    return names.tongue.say("stage.task", **_task(step, names))


def _task(step: ir.SetTaskStep, names: Names) -> dict[str, str]:
    owner = names.field("deal.owner") if step.owner is None else expression(step.owner, names)
    due = step.clock or names.tongue.duration(step.due)
    return {"owner": owner, "text": expression(step.text, names), "due": due}


def _more(given: Mapping[str, ir.Expression], names: Names) -> str:
    """Return the values that another system is told beside; their names are its own."""
    changes = [
        names.tongue.say("change", field=names.tongue.quoted(name), value=expression(value, names))
        for name, value in given.items()
    ]
    return names.tongue.say("more", changes=names.tongue.all_of(changes)) if changes else ""


def _more_fields(given: Mapping[str, ir.Expression], names: Names) -> str:
    return names.tongue.say("more", changes=_changes(given, names, "deal")) if given else ""


def _changes(given: Mapping[str, ir.Expression], names: Names, of: str, kind: str = "") -> str:
    """Return what is written; `kind` says of which kind a record is."""
    return names.tongue.all_of(_change(name, value, names, of, kind) for name, value in given.items())


def _change(name: str, value: ir.Expression, names: Names, of: str, kind: str) -> str:
    field = (names.of_record(kind) if kind else names).changed(name, of)
    said = expression(value, names, money=name == "amount")
    # A new deal with the amount of the old one: nobody wants to read "the amount: the amount".
    return field if field == said else names.tongue.say("change", field=field, value=said)


def _all(steps: Sequence[ir.Step]) -> Iterator[ir.Step]:
    for step in steps:
        yield step
        for way in ir.ways_of(step):
            yield from _all(way)
