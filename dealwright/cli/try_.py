"""`dealwright try`: what a rule would do for one deal, with nothing sent and nothing written."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.text import Text

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.terminal import plain
from dealwright.cli.try_given import answers_of, given_values, moment, record_named, replies, values
from dealwright.compile import describe, ir
from dealwright.compile.asked import asks_for_company
from dealwright.compile.settings import in_force
from dealwright.engine.act import Connectors
from dealwright.engine.advance import ACTS
from dealwright.engine.companies import with_company
from dealwright.engine.facts import Facts
from dealwright.engine.guards.again import Again
from dealwright.engine.guards.base import Candidate, Send
from dealwright.engine.imagine import NO_RECORD, Imagination
from dealwright.engine.imagine import enrolled as stood_there
from dealwright.engine.masked import masked
from dealwright.engine.own import own_of
from dealwright.engine.picked import NOBODY, set_somebody
from dealwright.engine.pretended import wrong_data
from dealwright.engine.records import EffectRow
from dealwright.engine.rehearse import Rehearsal, rehearse
from dealwright.engine.rehearse_crm import answered, nothing_of
from dealwright.engine.trace import TraceLine
from dealwright.engine.working import by_person
from dealwright.errors import InputError, NotFound
from dealwright.journal.store import Journal
from dealwright.model.crm import Deal, Money, User
from dealwright.model.custom import Custom
from dealwright.model.delivery import AtMostOnce, Keyed, delivery_name
from dealwright.model.events import DealCreated, DealEnrolled, EventReceived, StageChanged, record_of
from dealwright.model.messages import MessageButton
from dealwright.model.requests import AskPerson, MoveDeal, Refused, Request
from dealwright.model.values import in_zone
from dealwright.project import AccountBinding, load_project

_RESULT_STYLE: Final = {"true": "green", "false": "red", "unset": "yellow"}


class TrialTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of the rehearsal, and who would carry out what it asks for; `nothing`: why nothing would come of it."""

    at: datetime
    trace: tuple[TraceLine, ...]
    step: str
    asked: Request | None
    connector: str | None = None
    delivery: str | None = None
    nothing: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What `try` tells: what was imagined, what would happen, and what stands in its way now."""

    account: str
    automation: str
    deal: str
    zone: str
    as_if: str
    answers: bool
    why_not: str
    turns: tuple[TrialTurn, ...]
    state: str
    reason: str
    in_the_way: tuple[str, ...]


@click.command("try")
@click.argument("rule")
@click.option("--deal", "deal_id", required=True, metavar="ID", help="The deal, as it stands in the CRM now.")
@options.account
@click.option("--at", metavar="MOMENT", help="As if it were then: 2026-05-09T22:30, in the account's zone.")
@click.option("--enrolled", is_flag=True, help="As if the deal stood there when RULE is released (existing=).")
@click.option("--record", "record_id", metavar="ID", help="The record under the deal that RULE would be about.")
@click.option("--data", "data", multiple=True, metavar="NAME=VALUE", help="What an event from outside would tell.")
@click.option("--met", "met", multiple=True, metavar="STEP", help="As if what this wait_until() waits for happened.")
@click.option("--answer", "answers", multiple=True, metavar="STEP=ANSWER", help="As if this ask() was answered so.")
@click.option("--given", "given", multiple=True, metavar="STEP.NAME=VALUE", help="What a lookup() would be given.")
@click.option("--reply", "said", multiple=True, metavar="STEP=TEXT", help="As if a contact answered so in words.")
@click.option("--pressed", "pressed", multiple=True, metavar="STEP=BUTTON", help="As if a contact pressed this button.")
@options.as_json
@prints(Trial)
def try_(
    rule: str,
    deal_id: str,
    account: str | None,
    at: str | None,
    enrolled: bool,
    record_id: str | None,
    data: tuple[str, ...],
    met: tuple[str, ...],
    answers: tuple[str, ...],
    given: tuple[str, ...],
    said: tuple[str, ...],
    pressed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what RULE would do for a deal, by the definition files as they are now. Nothing is sent or written.

    The event is imagined: for `entered(...)` the deal comes into that stage now. Every condition is shown with the
    values it saw, every text as it would read, when and by what it would be sent, and what would hold it back. What a
    wait_until() waits for does not happen, unless you name it with --met; nobody answers what an ask() asks, unless you
    say with --answer what they do; other systems are not asked, and give what you say with --given, or nothing; no
    contact answers a message, unless you say what with --reply or --pressed. A rule about records under the deal is
    tried with the oldest of that kind, unless you name one with --record.
    """
    project = load_project()
    binding = project.account(account)
    defined = project.looked_at(binding.key)
    automation = defined.automation(rule)
    if automation is None:
        for left in project.left_out(binding.key):
            if left.automation == rule:
                raise InputError(f"it is not run: {left}")
        raise InputError(f"account {defined.key} has no automation {plain(rule, limit=80)!r}{_near(rule, defined)}")
    waits = [step.name for step in ir.waits(automation.do)]
    for name in met:
        if name not in waits:
            known = ", ".join(waits) or "none"
            raise InputError(f"{rule} has no wait_until({plain(name, limit=80)!r}, ...); it has {known}")
    zone = ZoneInfo(defined.calendar.zone)
    now = moment(at, zone)
    pairs = values(data)
    for wrong in wrong_data(defined, automation.on, pairs):
        raise InputError(f"--data: {plain(wrong, limit=500)}")
    deal = asyncio.run(_read(binding, automation, deal_id))
    imagination = Imagination(
        defined, now, data=pairs or None, record=record_named(automation, deal, record_id) if record_id else None
    )
    event, imagined = (stood_there(automation, deal), deal) if enrolled else imagination.event(automation.on, deal)
    journal = project.open_journal()
    try:
        people = _people(journal, defined, now)
        told = rehearse(
            defined,
            automation,
            event,
            imagined,
            now,
            met=met,
            answers=answers_of(automation, answers),
            given=given_values(automation, given),
            people=people,
            replies=replies(automation, said, pressed),
            working=by_person(journal.working_times(defined.key), defined.calendar),
            settings=in_force(defined, journal.settings(defined.key)),
        )
        in_the_way = (
            *_refusals(defined, deal, told, now),
            *_in_the_way(journal, defined, automation, told, imagined, now),
        )
    finally:
        journal.close()
    trial = Trial(
        account=defined.key,
        automation=automation.key,
        deal=deal.id,
        zone=defined.calendar.zone,
        as_if=_as_if(told, deal, imagined),
        answers=told.answers,
        why_not=told.why_not,
        turns=masked(tuple(_turns(binding, told)), own_of(defined)),
        state=told.state,
        reason=told.reason,
        in_the_way=in_the_way,
    )
    if as_json:
        output.print_json(trial)
    else:
        output.show(*_lines(trial, automation, deal, zone))


