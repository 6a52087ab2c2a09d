"""`check --fix`: mechanical mistakes are put right exactly, or not at all."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import dealwright
from dealwright.cli.main import cli
from dealwright.compile.check import check
from dealwright.compile.edits import applied, edits
from dealwright.compile.findings import Finding
from dealwright.compile.fixing import Fix, fixes
from dealwright.compile.fixing import write as write_fix
from dealwright.compile.sources import Source

BEGINNING = """\
from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Task,
    Won,
    create_contact,
    create_deal,
    deal_created,
    deal_updated,
    hours,
    once,
    person,
    set_task,
    update_deal,
    working_days,
)

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Task("Call back", due=working_days(1)))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


"""
END = '\na = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule])\n'
CALL = 'set_task("call", text="Call", due=hours(1))'


def rule(on: str = "deal_created(in_=Sales)", do: str = CALL, more: str = "") -> str:
    return f'rule = Automation(key="rule", on={on}, {more}do=[{do}])\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, arguments)])


def one(folder: Path) -> Fix:
    (fixed,) = fixes(folder)
    return fixed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (rule(do='set_task("call", text="Call", due=days(1))'), rule(do='set_task("call", text="Call", due=days(1))')),
        (rule(do=CALL.replace("set_task", "create_task")), rule()),
        (rule(do=CALL.replace("set_task", "set_tsk")), rule()),
        (rule(on="deal_created(Sales)"), rule()),
        (rule(on="deal_created(\n    [Sales],\n)"), rule(on="deal_created(\n    in_=[Sales],\n)")),
        (rule(on="deal_created(inn_=Sales)"), rule()),
        (rule(do=CALL.replace("text=", "txt=")), rule()),
        (rule(more="agian=once(per=person), "), rule(more="again=once(per=person), ")),
        (rule(more="conditions=[deal.amount > 1], "), rule(more="when=[deal.amount > 1], ")),
        (rule(more="when=[deal.amuont > 1], "), rule(more="when=[deal.amount > 1], ")),
        (rule(do=CALL.replace("set_task", "set_taks")), rule()),
        (rule(do='update_deal("x", amout=5)'), rule(do='update_deal("x", amount=5)')),
        (rule(do='create_contact("x", name="Eva", rol="payer")'),
         rule(do='create_contact("x", name="Eva", role="payer")')),
        (rule(on="deal_updated()", do='create_deal("x", in_=Sales.quoted, title="T", unless_opened=Sales)'),
         rule(on="deal_updated()", do='create_deal("x", in_=Sales.quoted, title="T", unless_open=Sales)')),
        (rule(on="deal_updated()", do='create_deal("x", in_=Sales.quoted, title="T", with_contact=False)'),
         rule(on="deal_updated()", do='create_deal("x", in_=Sales.quoted, title="T", with_contacts=False)')),
        (rule(do='set_task("call", text=f"Llámame ñ {deal.title}: {deal.amount}", due=hours(1))'),
         rule(do='set_task("call", text="Llámame ñ {{ deal.title }}: {{ deal.amount }}", due=hours(1))')),
        (rule(do="set_task('call', text=f'''Call\n{ deal.owner.name }''', due=hours(1))"),
         rule(do="set_task('call', text='''Call\n{{ deal.owner.name }}''', due=hours(1))")),
    ],
)  # fmt: skip
def test_what_is_mechanical_is_put_right_and_nothing_else_is_touched(write, wrong, right):
    folder = write(a=BEGINNING + wrong + END)
    fixed = one(folder)
    after = fixed.after.replace("    working_days,\n    days,\n", "    working_days,\n")
    assert after == BEGINNING + right + END
    assert fixed.refused == ""
    (folder / "a.py").write_text(fixed.after, encoding="utf-8")
    assert [str(finding) for finding in check(folder).findings] == []
    assert fixes(folder) == (), "once is enough"


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        rule(on="stage_changed(Sales.won)"),  # from or to?
        rule(on="deal_updated(Sales)"),  # fields or a pipeline?
        rule(do='set_task("call", text=f"Call {deal.title!r}", due=hours(1))'),
        rule(do='set_task("call", text=f"Call {deal.title:>20}", due=hours(1))'),
        rule(do='set_task("call", text=f"{{deal}} {deal.title}", due=hours(1))'),
        rule(do='set_task("call", text=f"Call\\n{deal.title}", due=hours(1))'),
        rule(do='set_task("call", text=f"Call {deal.title}" " now", due=hours(1))'),
        'mine = DealFields()\n' + rule(do='set_task("call", text=f"Call {mine.title}", due=hours(1))'),
        'n = 3\n' + rule(do='set_task("call", text=f"Call {deal.title} {n}", due=hours(1))'),
        rule(more="wehn=[deal.amount > 1], when=[], "),
        rule(do=CALL.replace("set_task", "telephone")),
        rule(do="do_nothing_at_all()"),
    ],
)  # fmt: skip
def test_where_it_might_mean_something_else_nothing_is_changed(write, wrong):
    folder = write(a=BEGINNING.replace("    set_task,\n", "    set_task,\n    stage_changed,\n") + wrong + END)
    assert fixes(folder) == ()
    assert check(folder).findings


def test_one_mistake_that_hides_another_is_put_right_with_it(write):
    wrong = rule(on="deal_created(Sales)", do='create_task("call", text=f"Call {deal.title}", due=hours(1))')
    folder = write(a=BEGINNING.replace("    hours,\n", "").replace("Pipeline", "Pipelien") + wrong + END)
    shown = run("--diff", folder)
    assert "+    Pipeline," in shown.output
    assert "Pipelien" in (folder / "a.py").read_text(), "shown only"
    done = run("--fix", folder)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "a: 1 pipeline, 2 automations, ok"), done.output
    again = run("--fix", folder)
    assert again.output.splitlines()[0] == "nothing to put right by itself"


def test_line_ends_a_mark_at_the_beginning_and_the_mode_stay(write):
    folder = write(a="")
    file = folder / "a.py"
    text = (BEGINNING.replace("    hours,\n", "") + rule(on="deal_created(Sales)") + END).replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    file.chmod(0o640)
    assert run("--fix", folder).exit_code == 0
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n")
    assert b",\r\n    hours\r\n" not in data
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in folder.iterdir()] == ["a.py"], "nothing is left beside"


def test_a_file_without_an_import_gets_one_below_its_first_words(write):
    text = '"""Rules."""\n\nfrom __future__ import annotations\n\nlength = hours(1)\nfrom .b import *\n'
    folder = write(a=text, b=BEGINNING + rule() + END)
    fixed = one(folder)
    assert fixed.after.splitlines()[:4] == [
        '"""Rules."""',
        "",
        "from __future__ import annotations",
        "from dealwright import hours",
    ]


def test_a_link_is_not_followed_and_is_said(write, tmp_path):
    folder = write(a=BEGINNING + rule() + END)
    real = tmp_path / "elsewhere.py"
    real.write_text("x = hours(1)\n")
    (folder / "b.py").symlink_to(real)
    result = run("--fix", folder)
    assert "is a link, or lies behind one" in result.output
    assert real.read_text() == "x = hours(1)\n"
    assert (folder / "b.py").is_symlink()


def test_a_read_only_file_is_left_as_it_is_and_it_is_said(write):
    text = BEGINNING + rule(on="deal_created(Sales)") + END
    folder = write(a=text)
    file = folder / "a.py"
    file.chmod(0o444)
    result = run("--fix", folder)
    assert f"not changed: {file}" in result.output
    assert "it is read-only: make it writable first (chmod u+w a.py)" in result.output
    assert (file.read_text(), file.stat().st_mode & 0o777) == (text, 0o444)
    (fixed,) = fixes(folder)
    with pytest.raises(OSError, match="read-only"):
        write_fix(fixed)
    assert file.read_text() == text


def test_one_file_is_put_right_and_its_neighbours_are_left_alone(write):
    folder = write(a=BEGINNING + rule(on="deal_created(Sales)") + END, b="x = hours(1)\n")
    (fixed,) = fixes(folder / "a.py")
    assert Path(fixed.path).name == "a.py"


def test_what_has_changed_meanwhile_is_not_overwritten(write):
    folder = write(a=BEGINNING + rule(on="deal_created(Sales)") + END)
    fixed = one(folder)
    (folder / "a.py").write_text("x = 1\n")
    with pytest.raises(OSError, match="changed meanwhile"):
        write_fix(fixed)
    assert (folder / "a.py").read_text() == "x = 1\n"
    (folder / "a.py").unlink()
    os.mkfifo(folder / "a.py")
    with pytest.raises(OSError, match="no regular file"):
        write_fix(fixed)


def test_it_is_for_people(write):
    folder = write(a=BEGINNING + rule() + END)
    assert run("--fix", "--format", "json", folder).exit_code == 2
    assert run("--diff", "--watch", folder).exit_code == 2


@given(
    st.sampled_from(sorted(dealwright.__all__)),
    st.text("xyzéñ漢\t ", max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 3),
)
def test_a_missing_word_is_imported_wherever_it_stands(word, before, newline, indent):
    """Whatever stands before it, and however lines end: the file is Python, the import there, the rest the same."""
    lines = ["from dealwright import Account", f's = "{before}"; x = {word}', f"y = ({' ' * indent}{word})"]
    text = newline.join(lines) + newline
    finding = Finding(
        code="DW900",
        path="a.py",
        line=2,
        message=f"there is no '{word}' in this file",
        hint=f"write from dealwright import {word}",
    )
    chosen = edits([finding], [Source("a.py", text)])
    after = applied(text, chosen.get("a.py", []))
    names = [alias.name for node in ast.parse(after).body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert names == ["Account"] + ([word] if word != "Account" else [])
    assert after.split(newline)[1:] == text.split(newline)[1:]
