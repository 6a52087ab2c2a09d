"""One hostile title through every place where we print or send it: it stays what it is, and does nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACCEPTANCE = ROOT / "tests" / "acceptance"

TITLE = (
    "=HYPERLINK(\"x\") \x1b[31m[red]\x1b[0m {{ deal.owner }} \u202eevil\u202c <script>alert('x')</script> **bold** "
    "[link](http://evil) {% raw %} {{ 'a' * 300 }} | `x` ' \" \\ ${x} %s"
)
"""Terminal escapes, rich, HTML and Markdown markup, template syntax, a formula, a bidi override, quotes."""

DEFINITION = """
from dealwright import *

deal = DealFields()

class Opportunities(Pipeline, key="opportunities"):
    incoming = Incoming()
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])

hello = Template("hello", body="{{ contact.name }}, {{ deal.title }}?", buttons=[Button("yes", "Yes")])

rule = Automation(key="tell", on=deal_created(), again=every_event(), do=[
    set_task("call", text="Call about {{ deal.title }}", due=working_days(1)),
    send_event("created", to="erp", with_={"said": "{{ deal.title }}"}),
    update_deal("note", reference="{{ deal.title }}"),
    create_contact("who", name="{{ deal.title }}"),
    send_message("ask", via="crm", template=hello, to=deal.main_contact),
    wait_until("answer", replied(to="ask"), timeout=days(1)),
    branch("which", case(hello.pressed("yes"), stop()), otherwise=[
        add_note("said", text="{{ reply.text }}"),
    ]),
])
hardware = Account("hardware", zone="UTC", country="US", pipelines=[Opportunities], automations=[rule])
"""

WORK = """
import asyncio
from dealwright.clock import SystemClock
from dealwright.project import load_project

async def main():
    project = load_project()
    journal = project.open_journal()
    journal.start()
    project.release(journal, "hardware")
    engine = project.engine(journal, clock=SystemClock(), linger=0.1)
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    await asyncio.wait_for(engine.quiet(), 30)
    stop.set()
    await running
    for window in journal.windows_to_record():
        print(window)
    print(journal.counts("effects"))

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project of one account in a folder, with a receiver beside it."""
    (tmp_path / "hardware").mkdir()
    (tmp_path / "hardware" / "company.py").write_text(DEFINITION)
    (tmp_path / "project.py").write_text((ACCEPTANCE / "project.py").read_text())
    (tmp_path / "secret").write_text(secrets.token_hex(16))
    receiver = subprocess.Popen(
        [sys.executable, "-m", "dealwright_webhook.simulator"]
        + ["--log", str(tmp_path / "receiver.jsonl"), "--secret-file", str(tmp_path / "secret")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert receiver.stdout is not None
    (tmp_path / "port").write_text(receiver.stdout.readline().strip())
    yield tmp_path
    receiver.terminate()
    receiver.wait(10)
    receiver.stdout.close()


def run(folder: Path, *words: str, program: str = "dealwright", fails: bool = False) -> str:
    """Run a command in the project and return everything it printed."""
    environment = os.environ | {
        "DEALWRIGHT_PROJECT": str(folder / "project.py"),
        "DEALWRIGHT_DATA": str(folder),
        "DEALWRIGHT_RECEIVER": f"http://127.0.0.1:{(folder / 'port').read_text()}",
        "COLUMNS": "400",
    }
    path = Path(sys.executable).with_name(program)
    done = subprocess.run(
        [str(path), *words], cwd=folder, env=environment, capture_output=True, timeout=60, check=False
    )
    told = done.stdout.decode() + done.stderr.decode()
    assert (done.returncode != 0) is fails, told
    return told


def assert_inert(printed: str) -> None:
    """Nothing of the title steers a terminal, and none of it was taken for markup or a template."""
    assert "HYPERLINK" in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", printed)
    assert "[red]" in printed
    assert "{{ deal.owner }}" in printed


@pytest.mark.slow
def test_a_hostile_title_stays_inert_everywhere(folder: Path) -> None:
    with (folder / "deals.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["name"], [TITLE.replace("\x1b", "")]])
    with (folder / "bad.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["name", "worth"], [TITLE, "1"], [TITLE.replace("\x1b", ""), "NaN"]])
    create = ("crm", "import", "--pipeline", "opportunities", "--currency", "USD", "--map", "title=name")

    refused = run(folder, *create, "--map", "amount=worth", "--rejects", "rejects.csv", "bad.csv", fails=True)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", refused)
    assert "bad.csv" in refused
    rejects = (folder / "rejects.csv").read_text(encoding="utf-8")
    assert not re.search(r"^=|,=|\"=", rejects, re.M), "a spreadsheet would run the formula"

    run(folder, *create, "deals.csv")
    (folder / "work.py").write_text(WORK)
    worked = run(folder, "work.py", program="python")
    assert "HYPERLINK" not in worked, "a window, which Prefect is shown, holds a title"
    assert re.search(r"'send_event': \{'sent': 1\}, 'send_message': \{'sent': 1\}, 'set_task': \{'sent': 1\}", worked)
    run(folder, "crm", "reply", "1", TITLE)
    assert "'add_note': {'sent': 1}" in run(folder, "work.py", program="python")

    talk = (("crm", "conversations", "ls"), ("crm", "conversations", "show", "1"), ("crm", "notes", "ls"))
    for command in (("crm", "deals", "ls"), ("crm", "tasks", "ls"), ("history", "1"), *talk):
        assert_inert(run(folder, *command))
    said = json.loads(run(folder, "crm", "conversations", "show", "1", "--json"))
    assert [each["direction"] for each in said] == ["out", "in"]
    assert all("{{ deal.owner }}" in each["text"] and "\x1b" not in each["text"] for each in said)
    for command in (("crm", "deals", "ls", "--json"), ("history", "1", "--json")):
        assert "HYPERLINK" in json.dumps(json.loads(run(folder, *command)))

    (line,) = [json.loads(line) for line in (folder / "receiver.jsonl").read_text().splitlines()]
    assert line["committed"] is True