def _people(journal: Journal, account: ir.Account, now: datetime) -> dict[str, tuple[User, ...]]:
    """Return who of each role is there on that day."""
    if not account.roles:
        return {}
    behind = journal.people(account.key, now.astimezone(ZoneInfo(account.calendar.zone)).date())
    return {role: behind.of(role) for role in account.roles}


async def _read(binding: AccountBinding, automation: ir.Automation, deal_id: str) -> Deal:
    try:
        found = dict(await binding.crm.read_deals([deal_id]))
        if deal_id in found and asks_for_company(automation):
            found[deal_id] = await with_company(binding.crm, found[deal_id])
    finally:
        for connector in binding.connectors:
            await connector.aclose()
    deal = found.get(deal_id)
    if deal is None:
        raise NotFound(f"the CRM of account {binding.key} has no deal {plain(deal_id)!r}; `dealwright crm deals ls`")
    return deal


def _near(rule: str, account: ir.Account) -> str:
    known = [automation.key for automation in account.automations]
    near = difflib.get_close_matches(rule, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known) or 'none yet'}"


def _as_if(told: Rehearsal, deal: Deal, imagined: Deal) -> str:
    """Say what was imagined to have happened."""
    event = told.event
    if isinstance(event, EventReceived):
        return f"{event.name} came from {event.source}"
    if isinstance(event, DealEnrolled):
        return f"the deal stood in {deal.pipeline}.{deal.stage} when {told.automation} was released"
    if (deal.pipeline, deal.stage) != (imagined.pipeline, imagined.stage):
        how = "were created" if isinstance(event, DealCreated) else "came"
        return f"the deal {how} in {imagined.pipeline}.{imagined.stage} now (it stands in {deal.pipeline}.{deal.stage})"
    if isinstance(event, StageChanged) and event.before is not None:
        was = event.before
        return f"the deal came in {imagined.pipeline}.{imagined.stage} now from {was.pipeline}.{was.stage}"
    happened = f"{event.kind.replace('_', ' ')} happened now"
    record = record_of(event)
    if record is None:
        return happened
    if record.id == NO_RECORD:
        return f"{happened} to {record.kind} of which nothing is known: the deal has none"
    return f"{happened} to {record.kind} {record.id}"


