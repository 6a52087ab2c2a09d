"""The built wheel works in a clean environment outside the repository."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ONE_EVENT = """
import asyncio, sys
from pathlib import Path
import dealwright
from dealwright.clock import SystemClock
from dealwright.compile.loader import load
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm

assert not Path(dealwright.__file__).is_relative_to(sys.argv[1]), dealwright.__file__
company = load(Path("company.py")).accounts[0]
clock = SystemClock()
crm = EmbeddedCrm("sqlite:///crm.db", clock)
crm.shape(company.pipelines, fields=company.own_fields(), apply=True)
journal = Journal("sqlite:///journal.db", clock)
journal.start()
journal.record_release(company)
crm.create_deal(pipeline="sales", stage="incoming", title="Forty chairs")
engine = Engine(journal, [AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm,))], clock, linger=0.1)

async def main():
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    await asyncio.wait_for(engine.quiet(), 30)
    stop.set()
    await running

asyncio.run(main())
print(journal.counts("executions"), [task.text for task in crm.tasks()])
"""

COMPANY = """
from dealwright import *

deal = DealFields()

class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])

call = Automation(key="call", on=deal_created(), do=[set_task("call", text="{{ deal.title }}", due=working_days(1))])
acme = Account("acme", zone="Europe/Berlin", country="DE", pipelines=[Sales], automations=[call])
"""


@pytest.mark.slow
def test_the_wheel_carries_one_event_outside_the_repository(tmp_path: Path) -> None:
    def run(*command: object, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("dealwright-*.whl")
    clean = tmp_path / "clean"
    venv.create(clean)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(clean), "platbase": str(clean)}))
    # The dependencies come from this environment; an editable install of ours in it is not seen through a .pth file.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", clean / "bin" / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)

    program = clean / "bin" / "dealwright"
    assert "check" in run(program, "--help")
    (tmp_path / "company.py").write_text(COMPANY)
    assert "1 automation" in run(program, "check", "company.py")
    (tmp_path / "event.py").write_text(ONE_EVENT)
    told = run(clean / "bin" / "python", "event.py", ROOT)
    assert told.strip() == "{'call': {'done': 1}} ['Forty chairs']"
