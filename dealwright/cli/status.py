"""`dealwright status`: who works, what lags, what is held and by what, what failed, and whether it needs somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import entry_points
from typing import Final

import click

from dealwright.cli import options, output
from dealwright.cli.shapes import AccountStatus, PrefectStatus, Status, prints
from dealwright.cli.site import Site, opened_all
from dealwright.cli.terminal import plain
from dealwright.journal import lanes
from dealwright.journal.browse_state import State
from dealwright.journal.store import Journal
from dealwright.project import Project

PROBES: Final = "dealwright.probes"
"""Entry points that say whether something answers: `prefect` takes the project and returns (bool or None, a text)."""

_WORKER_PATIENCE: Final = 60.0
"""Seconds after which a window that no worker of Prefect's has begun needs somebody."""

_WHOLE: Final = "the whole account"


@click.command()
@options.account
@click.option(
    "--max-lag",
    type=click.FloatRange(0, 1e9),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest that an event or a due execution may wait before it needs somebody.",
)
@options.as_json
@prints(Status)
def status(account: str | None, max_lag: float, as_json: bool) -> None:
    """Say who works, what is on its way, what lags, rests, failed or is stopped. Exit code 1 if it needs somebody.

    It needs somebody when work is due and no engine is there, when something waits longer than --max-lag, when an
    execution is parked or an enrolment waits until a person decides, when no worker takes what Prefect was asked for,
    or when the journal is not sound. What is held, what failed for good and a Prefect that is away do not count: they
    are shown.
    """
    with opened_all(account) as sites:
        found = _status(sites, max_lag)
    if as_json:
        output.print_json(found)
    else:
        for line in _lines(found):
            click.echo(line)
    if found.needs:
        raise SystemExit(1)


def _status(sites: Sequence[Site], max_lag: float) -> Status:
    journal, project = sites[0].journal, sites[0].project
    now = journal.clock.now()
    accounts = [_account(site, now) for site in sites]
    with journal.database.read() as connection:
        headless = lanes.without_head(connection)
    engines = journal.living_workers()
    lags = [
        seconds for each in accounts for seconds in (each.unrouted_seconds, each.due_seconds) if seconds is not None
    ]
    lag = max(lags, default=0.0)
    needs = []
    work = sum(each.unrouted + each.due for each in accounts)
    work += sum(each.executions.get(state, 0) for each in accounts for state in ("running", "retrying"))
    if work and not engines:
        needs.append(f"{work} events and executions wait and no engine is at work: start one with `dealwright up`")
    if lag > max_lag:
        needs.append(f"the oldest of what is due waits for {output.ago(lag)}, longer than {output.ago(max_lag)}")
    parked = sum(each.executions.get("parked", 0) for each in accounts)
    if parked:
        needs.append(
            f"{output.count(parked, 'execution')} parked until somebody decides: see `executions ls --state parked`"
        )
    for site in sites:
        needs += [
            f"{each.automation} of {site.account} waits to begin with {each.found:,} deals: see `dealwright enrol ls`"
            for each in journal.enrolments(site.account)
            if each.state == "waiting"
        ]
    if headless:
        needs.append(f"{headless} lanes have work and would never move again: please report this")
    prefect = _prefect(project, journal)
    if prefect.asked_seconds is not None and prefect.asked_seconds > _WORKER_PATIENCE:
        needs.append(
            f"{output.count(prefect.windows_asked, 'window')} of work asked of Prefect, the oldest "
            f"{output.ago(prefect.asked_seconds)} ago, and no worker takes it: start one with `dealwright worker`"
        )
    return Status(
        at=now,
        engines=engines,
        prefect=prefect,
        lag_seconds=lag,
        lanes_without_head=headless,
        accounts=accounts,
        needs=needs,
    )


def _prefect(project: Project, journal: Journal) -> PrefectStatus:
    reachable, detail = probe(project)
    state, wall = State(journal.database), journal.clock.wall()
    waiting, asked = state.unrecorded(), state.asked()
    return PrefectStatus(
        reachable=reachable,
        detail=detail,
        windows_to_record=waiting.count,
        oldest_seconds=_seconds(waiting.since, wall),
        windows_asked=asked.count,
        asked_seconds=_seconds(asked.since, wall),
    )


