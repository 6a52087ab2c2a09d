"""`dealwright compile`, and what all commands have in common."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from company_files import GOOD

from dealwright.cli.main import KERNEL, cli
from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest
from dealwright.compile.findings import Finding

ROOT = Path(__file__).parents[2]
HOSTILE = "\\x1b[31m\\r\\n\\u202e[red]*x*<b>=1+1{0}"
WHOLE = GOOD + 'a = Account("a", zone="UTC", country="US", pipelines=[Sales])\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_compile_prints_ir_that_reads_back_with_its_digest(write):
    result = run("compile", write(a=WHOLE), "--json", "--account", "a")
    (account,) = json.loads(result.output)["accounts"]
    assert behaviour_digest(ir.decode(json.dumps(account["ir"]).encode())) == account["behaviour"]


def test_compile_refuses_an_account_that_is_not_there(write):
    result = run("compile", write(a=WHOLE), "--account", "b")
    assert result.exit_code == 2
    assert "there is a" in result.output


def test_hostile_names_stay_inert_on_the_terminal(write):
    folder = write(
        a=f"""
        from dealwright import *
        class Odd(Pipeline, key="odd", name="P{HOSTILE}"):
            won = Won("W{HOSTILE}", task=Task("T{HOSTILE}", due=days(1)))
        a = Account("a", name="A{HOSTILE}", zone="UTC", country="US", pipelines=[Odd])
        """,
        b=f"raise ValueError('{HOSTILE}')\n",
    )
    for arguments in (
        ("check", folder),
        ("check", folder, "--format", "github"),
        ("compile", folder),
        ("compile", folder, "--json"),
        ("check", folder, "--format", "json"),
        ("check", folder, "--json"),
    ):
        output = run(*arguments).output
        assert all(line.isprintable() for line in output.split("\n")), arguments
        assert "[red]*x*<b>=1+1" in output


def test_help_lists_every_command_without_loading_it():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom dealwright.cli.main import cli\n"
        "output = CliRunner().invoke(cli, ['--help']).output\n"
        "print(output, sorted({'sqlalchemy', 'prefect', 'httpx', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    for name in KERNEL:
        assert re.search(rf"^  {name}\b", done.stdout, re.M)


def test_an_error_of_ours_is_one_plain_message_unless_debug_is_asked_for(tmp_path):
    result = run("check", tmp_path / "nothing")
    assert "Traceback" not in result.output
    debug = run("--debug", "check", tmp_path / "nothing")
    assert type(debug.exception).__name__ == "InputError"


def test_a_finding_is_one_line():
    finding = Finding(code="DW900", path="a\nb.py", line=1, message="x\r\ny\x1b[0m")
    assert str(finding) == "a b.py:1 DW900 x y [0m"


@pytest.mark.parametrize("name", sorted(KERNEL))
def test_every_kernel_command_can_be_found(name):
    module = KERNEL[name][0].partition(":")[0]
    if module != "dealwright.cli.definitions" and not (ROOT / f"{module.replace('.', '/')}.py").exists():
        pytest.skip(f"{module} is not there yet")
    assert cli.get_command(cli.make_context("dealwright", ["x"]), name) is not None


def test_the_definitions_in_the_documentation_load(write):
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    result = run("check", write(page="\n".join(blocks)))
    *notes, verdict = result.output.splitlines()
    lowered = 4  # the stages of three pipelines, and how soon an inquiry is answered
    listed = lowered + len(re.findall(r"^\w+ = Automation\(", "\n".join(blocks), re.M))
    assert verdict == f"example: 3 pipelines, {listed} automations, ok"
    assert [note.split()[3] for note in notes] == ["before-renewal:"], "what `up` refuses is marked as that"
