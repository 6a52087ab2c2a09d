"""8,800 real-format deals of somebody else's through the whole road, recounted by the csv module (docs/import.md)."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from dealwright.clock import SystemClock
from dealwright.project import load_project

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("DEALWRIGHT_SHARED", HERE.parents[2] / "shared"))
FILE = SHARED / "data" / "crm_sales_opportunities.csv"

MAP = (
    "title={product}[ for {account}]",
    "reference=opportunity_id",
    "owner=sales_agent",
    "company=account",
    "stage=deal_stage",
    "created=engage_date",
    "close_date=close_date",
    "amount=close_value",
    "tags=product",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.is_file(), reason=f"the practice set is not beside the repository ({FILE.name})"),
]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a running receiver, named by the settings that the composition root reads."""
    (tmp_path / "secret").write_text(secrets.token_hex(16))
    receiver = subprocess.Popen(
        [sys.executable, "-m", "dealwright_webhook.simulator"]
        + ["--log", str(tmp_path / "receiver.jsonl"), "--secret-file", str(tmp_path / "secret")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert receiver.stdout is not None
    port = receiver.stdout.readline().strip()
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(HERE / "project.py"))
    monkeypatch.setenv("DEALWRIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("DEALWRIGHT_RECEIVER", f"http://127.0.0.1:{port}")
    yield tmp_path
    receiver.terminate()
    receiver.wait(10)
    receiver.stdout.close()


def import_deals() -> str:
    """Import the file as a user types it; return what was printed."""
    command = [str(Path(sys.executable).with_name("dealwright")), "crm", "import", str(FILE)]
    command += ["--pipeline", "opportunities", "--currency", "USD", "--automations", "on"]
    for pair in MAP:
        command += ["--map", pair]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def work() -> None:
    """Run the engine until there is nothing left to do."""

    async def main() -> None:
        project = load_project()
        journal = project.open_journal()
        journal.start()
        project.release(journal, "hardware")
        engine = project.engine(journal, clock=SystemClock(), linger=0.5)
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(stop))
        await asyncio.wait_for(engine.quiet(), 600)
        stop.set()
        await running
        journal.close()
        await project.aclose()

    asyncio.run(main())


def expected() -> dict[str, object]:
    """Count what must come of the file, with the csv module and nothing of ours."""
    with FILE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stages = Counter(row["deal_stage"].lower() for row in rows)
    won = [Decimal(row["close_value"]) for row in rows if row["deal_stage"] == "Won"]
    still_open = [row for row in rows if row["deal_stage"] in ("Prospecting", "Engaging")]
    nameless = sum(1 for row in still_open if not row["account"])
    huge = sum(1 for value in won if value >= 20_000)
    large = sum(1 for value in won if 5_000 <= value < 20_000)
    paying = sum(1 for value in won if value > 0)
    return {
        "rows": len(rows),
        "stages": dict(stages),
        "won_value": sum(won),
        "executions": {
            "opportunities.stage-tasks": {"done": len(still_open)},
            "accounts.stage-tasks": {"done": huge},
            "won-to-erp": {"done": paying} | ({"skipped": len(won) - paying} if paying < len(won) else {}),
            "find-account": {"done": nameless, "skipped": len(rows) - nameless},
            "label": {"done": len(won)},
        },
        "effects": {
            "set_task": {"sent": len(still_open) + nameless + huge},
            "send_event": {"sent": paying},
            "create_deal": {"sent": huge},
            "update_deal": {"sent": large},
        },
        "events": {"deal_created": len(rows) + huge, "deal_updated": large},
    }


def views(folder: Path) -> dict[str, object]:
    """Recount the journal's public views with SQLite's own client library."""
    with sqlite3.connect(folder / "journal.db") as connection:
        executions: dict[str, dict[str, int]] = {}
        for automation, state, count in connection.execute(
            "select automation, state, count(*) from dw_executions group by 1, 2"
        ):
            executions.setdefault(automation, {})[state] = count
        effects: dict[str, dict[str, int]] = {}
        for kind, state, count in connection.execute("select kind, state, count(*) from dw_effects group by 1, 2"):
            effects.setdefault(kind, {})[state] = count
        events = dict(connection.execute("select kind, count(*) from dw_events group by 1"))
    connection.close()
    return {"executions": executions, "effects": effects, "events": events}


def test_every_deal_is_imported_and_every_expected_execution_happens_exactly_once(environment: Path) -> None:
    wanted = expected()
    import_deals()
    work()

    project = load_project()
    crm = project.account("hardware").crm
    counted = [count for count in crm.count_by_stage() if count.pipeline == "opportunities"]  # type: ignore[attr-defined]
    assert {count.stage: count.deals for count in counted if count.deals} == wanted["stages"]
    worth = {count.stage: count.amounts for count in counted}
    assert [amount.amount for amount in worth["won"]] == [wanted["won_value"]]

    asyncio.run(project.aclose())
    assert views(environment) == {name: wanted[name] for name in ("executions", "effects", "events")}

    with (environment / "receiver.jsonl").open() as file:
        received = [json.loads(line) for line in file]
    committed = Counter(line["key"] for line in received if line["committed"])
    assert set(committed.values()) == {1}
    assert {"sent": len(committed)} == wanted["effects"]["send_event"]  # type: ignore[index]

    again = import_deals()
    work()
    assert views(environment) == {name: wanted[name] for name in ("executions", "effects", "events")}, again
