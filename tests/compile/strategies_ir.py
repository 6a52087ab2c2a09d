"""Hypothesis strategies for IR: any account, and any other value of a leaf's type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from dealwright.compile import ir
from dealwright.model.calendar import Calendar, Duration, Span, WorkingSpan
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.model.custom import FieldShape

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=8)
keys = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
# "why" and "where" as an author's own names: they are behaviour there, not metadata.
names = st.sampled_from(["why", "where", "origin", "a", "b"])
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
types = st.sampled_from(["text", "number", "money", "day", "moment", "tags", "stage", "pipeline", "user", "flag", "id"])
durations = st.builds(
    Duration,
    amount=st.integers(0, 1000),
    unit=st.sampled_from(["minutes", "hours", "days", "working_minutes", "working_hours", "working_days"]),
)


def some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


own_keys = st.sampled_from(["own_a", "own_b", "own_c"])
refs = st.builds(ir.Ref, path=(keys | own_keys).map(lambda key: f"deal.{key}"), type=types)
stages = st.builds(ir.StageValue, pipeline=keys, stage=keys)
literals = st.one_of(
    st.builds(ir.TextValue, value=words),
    st.builds(ir.NumberValue, value=numbers),
    st.builds(ir.MoneyValue, amount=numbers, currency=st.sampled_from(["USD", "EUR"])),
    st.builds(ir.DayValue, value=st.dates(date(2000, 1, 1), date(2100, 1, 1))),
    st.builds(ir.MomentValue, value=moments),
    st.builds(ir.FlagValue, value=st.booleans()),
    stages,
    st.builds(ir.PipelineValue, pipeline=keys),
    st.builds(ir.TagsValue, value=some(words)),
    st.just(ir.Cleared()),
)
shifts = st.builds(ir.Shift, of=refs | st.builds(ir.Shift, of=refs, by=durations), by=durations, back=st.booleans())
numbers_of = st.one_of(refs, st.builds(ir.NumberValue, value=numbers))
reckoned = st.recursive(
    st.builds(ir.Reckoned, sign=st.sampled_from("+-*/"), left=numbers_of, right=numbers_of),
    lambda inner: st.builds(ir.Reckoned, sign=st.sampled_from("+-*/"), left=numbers_of | inner, right=inner),
    max_leaves=3,
)
or_else = st.builds(ir.OrElse, of=refs, other=numbers_of)
expressions = st.one_of(
    shifts,
    reckoned,
    or_else,
    literals,
    refs,
    st.builds(ir.TemplateText, source=words),
    st.builds(
        ir.RoleValue,
        role=words,
        how=st.sampled_from(["round_robin", "least_loaded", "sticky", "everybody"]),
        open_in=some(stages),
        keep=st.booleans(),
    ),
)

conditions = st.recursive(
    st.one_of(
        st.builds(
            ir.Compare,
            field=refs,
            op=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
            value=st.one_of(literals, refs),
        ),
        st.builds(
            ir.CompareReckoned,
            left=shifts | reckoned | or_else,
            op=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
            right=st.one_of(numbers_of, shifts, reckoned, or_else),
        ),
        st.builds(ir.IsSet, field=refs),
        st.builds(ir.IsIn, field=refs, values=some(literals)),
        st.builds(ir.Has, field=refs, values=some(words)),
        st.builds(ir.Predicate, label=words, of=some(refs), name=keys, code=words),
    ),
    lambda inner: st.one_of(
        st.builds(ir.All, of=some(inner)),
        st.builds(ir.Any, of=some(inner)),
        st.builds(ir.Not, of=inner),
        st.builds(ir.AnyContact, of=inner),
        st.builds(ir.OfRecords, record=keys, of=inner, every=st.booleans(), where=st.none() | inner),
        st.builds(
            ir.CompareReckoned,
            left=st.builds(
                ir.Aggregate,
                record=keys,
                of=st.sampled_from(["count", "total", "least", "greatest"]),
                type=st.sampled_from(["number", "money", "day"]),
                value=st.none() | refs | shifts | reckoned,
                where=st.none() | inner,
            ),
            op=st.sampled_from(["==", "<", ">="]),
            right=st.one_of(numbers_of, reckoned),
        ),
        st.builds(
            ir.Scored,
            score=st.builds(ir.Points, of=some(st.builds(ir.Point, points=numbers, when=inner))),
            op=st.sampled_from(["==", "<", ">="]),
            value=st.builds(ir.NumberValue, value=numbers) | refs,
        ),
    ),
    max_leaves=4,
)

triggers = st.one_of(
    st.builds(ir.OnDealCreated, pipelines=some(keys), stages=some(stages)),
    st.builds(ir.OnDealUpdated, fields=some(keys), pipelines=some(keys)),
    st.builds(ir.OnStageChanged, from_=some(stages), to=some(stages), pipelines=some(keys)),
    st.builds(ir.OnEntered, stages=some(stages)),
    st.builds(ir.OnContactAdded, pipelines=some(keys)),
    st.builds(ir.OnContactRemoved, pipelines=some(keys)),
    st.builds(ir.OnContactUpdated, fields=some(keys), pipelines=some(keys)),
    st.builds(ir.OnOwnerChanged, pipelines=some(keys)),
    st.builds(ir.OnTaskCompleted, pipelines=some(keys)),
    st.builds(ir.OnActivityLogged, kinds=some(st.sampled_from(["call", "meeting", "email"])), pipelines=some(keys)),
    st.builds(ir.OnMessageReceived, pipelines=some(keys)),
    st.builds(ir.OnRecordAdded, record=keys, pipelines=some(keys)),
    st.builds(ir.OnRecordUpdated, record=keys, fields=some(keys), pipelines=some(keys)),
    st.builds(ir.OnRecordRemoved, record=keys, pipelines=some(keys)),
    st.builds(ir.OnReplied, to=st.none() | keys, via=st.sampled_from(["", "crm", "email"])),
    st.builds(ir.OnEventReceived, name=keys, source=st.none() | keys, data=some(names), pipelines=some(keys)),
    st.builds(
        ir.OnDateReached,
        field=refs,
        before=st.none() | durations,
        after=st.none() | durations,
        pipelines=some(keys),
    ),
    st.builds(ir.OnNoActivity, for_=durations, pipelines=some(keys)),
    st.builds(ir.OnMessageFailed, pipelines=some(keys)),
    st.builds(ir.OnRepWrote, pipelines=some(keys)),
    st.builds(ir.OnOptedOut, pipelines=some(keys)),
)
sums = st.builds(ir.Points, of=some(st.builds(ir.Point, points=numbers, when=conditions)))
contacts = st.sampled_from(["deal.main_contact", "event.contact", "deal.contact_as.buyer"])
said = st.one_of(st.builds(ir.TemplateText, source=words), st.builds(ir.TextValue, value=words))
languages = st.sampled_from(["", "en", "pt-BR"])
bodies = some(st.builds(ir.Body, language=languages, text=said, where=st.none()))
templates = st.builds(
    ir.TemplateMessage,
    name=keys,
    bodies=bodies,
    buttons=some(
        st.builds(
            ir.Button, id=keys, text=words, by_language=some(st.builds(ir.ButtonText, language=languages, text=words))
        )
    ),
    category=st.sampled_from([None, "utility", "marketing", "authentication"]),
    vendor=st.sampled_from([None, "whatsapp"]),
)
contents = templates | st.builds(ir.FreeMessage, bodies=bodies, outside_window=st.none() | templates)
mails = st.builds(ir.MailText, language=languages, subject=said, text=said, html=st.none() | said)
agains = st.one_of(
    st.just(ir.EveryEvent()),
    st.builds(
        ir.Once,
        per=st.sampled_from(["deal", "person", "stage_visit", "record"]),
        within=st.one_of(st.none(), durations),
    ),
)

steps = st.recursive(
    st.one_of(
        st.builds(
            ir.CreateDealStep,
            name=keys,
            stage=stages,
            title=expressions,
            owner=st.none() | expressions,
            tags=some(words),
            with_contacts=st.booleans(),
            copy_tags=st.booleans(),
            unless_open=st.none() | keys,
            custom=st.dictionaries(names, expressions, max_size=2),
        ),
        st.builds(ir.UpdateDealStep, name=keys, changes=st.dictionaries(names, expressions | sums, max_size=2)),
        st.builds(ir.MoveDealStep, name=keys, to=stages, only_forward=st.booleans(), reason=st.none() | words),
        st.builds(
            ir.SetTaskStep,
            name=keys,
            text=expressions,
            due=durations,
            owner=st.none() | expressions,
            clock=st.sampled_from(["", "18:00"]),
        ),
        st.builds(
            ir.SendEventStep,
            name=keys,
            event=keys,
            to=keys,
            with_=st.dictionaries(names, expressions, max_size=2),
            reveals=some(words),
        ),
        st.builds(ir.ChangeTagsStep, name=keys, add=some(words), remove=some(words)),
        st.builds(ir.CompleteTasksStep, name=keys, only=st.none() | keys, with_text=st.none() | words),
        st.builds(ir.AddNoteStep, name=keys, text=expressions),
        st.builds(ir.NotifyStep, name=keys, who=expressions, text=expressions),
        st.builds(
            ir.CreateContactStep,
            name=keys,
            fields=st.dictionaries(names, expressions, max_size=2),
            role=st.none() | keys,
        ),
        st.builds(
            ir.UpdateContactStep,
            name=keys,
            contact=contacts,
            changes=st.dictionaries(names, expressions, max_size=2),
        ),
        st.builds(
            ir.CreateRecordStep, name=keys, record=keys, fields=st.dictionaries(names, expressions | sums, max_size=2)
        ),
        st.builds(
            ir.UpdateRecordStep, name=keys, record=keys, changes=st.dictionaries(names, expressions | sums, max_size=2)
        ),
        st.builds(ir.RemoveRecordStep, name=keys, record=keys),
        st.builds(ir.UpdateCompanyStep, name=keys, changes=st.dictionaries(names, expressions, max_size=2)),
        st.builds(
            ir.SendEmailStep,
            name=keys,
            to=contacts,
            subject=expressions,
            text=expressions,
            html=st.none() | expressions,
            reply_to=st.none() | expressions,
            bcc=some(words),
            by_language=some(mails),
            late=st.none() | durations,
            cc=some(expressions),
        ),
        st.builds(
            ir.SendMessageStep,
            name=keys,
            to=contacts,
            via=st.sampled_from(["crm", "chat"]),
            message=contents,
            late=st.none() | durations,
        ),
        st.builds(
            ir.SendConversionStep,
            name=keys,
            event=words,
            to=contacts,
            value=st.none() | expressions,
            lead_id=st.none() | expressions,
            with_=st.dictionaries(names, expressions, max_size=2),
        ),
        st.builds(ir.WaitStep, name=keys, duration=durations),
        st.builds(
            ir.WaitForStep,
            name=keys,
            until=refs,
            before=st.none() | durations,
            after=st.none() | durations,
            late=st.sampled_from(["run", "skip"]),
        ),
        st.builds(ir.MuteStep, name=keys, who=contacts, for_=durations),
        st.builds(ir.MoveBackStep, name=keys, stage=stages),
        st.builds(ir.StopStep, name=keys),
    ),
    lambda inner: st.one_of(
        st.builds(
            ir.BranchStep,
            name=keys,
            cases=some(st.builds(ir.Case, when=conditions, do=some(inner))),
            otherwise=some(inner),
            unset=st.none() | some(inner),
        ),
        st.builds(
            ir.LookupStep,
            name=keys,
            system=keys,
            path=words,
            ask=st.dictionaries(names, expressions, max_size=2),
            gives=st.dictionaries(names, st.sampled_from(["flag", "text", "whole", "number", "day"]), max_size=2),
            timeout=st.none() | st.integers(1, 20),
            cache=st.none() | durations,
            on_error=some(inner),
            reveals=some(words),
        ),
        st.builds(
            ir.AskStep,
            name=keys,
            who=refs,
            question=expressions,
            answers=some(st.builds(ir.Answer, answer=words, do=some(inner))),
            within=durations,
            late=some(inner),
        ),
        st.builds(
            ir.WaitUntilStep,
            name=keys,
            timeout=durations,
            until=st.none() | conditions,
            on=some(triggers),
            on_timeout=some(inner),
        ),
    ),
    max_leaves=4,
)

wheres = st.builds(ir.Where, file=words, line=st.integers(1, 999))
automations = st.builds(
    ir.Automation,
    key=keys,
    on=triggers,
    when=conditions,
    again=agains,
    do=some(steps, 3),
    origin=st.sampled_from(["authored", "stage-tasks", "hand-over", "criteria"]),
    why=words,
    where=st.none() | wheres,
    exit_on=some(triggers),
    when_within=st.none() | durations,
    for_each=st.none() | st.builds(ir.Segment, pipelines=some(keys), where=conditions, at_most=st.integers(1, 1000)),
    mode=st.sampled_from(["", "shadow", "approve"]),
    priority=st.sampled_from(["", "bulk"]),
    existing=st.sampled_from(["", "enrol"]),
    on_change=st.sampled_from(["", "migrate", "cancel"]),
)
shapes = st.builds(
    PipelineShape,
    key=keys,
    name=words,
    stages=some(
        st.builds(
            StageShape,
            key=keys,
            name=words,
            kind=st.sampled_from(["incoming", "open", "won", "lost"]),
            probability=st.none() | st.integers(0, 100),
            reasons=some(words),
            required=some(keys),
            reason_required=st.booleans(),
        )
    ),
)
outside = st.builds(
    ir.OutsideEvent,
    key=keys,
    fields=some(
        st.builds(FieldShape, key=keys, type=st.sampled_from(["text", "number", "choice"]), options=some(words))
    ),
    match=st.none()
    | st.builds(
        ir.Match,
        by=some(st.builds(ir.MatchPair, field=keys, path=st.sampled_from(["deal.reference", "deal.contacts.phone"]))),
        pipelines=some(keys),
        if_many=st.sampled_from(["newest_open", "ask", "refuse", "each"]),
        if_none=st.sampled_from(["create", "hold", "drop"]),
    ),
)
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    spans=some(
        st.builds(WorkingSpan, weekday=st.integers(0, 6), start=st.integers(0, 700), end=st.integers(701, 1440))
    ),
    holidays=some(st.sampled_from(["DE", "DE-BY", "MX"])),
    closed=some(st.builds(Span, first=st.dates(), last=st.dates())),
    open_on=some(st.dates()),
)
untils = st.sampled_from(["refuse", "send"])
policies = st.builds(
    ir.MessagePolicy,
    max_per_person=some(st.builds(ir.Cap, within=durations, most=st.integers(1, 9))),
    quiet=st.none() | st.just(("20:00", "09:00")),
    same_template_again_after=st.none() | durations,
    opt_out_words=some(words),
    silent_while_human_talks=st.none() | durations,
    person=some(st.sampled_from(["phone", "email", "company"])),
    until_enforced=untils,
)
limits = st.builds(
    ir.Limits,
    per_hour=st.none() | st.integers(1, 9),
    per_day=st.none() | st.integers(1, 9),
    import_burst=st.none() | st.integers(1, 9),
    until_enforced=untils,
)
own_fields = st.lists(
    st.builds(
        FieldShape,
        key=own_keys,
        type=st.sampled_from(["text", "choice", "money"]),
        options=some(words),
        renamed_from=some(own_keys.map(lambda key: f"old_{key}")),
        sensitive=st.booleans(),
        label=words,
    ),
    max_size=2,
    unique_by=lambda shape: shape.key,
).map(tuple)
_accounts = st.builds(
    ir.Account,
    key=keys,
    name=words,
    calendar=calendars,
    country=st.sampled_from(["US", "DE"]),
    currency=st.none() | st.sampled_from(["USD", "EUR"]),
    pipelines=some(shapes),
    automations=some(automations),
    languages=some(languages),
    where=st.none() | wheres,
    messages=st.none() | policies,
    limits=st.none() | limits,
    outside=some(outside),
    roles=some(words),
    deal_fields=own_fields,
    contact_fields=own_fields,
)


@st.composite
def _any_account(draw: st.DrawFn) -> ir.Account:
    """A function, for the repr of all that an account may hold is longer than hypothesis prints."""
    return draw(_accounts)


accounts = _any_account()


def another(leaf: object) -> object:
    """Return another value of the leaf's type."""
    match leaf:
        case bool():
            return not leaf
        case int():
            return leaf + 1
        case str():
            return f"{leaf}x"
        case Decimal():
            return leaf + 1
        case datetime():
            return leaf.replace(year=leaf.year + 1 if (leaf.month, leaf.day) != (2, 29) else leaf.year + 4)
        case date():
            return leaf.replace(day=1 if leaf.day != 1 else 2)
    raise TypeError(f"no leaf is a {type(leaf).__name__}")
