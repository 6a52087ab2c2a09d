"""`import`: a CSV file of 8,800 deals into the embedded CRM, as a user types it."""

from __future__ import annotations

import csv
import random
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.command import dealwright
from benchmarks.databases import RawSqlite
from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say, spread

_HEADER: Final = (
    "opportunity_id",
    "sales_agent",
    "product",
    "account",
    "deal_stage",
    "engage_date",
    "close_date",
    "close_value",
    "lost_reason",
)
_STAGES: Final = {"Won": "won", "Lost": "lost", "Engaging": "met", "Prospecting": "qualified"}
_MAP: Final = (
    "title={product}[ for {account}]",
    "reference=opportunity_id",
    "owner=sales_agent",
    "company=account",
    "stage=deal_stage",
    "created=engage_date",
    "close_date=close_date",
    "amount=close_value",
    "tags=product",
    "lost_reason=lost_reason",
)
_SEED: Final = 8800


def generate(path: Path, rows: int) -> list[dict[str, str]]:
    """Write a file of the shape of the practice set; return its rows. The same every time."""
    dice = random.Random(_SEED)
    made = []
    for n in range(rows):
        stage = dice.choices(list(_STAGES), weights=(48, 28, 18, 6))[0]
        begun = date(2016, 10, 20) + timedelta(days=dice.randrange(400))
        closed = stage in ("Won", "Lost")
        cells = (
            f"{n:08X}",
            f"Agent {dice.randrange(30)}",
            f"Product {dice.randrange(7)}",
            "" if dice.random() < 0.16 else f"Company {dice.randrange(85)}",
            stage,
            begun.isoformat(),
            (begun + timedelta(days=dice.randrange(1, 130))).isoformat() if closed else "",
            str(dice.randrange(38, 27_000)) if stage == "Won" else "0" if closed else "",
            "Price" if stage == "Lost" else "",
        )
        made.append(dict(zip(_HEADER, cells, strict=True)))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, _HEADER)
        writer.writeheader()
        writer.writerows(made)
    return made


def measure(setting: Setting) -> Figures:
    """Import into an empty CRM several times; return rows/s of the whole command, its start included."""
    size = setting.size(8_800, 200)
    rounds = setting.size(3, 1)
    say(f"import: {size:,} rows, {rounds} rounds")
    file = setting.folder / "opportunities.csv"
    rows = generate(file, size)
    if setting.broken:
        generate(file, size - 1)
    speeds = []
    for n in range(1, rounds + 1):
        data = setting.folder / f"imported-{n}"
        data.mkdir()
        maps = [part for pair in _MAP for part in ("--map", pair)]
        stages = [part for value, key in _STAGES.items() for part in ("--stage", f"{value}={key}")]
        seconds, _ = dealwright(
            *("crm", "import", file, "--pipeline", "new-business", "--currency", "USD", "--automations", "off"),
            *maps,
            *stages,
            data=data,
        )
        _recount(data / "crm.db", rows)
        speeds.append(size / seconds)
    say(f"  rows/s {spread(speeds)}")
    return {"import_rows_per_s": median(speeds)}


def _recount(crm: Path, rows: list[dict[str, str]]) -> None:
    """Compare the CRM's own tables with the file's rows."""
    with closing(RawSqlite(crm)) as raw:
        deals = raw.query("select reference, stage, amount_minor, close_date from deals order by reference")
        events = raw.query('select count(*) from outbox where cast(event as text) like \'%"answer":"off"%\'')[0][0]
        owners = raw.query("select count(*) from users")[0][0]
    expect("deals by stage", Counter(deal[1] for deal in deals), Counter(_STAGES[row["deal_stage"]] for row in rows))
    wanted = sorted(
        (
            row["opportunity_id"],
            _STAGES[row["deal_stage"]],
            int(row["close_value"]) * 100 if row["close_value"] else None,
            row["close_date"] or None,
        )
        for row in rows
    )
    expect("deals, cell by cell", deals == wanted, True)
    expect("events that no automation answers", events, len(rows))
    expect("owners", owners, len({row["sales_agent"] for row in rows}))


IMPORT: Final = Benchmark(
    name="import",
    keys=(Key("import_rows_per_s", "rows/s", "`dealwright crm import --automations off` of 8,800 rows, SQLite"),),
    run=measure,
)
