"""`dealwright compile`: what the definition files say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from dealwright.cli.terminal import plain
from dealwright.compile import describe, ir
from dealwright.compile.digest import behaviour_digest, metadata_digest, release_digest
from dealwright.compile.findings import Finding
from dealwright.compile.loader import load
from dealwright.errors import InputError

_DEFAULT = Path("pipeline_defs")


@click.command("compile")
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="Print the compiled form, with its digests, as JSON.")
@click.option("--account", "key", help="Only the account of this key.")
def compile_(path: Path, as_json: bool, key: str | None) -> None:
    """Show what definition files mean.

    Ends with 1 if something is wrong with them; what is wrong is printed on standard error.
    """
    loaded = load(path)
    _print_findings(loaded.findings)
    accounts = [account for account in loaded.accounts if key in (None, account.key)]
    if key is not None and not accounts and not loaded.errors:
        known = ", ".join(account.key for account in loaded.accounts)
        raise InputError(f"there is no account {key!r} in {path}; there is {known}")
    if as_json:
        click.echo(_json({"accounts": [{**_digests(account), "ir": account} for account in accounts]}))
    else:
        for account in accounts:
            click.echo("\n".join(plain(line) for line in _summary(account)))
    raise SystemExit(1 if loaded.errors else 0)


def _print_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(plain(finding), err=True)
        if finding.hint:
            click.echo(f"    hint: {plain(finding.hint)}", err=True)


def _digests(account: ir.Account) -> dict[str, str]:
    return {
        "account": account.key,
        "behaviour": behaviour_digest(account),
        "metadata": metadata_digest(account),
        "release": release_digest(account),
    }


def _json(value: object) -> str:
    # ASCII only: whatever stands in a name, it does not reach the terminal as it is.
    return json.dumps(msgspec.to_builtins(value), indent=2)


def _summary(account: ir.Account) -> Iterable[str]:
    yield f"{account.name} ({account.key}), {account.calendar.zone}, {account.currency or 'no currency'}"
    yield f"release {release_digest(account)[:12]}, behaviour {behaviour_digest(account)[:12]}"
    for pipeline in account.pipelines:
        yield ""
        yield f"pipeline {pipeline.key}: {pipeline.name}"
        for stage in pipeline.stages:
            chance = "" if stage.probability is None else f", {stage.probability} %"
            yield f"  {stage.key}: {stage.name} ({stage.kind}{chance})"
    for automation in account.automations:
        yield ""
        yield f"automation {automation.key}{': ' if automation.why else ''}{automation.why}"
        yield f"  when {describe.trigger(automation.on)}, {describe.again(automation.again)}"
        if automation.for_each is not None:
            segment = automation.for_each
            yield f"  for each deal in {', '.join(segment.pipelines)}, {segment.at_most} at most"
            if segment.where != ir.All(of=()):
                yield f"    of which {describe.condition(segment.where)}"
        if automation.when != ir.All(of=()):
            yield f"  if {describe.condition(automation.when)}"
        if automation.when_within is not None:
            yield f"  for the conditions it waits up to {describe.duration(automation.when_within)}"
        if automation.exit_on:
            yield f"  until {describe.triggers(automation.exit_on)}"
        for line in describe.steps(automation.do):
            yield f"    {line}"
