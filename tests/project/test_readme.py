"""The README's code is run: its definition compiles and leaves the printed trace, its commands work as typed."""

from __future__ import annotations

import asyncio
import io
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from dealwright.cli.timeline import timeline
from dealwright.clock import PlayedClock, SystemClock
from dealwright.compile import ir
from dealwright.compile.loader import load
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.crm import Money
from dealwright.project import load_project
from dealwright_embedded_crm import EmbeddedCrm

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = re.sub(r"^## Your first automation.*?(?=^## )", "", README, flags=re.M | re.S)
"""The README without its walk-through, which test_walkthrough.py follows."""

SATURDAY = datetime(2026, 5, 10, 2, 30, tzinfo=UTC)
"""Saturday 22:30 in New York."""


def blocks(language: str) -> list[str]:
    """Return the blocks of a language, without the indentation of the list they may stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", REFERENCE, re.M | re.S)
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) + "\n" for indent, body in found]


def compiled(folder: Path) -> ir.Account:
    """Compile the README's definition as `check` does."""
    (source,) = blocks("python")
    (folder / "readme_company.py").write_text(source)
    loaded = load(folder / "readme_company.py")
    assert loaded.findings == ()
    return loaded.accounts[0]


async def until_quiet(engine: Engine) -> None:
    """Run an engine until it is idle."""
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    await asyncio.wait_for(engine.quiet(), 60)
    stop.set()
    await running


def told(folder: Path) -> str:
    """Play the README's story, and return the timeline as the command prints it."""
    company = compiled(folder)
    clock = PlayedClock(SATURDAY)
    crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", clock)
    journal = Journal(f"sqlite:///{folder / 'journal.db'}", clock)
    try:
        crm.shape(company.pipelines, fields=company.own_fields(), apply=True)
        journal.start()
        journal.record_release(company)
        maria = crm.create_contact(first_name="Maria", phone="(212) 555-0142")
        crm.create_deal(
            pipeline="new-business",
            stage="incoming",
            title="Forty chairs",
            amount=Money(Decimal(4800), "USD"),
            contacts=(maria.id,),
        )
        engine = Engine(journal, [AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm,))], clock, linger=0.1)
        for pause in (timedelta(0), timedelta(days=2)):
            clock.move(pause)
            asyncio.run(until_quiet(engine))
        events = journal.timeline("acme", "deal:1")
    finally:
        journal.close()
        crm.close()
    page = io.StringIO()
    Console(file=page, width=140).print(
        timeline("deal 1, times in America/New_York", events, zone=ZoneInfo(company.calendar.zone))
    )
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def test_the_definition_leaves_the_trace_that_the_readme_shows(tmp_path: Path) -> None:
    assert told(tmp_path) == blocks("text")[0]


def test_the_tree_shows_folders_that_are_there() -> None:
    tree = blocks("text")[1]
    root, shown = ROOT, []
    for line in tree.splitlines():
        for name in re.findall(r"([\w.]+)/(?=\s)", line.split("   ")[0] + " ") or re.findall(r"^\s*([\w.]+)/", line):
            if not line.startswith(" "):
                root = ROOT
            shown.append(root / name)
            if not line.startswith(" "):
                root = ROOT / name
    assert len(shown) > 12
    assert not [path for path in shown if not path.is_dir()]


def test_every_page_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 8
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.slow
def test_every_command_of_the_readme_works_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two commands an engine works, as it does beside them when `./run up` is running."""
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(ROOT / "deployments" / "project.py"))
    monkeypatch.setenv("DEALWRIGHT_DATA", str(tmp_path))
    (tmp_path / "receiver.secret").write_text("a secret of a test, and of no use")
    (tmp_path / "pipeline_defs").symlink_to(ROOT / "pipeline_defs")
    program = str(Path(sys.executable).with_name("dealwright"))

    def work() -> None:
        project = load_project()
        journal = project.open_journal()
        journal.start()
        project.release(journal, "acme")
        asyncio.run(until_quiet(project.engine(journal, clock=SystemClock(), linger=0.1)))
        journal.close()
        asyncio.run(project.aclose())

    commands = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 7
    for command in commands:
        work()
        words = shlex.split(command)
        assert words[0] == "dealwright"
        done = subprocess.run(
            [program, *words[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