def _turns(binding: AccountBinding, told: Rehearsal) -> Iterator[TrialTurn]:
    connectors = Connectors(binding.connectors)
    for part in told.parts:
        if isinstance(part.request, AskPerson):
            yield TrialTurn(
                at=part.at, trace=part.trace, step=part.step, asked=part.request, connector="the journal",
                delivery=delivery_name(Keyed()),
            )  # fmt: skip
            continue
        carrier = None if part.request is None else connectors.carrier(part.request)
        yield TrialTurn(
            at=part.at,
            trace=part.trace,
            step=part.step,
            asked=part.request,
            connector=None if carrier is None else carrier.name,
            delivery=None if carrier is None or part.request is None else delivery_name(carrier.delivery(part.request)),
            nothing=part.nothing,
        )


def _refusals(account: ir.Account, deal: Deal, told: Rehearsal, now: datetime) -> Iterator[str]:
    """Tell why the deal as it is could not come where it is imagined to come."""
    if not isinstance(told.event, StageChanged):
        return
    came = told.event.after
    move = MoveDeal(
        deal_id=deal.id, pipeline=came.pipeline, stage=came.stage, only_forward=False, lost_reason=came.lost_reason
    )
    answer = answered(move, deal, account.pipelines, "", now)
    if isinstance(answer, Refused):
        yield f"it could not come there as it is: {nothing_of(move, answer)}"


def _in_the_way(
    journal: Journal, account: ir.Account, automation: ir.Automation, told: Rehearsal, deal: Deal, now: datetime
) -> Iterator[str]:
    """Tell what would keep this from being sent now, in spite of its conditions."""
    zone = ZoneInfo(account.calendar.zone)
    controls = journal.controls(account.key)
    begins = {**controls.defaults, automation.key: automation.mode or "live"}  # as it will be released
    controls = msgspec.structs.replace(controls, defaults=begins)
    if controls.is_stopped(automation.key):
        yield "it is stopped: what it does is held (dealwright resume)"
    mode = controls.mode(automation.key)
    if mode != "live":
        yield f"its mode is {mode}: nothing is sent by itself (dealwright mode {automation.key} live)"
    if automation.key in controls.paused or "" in controls.paused:
        yield "it is paused in Prefect's dashboard: it claims no work"
    for part in told.parts:
        if part.request is None:
            continue
        contact = deal.main_contact
        persons = journal.persons(account.key, [contact.id]) if contact is not None else {}
        effect = EffectRow(
            key="", execution_id="", step=part.step, target="", state="planned", delivery=AtMostOnce(),
            request=part.request,
        )  # fmt: skip
        answer = Again().ask(
            Candidate(
                effect=effect,
                automation=automation,
                account=account,
                facts=Facts(deal=deal, event=told.event, as_of=now, since_turn=1),
                person=persons.get(contact.id) if contact is not None else None,
                now=now,
            ),
            controls,
        )
        for reservation in answer.reservations if isinstance(answer, Send) else ():
            share = journal.share(account.key, reservation)
            if share is not None:
                until = "for ever" if share.until is None else f"until {in_zone(share.until, zone):%Y-%m-%d %H:%M}"
                since = f"{in_zone(share.since, zone):%Y-%m-%d %H:%M}"
                yield f"again: execution {share.holder} acted at {since}, and counts {until}"
        return  # an execution takes its share with its first effect


# --- on a terminal --------------------------------------------------------------------------------------------------


