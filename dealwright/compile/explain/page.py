"""The page for the owner of the business: pipelines and what their stages demand, and every automation in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.enrol import AT_MOST
from dealwright.compile.explain.conditions import all_of
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.outside import events, segment
from dealwright.compile.explain.policy import policy
from dealwright.compile.explain.stages import said
from dealwright.compile.explain.steps import numbered, told
from dealwright.compile.explain.tongue import Tongue, harmless
from dealwright.compile.explain.triggers import again, ends, trigger, without_a_deal
from dealwright.compile.later import later
from dealwright.model.calendar import Calendar
from dealwright.model.crm import PipelineShape, StageShape

_WRITE: Final = (ir.SendEmailStep, ir.SendMessageStep)
_MOVE: Final = (ir.MoveDealStep, ir.MoveBackStep)
_DELETE: Final = (ir.RemoveRecordStep,)
_CHANGE: Final = (
    ir.UpdateDealStep,
    ir.ChangeTagsStep,
    ir.UpdateContactStep,
    ir.CreateRecordStep,
    ir.UpdateRecordStep,
    ir.RemoveRecordStep,
)
_CREATE: Final = (ir.CreateDealStep, ir.CreateContactStep)
_TELL: Final = (ir.SendEventStep, ir.SendConversionStep, ir.LookupStep)
"""A lookup is asked with values, and tells them."""


def page(account: ir.Account, tongue: Tongue) -> str:
    """Return the page as Markdown, ending with a line break."""
    lines: list[str] = []
    for line in _page(account, tongue):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"


def _page(account: ir.Account, tongue: Tongue) -> Iterator[str]:
    tongue = tongue.of_country(account.country)
    names = Names(account, tongue)
    yield f"# {tongue.say('page.title', name=harmless(account.name))}"
    yield ""
    yield tongue.say("page.intro", name=harmless(account.name))
    yield tongue.say("page.unknown")
    yield tongue.say("page.fill")
    yield tongue.say("page.hours", zone=harmless(account.calendar.zone), spans=_hours(account, tongue))
    yield from _days_off(account.calendar, tongue)
    if account.roles:
        yield tongue.say("page.roles", roles=tongue.all_of(map(tongue.quoted, account.roles)))
    if account.languages:
        yield tongue.say("page.languages", languages=tongue.all_of(map(tongue.language, account.languages)))
    yield ""
    yield from policy(account, tongue)
    yield ""
    if account.settings:
        yield f"## {tongue.say('page.settings')}"
        yield ""
        yield tongue.say("page.settings.why")
        yield ""
        yield from (f"- {_setting(each, names)}." for each in account.settings)
        yield ""
    yield f"## {tongue.say('page.pipelines')}"
    for pipeline in account.pipelines:
        yield ""
        yield f"### {harmless(pipeline.name)}"
        yield ""
        for number, stage in enumerate(pipeline.stages, start=1):
            yield f"{number}. **{tongue.say(f'stage.{stage.kind}', name=harmless(stage.name))}**"
            yield from (f"   - {line}" for line in _demands(pipeline, stage, names))
    yield ""
    yield f"## {tongue.say('page.automations')}"
    authored = [each for each in account.automations if each.origin == "authored"]
    if not authored:
        yield ""
        yield tongue.say("page.none")
    for automation in authored:
        yield ""
        yield from _automation(automation, account, tongue)
    if account.outside:
        yield ""
        yield f"## {tongue.say('page.outside')}"
        yield ""
        yield from events(account, names)


def _setting(setting: ir.Setting, names: Names) -> str:
    """Return what counts until somebody sets another value, what may be set, and who decides."""
    tongue, default = names.tongue, setting.default
    parts = [tongue.say("setting.is", name=tongue.quoted(setting.key), value=names.value(default))]
    if setting.options:
        parts.append(tongue.say("setting.options", values=tongue.one_of(map(tongue.quoted, setting.options))))
    for key, bound in (("setting.least", setting.least), ("setting.most", setting.most)):
        if bound is not None:
            money = isinstance(default, ir.MoneyValue)
            limit = msgspec.structs.replace(default, amount=bound) if money else ir.NumberValue(value=bound)
            parts.append(tongue.say(key, value=names.value(limit)))
    if setting.editable_by:
        parts.append(tongue.say("setting.who", who=harmless(setting.editable_by)))
    return "; ".join(parts)


def _hours(account: ir.Account, tongue: Tongue) -> str:
    """Return the working week, days of the same hours together."""
    days = tongue.texts["weekdays"].split()
    found: dict[str, list[str]] = {}
    for weekday, day in enumerate(days):
        spans = [span for span in account.calendar.spans if span.weekday == weekday]
        if spans:
            hours = tongue.all_of(f"{_clock(span.start)}-{_clock(span.end)}" for span in spans)
            found.setdefault(hours, []).append(day)
    return "; ".join(f"{tongue.all_of(each)} {hours}" for hours, each in found.items())


def _days_off(calendar: Calendar, tongue: Tongue) -> Iterator[str]:
    """Yield when nobody works though the week says so, and the other way round."""
    if calendar.holidays:
        yield tongue.say("page.holidays", places=tongue.all_of(map(harmless, calendar.holidays)))
    if calendar.closed:
        spans = (
            tongue.day(each.first)
            if each.first == each.last
            else tongue.say("page.days", first=tongue.day(each.first), last=tongue.day(each.last))
            for each in calendar.closed
        )
        yield tongue.say("page.closed", days=tongue.all_of(spans))
    if calendar.open_on:
        yield tongue.say("page.open_on", days=tongue.all_of(map(tongue.day, calendar.open_on)))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _demands(pipeline: PipelineShape, stage: StageShape, names: Names) -> Iterator[str]:
    tongue = names.tongue
    if stage.kind == "open" and stage.probability is not None:
        yield tongue.say("stage.probability", probability=stage.probability)
    if stage.required:
        demanded = (tongue.texts.get(f"require.{each}") or names.field(f"deal.{each}") for each in stage.required)
        yield tongue.say("stage.required", fields=tongue.all_of(demanded))
    if stage.reason_required:
        yield tongue.say("stage.reason_required")
    if stage.reasons:
        yield tongue.say("stage.reasons", reasons=tongue.one_of(map(tongue.quoted, stage.reasons)))
    yield from said(pipeline, stage, names)


def _automation(automation: ir.Automation, account: ir.Account, tongue: Tongue) -> Iterator[str]:
    asking = [step for step in ir.actions(automation.do) if isinstance(step, ir.LookupStep)]
    given = frozenset(f"{step.name}.{name}" for step in asking for name in step.gives)
    names = Names(account, tongue, numbered(automation.do), given)
    if isinstance(automation.on, ir.OnRecord):
        names = names.of_record(automation.on.record)
    yield f"### {harmless(automation.key.replace('-', ' ').replace('.', ', ').capitalize())}"
    if automation.why:
        yield ""
        yield f"> {harmless(automation.why)}"
    yield ""
    words = dict.fromkeys(each.word for each in later(automation, account))
    if words:
        yield f"**{tongue.say('rule.later', words=tongue.all_of(f'`{word}`' for word in words))}**"
        yield ""
    begins = trigger if automation.for_each is None else without_a_deal
    yield f"**{tongue.say('rule.when')}** {begins(automation.on, names)}."
    if automation.for_each is not None:
        yield ""
        yield from segment(automation.for_each, names)
    conditions = all_of(automation.when, names)
    if len(conditions) == 1:
        yield ""
        yield f"**{tongue.say('rule.if')}** {conditions[0]}."
    elif conditions:
        yield ""
        yield f"**{tongue.say('rule.if')}** {tongue.say('rule.if_all')}:"
        yield ""
        yield from (f"- {each}" for each in conditions)
    yield ""
    if automation.when_within is not None:
        yield tongue.say("rule.within", within=tongue.duration(automation.when_within))
        yield ""
    yield f"**{tongue.say('rule.do')}**"
    yield ""
    yield from told(automation.do, names)
    yield ""
    yield f"**{tongue.say('rule.often')}:** {again(automation.again, tongue)}"
    yield ""
    if automation.exit_on:
        yield f"**{tongue.say('rule.exit')}** {ends(automation.exit_on, names)}"
        yield ""
    options = (("mode", automation.mode), ("priority", automation.priority), ("on_change", automation.on_change))
    for name, value in (*options, ("existing", automation.existing)):
        if value:
            yield tongue.say(f"rule.{name}.{value}", most=tongue.number(AT_MOST))
            yield ""
    never = list(_never(automation, account, tongue))
    if never:
        yield f"**{tongue.say('rule.never')}** {tongue.none_of(never)}."


def _never(automation: ir.Automation, account: ir.Account, tongue: Tongue) -> Iterator[str]:
    on = automation.on
    event = account.outside_event(on.name) if isinstance(on, ir.OnEventReceived) else None
    makes = event is not None and event.match is not None and event.match.if_none == "create"
    done = list(ir.actions(automation.do))
    for key, kinds in (
        ("delete", _DELETE),
        ("write", _WRITE),
        ("move", _MOVE),
        ("change", _CHANGE),
        ("create", _CREATE),
        ("tell", _TELL),
    ):
        if not any(isinstance(step, kinds) for step in done) and not (key == "create" and makes):
            yield tongue.say(f"never.{key}")
    moves = [step for step in done if isinstance(step, ir.MoveDealStep)]
    if moves and all(step.only_forward for step in moves):
        yield tongue.say("never.back")
