"""`dealwright check`: what is wrong with definition files, as a person, a program or a pull request reads it."""

from __future__ import annotations

import gc
import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from dealwright.cli.terminal import plain
from dealwright.clock import SystemClock
from dealwright.compile import ir
from dealwright.compile.check import check as checked
from dealwright.compile.findings import Finding, Loaded, in_order, together
from dealwright.compile.refused import refusals
from dealwright.compile.sources import content, lines_of
from dealwright.errors import InputError

_DEFAULT: Final = Path("pipeline_defs")
_WIDTH: Final = 160
_LONG: Final = 500


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How to print findings: for people, as a list of objects, or as annotations of a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Put right what can be by itself, show what was changed, then check.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
def check(paths: tuple[Path, ...], format_: str, as_json: bool, fix: bool, diff: bool, watch: bool) -> None:
    """Check definition files: files, companies' folders, or folders of them (by default ./pipeline_defs).

    What is well written and cannot be run yet is noted, and is no finding. Ends with 0 if nothing was found, with 1 if
    anything was (a warning too), with 2 if there is nothing to check.
    What is not worth a finding is silenced where it stands: # dealwright: ignore[DW101] because ...

    --fix puts mechanical mistakes right: words of dealwright that are not imported, names and keyword arguments with a
    slip in them where only one correction is near, a value whose name is missing, f-strings of fields. Each change
    is tried on a copy first, and only what keeps a file from being loaded, or a field from being written, is changed.
    """
    given = paths or (_DEFAULT,)
    format_ = "json" if as_json else format_
    if (fix or diff) and (watch or format_ != "text"):
        raise click.UsageError("--fix and --diff are for people: they print text, and do not go with --watch")
    if fix or diff:
        # A check that changes nothing starts without it.
        fixing = importlib.import_module("dealwright.cli.fix")
        fixing.fix(given, write=fix)
    if diff:
        return
    if watch:
        if format_ != "text":
            raise click.UsageError("--watch is for people: it prints text")
        _watch(given)
        return
    collecting = gc.isenabled()
    gc.disable()  # one pass over large trees, and then the process ends
    try:
        loaded = _checked(given)
    finally:
        if collecting:
            gc.enable()
    for line in _FORMATS[format_](loaded):
        click.echo(line)
    raise SystemExit(1 if loaded.findings else 0)


def _checked(paths: Sequence[Path]) -> Loaded:
    loaded = together(checked(path) for path in paths)
    if any(definition.examples for company in loaded.companies for definition in company.outline.definitions):
        # Who has no examples starts without the engine.
        examples = importlib.import_module("dealwright.engine.examples")
        found = in_order([*loaded.findings, *examples.run(loaded)])
        loaded = msgspec.structs.replace(loaded, findings=found)
    return loaded


def _watch(paths: Sequence[Path]) -> None:
    """Check, then again after every change; what cannot be checked now may be there after the next one."""
    for path in paths:
        if not path.exists():
            raise InputError(f"there is nothing at {plain(path)} to watch: name a definition file or a folder of them")
    # A check that does not watch starts without the watcher.
    watching = importlib.import_module("dealwright.cli.watching")
    clock = SystemClock()
    for _ in watching.changes(paths):
        click.echo(click.style(f"{clock.wall():%H:%M:%S} UTC", bold=True))
        try:
            for line in _text(_checked(paths)):
                click.echo(line)
        except InputError as error:
            click.echo(plain(error))
        click.echo("watching; Ctrl-C ends")
    click.echo("ended")


# --- for people -----------------------------------------------------------------------------------------------------


def _text(loaded: Loaded) -> Iterator[str]:
    """Yield each finding with its line of the file, a caret and the hint, and the sum of them."""
    files = {finding.path: _lines(finding.path) for finding in loaded.findings}
    for finding in loaded.findings:
        yield from _shown(finding, files[finding.path])
        yield ""
    for refused in _refused(loaded):
        yield f"{click.style('note', fg='yellow', bold=True)} {plain(refused, limit=_LONG)}"
    yield verdict(loaded)


def _refused(loaded: Loaded) -> Iterator[str]:
    """Yield what is well written, and not run yet: no finding, for nothing is wrong with it."""
    for account in loaded.accounts:
        for company in loaded.companies:
            for each in refusals(company, account) if account in company.accounts else ():
                yield f"`up` refuses {each}"


def _shown(finding: Finding, lines: Sequence[str]) -> Iterator[str]:
    column = _column(finding, lines)
    where = f"{plain(finding.path)}:{finding.line}:{column}"
    code = click.style(finding.code, fg="red" if finding.severity == "error" else "yellow", bold=True)
    yield f"{click.style(where, bold=True)} {code} {plain(finding.message)}"
    if 1 <= finding.line <= len(lines):
        number = str(finding.line)
        line = lines[finding.line - 1]
        begin = max(0, column - _WIDTH // 2) if column > _WIDTH else 0
        before = plain(line[begin : column - 1])
        shown = before + plain(line[column - 1 :], limit=max(_WIDTH - len(before), 1))
        yield f"  {number} | {shown}"
        yield f"  {' ' * len(number)} | {' ' * len(before)}{click.style('^', fg='red', bold=True)}"
    if finding.hint:
        yield f"  hint: {plain(finding.hint)}"


def _lines(path: str) -> list[str]:
    try:
        return lines_of(content(Path(path)).decode("utf-8-sig", "replace"))
    except (OSError, ValueError):
        return []


def _column(finding: Finding, lines: Sequence[str]) -> int:
    """The column of the finding; where the line's text begins if it is about the whole line."""
    if finding.column or not 1 <= finding.line <= len(lines):
        return finding.column or 1
    line = lines[finding.line - 1]
    return len(line) - len(line.lstrip()) + 1 if line.strip() else 1


def verdict(loaded: Loaded) -> str:
    """Return the last line: how many findings, or what was found to be fine."""
    errors = len(loaded.errors)
    warnings = len(loaded.findings) - errors
    if loaded.findings:
        return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    return "; ".join(map(_fine, loaded.accounts))


def _fine(account: ir.Account) -> str:
    pipelines, automations = len(account.pipelines), len(account.automations)
    return f"{plain(account.key)}: {counted(pipelines, 'pipeline')}, {counted(automations, 'automation')}, ok"


def counted(number: int, what: str) -> str:
    """Return `1 error`, `2 errors`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


# --- for programs ---------------------------------------------------------------------------------------------------


def _json(loaded: Loaded) -> Iterator[str]:
    """Yield the findings as one list of objects; ASCII only, so nothing in a name reaches a terminal as it is."""
    objects = [
        {
            "code": finding.code,
            "severity": finding.severity,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column or _column(finding, _lines(finding.path)),
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in loaded.findings
    ]
    yield json.dumps(objects, indent=2)


def _github(loaded: Loaded) -> Iterator[str]:
    """Yield the findings as workflow commands, which GitHub shows beside the lines of a pull request."""
    for refused in _refused(loaded):
        yield f"::notice ::{_data(refused)}"
    for finding in loaded.findings:
        column = _column(finding, _lines(finding.path))
        place = f"file={_property(finding.path)},line={finding.line},col={column},title={_property(finding.code)}"
        message = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
        yield f"::{finding.severity} {place}::{_data(message)}"


def _data(text: str) -> str:
    """The text so that it neither ends the command nor begins another one."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_FORMATS: Final = {"text": _text, "json": _json, "github": _github}
