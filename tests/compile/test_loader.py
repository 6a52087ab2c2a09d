"""Loading: whatever a file does, it is told by file and line, and the others are loaded all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from company_files import GOOD, found

from dealwright.cli.main import cli
from dealwright.compile.loader import load
from dealwright.compile.messages import Limits
from dealwright.compile.sources import MAX_FILE, content
from dealwright.errors import InputError

ACCOUNT = 'a = Account("a", zone="UTC", country="US", pipelines=[Sales])\n'
WHOLE = GOOD + ACCOUNT


def test_a_company_folder_is_loaded_with_either_kind_of_import(write):
    folder = write(
        pipelines=GOOD,
        rules="from shopco.pipelines import Sales, deal\nfrom dealwright import *\n"
        'rules = [Automation(key="x", on=entered(Sales.won), do=[stop()])]\n',
        account="from dealwright import Account\nfrom .pipelines import Sales\nfrom .rules import rules\n"
        'a = Account("a", zone="UTC", country="US", pipelines=[Sales], automations=rules)\n',
    )
    loaded = load(folder)
    assert not loaded.findings
    assert [automation.key for automation in loaded.accounts[0].automations] == ["x", "sales.stage-tasks"]
    assert load(folder.parent).accounts == loaded.accounts
    assert load(folder / "account.py").accounts == loaded.accounts


def test_one_file_is_loaded_whatever_its_folder_is_called(tmp_path):
    folder = tmp_path / "my-company 2"
    folder.mkdir()
    (folder / "pipelines.py").write_text(GOOD)
    (folder / "all.py").write_text("from dealwright import *\nfrom .pipelines import Sales\n" + ACCOUNT)
    assert [account.key for account in load(folder / "all.py").accounts] == ["a"]


def test_places_are_told_relative_to_the_company(write):
    loaded = load(write(all=WHOLE))
    where = loaded.accounts[0].where
    assert where is not None
    assert (where.file, where.line) == ("all.py", len(WHOLE.splitlines()))
    assert loaded.folders[0].endswith("shopco")


def test_every_error_of_every_file_is_told_at_once(write):
    folder = write(
        a_good=WHOLE,
        b_syntax="x = 1\ndef f(:\n    pass\n",
        c_import="from dealwright import Pipelne\n",
        d_module="\nimport nothing_like_it\n",
        e_raises="def f():\n    return 1 / 0\nf()\n",
        f_trap=GOOD + "\nif deal.amount > 5:\n    pass\n",
        g_exit="import sys\nsys.exit(0)\n",
        h_set_name="from dealwright import Stage\nclass NoPipeline:\n    won = Stage('Won')\n",
        i_zone="from dealwright import *\na = Account('b', zone='Mars', country='US')\n",
        j_field="from dealwright import *\nDealFields().titel\n",
    )
    assert found(folder) == [
        "b_syntax.py:2 DW901",
        "c_import.py:1 DW903",
        "d_module.py:2 DW903",
        "e_raises.py:2 DW900",
        f"f_trap.py:{len(GOOD.splitlines()) + 2} DW910",
        "g_exit.py:2 DW904",
        "h_set_name.py:2 DW910",
        "i_zone.py:2 DW911",
        "j_field.py:2 DW912",
    ]
    loaded = load(folder)
    assert [account.key for account in loaded.accounts] == ["a"]
    hints = {Path(finding.path).name: finding.hint for finding in loaded.findings}
    assert hints["c_import.py"] == "did you mean Pipeline?"
    assert hints["j_field.py"] == "did you mean title?"


def test_an_error_is_told_once_where_it_is_and_not_where_it_is_imported(write):
    folder = write(a_account="from .b_rules import x\n", b_rules="from .c_base import x\n", c_base="\n\n1 / 0\n")
    assert found(folder) == ["c_base.py:3 DW900"]


def test_a_file_that_hangs_costs_only_itself(write):
    folder = write(a_imports="from .c_hangs import x\n", b_good=WHOLE, c_hangs="while True:\n    pass\n")
    loaded = load(folder, limits=Limits(file_seconds=0.3))
    assert [(Path(finding.path).name, finding.code) for finding in loaded.findings] == [("c_hangs.py", "DW905")]
    assert [account.key for account in loaded.accounts] == ["a"]


@pytest.mark.slow
def test_a_file_that_hangs_for_good_is_killed_and_the_others_are_loaded(write):
    stubborn = """
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            pass
    """
    folder = write(a_stubborn=stubborn, b_good=WHOLE)
    loaded = load(folder, limits=Limits(file_seconds=0.3, silence=1.0))
    assert [(Path(finding.path).name, finding.code) for finding in loaded.findings] == [("a_stubborn.py", "DW905")]
    assert [account.key for account in loaded.accounts] == ["a"]


MISBEHAVING = {
    "exits": ("import os\nos._exit(3)\n", "DW904"),
    "crashes": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "DW904"),
    "eats_memory": ("x = bytearray(1 << 40)\n", "DW905"),
    "forks": ("import os\nos.fork()\n", "DW906"),
    "runs": ("import os\nos.system('true')\n", "DW906"),
    "runs_too": ("import subprocess\nsubprocess.run(['true'])\n", "DW906"),
    "connects": ("import socket\nsocket.create_connection(('127.0.0.1', 1))\n", "DW906"),
    "interrupts": ("raise KeyboardInterrupt\n", "DW900"),
    "unspeakable": ("class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E\n", "DW900"),
    "recurses": ("def f():\n    f()\nf()\n", "DW900"),
    "shouts": ("raise ValueError('a\\r\\n\\x1b[31mred' * 1000)\n", "DW900"),
    "unclosed": ("x = 'unclosed\n", "DW901"),
    "null": ("x = 1\x00\n", "DW901"),
    "unindented": ("class A:\npass\n", "DW901"),
    "lost": ("from .nothing import x\n", "DW903"),
}


def test_files_that_misbehave_are_told_and_the_others_are_loaded(write):
    loaded = load(write(**{name: text for name, (text, _) in MISBEHAVING.items()}, z_good=WHOLE))
    told = {Path(finding.path).stem: finding.code for finding in loaded.findings}
    assert told == {name: code for name, (_, code) in MISBEHAVING.items()}
    assert len(loaded.findings) == len(told)
    for finding in loaded.findings:
        assert str(finding).isprintable()
        assert len(finding.message) < 400
    assert [account.key for account in loaded.accounts] == ["a"]


def test_what_a_file_prints_is_a_warning_and_reaches_nobody(write, capfd):
    loaded = load(write(a=WHOLE + 'print(\'{"is": "done"}\')\n'))
    assert [(finding.code, finding.severity) for finding in loaded.findings] == [("DW907", "warning")]
    assert not loaded.errors
    assert len(loaded.accounts) == 1
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_not_utf_8_or_too_large_is_refused(write):
    folder = write(good=WHOLE)
    (folder / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (folder / "huge.py").write_text("x = 1\n" * 200_000)
    (folder / "imports_huge.py").write_text("from .huge import x\n")
    assert found(folder) == ["huge.py:1 DW902", "latin.py:1 DW901"]


def test_tests_and_hidden_files_are_left_out(write):
    folder = write(all=WHOLE, test_all="1 / 0\n", conftest="1 / 0\n", _scratch="1 / 0\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "helper.py").write_text("1 / 0\n")
    (folder / "more").mkdir()
    (folder / "more" / "campaigns.py").write_text("1 / 0\n")
    assert found(folder) == ["campaigns.py:1 DW900"]


@pytest.mark.parametrize("name", ["json", "msgspec", "my-company", "class-1"])
def test_a_folder_that_cannot_be_imported_under_its_name_is_refused(write, name):
    assert found(write(name, all=WHOLE)) == [f"{name}:1 DW909"]


def test_a_file_beside_the_folder_that_has_its_name_is_told_and_not_run(write):
    folder = write(all=WHOLE)
    ran = folder.parent / "ran"
    folder.with_suffix(".py").write_text(f"open({str(ran)!r}, 'w')\nimport nothing_like_it\n")
    assert found(folder) == [f"{folder.name}:1 DW909"]
    assert [account.key for account in load(folder / "all.py").accounts] == ["a"]
    assert not ran.exists()
    (folder / "__init__.py").touch()
    assert found(folder) == []


def test_no_account_is_a_finding_unless_something_worse_was_found(write):
    assert found(write(all=GOOD)) == ["all.py:1 DW908"]
    assert found(write("other", all=GOOD + "1 / 0\n")) == [f"all.py:{len(GOOD.splitlines()) + 1} DW900"]


def test_two_accounts_with_one_key_are_refused_in_one_company_and_across(write):
    assert found(write(a=WHOLE, b=WHOLE)) == [f"b.py:{len(WHOLE.splitlines())} DW201"]
    folder = write("zweite", a=WHOLE)
    assert f"zweite/a.py:{len(WHOLE.splitlines())} DW201" in " ".join(map(str, load(folder.parent).findings))


def test_one_account_bound_twice_is_one_account(write):
    folder = write(a=WHOLE + "b = a\n", c="from .a import a\n")
    assert len(load(folder).accounts) == 1


def test_there_must_be_something_to_load(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    for path in (tmp_path / "nothing", tmp_path / "empty", tmp_path / "notes.txt"):
        with pytest.raises(InputError):
            load(path)


def test_loading_leaves_nothing_behind(write):
    folder = write(all=WHOLE)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.glob("*")))
    load(folder)
    assert len(list(descriptors.glob("*"))) == before
    assert [file.name for file in folder.rglob("*")] == ["all.py"]


HINTED = {
    "stage": (
        "Sales.quote",
        "DW910 the pipeline 'sales' has no stage 'quote' (did you mean quoted?"
        " its stages are incoming, quoted, won, lost)",
    ),
    "keyword": (
        'Automation(key="x", on=entered(Sales.won), do=[stop()], agian=once(per=deal))',
        "DW910 Automation takes no 'agian' (did you mean again?)",
    ),
    "stage_keyword": ('Stage("x", probabilty=3)', "DW910 Stage takes no 'probabilty' (did you mean probability?)"),
    "account_keyword": ('Account("x", zon="UTC")', "DW910 Account takes no 'zon' (did you mean zone?)"),
    "pipeline_keyword": (
        'class Repairs(Pipeline, keey="repairs"): pass',
        "DW910 Pipeline takes no 'keey' (did you mean key?)",
    ),
    "far_keyword": (
        'wait("pause", hours=3)',
        "DW910 wait takes no 'hours' (wait takes name, duration, until, before, after, late)",
    ),
    "left_out": ("once()", "DW910 once needs 'per' as well (once takes per, within)"),
    "nameless": (
        "wait(minutes(1))",
        'DW910 wait has no name (every step has a name first: wait("pause", minutes(1)))',
    ),
    "nameless_move": (
        "move_deal(to=Sales.won)",
        "DW910 move_deal needs 'name' as well (every step has a name first: move_deal(\"approve\", to=Sales.won))",
    ),
    "too_many": (
        'Stage("x", 40)',
        "DW910 Stage is given too many values without a name"
        " (write them with their names: probability=, task=, because=, required=, owner=, entry=, exit=, rot_after=)",
    ),
    "name_by_its_letters": ("hour(1)", "DW900 there is no 'hour' in this file (did you mean hours?)"),
    "name_by_its_word": ("send_mail('x')", "DW900 there is no 'send_mail' in this file (did you mean send_email?)"),
    "own_name": ("dael.title", "DW900 there is no 'dael' in this file (did you mean deal?)"),
    "strange_name": ("xyzzy", "DW900 there is no 'xyzzy' in this file (write it, or import it, above this line)"),
    "attribute": (
        "Sales.won.nam",
        "DW912 Sales.won has no 'nam' (did you mean name?)",
    ),
}


def test_typical_mistakes_are_told_with_what_was_meant(write):
    loaded = load(write(**{name: f"{GOOD}{line}\n" for name, (line, _) in HINTED.items()}))
    told = {Path(each.path).stem: f"{each.code} {each.message} ({each.hint})" for each in loaded.findings}
    assert told == {name: wanted for name, (_, wanted) in HINTED.items()}
    assert {each.line for each in loaded.findings} == {len(GOOD.splitlines()) + 1}


def test_a_name_that_was_not_imported_is_told_with_its_import(write):
    (finding,) = load(write(all="from dealwright import Pipeline\nhours(1)\n")).findings
    assert finding.hint == "write from dealwright import hours"


def test_a_wrong_call_of_a_function_of_the_companys_own_is_not_explained_as_one_of_ours(write):
    (finding,) = load(write(all=GOOD + "def wait(seconds):\n    pass\nwait(second=1)\n")).findings
    assert finding.message.startswith("TypeError: wait() got an unexpected keyword argument")


def test_what_is_no_regular_file_is_told_at_once_and_not_opened(write):
    folder = write(a=WHOLE)
    os.mkfifo(folder / "fifo.py")
    (folder / "folder.py").mkdir()
    (folder / "zero.py").symlink_to("/dev/zero")
    # The check reads the lines that it shows, too.
    result = CliRunner().invoke(cli, ["check", str(folder)])
    told = [line.split(" ", 2)[:2] for line in result.output.splitlines() if " DW" in line]
    assert told == [[f"{folder}/{name}.py:1:1", "DW902"] for name in ("fifo", "folder", "zero")]
    assert [account.key for account in load(folder).accounts] == ["a"]


def test_a_file_is_read_up_to_the_limit_whatever_size_it_says(tmp_path):
    file = tmp_path / "grows.py"
    file.write_bytes(b"#" * (MAX_FILE + 5_000))
    assert len(content(file)) == MAX_FILE + 1


def test_names_that_are_no_utf_8_are_told_and_the_others_are_loaded(write):
    folder = write(a=WHOLE)
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xff.py")).write_text("x = 1\n")
    loaded = load(folder)
    assert [(Path(finding.path).name, finding.code) for finding in loaded.findings] == [("b\\udcff.py", "DW909")]
    assert [account.key for account in loaded.accounts] == ["a"]
    other = Path(os.fsdecode(os.fsencode(folder.parent) + b"/co\xff"))
    other.mkdir()
    (other / "a.py").write_text(WHOLE)
    assert [(Path(finding.path).name, finding.code) for finding in load(other).findings] == [("co\\udcff", "DW909")]


def test_half_a_character_is_told_where_it_is_written(write):
    half = r'"\ud800"'
    rule = 'x = Automation(key="x", on=deal_created(), {}do=[add_note("n", text={})])\n'
    account = 'a = Account("{}", zone="UTC", country="US", name={}, pipelines=[Sales], automations=[{}])\n'
    folder = write(
        a_when=GOOD + rule.format(f"when=deal.company == {half}, ", '"n"') + account.format("a", '"a"', "x"),
        b_text=GOOD + rule.format("", half) + account.format("b", '"b"', "x"),
        c_why=GOOD + rule.format(f"why={half}, ", '"n"') + account.format("c", '"c"', "x"),
        d_name=GOOD + account.format("d", half, ""),
        e_stage=GOOD.replace('"Sent the quote"', half) + account.format("e", '"e"', ""),
        f_task=GOOD.replace('"Call back"', half) + account.format("f", '"f"', ""),
        g_raise=f"raise ValueError({half})\n",
        h_print=f"print({half})\n",
    )
    end = len(GOOD.splitlines()) + 1
    told = [each for each in found(folder) if "DW907" not in each]
    assert told == [
        f"a_when.py:{end} DW910",
        f"b_text.py:{end} DW910",
        f"c_why.py:{end} DW910",
        f"d_name.py:{end} DW910",
        "e_stage.py:6 DW910",
        "f_task.py:4 DW910",
        "g_raise.py:1 DW900",
    ]


def test_a_nul_that_no_database_keeps_is_told_where_it_is_written(write):
    rule = 'x = Automation(key="x", {}on=deal_created(), do=[add_note("n", text={})])\n'
    account = 'a = Account("{}", zone="UTC", country="US", pipelines=[Sales], automations=[x])\n'
    folder = write(
        a_text=GOOD + rule.format("", r'"a\x00b"') + account.format("a"),
        b_why=GOOD + rule.format(r'why="a\x00b", ', '"n"') + account.format("b"),
        c_escape=GOOD + rule.format("", r'"a\\u0000b"') + account.format("c"),  # six characters, none of them a NUL
    )
    end = len(GOOD.splitlines()) + 1
    assert found(folder) == [f"a_text.py:{end} DW910", f"b_why.py:{end} DW910"]


def test_an_object_that_raises_when_it_is_asked_what_it_is_blames_nobody(write):
    rude = """
        import sys
        class Rude:
            @property
            def __class__(self):
                raise KeyboardInterrupt
            @property
            def __dict__(self):
                raise KeyboardInterrupt
            def __eq__(self, other):
                raise KeyboardInterrupt
            __hash__ = None
        rude = Rude()
    """
    gone = rude + "    sys.modules[__name__] = rude\n"
    loaded = load(write(a_rude=rude, b_gone=gone, z_good=WHOLE))
    assert not loaded.findings
    assert [account.key for account in loaded.accounts] == ["a"]
