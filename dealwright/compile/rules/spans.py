"""DW274: a span of time that nobody means: a unit or a year is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.model.calendar import Calendar, Duration

_DAY: Final = 24 * 60
_YEAR: Final = 365
_LEAP_DAYS: Final = 3
"""How many days more than 365 for each whole years may be."""

_LONGEST: Final = 400
"""Days that are waited at most; only whole years may be more: a contract ends, a warranty runs out."""

_SHUT: Final = 330
"""Days in a row on which a company is shut at most: one of a season opens for some weeks of the year."""

_SOON: Final = 1
_ANSWERED: Final = 7


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        within = automation.when_within
        if within is not None and _days(within, account.calendar) > _SOON:
            path, line = subject.automation_at(automation, "when_within")
            yield Spot(
                path=path,
                line=line,
                message=f"when_within= of {automation.key!r} is {_said(within)}: it is for facts that arrive seconds or"
                " minutes after the event",
                hint="write minutes(10), or so; begin with what comes days later, as on=deal_updated(fields=[...])",
            )
        for step in all_steps(automation.do):
            if automation.origin == "first-response" and isinstance(step, ir.WaitUntilStep):
                yield from _first_response(subject, account, automation, step.timeout)
                continue
            yield from _waited(subject, account, automation, step)
    for account in subject.accounts:
        yield from _closed(subject, account)


def _first_response(
    subject: Subject, account: ir.Account, automation: ir.Automation, within: Duration
) -> Iterator[Spot]:
    if _days(within, account.calendar) <= _ANSWERED:
        return
    path, line = subject.automation_at(automation)
    for pipeline in subject.pipelines:
        if automation.key == f"{pipeline.key}.first-response":
            path, line = next(((each.where.file, each.where.line) for each in pipeline.parts), (path, line))
    yield Spot(
        path=path,
        line=line,
        message=f"first_response= is {_said(within)}: whoever asked has bought elsewhere by then",
        hint="write when somebody is to be told of it, such as working_minutes(30) or working_days(1)",
    )


def _waited(subject: Subject, account: ir.Account, automation: ir.Automation, step: ir.Step) -> Iterator[Spot]:
    match step:
        case ir.CreateDealStep(close_date=ir.Shift(of=ir.Ref(path=day), by=span, back=True)):
            if _days(span, account.calendar) >= _YEAR:
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"the deal of {step.name!r} closes {_said(span)} before {day}, a year or more",
                    hint=f"write {day} + {_said(span)}",
                )
            return
        case ir.WaitStep(duration=span):
            what = "waits"
        case ir.WaitUntilStep(timeout=span) | ir.AskStep(within=span):
            what = "waits as long as"
        case ir.SetTaskStep(due=span):
            what = "sets a task that is due in"
        case _:
            return
    days = _days(span, account.calendar)
    whole_years = days >= _YEAR and days % _YEAR <= _LEAP_DAYS
    if days <= _LONGEST or whole_years:
        return
    path, line = subject.step_at(automation, step.name)
    yield Spot(
        path=path,
        line=line,
        message=f"{step.name!r} {what} {_said(span)}, which is more than a year",
        hint="take a zero away, or correct the unit; whole years are days(365), days(730)",
    )


def _closed(subject: Subject, account: ir.Account) -> Iterator[Spot]:
    for span in account.calendar.closed:
        days = (span.last - span.first).days + 1
        if days > _SHUT:
            path, line = subject.account_at(account, "closed")
            yield Spot(
                path=path,
                line=line,
                message=f"closed= from {span.first} to {span.last} is {days} days in a row: no working time passes in"
                " them, and what waits for it stands still",
                hint=f"correct the year: {span.first.year} and {span.last.year}",
            )


def _days(span: Duration, calendar: Calendar) -> int:
    """Return how many days pass until it is over; working time is counted by the hours of a usual week."""
    unit = span.unit.removeprefix("working_")
    if unit == span.unit:
        return -(-span.amount * {"minutes": 1, "hours": 60, "days": _DAY}[unit] // _DAY)
    open_on = len({each.weekday for each in calendar.spans}) or 7
    if unit == "days":
        worked = span.amount
    else:
        a_day = sum(each.end - each.start for each in calendar.spans) // open_on or _DAY
        worked = span.amount * (60 if unit == "hours" else 1) // a_day
    return worked * 7 // open_on


def _said(span: Duration) -> str:
    return f"{span.unit}({span.amount})"


RULE: Final = Rule(
    code="DW274",
    severity="warning",
    title="a span of time that nobody means",
    reason=(
        "days(10) where minutes(10) was meant, a zero too many, or a wrong year: nothing fails, and what was to be "
        "done today is done in a month, or never. `when_within=` is for facts that arrive a moment after the event, a "
        "day at most; an inquiry is answered within a working week; nothing is waited for longer than 400 days unless "
        "it is whole years; no company is closed all year round, and no new deal closes a year before some day."
    ),
    bad="""
again = Automation(
    key="again",
    on=entered(Sales.quoted),
    again=once(per=stage_visit),
    do=[wait("think", days(1400)), set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
again = Automation(
    key="again",
    on=entered(Sales.quoted),
    again=once(per=stage_visit),
    do=[wait("think", days(14)), set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
