"""What docs/crm.md says can be typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from crm_world import SALES, opened
from msgspec.structs import replace
from test_crm_commands import DATA, Project

from dealwright.cli.main import cli
from dealwright_embedded_crm import commands
from dealwright_embedded_crm.commands import opening
from dealwright_embedded_crm.mapping import FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "crm.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    crm = opened("sqlite:///data/crm.db")
    crm.shape([replace(SALES, key="new-business")], apply=True)
    (code,) = blocks("python")
    exec(code, {})
    (deal,) = crm.deals()
    assert (deal.stage, deal.tags) == ("won", ("fair",))
    crm.close()


@pytest.mark.skipif(not DATA.exists(), reason=f"no {DATA.name}: the page's import was not typed")
def test_the_import_of_the_page_imports_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(f"sqlite:///{tmp_path / 'crm.db'}", (replace(SALES, key="hardware"),))
    monkeypatch.setattr(opening, "load_project", lambda: project)
    (line,) = blocks("sh")
    words = shlex.split(line.replace("\\\n", " "))
    words[words.index("crm_sales_opportunities.csv")] = str(DATA)
    assert words.pop(0) == "dealwright"
    result = CliRunner().invoke(cli, words)
    assert "8,800 deals would be created in hardware, 0 already there" in result.stdout, result.output


def test_every_command_and_every_field_is_on_the_page() -> None:
    for name, group in commands.crm.commands.items():
        for each in getattr(group, "commands", {name: None}):
            assert re.search(rf"{name}( {each})?", PAGE), (name, each)
    for option in commands.import_.params:
        if option.param_type_name == "option":
            assert option.opts[0] in PAGE, option.opts
    for field in FIELDS:
        assert field in PAGE
