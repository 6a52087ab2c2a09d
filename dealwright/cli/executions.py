"""`dealwright executions`: what automations did and why, and what a person decides about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from dealwright.cli import approvals, options, output
from dealwright.cli.ids import execution_id, short
from dealwright.cli.moments import Moment
from dealwright.cli.narrate import cause_line, followed, instead
from dealwright.cli.shapes import Treated, prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.cli.timeline import STATE_STYLE, Words, add_execution
from dealwright.engine.masked import masked
from dealwright.errors import JournalError
from dealwright.journal.browse import Browse, ExecutionLine, Filter
from dealwright.journal.browse_show import Shown, ShownExecution
from dealwright.journal.history import ExecutionStory
from dealwright.journal.tables import HOLDING, RESTING
from dealwright.model.requests import Sent

_TOLD: Final = 5
"""How many of those that a filter chose are named before the question."""


@click.group()
def executions() -> None:
    """Executions: one automation on one deal for one event."""


@executions.command("ls")
@options.account
@options.deal
@options.automations
@options.states(options.EXECUTION_STATES)
@options.times("executions whose state changed")
@options.limit
@options.as_json
@prints(ExecutionLine, many=True)
def executions_ls(
    account: str | None,
    deal: str | None,
    automations: tuple[str, ...],
    states: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    limit: int,
    as_json: bool,
) -> None:
    """List executions, those of the newest events first, each with the reason of its state."""
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, since=since, until=until)
        page = Browse(site.journal.database).executions(wanted, limit)
    if as_json:
        output.print_json(page.rows)
    elif not page.rows:
        click.echo("no execution is like that")
    else:
        output.show(_table(site, page.rows))
    output.more(page.more, len(page.rows))


@executions.command("show")
@click.argument("id_", metavar="ID")
@options.account
@options.as_json
@prints(ShownExecution)
def executions_show(id_: str, account: str | None, as_json: bool) -> None:
    """Show one execution: its cause, which condition held on which values, each step with its receipt, what followed.

    The id's first characters are enough.
    """
    with opened(account) as site:
        whole = execution_id(Browse(site.journal.database), site.account, id_)
        shown = Shown(site.journal, site.own).execution(site.account, whole)
        (story,) = site.journal.execution_stories(site.account, [whole])
        story = story if site.own is None else masked(story, site.own)
    if as_json:
        output.print_json(shown)
        return
    output.show(*_told(site, shown, story))


def _told(site: Site, shown: ShownExecution, story: ExecutionStory) -> list[RenderableType]:
    line, zone = shown, site.zone
    state = Text(line.state, STATE_STYLE.get(line.state, ""))
    state.append(f" ({plain(line.reason)})" if line.reason else "", "dim")
    happened = f"{shown.origin.kind} of {plain(line.subject)}, event {line.event}"
    parts: list[RenderableType] = [
        output.fields(
            (
                ("execution", Text(line.id, "bold")),
                ("automation", f"{line.account}.{line.automation}"),
                ("deal", line.deal or line.subject),
                ("state", state),
                ("instead", instead(shown.instead, zone) if shown.instead is not None else ""),
                ("what to do", _todo(line, shown.asked_digest)),
                ("since", output.when(line.changed_at, zone)),
                ("due", output.when(line.due_at, zone)),
                ("event", f"{happened}, {output.when(line.occurred_at, zone)}"),
                ("by", shown.origin.actor),
                ("cause", cause_line(shown.origin.cause)),
                ("release", line.release[:12]),
                ("Prefect run", shown.prefect_run),
                ("times in", zone.key),
            )
        )
    ]
    if shown.origin.changed:
        changed = ", ".join(
            f"{item.field} {plain(item.before or 'unset', limit=40)} -> {plain(item.after or 'unset', limit=40)}"
            for item in shown.origin.changed
        )
        parts += [Text(f"\nthe event changed: {changed}")]
    tree = Tree(Text("\nwhat was decided and done", "bold"), guide_style="dim")
    add_execution(tree, story, zone, Words(site.release, users=site.users()), receipts=_receipt)
    parts.append(tree)
    parts.append(Text("\nstates", "bold"))
    changes = [(output.when(item.at, zone), item.to_state, item.reason, item.actor) for item in shown.changes]
    parts.append(output.table(("when", "state", "reason", "by"), changes, fixed=("when", "state")))
    if any(effect.followed for effect in shown.effects):
        parts.append(Text("\nwhat followed", "bold"))
        parts += [followed(effect.followed) for effect in shown.effects if effect.followed]
    return parts


def _todo(line: ExecutionLine, asked_digest: str | None) -> str:
    """Say what a person may do about it, if anything."""
    id_ = short(line.id)
    match line.state, line.reason.partition(":")[0]:
        case "failed", _:
            return f"mend what it says, then: dealwright executions retry {id_}"
        case "parked", _ if line.reason.endswith(" times"):
            return (
                f"mend what it says, then: dealwright executions retry {id_} (or --all --automation {line.automation})"
            )
        case "parked", _:
            return (
                f"look into the other system; if it did not arrive: dealwright executions retry {id_} --even-if-sent; "
                f"if it did: dealwright executions cancel {id_}"
            )
        case "held", "approve":
            return f"dealwright executions approve {id_} --digest {asked_digest}, or cancel it"
        case "held", "stop messages":
            return "when messages may leave again: dealwright resume --messages"
        case "held", "stop":
            return "when it may go on: dealwright resume"
    return ""


def _receipt(receipt: Sent) -> str:
    told = ", ".join(f"{name} {value}" for name, value in receipt.receipt.items() if value is not None)
    return (told or "carried out") + (", known already" if receipt.repeated else "")


def _table(site: Site, lines: Sequence[ExecutionLine]) -> RenderableType:
    changed = f"changed ({site.zone.key})"
    rows = [
        (
            short(line.id),
            output.when(line.changed_at, site.zone),
            line.automation,
            line.deal or line.subject,
            line.state,
            line.reason + (f" until {output.when(line.due_at, site.zone)}" if line.due_at else ""),
        )
        for line in lines
    ]
    return output.table(("id", changed, "automation", "deal", "state", "reason"), rows, fixed=("id", "state"))


# --- what a person decides -------------------------------------------------------------------------------------------


def _chosen(command: options.F) -> options.F:
    """Take ids, or a filter."""
    for add in (
        options.as_json,
        options.yes,
        options.times("executions whose state changed"),
        options.automations,
        options.deal,
        options.account,
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = add(command)
    return command


@executions.command("retry")
@options.states(("failed", "parked"))
@click.option("--all", "everything", is_flag=True, help="All that the filters leave; without filters the account's.")
@click.option(
    "--even-if-sent",
    is_flag=True,
    help="Also what may have been sent already: it is sent once more. Look into the other system first.",
)
@_chosen
@prints(Treated, many=True)
def executions_retry(
    ids: tuple[str, ...],
    account: str | None,
    deal: str | None,
    automations: tuple[str, ...],
    states: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    everything: bool,
    even_if_sent: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Let failed or parked executions go on: each checks its conditions again, at the end of its lane.

    Give ids, or choose with filters or --all; more than one is asked about.
    """
    if everything and ids:
        raise click.UsageError("--all is instead of ids: give one or the other.")
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, since=since, until=until)
        if everything and not states:
            wanted = msgspec.structs.replace(wanted, states=("failed", "parked"))
        chosen = _choose(site, ids, wanted, ("failed", "parked"), "retry", yes=yes)
        treated = _treat(
            chosen, lambda id_: site.journal.retry_execution(id_, actor=actor(), even_if_sent=even_if_sent)
        )
    _end(treated, "goes on", as_json=as_json)


