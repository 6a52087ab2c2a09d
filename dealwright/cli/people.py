"""`dealwright people`: who stands behind roles, who is away, and who is there no longer."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.moments import MOMENT, Moment
from dealwright.cli.offboard import MOST, HandOver, Left
from dealwright.cli.people_hours import people_hours
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.cli.users import behind_roles, everybody, one_user, today_in, users_of
from dealwright.engine.picked import NOBODY, Behind, set_somebody
from dealwright.engine.render_ask import respondent
from dealwright.errors import DefinitionError, InputError
from dealwright.journal.people import Leave
from dealwright.language.roles import folded, role_named
from dealwright.model.crm import User
from dealwright.ports import Crm, HandsOver


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who stands behind a role: `back` is the day on which they return, if they are away today."""

    user: str
    name: str
    email: str | None
    back: date | None


class RoleShown(msgspec.Struct, frozen=True, kw_only=True):
    """A role: whether the active release `uses` it, and who stands behind it, in their order."""

    role: str
    uses: bool
    members: list[Member]


class LeaveShown(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which somebody gets nothing new, both included."""

    user: str
    name: str
    first: date
    last: date


class PeopleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `added`, `removed`, `set`, `leave`, `back`, `hours`, `offboarded` or `asked`."""

    what: str
    role: str
    user: str
    detail: str
    set_at: datetime
    set_by: str


class Offboarded(msgspec.Struct, frozen=True, kw_only=True):
    """Who is out of which roles, what was handed over, and what is still open in their hands (null: the CRM knows).

    `open_questions` are those that nobody but them was asked; of `shared_questions` others may answer.
    """

    user: str
    name: str
    roles: list[str]
    handed_deals: int
    handed_tasks: int
    handed_questions: int
    refused_deals: int
    open_deals: int | None
    open_tasks: int | None
    open_questions: list[str]
    shared_questions: int


class BreachCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often deals of somebody did not meet the criteria of a stage, on `entry` or `exit`, and what was done."""

    user: str
    name: str
    pipeline: str
    stage: str
    side: str
    done: str
    count: int


MOST_BREACHES: Final = 100_000
"""Breaches that are counted at most, the oldest first."""


@click.group()
def people() -> None:
    """Who stands behind the roles that the definitions name: runtime data, which needs no release."""


people.add_command(people_hours)


@people.command("ls")
@options.account
@options.as_json
@prints(RoleShown, many=True)
def people_ls(account: str | None, as_json: bool) -> None:
    """List the roles with who stands behind them, and who of them is away today."""
    with opened(account) as site:
        behind = behind_roles(site)
        found = [_role(site, behind, role) for role in _roles(site, behind)]
        coming = _coming(site) if site.release is None else ()
    if as_json:
        output.print_json(found)
        return
    if site.release is None:
        click.echo("no release was recorded yet: `dealwright up` records it")
        for role in sorted(set(coming) - {item.role for item in found}):
            click.echo(f"the files name {plain(role)}: {plain(set_somebody(role))}")
    elif not found:
        click.echo("the definitions use no role, and nobody stands behind any")
    rows = [
        (plain(item.role), plain(member.name), plain(member.email or ""), plain(member.user), _away(member))
        for item in found
        for member in item.members
    ]
    if rows:
        output.show(output.table(("role", "name", "e-mail", "user", ""), rows))
    for item in found:
        if item.uses and not item.members:
            click.echo(f"{NOBODY}{plain(item.role)}: {plain(set_somebody(item.role))}")


@people.command("set")
@click.argument("users", nargs=-1, metavar="[USER]...")
@click.option("--role", required=True, metavar="ROLE", help="The role, as the definitions name it.")
@click.option("--nobody", is_flag=True, help="Take everybody out: what needs somebody of the role is held.")
@options.account
@options.as_json
@prints(RoleShown)
def people_set(users: tuple[str, ...], role: str, nobody: bool, account: str | None, as_json: bool) -> None:
    """Let exactly these users of the CRM stand behind a role, in this order: by name, e-mail address or id.

    Who was not in it before is next. What was held because nobody was there goes on by itself.
    """
    if bool(users) == nobody:
        raise InputError("name who stands behind the role, or --nobody; nothing was changed")
    with opened(account) as site:
        key = _known_role(site, role)
        listed = users_of(site) if users else ()
        found = [one_user(text, listed, site.account) for text in users]
        if len({user.id for user in found}) < len(found):
            raise InputError("one of them is named twice; nothing was changed")
        site.journal.set_role(site.account, key, found, actor=actor())
        item = _role(site, behind_roles(site), key)
    if as_json:
        output.print_json(item)
    else:
        names = ", ".join(plain(member.name) for member in item.members) or "nobody"
        click.echo(f"behind {plain(key)} of account {site.account} stands from now on: {names}")


@people.command("leave")
@click.argument("user")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day away (default: today).")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day away; needed unless --cancel.")
@click.option("--cancel", is_flag=True, help="Take back the leaves that have not ended.")
@options.account
@options.as_json
@prints(LeaveShown, many=True)
def people_leave(
    user: str, first: datetime | None, last: datetime | None, cancel: bool, account: str | None, as_json: bool
) -> None:
    """Let somebody get nothing new on these days, in the account's zone; what they have stays theirs."""
    if cancel == (last is not None) or (cancel and first is not None):
        raise InputError("say until when with --to 2026-12-24, or --cancel; nothing was changed")
    with opened(account) as site:
        today = today_in(site)
        found = one_user(user, everybody(site), site.account)
        if last is not None:
            leave = Leave(user_id=found.id, first=first.date() if first else today, last=last.date())
            if leave.last < leave.first:
                raise InputError(f"{leave.last} is before {leave.first}; nothing was changed")
            if leave.last < today:
                raise InputError(f"{leave.last} is over; nothing was changed")
            site.journal.set_leave(site.account, leave, actor=actor())
        elif not site.journal.end_leaves(site.account, found.id, today, actor=actor()):
            raise InputError(f"{plain(found.name)} has no leave that could be taken back")
        shown = [
            LeaveShown(user=found.id, name=found.name, first=each.first, last=each.last)
            for each in site.journal.leaves(site.account, today)
            if each.user_id == found.id
        ]
    if as_json:
        output.print_json(shown)
    else:
        for each in shown:
            click.echo(f"{plain(each.name)} gets nothing new from {each.first} to {each.last}")
        if not shown:
            click.echo(f"{plain(found.name)} is there")


@people.command("offboard")
@click.argument("user")
@click.option(
    "--to", "to", metavar="USER|ROLE", help="Hand open deals and tasks over: to a user, or to a role in turn."
)
@options.account
@options.as_json
@prints(Offboarded)
def people_offboard(user: str, to: str | None, account: str | None, as_json: bool) -> None:
    """Take somebody out of all roles for good, and say what is still open in their hands.

    With --to that is handed over by the CRM's own calls; broken off, it is typed once more and goes on. Whoever has a
    deal gets its tasks. What automations ask only them is asked the user of --to, or everybody of the role, who are not
    written to: tell them.
    """
    with opened(account) as site:
        leaver = one_user(user, everybody(site), site.account)
        crm = site.project.account(site.account).crm
        receiver = None if to is None else _receiver(site, to, leaver)
        if receiver is not None and not isinstance(crm, HandsOver):
            raise InputError(
                f"with {crm.name} deals and tasks are handed over there: leave --to out; nothing was changed"
            )
        roles = site.journal.offboard(site.account, leaver.id, actor=actor())
        item = asyncio.run(_handed_over(site, crm, leaver, roles, receiver))
    if as_json:
        output.print_json(item)
        return
    click.echo(f"{plain(item.name)} stands behind no role any more (was of {plain(', '.join(item.roles)) or 'none'})")
    if receiver is not None:
        click.echo(
            f"handed over: {item.handed_deals} deals, {item.handed_tasks} tasks, {item.handed_questions} questions"
        )
        if item.handed_questions:
            click.echo("nobody was written to about the questions: dealwright asks ls")
        if item.refused_deals:
            click.echo(f"the CRM did not take {item.refused_deals} deals: hand them over there", err=True)
    if item.open_deals is not None:
        click.echo(f"still open in their hands: {item.open_deals} deals, {item.open_tasks} tasks")
    else:
        click.echo(f"what is still open in their hands is seen in {crm.name}")
    if item.shared_questions:
        click.echo(f"others may answer what they were asked too: {item.shared_questions} questions")
    for id_ in item.open_questions:
        click.echo(
            f"nobody else was asked question {id_}: dealwright asks answer {id_} ANSWER --by NAME --in-their-place"
            + (", or offboard once more with --to" if isinstance(crm, HandsOver) else "")
        )


async def _handed_over(
    site: Site, crm: Crm, leaver: User, roles: Sequence[str], receiver: User | str | None
) -> Offboarded:
    left, held, handed = Left(), None, 0
    try:
        if isinstance(crm, HandsOver):
            if receiver is not None:
                left = await HandOver(site, crm, crm, leaver, receiver).all()
                handed = _handed_questions(site, leaver, receiver)
            held = await crm.in_hands(leaver.id, MOST)
    finally:
        await crm.aclose()
    asked = site.journal.asked_of(site.account, leaver.id)
    return Offboarded(
        user=leaver.id,
        name=leaver.name,
        roles=list(roles),
        handed_deals=left.deals,
        handed_tasks=left.tasks,
        handed_questions=handed,
        refused_deals=left.refused,
        open_deals=None if held is None else len(held.deals),
        open_tasks=None if held is None else len(held.tasks),
        open_questions=list(asked.alone),
        shared_questions=asked.shared,
    )


def _handed_questions(site: Site, leaver: User, receiver: User | str) -> int:
    """Ask others what only who leaves was asked; return how many questions these were."""
    role = None if isinstance(receiver, User) else receiver
    to = [receiver] if isinstance(receiver, User) else behind_roles(site).of(receiver)
    people = [respondent(each) for each in to if each.id != leaver.id]
    return len(
        site.journal.hand_questions_over(site.account, leaver.id, people, role=role, actor=actor()) if people else ()
    )


def _receiver(site: Site, typed: str, leaver: User) -> User | str:
    """Return the user or the role that was typed.

    Raises:
        InputError: it is neither, it is who leaves, or nobody of the role would be there.
    """
    behind = behind_roles(site)
    wanted = folded(role_named(typed))
    role = next((each for each in _roles(site, behind) if folded(each) == wanted), None)
    if role is None:
        found = one_user(typed, users_of(site), site.account)
        if found.id == leaver.id:
            raise InputError(f"{plain(found.name)} is who leaves; nothing was changed")
        return found
    if not any(user.id != leaver.id for user in behind.of(role)):
        raise InputError(f"nobody else of role {plain(role)} is there; nothing was changed")
    return role


@people.command("log")
@options.account
@options.limit
@options.as_json
@prints(PeopleChanged, many=True)
def people_log(account: str | None, limit: int, as_json: bool) -> None:
    """Show what was changed, newest first: when, what, by whom."""
    with opened(account) as site:
        changes = [
            PeopleChanged(
                what=each.what,
                role=each.role,
                user=each.user_id,
                detail=each.detail,
                set_at=each.at,
                set_by=each.actor,
            )
            for each in site.journal.people_changes(site.account, limit)
        ]
        zone = site.zone
    if as_json:
        output.print_json(changes)
    elif not changes:
        click.echo("nothing was changed yet")
    else:
        rows = [
            (output.when(each.set_at, zone), each.what, plain(each.role), plain(each.user), plain(each.detail),
             plain(each.set_by))
            for each in changes
        ]  # fmt: skip
        output.show(output.table((f"when ({zone.key})", "what", "role", "user", "", "by"), rows))


@people.command("breaches")
@click.option("--since", type=MOMENT, default="30d", show_default=True, help="From when on; --since 7d is fine.")
@options.account
@options.as_json
@prints(BreachCount, many=True)
def people_breaches(since: Moment, account: str | None, as_json: bool) -> None:
    """Count the deals that came into a stage or left it without what its criteria ask for, by whom they belonged to."""
    with opened(account) as site:
        begin = site.moment(since)
        assert begin is not None
        found = _counted(site, begin)
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("no deal has missed the criteria of its stage")
    else:
        rows = [
            (plain(each.name or "nobody"), f"{each.pipeline}.{each.stage}", each.side, each.done, str(each.count))
            for each in found
        ]
        output.show(output.table(("rep", "stage", "on", "done", "count"), rows))


def _counted(site: Site, since: datetime) -> list[BreachCount]:
    keys = {
        (pipeline.key, stage.key.replace("_", "-")): stage.key
        for pipeline in (site.release.pipelines if site.release is not None else ())
        for stage in pipeline.stages
    }
    counts: dict[tuple[str, str, str, str, str, str], int] = {}
    for each in site.journal.breaches(site.account, since, MOST_BREACHES):
        user, name = (each.rep.id, each.rep.name) if each.rep is not None else ("", "")
        stage = keys.get((each.pipeline, each.stage), each.stage)
        of = (name, user, each.pipeline, stage, each.side, each.done)
        counts[of] = counts.get(of, 0) + 1
    return [
        BreachCount(user=user, name=name, pipeline=pipeline, stage=stage, side=side, done=done, count=count)
        for (name, user, pipeline, stage, side, done), count in sorted(counts.items())
    ]


# --- who is meant ---------------------------------------------------------------------------------------------------


def _used(site: Site) -> tuple[str, ...]:
    return site.release.roles if site.release is not None else ()


def _roles(site: Site, behind: Behind) -> list[str]:
    return sorted({*_used(site), *behind.members})


def _coming(site: Site) -> tuple[str, ...]:
    """Return the roles that the files name; none while those cannot be loaded, which other commands say."""
    try:
        return site.project.looked_at(site.account).roles
    except DefinitionError:
        return ()


def _role(site: Site, behind: Behind, role: str) -> RoleShown:
    members = [
        Member(user=user.id, name=user.name, email=user.email, back=behind.away.get(user.id))
        for user in behind.all_of(role)
    ]
    return RoleShown(role=role, uses=role in _used(site), members=members)


def _known_role(site: Site, typed: str) -> str:
    """Return the role that was typed, as the release or the files spell it.

    Raises:
        InputError: neither names it.
    """
    known = set(_roles(site, behind_roles(site)))
    wanted = folded(role_named(typed))
    if not any(folded(role) == wanted for role in known):
        try:
            known |= set(site.project.looked_at(site.account).roles)
        except DefinitionError as error:
            raise InputError(
                f"account {site.account} cannot be loaded, so nobody knows whether it has a role"
                f" {plain(typed, limit=80)!r}; `dealwright doctor` says more, and nothing was changed: {error}"
            ) from None
    for role in sorted(known):
        if folded(role) == wanted:
            return role
    near = difflib.get_close_matches(typed, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"they name {', '.join(sorted(known)) or 'none'}"
    raise InputError(
        f"the definitions of account {site.account} name no role {plain(typed, limit=80)!r}; {hint};"
        " nothing was changed"
    )


def _away(member: Member) -> str:
    return "" if member.back is None else f"away until {member.back - timedelta(days=1)}"
