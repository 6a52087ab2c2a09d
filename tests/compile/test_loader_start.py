"""The process that loads definitions: started for real in every suite, also where others are forked."""

from __future__ import annotations

import re

from company_files import GOOD

from dealwright.compile.loader import load

WHOLE = GOOD + 'a = Account("a", zone="UTC", country="US", pipelines=[Sales])\n'


def test_a_defect_of_ours_is_not_blamed_on_the_file(write):
    breaks = "import sys\nsys.modules['__main__'].draft = lambda *given: {}['secret of a definition']\n"
    loaded = load(write(a_breaks=breaks, b_good=WHOLE))
    (finding,) = loaded.findings
    assert (finding.code, finding.severity) == ("DW999", "error")
    assert re.fullmatch(r"Dealwright failed over these definitions: KeyError \(\w+\.py:\d+\)", finding.message)
    assert "please report it" in finding.hint
    assert loaded.errors


def test_a_process_that_does_not_begin_is_a_defect_of_ours(write, monkeypatch):
    monkeypatch.setattr("dealwright.compile.loader.sys.executable", "/bin/false")
    (finding,) = load(write(b_good=WHOLE)).findings
    assert (finding.code, "dealwright doctor" in finding.hint) == ("DW999", True)


def test_the_child_sees_no_settings_and_no_secrets(write, monkeypatch):
    monkeypatch.setenv("DEALWRIGHT_SECRET_TOKEN", "s3cret")
    loaded = load(write(a="import os\nraise ValueError(sorted(os.environ))\n"))
    assert "DEALWRIGHT" not in loaded.findings[0].message


def test_nothing_is_kept_compiled_beside_the_definitions(write):
    folder = write(a_good=WHOLE)
    assert not load(folder).findings
    assert not list(folder.rglob("*.pyc"))


def test_the_child_keeps_nothing_compiled_where_its_parent_must_not(write, monkeypatch):
    monkeypatch.setattr("dealwright.compile.loader.sys.dont_write_bytecode", True)
    loaded = load(write(a="import sys\nraise ValueError(sys.flags.dont_write_bytecode)\n"))
    assert "1" in loaded.findings[0].message
