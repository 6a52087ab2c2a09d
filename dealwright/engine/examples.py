"""Examples of automations, run: each is rehearsed, and what would be done is compared with what is written there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dealwright.compile import ir
from dealwright.compile.asked import asks_for_its_record
from dealwright.compile.findings import Company, Finding, Loaded
from dealwright.compile.later import Unheard
from dealwright.compile.outline import Example
from dealwright.engine.imagine import Imagination
from dealwright.engine.pretended import address_of, fitted, given_to, wrong_data, wrong_steps
from dealwright.engine.rehearse import Part, Rehearsal, rehearse
from dealwright.engine.rehearse_replies import replies_to
from dealwright.errors import DealwrightError, DefinitionError
from dealwright.model.crm import Record, User
from dealwright.model.custom import Custom
from dealwright.model.requests import AddNote, Notify, Request, SendEmail, SetTask

CODE = "DW290"


def run(loaded: Loaded) -> tuple[Finding, ...]:
    """Return a finding for every example that does not come out, or that cannot be run.

    An automation whose trigger nothing tells of yet has no examples that could be run: `up` refuses it.
    """
    found: list[Finding] = []
    for company in loaded.companies:
        for account in company.accounts:
            if account in loaded.accounts:
                found += _of(account, company)
    return tuple(found)


def _of(account: ir.Account, company: Company) -> Iterator[Finding]:
    by_place = {(each.key, each.where): each for each in account.automations}
    for definition in company.outline.of("automation"):
        automation = by_place.get((definition.key, definition.where))
        if automation is None or isinstance(automation.on, Unheard):
            continue
        for example in definition.examples:
            wrong = _wrong(account, automation, example)
            if wrong is not None:
                message, hint = wrong
                path = str(Path(company.folder, example.where.file))
                yield Finding(code=CODE, path=path, line=example.where.line, message=message, hint=hint)


def _wrong(account: ir.Account, automation: ir.Automation, example: Example) -> tuple[str, str] | None:
    if example.record is None and asks_for_its_record(automation):
        message = f"the example {example.title!r} cannot be run: it tells nothing of the record that sets it off"
        return message, 'say what its fields hold: record={"amount": 500}'
    zone = ZoneInfo(account.calendar.zone)
    own, unfit = fitted(account, "deals", account.deal_fields, example.deal.custom or ())
    record, unfit_record = _record(account, automation.on, example.record)
    data = wrong_data(account, automation.on, example.data)
    for wrong in (
        *unfit,
        *unfit_record,
        *_wrong_owner(automation.on, example),
        *data,
        *wrong_steps(automation, example.met, example.answers),
    ):
        return f"the example {example.title!r} cannot happen: {wrong}", "say what is there, and what it can hold"
    if own:
        example = replace(example, deal=replace(example.deal, custom=tuple(own)))
    try:
        told = _rehearsed(account, automation, example, record, zone)
    except DealwrightError as error:
        return f"the example {example.title!r} cannot be run: {error}", getattr(error, "hint", "")
    parts = [part for part in told.parts if part.request is not None] if told.answers else []
    acts = [_did(part, zone) for part in parts if part.acts]
    state = told.state if told.answers else "skipped"
    reason = told.reason if told.answers else "its trigger does not answer that"
    end = f"{state}: {reason}" if reason else state
    lines = [*((f"{part.step}: {part.nothing}" if part.nothing else _did(part, zone).line()) for part in parts), end]
    wanted = list(example.then)
    said_end = bool(wanted) and wanted[-1] in (end, state)
    expected = wanted[:-1] if said_end else wanted
    hint = "it does: " + "; ".join(lines) + (f" ({told.why_not})" if told.why_not else "")
    for place, (want, did) in enumerate(zip(expected, acts, strict=False), start=1):
        if not did.is_called(want):
            return f"the example {example.title!r} expects {want!r} as number {place}, and {did.line()!r} is done", hint
    if len(expected) > len(acts):
        return f"the example {example.title!r} expects {expected[len(acts)]!r}, and then it is {end!r}", hint
    if len(acts) > len(expected):
        return f"the example {example.title!r} does not expect {acts[len(expected)].line()!r}", hint
    if state != "done" and not said_end:
        return f"the example {example.title!r} ends {end!r}, which it does not say", hint
    return None


def _wrong_owner(trigger: ir.Trigger, example: Example) -> Iterator[str]:
    if example.owner_before is not None and not isinstance(trigger, ir.OnOwnerChanged | ir.OnDealUpdated):
        yield "no change of the deal sets the automation off: leave owner_before= out"


def _record(
    account: ir.Account, trigger: ir.Trigger, given: Sequence[Custom] | None
) -> tuple[Record | None, list[str]]:
    """The record that sets the automation off as a CRM would hold it, and what is wrong with what is said of it."""
    if given is None:
        return None, []
    if not isinstance(trigger, ir.OnRecordAdded | ir.OnRecordUpdated | ir.OnRecordRemoved):
        return None, ["no record sets the automation off: leave record= out"]
    shapes = next((each.fields for each in account.records if each.key == trigger.record), ())
    custom, unfit = fitted(account, f"records of the kind {trigger.record!r}", shapes, given)
    return Record(id="1", kind=trigger.record, custom=tuple(custom)), unfit


def _rehearsed(
    account: ir.Account, automation: ir.Automation, example: Example, record: Record | None, zone: ZoneInfo
) -> Rehearsal:
    now = datetime.fromisoformat(example.at).replace(tzinfo=zone).astimezone(UTC)
    owner = example.deal.owner
    owner = None if owner is None else replace(owner, email=address_of(owner.name))
    deal = replace(example.deal, owner=owner, created_at=now, updated_at=now, stage_since=now)
    before = None
    if example.came_from is not None:
        pipeline, stage = example.came_from
        before = replace(deal, pipeline=pipeline, stage=stage, version=deal.version - 1)
    if example.owner_before is not None:
        was = replace(example.owner_before, email=address_of(example.owner_before.name))
        before = replace(before or deal, owner=was, version=deal.version - 1)
    # Where it is said that the deal stands, it stands: only a move without `came_from` is a move from there.
    stays = example.came_from is not None or isinstance(automation.on, ir.OnDealCreated)
    imagination = Imagination(account, now, before=before, record=record, data=example.data or None, stays=stays)
    event, deal = imagination.event(automation.on, deal)
    given = {step: {each.key: each.value.value for each in told if each.value} for step, told in example.given.items()}
    return rehearse(
        account,
        automation,
        event,
        deal,
        now,
        met=example.met,
        answers=example.answers,
        given=given_to(automation, given),
        people=_staff(account, automation, example),
        replies=replies_to(automation, example.replies),
    )


def _staff(account: ir.Account, automation: ir.Automation, example: Example) -> dict[str, list[User]]:
    """Who stands behind each role: whom the example names, or somebody who is called as the role is."""
    unknown = sorted(example.people.keys() - set(account.roles))
    if unknown:
        known = ", ".join(account.roles) or "none"
        raise DefinitionError(f"nobody is picked of a role {unknown[0]!r}", hint=f"there is {known}")
    picked = list(dict.fromkeys(role.role for role in ir.picks(automation.do)))
    if picked and example.people and example.people.keys().isdisjoint(picked):
        strange = ", ".join(sorted(example.people))
        hint = f"say who stands behind {picked[0]!r}, or take it out: whoever is not named is called as the role is"
        message = f"its people are of {strange}, and the automation picks of {', '.join(picked)}"
        raise DefinitionError(message, hint=hint)
    named = {role: example.people.get(role, (role,)) for role in account.roles}
    ids = {name: f"role-{n}" for n, name in enumerate(dict.fromkeys(sum(named.values(), ())), start=1)}
    return {
        role: [User(id=ids[name], name=name, email=address_of(name)) for name in names] for role, names in named.items()
    }


def _did(part: Part, zone: ZoneInfo) -> _Did:
    assert part.request is not None
    return _Did(part.step, part.at.astimezone(zone), part.request)


class _Did:
    """One thing that is done: by which step, when, and in which words."""

    def __init__(self, step: str, at: datetime, request: Request) -> None:
        self._step = step
        self._long, self._short = f"{at:%a %d %b %H:%M}", f"{at:%a %H:%M}"
        self._words = _words(request)

    def line(self) -> str:
        return f"{self._step} at {self._long}" + (f": {self._words}" if self._words else "")

    def is_called(self, wanted: str) -> bool:
        """Say whether this is what is meant: the step, perhaps with its time, perhaps with its words."""
        names: Sequence[str] = [self._step, f"{self._step} at {self._long}", f"{self._step} at {self._short}"]
        return wanted in {*names, *(f"{name}: {self._words}" for name in names)}


def _words(request: Request) -> str:
    match request:
        case SetTask(text=text) | AddNote(text=text) | Notify(text=text) | SendEmail(subject=text):
            return text
    return ""