@executions.command("approve")
@options.states(("held",))
@click.option(
    "--digest",
    metavar="KEY",
    help="Of one execution: only if it still asks for what `executions show` showed with this digest.",
)
@_chosen
@prints(Treated, many=True)
def executions_approve(
    ids: tuple[str, ...],
    account: str | None,
    deal: str | None,
    automations: tuple[str, ...],
    states: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    digest: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Let held executions do what they are held for; what each asks for is shown first.

    Give ids, or choose with filters; more than one is asked about. What is approved is the very request that was shown,
    and with --digest the one that you looked at before: if it is another by now, or reads differently when it leaves,
    it stays held.
    """
    if digest is not None and len(ids) != 1:
        raise click.UsageError("--digest is of one execution: give its id.")
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, since=since, until=until)
        seen: dict[str, str] = {}

        def show(lines: Sequence[ExecutionLine]) -> None:
            for line in lines:
                held = site.journal.to_approve(line.id)
                seen[line.id] = digest or held.digest
                if line.state == "held":
                    approvals.tell(site, line, held, whole=len(lines) <= _TOLD)

        chosen = _choose(site, ids, wanted, ("held",), "approve", yes=yes, show=show)
        treated = _treat(chosen, lambda id_: site.journal.approve_execution(id_, actor=actor(), digest=seen[id_]))
    _end(treated, "is approved", as_json=as_json)


@executions.command("cancel")
@options.states((*HOLDING, *RESTING))
@_chosen
@prints(Treated, many=True)
def executions_cancel(
    ids: tuple[str, ...],
    account: str | None,
    deal: str | None,
    automations: tuple[str, ...],
    states: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    yes: bool,
    as_json: bool,
) -> None:
    """End executions that have not ended: nothing more of them is sent. It cannot be taken back.

    Give ids, or choose with filters; more than one is asked about.
    """
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, since=since, until=until)
        chosen = _choose(site, ids, wanted, (*HOLDING, *RESTING), "cancel", yes=yes)
        treated = _treat(chosen, lambda id_: site.journal.cancel_execution(id_, actor=actor()))
    _end(treated, "is cancelled", as_json=as_json)


def _choose(
    site: Site,
    ids: Sequence[str],
    wanted: Filter,
    allowed: Sequence[str],
    verb: str,
    *,
    yes: bool,
    show: Callable[[Sequence[ExecutionLine]], None] | None = None,
) -> Sequence[ExecutionLine]:
    """Return the executions that are meant, oldest first; ask before there is more than one, and `show` them first."""
    browse = Browse(site.journal.database)
    filtered = wanted != Filter(account=site.account)
    if bool(ids) == filtered:
        problem = "either ids or filters, not both" if ids else "which: ids, or filters such as --automation KEY"
        raise click.UsageError(f"Say {problem}; `dealwright executions ls` lists them.")
    if ids:
        whole = dict.fromkeys(execution_id(browse, site.account, typed) for typed in ids)
        chosen = browse.executions_of(site.account, list(whole))
    else:
        if not wanted.states:
            wanted = msgspec.structs.replace(wanted, states=tuple(allowed))
        chosen = list(reversed(browse.executions(wanted, options.MOST).rows))
    if show is not None:
        show(chosen)
    if len(chosen) > 1 and not yes:
        counted = Counter((line.automation, line.state) for line in chosen)
        for (automation, state), count in sorted(counted.items()):
            click.echo(f"  {plain(automation)}: {count} {state}", err=True)
        if show is None and len(chosen) <= _TOLD:
            for line in chosen:
                click.echo(f"  {short(line.id)} of deal {plain(line.deal or line.subject)}", err=True)
        click.confirm(f"{verb} these {len(chosen)} executions of account {site.account}?", abort=True, err=True)
    return chosen


def _treat(chosen: Sequence[ExecutionLine], treat: Callable[[str], object]) -> list[Treated]:
    """Do it to each; one that refuses costs the others nothing."""
    treated = []
    for line in chosen:
        try:
            treat(line.id)
            problem = ""
        except JournalError as error:
            problem = str(error)
        treated.append(
            Treated(id=line.id, automation=line.automation, deal=line.deal, done=not problem, problem=problem)
        )
    return treated


def _end(treated: Sequence[Treated], became: str, *, as_json: bool) -> None:
    """Say what became of them; it ends with 1 if any refused."""
    if as_json:
        output.print_json(treated)
    else:
        for item in treated:
            who = f"{short(item.id)} ({plain(item.automation)}, deal {plain(item.deal)})"
            click.echo(f"{who} {became}" if item.done else f"{who}: {plain(item.problem)}", err=not item.done)
        if not treated:
            click.echo("no execution is like that; nothing was done")
    if not all(item.done for item in treated):
        raise SystemExit(1)
