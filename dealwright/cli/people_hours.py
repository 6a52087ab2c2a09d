"""`dealwright people hours`: who works at other times than their account."""

from __future__ import annotations

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.cli.users import everybody, one_user
from dealwright.errors import DefinitionError, InputError
from dealwright.language.calendar import checked_zone, parse_hours
from dealwright.language.holidays import checked_places
from dealwright.model.calendar import WorkingSpan
from dealwright.model.working import WorkingTime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class HoursShown(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody works; null is as in the account."""

    user: str
    name: str
    hours: str | None
    zone: str | None
    holidays: list[str] | None


@click.command("hours")
@click.argument("user", required=False)
@click.option("--hours", metavar="TABLE", help='When they work: "Mon-Thu 08:00-14:00, Fri 08:00-12:00".')
@click.option("--zone", metavar="ZONE", help="On whose clock: an IANA zone such as Europe/Lisbon.")
@click.option("--holidays", metavar="PLACE", multiple=True, help="Whose public holidays they keep: ES, DE-BY.")
@click.option("--as-account", is_flag=True, help="They work as the account does again.")
@options.account
@options.as_json
@prints(HoursShown, many=True)
def people_hours(
    user: str | None,
    hours: str | None,
    zone: str | None,
    holidays: tuple[str, ...],
    as_account: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Say when somebody works, where it is not as the account does: their tasks are due by it. Without options: list.

    What is not said is as in the account. What rules wait for, and questions, count in the account's time.
    """
    given = bool(hours or zone or holidays)
    if given and as_account:
        raise InputError("say when they work, or --as-account; nothing was changed")
    if (given or as_account) and user is None:
        raise InputError('say who: dealwright people hours NAME --hours "Mon-Fri 08:00-14:00"; nothing was changed')
    with opened(account) as site:
        if user is not None:
            _set(site, user, hours, zone, holidays, as_account=as_account)
        shown = [_shown(each) for each in site.journal.working_times(site.account)]
    if as_json:
        output.print_json(shown)
        return
    if not shown:
        click.echo(f"everybody works as account {site.account} does")
        return
    rows = [
        (plain(each.name), each.user, each.hours or "", each.zone or "", ", ".join(each.holidays or ()))
        for each in shown
    ]
    output.show(output.table(("name", "user", "hours", "zone", "holidays"), rows))


def _set(
    site: Site, typed: str, hours: str | None, zone: str | None, holidays: tuple[str, ...], *, as_account: bool
) -> None:
    found = one_user(typed, everybody(site), site.account)
    if as_account:
        if not site.journal.end_working_time(site.account, found.id, actor=actor()):
            raise InputError(f"{plain(found.name)} works as account {site.account} does already")
        return
    if not (hours or zone or holidays):
        return
    before = next((each for each in site.journal.working_times(site.account) if each.user_id == found.id), None)
    try:
        own = WorkingTime(
            user_id=found.id,
            name=found.name,
            spans=parse_hours(hours) if hours else (before.spans if before else None),
            zone=checked_zone(zone) if zone else (before.zone if before else None),
            holidays=checked_places(list(holidays)) if holidays else (before.holidays if before else None),
        )
    except DefinitionError as error:
        hint = f": {error.hint}" if error.hint else ""
        raise InputError(f"{plain(str(error), limit=200)}{plain(hint, limit=200)}; nothing was changed") from error
    site.journal.set_working_time(site.account, own, actor=actor(), detail=_detail(_shown(own)))


def _detail(own: HoursShown) -> str:
    said = (own.hours, own.zone, ", ".join(own.holidays or ()))
    return "; ".join(each for each in said if each)


def _shown(own: WorkingTime) -> HoursShown:
    return HoursShown(
        user=own.user_id,
        name=own.name,
        hours=None if own.spans is None else ", ".join(map(_span, own.spans)),
        zone=own.zone,
        holidays=None if own.holidays is None else list(own.holidays),
    )


def _span(span: WorkingSpan) -> str:
    begin, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (span.start, span.end))
    return f"{_DAYS[span.weekday]} {begin}-{end}"
