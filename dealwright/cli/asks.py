"""`dealwright asks`: what automations ask people, and how they answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from dealwright.cli import options, output
from dealwright.cli.ids import question_id, short
from dealwright.cli.shapes import AskShown, prints
from dealwright.cli.site import actor, opened
from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.journal.browse import deal_of_subject
from dealwright.journal.deciders import Deciding
from dealwright.journal.questions import Asking
from dealwright.model.requests import Respondent


@click.group()
def asks() -> None:
    """What automations ask people: the first answer counts, until the time is over."""


@asks.command("ls")
@options.account
@click.option("--all", "everything", is_flag=True, help="Also those that are answered or over, the newest first.")
@options.limit
@options.as_json
@prints(AskShown, many=True)
def asks_ls(account: str | None, everything: bool, limit: int, as_json: bool) -> None:
    """List the questions that nobody has answered, the oldest first."""
    with opened(account) as site:
        found = [_shown(each) for each in site.journal.list_questions(site.account, limit, only_open=not everything)]
        zone = site.zone
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("nothing was asked" if everything else "no question is open")
    else:
        rows = [
            (
                short(each.id),
                each.state,
                each.deal or "",
                ", ".join(each.who),
                plain(each.question),
                " | ".join(each.answers),
                output.when(each.until, zone),
            )
            for each in found
        ]
        titles = ("id", "state", "deal", "asked", "question", "answers", f"until ({zone.key})")
        output.show(output.table(titles, rows, fixed=("id", "state", titles[-1])))


@asks.command("show")
@click.argument("id_", metavar="ID")
@options.account
@options.as_json
@prints(AskShown)
def asks_show(id_: str, account: str | None, as_json: bool) -> None:
    """Show one question: what is asked of whom, until when, and what became of it."""
    with opened(account) as site:
        found = _shown(site.journal.question(site.account, question_id(site.journal, site.account, id_)))
        zone = site.zone
    if as_json:
        output.print_json(found)
        return
    for line in _lines(found, zone):
        click.echo(line)


@asks.command("answer")
@click.argument("id_", metavar="ID")
@click.argument("answer")
@click.option(
    "--by", required=True, metavar="USER", help="Who decides: the name, e-mail address or id of who is asked."
)
@click.option("--note", default="", metavar="TEXT", help="What is to be remembered beside the answer.")
@click.option("--in-their-place", is_flag=True, help="USER was not asked, and decides all the same.")
@options.account
@options.as_json
@prints(AskShown)
def asks_answer(
    id_: str, answer: str, by: str, note: str, in_their_place: bool, account: str | None, as_json: bool
) -> None:
    """Answer a question; its automation goes on at once. It is recorded who decided, and who typed it."""
    with opened(account) as site:
        asked = site.journal.question(site.account, question_id(site.journal, site.account, id_))
        named = _decider(asked, site.journal.deciding(site.account, asked), by, in_their_place=in_their_place)
        found = _shown(
            site.journal.answer(
                site.account, asked.id, _choice(asked, answer), by=named, note=note.strip(), actor=actor()
            )
        )
    if as_json:
        output.print_json(found)
    else:
        click.echo(f"{plain(found.answered_by)} answered {found.choice!r} to {plain(found.question)!r}")


def _decider(asked: Asking, deciding: Deciding, by: str, *, in_their_place: bool) -> str:
    """Return the name of who decides, if they may."""
    typed = " ".join(by.split()).casefold()
    for person in deciding.may:
        if _is(person, typed):
            return person.name
    names = " or ".join(person.name for person in deciding.may)
    for person in deciding.left:
        if _is(person, typed):
            who = f"{plain(names)} may answer" if names else "nobody else was asked: whoever decides says"
            raise InputError(
                f"{plain(person.name)} was offboarded, and does not answer question {asked.id} any more; {who}"
                f"{'' if names else ' --by NAME --in-their-place'}; nothing was changed"
            )
    if in_their_place and typed:
        return by.strip()[:200]
    raise InputError(
        f"question {asked.id} was asked of {plain(names or 'nobody who is still there')}, and not of"
        f" {plain(by, limit=60)!r}; to decide in their place say --in-their-place; nothing was changed"
    )


def _is(person: Respondent, typed: str) -> bool:
    name = " ".join(person.name.split())
    return bool(typed) and typed in (person.id.casefold(), name.casefold(), (person.email or "").casefold())


def _choice(asked: Asking, typed: str) -> str:
    """Return the answer that was meant, whatever its capital letters; the journal refuses what is none."""
    for answer in asked.asked.answers:
        if answer.casefold() == typed.strip().casefold():
            return answer
    return plain(typed, limit=60)


def _shown(found: Asking) -> AskShown:
    return AskShown(
        id=found.id,
        state=found.state,
        account=found.account,
        automation=found.automation,
        step=found.step,
        deal=deal_of_subject(found.subject),
        deal_title=found.asked.deal_title,
        execution=found.execution,
        who=[person.name for person in found.asked.who],
        question=found.asked.question,
        answers=list(found.asked.answers),
        asked_at=found.asked_at,
        until=found.until,
        choice=found.choice,
        answered_at=found.answered_at,
        answered_by=found.answered_by,
        note=found.note,
        typed_by=found.actor,
        why=found.why,
    )


def _lines(found: AskShown, zone: ZoneInfo) -> Iterator[str]:
    def at(moment: datetime | None) -> str:
        return f"{output.when(moment, zone)} ({zone.key})"

    yield f"{found.id} is {found.state}" + (f" ({plain(found.why)})" if found.why else "")
    yield plain(found.question)
    yield f"deal {found.deal} “{plain(found.deal_title)}”, {found.automation}, step {found.step}"
    yield f"asked {plain(', '.join(found.who))} at {at(found.asked_at)}, to answer {' or '.join(found.answers)}"
    yield f"until {at(found.until)}"
    if found.state == "answered":
        who = plain(found.answered_by)
        yield f"{who} answered {found.choice!r} at {at(found.answered_at)}, typed by {found.typed_by}"
        if found.note:
            yield f"note: {plain(found.note)}"