def probe(project: Project) -> tuple[bool | None, str]:
    """Ask who knows where Prefect is; the kernel does not."""
    for entry in entry_points(group=PROBES, name="prefect"):
        answer: tuple[bool | None, str] = entry.load()(project)
        return answer
    return None, "nothing installed knows where it is"


def _account(site: Site, now: datetime) -> AccountStatus:
    journal, key = site.journal, site.account
    state = State(journal.database)
    controls = journal.controls(key)
    unrouted, due = state.unrouted(key), state.due(key, now)

    def in_mode(wanted: str) -> list[str]:
        said = {**controls.defaults, **controls.modes}
        return sorted(name or _WHOLE for name, mode in said.items() if mode == wanted)

    return AccountStatus(
        account=key,
        unrouted=unrouted.count,
        unrouted_seconds=_seconds(unrouted.since, now),
        due=due.count,
        due_seconds=_seconds(due.since, now),
        executions=journal.executions_by_state(key),
        effects=journal.effects_that_need_a_look(key),
        held=state.held(key),
        stopped={name or _WHOLE: reason for name, reason in journal.stops(key).items()},
        messages_stopped=controls.messages_stopped,
        paused=sorted(name or _WHOLE for name in controls.paused),
        shadow=in_mode("shadow"),
        approve=in_mode("approve"),
        questions=journal.unanswered(key).count,
        unmatched=journal.unmatched_counts().get(key, 0),
        by_definition={name: mode for name, mode in controls.defaults.items() if name not in controls.modes},
        overruled={name: mode for name, mode in controls.defaults.items() if controls.modes.get(name, mode) != mode},
    )


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max((now - since).total_seconds(), 0.0)


def _lines(found: Status) -> Iterator[str]:
    yield f"engines at work: {found.engines}" + ("" if found.engines else " (start one with `dealwright up`)")
    prefect = found.prefect
    answers = {True: "answers", False: "does not answer", None: "not known"}[prefect.reachable]
    record = f", {output.count(prefect.windows_to_record, 'window')} of work to be recorded"
    if prefect.oldest_seconds is not None:
        record += f", the oldest for {output.ago(prefect.oldest_seconds)}"
    yield f"Prefect: {answers}" + (f" ({plain(prefect.detail)})" if prefect.detail else "") + record
    if prefect.asked_seconds is not None:
        asked = output.count(prefect.windows_asked, "window")
        yield f"asked of Prefect: {asked}, the oldest {output.ago(prefect.asked_seconds)} ago"
    yield f"lag: {output.ago(found.lag_seconds)}"
    for each in found.accounts:
        yield from (f"{each.account}: {line}" for line in _account_lines(each))
    for line in found.needs:
        yield f"needs somebody: {line}"


def _account_lines(found: AccountStatus) -> Iterator[str]:
    yield "executions: " + (_counts(found.executions) or "none yet")
    if found.unrouted:
        oldest = output.ago(found.unrouted_seconds or 0)
        yield f"{output.count(found.unrouted, 'event')} to be routed, the oldest for {oldest}"
    if found.due:
        yield f"{output.count(found.due, 'execution')} due, the oldest for {output.ago(found.due_seconds or 0)}"
    if found.held:
        yield "held by: " + ", ".join(f"{plain(reason)} {count}" for reason, count in found.held.items())
    if found.questions:
        yield f"{output.count(found.questions, 'question')} waiting for an answer (dealwright asks ls)"
    if found.unmatched:
        yield f"{output.count(found.unmatched, 'event')} from outside without a deal (dealwright unmatched ls)"
    if found.effects:
        yield "effects that need a look: " + _counts(found.effects)
    for name, reason in found.stopped.items():
        yield f"stopped: {plain(name)}" + (f" ({plain(reason)})" if reason else "")
    if found.messages_stopped:
        yield "stopped: messages to customers"
    for title, names in (("paused", found.paused), ("in shadow", found.shadow), ("to be approved", found.approve)):
        if names:
            because = found.by_definition if title != "paused" else {}
            yield f"{title}: " + ", ".join(
                plain(name) + (" (its definition says so)" if name in because else "") for name in names
            )
    for name, mode in sorted(found.overruled.items()):
        yield f"set by somebody, though its definition says {mode}: {plain(name)}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items())