def _lines(trial: Trial, automation: ir.Automation, deal: Deal, zone: ZoneInfo) -> Iterator[Text]:
    title = Text(f"{trial.automation} for deal {trial.deal} ", "bold")
    title.append(f"“{plain(deal.title, limit=60)}”")
    yield title
    yield Text(f"times in {trial.zone}; nothing is sent, nothing is written", "dim")
    yield Text(f"as if    {trial.as_if}")
    answer = Text(f"trigger  {describe.trigger(automation.on)}: ")
    answer.append(*(("answers", "green") if trial.answers else ("does not answer this deal", "red")))
    yield answer
    if not trial.answers:
        yield Text(f"         {plain(trial.why_not, limit=300)}", "red")
        yield Text("         so nothing would happen; what follows is what would if it did", "red")
    for turn in trial.turns:
        yield from _turn(turn, zone)
    ending = Text("ends     ")
    ending.append(trial.state, "green" if trial.state == "done" else "yellow")
    yield ending.append(f" ({plain(trial.reason)})" if trial.reason else "")
    if trial.reason.startswith(NOBODY):
        yield Text(f"         {plain(set_somebody(trial.reason.removeprefix(NOBODY)))}", "yellow")
    for line in trial.in_the_way:
        yield Text(f"but      {line}", "yellow")


def _turn(turn: TrialTurn, zone: ZoneInfo) -> Iterator[Text]:
    for seen in turn.trace:
        if seen.result != ACTS:
            yield _trace(seen)
    if turn.asked is None:
        return
    head = Text(f"{turn.at.astimezone(zone):%a %d %b %H:%M}  ", "cyan")
    head.append(f"{turn.step}: {turn.asked.kind}", "bold")
    if turn.connector is None:
        head.append("  no connector of this account carries it out", "red")
    else:
        head.append(f"  by {turn.connector}, {turn.delivery}", "dim")
    yield head
    for name, value in _fields(turn.asked, zone):
        for number, line in enumerate(value.split("\n")):
            yield Text(f"    {'' if number else name:<12} {plain(line)}")
    if turn.nothing:
        yield Text(f"    {plain(turn.nothing, limit=300)}", "yellow")


def _trace(line: TraceLine) -> Text:
    text = Text("  " * line.level)
    text.append(f"{plain(line.at)}: {plain(line.what)}  ")
    text.append(plain(line.result), _RESULT_STYLE.get(line.result, "magenta"))
    if line.values:
        seen = ", ".join(f"{plain(name)} = {plain(value)}" for name, value in line.values.items())
        text.append(f"  [{seen}]", "dim")
    return text


def _fields(request: msgspec.Struct, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Return what a request says, field by field: all of it, as it would be sent."""
    for name in request.__struct_fields__:
        value: Any = getattr(request, name)
        if isinstance(value, msgspec.Struct) and hasattr(value, "given"):
            was = " was" if name == "replaces" else ""
            yield from ((f"{inner}{was}", told) for inner, told in _each(value.given().items(), zone))
        elif isinstance(value, dict):
            yield from ((key, "(unset)" if told is None else _shown(told, zone)) for key, told in value.items())
        elif value not in (None, (), msgspec.UNSET):
            yield from _each([(name, value)], zone)


def _each(given: Iterable[tuple[str, Any]], zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Return values as people read them, by name; each of a company's own fields stands by its own."""
    for name, value in given:
        if isinstance(value, tuple) and value and all(isinstance(each, Custom) for each in value):
            yield from ((own.key, _shown(None if own.value is None else own.value.value, zone)) for own in value)
        else:
            yield name, _shown(value, zone)


def _shown(value: Any, zone: ZoneInfo) -> str:
    match value:
        case None | msgspec.UnsetType():
            return "(cleared)"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{in_zone(value, zone):%a %d %b %Y %H:%M}"
        case Decimal():
            return f"{value:f}"
        case Money():
            return f"{value.amount:f} {value.currency}"
        case User():
            return value.name or value.id
        case MessageButton():
            return f"{value.text} ({value.id})"
        case tuple() | list():
            return ", ".join(_shown(each, zone) for each in value) or "(none)"
        case msgspec.Struct():
            shown = (getattr(value, name) for name in value.__struct_fields__)
            return " ".join(_shown(each, zone) for each in shown if each not in (None, (), msgspec.UNSET))
    return str(value)
