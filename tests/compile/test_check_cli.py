"""`dealwright check`, as a user runs it: for people, for programs, for pull requests, and watching."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from company_files import GOOD

from dealwright.cli.main import cli

ROOT = Path(__file__).parents[2]
WHOLE = GOOD + 'a = Account("a", zone="UTC", country="US", pipelines=[Sales])\n'
LINE = len(GOOD.splitlines()) + 1


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_text_shows_the_line_with_a_caret_the_hint_and_the_sum(write):
    folder = write(a=GOOD + "if True:\n    x = deal.titel\n", b="from dealwright import Pipelne\n")
    result = run("check", folder)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{folder / 'a.py'}:{LINE + 1}:5 DW912 deal has no 'titel'",
        f"  {LINE + 1} |     x = deal.titel",
        "     |     ^",
        "  hint: did you mean title?",
        "",
        f"{folder / 'b.py'}:1:1 DW903 cannot import name 'Pipelne' from 'dealwright'",
        "  1 | from dealwright import Pipelne",
        "    | ^",
        "  hint: did you mean Pipeline?",
        "",
        "2 errors, 0 warnings",
    ]


def test_a_rule_points_at_the_column_of_what_it_found(write):
    folder = write(a=WHOLE + "x = 1; y = (deal.amount > 1) and deal.company.is_set()\n")
    lines = run("check", folder).output.splitlines()
    assert lines[0].startswith(f"{folder / 'a.py'}:{LINE + 1}:12 DW211 ")
    assert lines[2].index("^") - lines[1].index("x = 1") == 11


def test_it_ends_with_0_when_clean_and_with_2_when_nothing_is_there(write, tmp_path):
    result = run("check", write(a=WHOLE))
    assert (result.exit_code, result.output) == (0, "a: 1 pipeline, 1 automation, ok\n")
    nothing = run("check", tmp_path / "nothing")
    assert nothing.exit_code == 2
    assert "there is nothing at" in nothing.output
    assert run("check", tmp_path / "nothing", "--watch").exit_code == 2


def test_a_warning_alone_is_a_finding_too(write):
    result = run("check", write(a=WHOLE + "print('x')\n"))
    assert result.exit_code == 1
    assert result.output.endswith("0 errors, 1 warning\n")


def test_it_takes_several_paths_and_sees_accounts_that_share_a_key(write):
    one, two = write("one", a=WHOLE), write("two", a=WHOLE)
    result = run("check", one, two)
    assert result.exit_code == 1
    assert f"{two / 'a.py'}:{LINE}:1 DW201" in result.output


def test_json_is_a_list_of_objects(write):
    folder = write(a="if True:\n  1 / 0\n")
    result = run("check", "--format", "json", folder)
    assert result.exit_code == 1
    (finding,) = json.loads(result.output)
    assert list(finding) == ["code", "severity", "path", "line", "column", "message", "hint"]
    assert (finding["code"], finding["severity"]) == ("DW900", "error")
    assert (finding["path"], finding["line"], finding["column"]) == (str(folder / "a.py"), 2, 3)
    assert run("check", "--format", "json", write("good", a=WHOLE)).output == "[]\n"


def test_github_annotations_are_one_escaped_line_each(write):
    folder = write("a", x="raise ValueError('50 %, a::b\\n::error::no')\n")
    odd = folder / "we,ird:name.py"
    odd.write_text("1 / 0\n")
    first, second = run("check", "--format", "github", folder).output.splitlines()
    assert first.startswith(f"::error file={folder}/we%2Cird%3Aname.py,line=1,col=1,title=DW90")
    assert second == f"::error file={folder}/x.py,line=1,col=1,title=DW900::ValueError: 50 %25, a::b%0A::error::no"
    warning = run("check", "--format", "github", write("b", a=WHOLE + "print(1)\n")).output
    assert warning.startswith("::warning file=")


def test_a_hostile_source_line_is_inert(write):
    folder = write(a=WHOLE)
    (folder / "b.py").write_text("x = 1 / 0  # \x1b[31m \u202e evil\t.\u2028\n")
    (folder / "c.py").write_text("x = 1 / 0  # " + "long " * 500)
    output = run("check", folder).output
    assert "\\e[31m" in output
    assert all(line.isprintable() for line in output.split("\n"))
    assert max(map(len, output.split("\n"))) < 400


def test_piped_output_has_no_colour_and_the_reference_company_is_clean(write):
    environment = {**os.environ, "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "dealwright", "check", write(a="1 / 0\n")],
        capture_output=True, text=True, check=False, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    done = subprocess.run(
        [sys.executable, "-m", "dealwright", "check", "pipeline_defs/acme"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("acme: 2 pipelines, ")
    assert done.stdout.endswith(" automations, ok\n")


def test_checking_loads_neither_database_nor_network_nor_watcher(write):
    code = (
        "import sys\nfrom dealwright.cli.main import cli\nfrom click.testing import CliRunner\n"
        f"CliRunner().invoke(cli, ['check', {str(write(a=WHOLE))!r}])\n"
        "print(sorted({'sqlalchemy', 'prefect', 'httpx', 'watchfiles', 'pydantic', 'anyio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_watching_is_for_people(write):
    assert run("check", write(a=WHOLE), "--watch", "--format", "json").exit_code == 2


@pytest.mark.slow
def test_watching_checks_again_after_a_change_and_ends_cleanly_on_ctrl_c(write):
    folder = write(a=WHOLE)
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "dealwright", "check", "--watch", folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert watching.stdout is not None
        first = _until_watching(watching.stdout)
        (folder / "a.py").write_text(WHOLE + "1 / 0\n")
        second = _until_watching(watching.stdout)
        watching.send_signal(signal.SIGINT)
        rest, errors = watching.communicate(timeout=30)
    finally:
        watching.kill()
        watching.wait()
    assert first[0].endswith(" UTC")
    assert first[1] == "a: 1 pipeline, 1 automation, ok"
    assert "DW900" in second[1]
    assert (rest, errors, watching.returncode) == ("ended\n", "", 0)


def _until_watching(stream) -> list[str]:
    lines: list[str] = []
    while not lines or not lines[-1].startswith("watching"):
        line = stream.readline()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return lines


@pytest.mark.parametrize("option", ["--format=xml", "--nonsense"])
def test_wrong_options_are_usage_errors(option):
    assert run("check", option).exit_code == 2
