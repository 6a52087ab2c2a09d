"""docs/cli.md says what the commands do: its reference is made from them, and its keys are those that are printed."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from cli_world import Company, Shell

from dealwright.cli.main import KERNEL, cli
from dealwright.cli.manual import LINE, OPAQUE, commands, keys, reference
from dealwright.cli.meanings import ELSEWHERE, MEANINGS
from dealwright.cli.shapes import shape_of
from dealwright.model.requests import DealChanges

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = dict(commands(cli))
PRINTED = {path: shape for path, command in COMMANDS.items() if (shape := shape_of(command)) is not None}
OURS = {
    path
    for path in COMMANDS
    if path.split()[1] in ("events", "executions", "effects", "journal", "quarantine", "releases", "shadow")
}
OURS |= {f"dealwright {name}" for name in ("history", "mode", "resume", "status", "stop")}


def test_the_reference_is_what_the_commands_are() -> None:
    page = PAGE.partition(LINE)[2].strip()
    assert page == reference().strip(), "docs/cli.md is stale: run `python -m dealwright.cli.manual`"


def test_every_command_and_option_is_on_the_page() -> None:
    assert set(KERNEL) <= {path.split()[1] for path in COMMANDS}
    for path, command in COMMANDS.items():
        section = PAGE.partition(f"### `{path}`\n")[2].partition("\n### ")[0]
        assert section, path
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(f"{option}" in section for option in parameter.opts), (path, parameter.opts)


def test_every_command_that_prints_json_says_what() -> None:
    for path in OURS:
        command = COMMANDS[path]
        if not isinstance(command, click.Group):
            assert path in PRINTED, path
            assert any(parameter.name == "as_json" for parameter in command.params), path


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    used = {key.path.split(".")[-1].removesuffix("[]") for shape in PRINTED.values() for key in keys(shape.type)}
    assert used - {name.split(".")[1] for name in ELSEWHERE} <= MEANINGS.keys()
    assert MEANINGS.keys() <= used
    assert {name.split(".")[1] for name in ELSEWHERE} <= used


def printed_keys(value: Any, documented: set[str], prefix: str = "") -> set[str]:
    """Return the paths of all keys in some JSON; what is opaque, or has keys that are data, is not looked into."""
    found: set[str] = set()
    for name, item in value.items():
        path = f"{prefix}{name}{'[]' if f'{prefix}{name}[]' in documented else ''}"
        found.add(path)
        inner = any(key.startswith(f"{path}.") for key in documented)
        if name in OPAQUE or not inner:
            continue
        for each in item if isinstance(item, list) else [item]:
            if each is not None:
                found |= printed_keys(each, documented, f"{path}.")
    return found


@pytest.fixture
def examples(company: Company, typed: Shell) -> dict[str, list[str]]:
    """Words for each command that prints JSON, such that it prints as much as it can."""
    company.crm.update_deal("17", DealChanges(close_date=date(2026, 6, 1)), actor="user:ana")
    company.work()
    company.outside()
    for automation in ("greet", "label"):
        company.journal.begin_enrolment("acme", automation, "live")
    for each in company.journal.enrolments("acme"):
        company.journal.counted(each, 201)
    (question,) = typed.json("asks", "ls")
    company.forget_workers()
    (followed,) = typed.json("effects", "ls", "--deal", 8, "--kind", "move_deal")
    (instead,) = typed.json("executions", "ls", "--deal", 6, "--automation", "greet")
    (held, other) = typed.json("executions", "ls", "--automation", "thank")
    (failed,) = typed.json("executions", "ls", "--state", "failed")
    (event,) = typed.json("events", "ls", "--deal", 8, "--kind", "stage_changed")
    (release,) = typed.json("releases", "ls")
    return {
        "dealwright asks answer": [question["id"], "sure", "--by", "Ana Lima"],
        "dealwright asks ls": ["--all"],
        "dealwright asks show": [question["id"]],
        "dealwright enrol drop": ["greet"],
        "dealwright enrol go": ["label", "--yes"],
        "dealwright effects show": [followed["key"]],
        "dealwright executions show": [instead["id"]],
        "dealwright executions approve": [held["id"]],
        "dealwright executions cancel": [other["id"]],
        "dealwright executions retry": [failed["id"]],
        "dealwright events show": [str(event["id"])],
        "dealwright events replay": ["1"],
        "dealwright quarantine show": ["1", "--raw"],
        "dealwright quarantine replay": ["2"],
        "dealwright quarantine drop": ["3"],
        "dealwright unmatched show": ["1"],
        "dealwright unmatched assign": ["1", "8"],
        "dealwright unmatched drop": ["2"],
        "dealwright journal prune": ["--keep", "90d"],
        "dealwright releases activate": [release["digest"]],
        "dealwright history": ["8"],
        "dealwright people hours": ["Ana Lima", "--hours", "Mon-Thu 08:00-14:00"],
        "dealwright people leave": ["Ana Lima", "--to", "2026-12-24"],
        "dealwright people offboard": ["Ana Lima"],
        "dealwright people set": ["--role", "closers", "Ana Lima"],
        "dealwright settings show": ["largest-quote"],
        "dealwright settings set": ["largest-quote", "5000"],
        "dealwright mode": ["greet", "live"],
        "dealwright stop": ["greet"],
        "dealwright resume": ["greet"],
    }


def test_what_is_printed_is_what_is_documented(typed: Shell, examples: dict[str, list[str]]) -> None:
    for path, shape in sorted(PRINTED.items()):
        if path in ("dealwright doctor", "dealwright try", "dealwright people breaches"):
            continue  # they look at a whole project, or at another company: test_cli_try.py, test_cli_people.py
        words = [*path.split()[1:], *examples.get(path, [])]
        value = typed.json(*words, code=1 if path == "dealwright status" else 0)
        assert isinstance(value, list) is shape.many, path
        documented = {key.path for key in keys(shape.type)}
        rows = value if shape.many else [value]
        assert rows, path
        found = set[str]().union(*(printed_keys(row, documented) for row in rows))
        assert found <= documented, (path, found - documented)
        top = {key for key in documented if "." not in key}
        assert top <= found, (path, top - found)


def test_the_key_of_a_setting_is_no_idempotency_key() -> None:
    for path in ("dealwright settings ls", "dealwright settings set", "dealwright settings show"):
        means = {each.means for each in keys(PRINTED[path].type) if each.path in ("key", "setting.key")}
        assert means == {"its key, as the definitions write it"}


def test_a_null_is_documented_as_such(typed: Shell) -> None:
    nullable = {key.path for key in keys(PRINTED["dealwright executions ls"].type) if key.holds.endswith("or null")}
    lines = typed.json("executions", "ls", "--limit", 1000)
    assert {name for line in lines for name, value in line.items() if value is None} <= nullable


def test_the_commands_of_the_page_can_be_typed(typed: Shell) -> None:
    """What stands in the page's blocks is parsed; those that look are run."""
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line.partition(" > ")[0])
            assert words.pop(0) == "dealwright"
            with cli.make_context("dealwright", list(words)) as context:
                group: click.Command = cli
                rest = list(words)
                while isinstance(group, click.Group):
                    name, found, rest = group.resolve_command(context, rest)
                    assert found is not None, line
                    group = found
                    context = click.Context(found, parent=context, info_name=name)
                group.make_context(str(group.name), rest, parent=context)
