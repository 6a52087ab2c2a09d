"""The README's first automation, typed by somebody who has just cloned the repository: every step, in a clean place."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from dealwright.clock import SystemClock
from dealwright.compile.loader import load
from dealwright_flows.children import clean_environment
from tests.flows.fakes import until

ROOT = Path(__file__).resolve().parents[2]
SECTION = "Your first automation in ten minutes"
SEEN = {
    "dealwright check": "2 pipelines, {rules} automations, ok",
    "pytest -q pipeline_defs": " passed",
    "dealwright try offer-visit": "Offer Chairs & Co a visit",
    "dealwright mode offer-visit shadow": "acme.offer-visit is shadow as soon as `dealwright up` has released it",
    "dealwright releases ls": "active",
    "dealwright shadow report": "Offer Tables Ltd a visit",
    "dealwright mode offer-visit live": "acme.offer-visit is live from now on",
    "dealwright executions ls": "offer-visit",
    "dealwright crm tasks ls": "Offer Hall & Sons a visit",
    "dealwright history": "deal.amount >= 20000",
    "dealwright executions show": "deal.amount = 80,000.00 USD",
}
"""What the README says that one sees, by how the command begins; what an engine has to do first is waited for."""


class Block(NamedTuple):
    """A fenced block of the section."""

    language: str
    text: str
    before: str


def blocks() -> list[Block]:
    """Return the section's blocks in order, without the indentation of the list they stand in."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"## {SECTION}\n")[2].partition("\n## ")[0]
    found, last = [], 0
    for match in re.finditer(r"^( *)```(\w+)\n(.*?)^ *```$", section, re.M | re.S):
        indent, language, body = match.groups()
        text = "\n".join(line.removeprefix(indent) for line in body.splitlines()) + "\n"
        found.append(Block(language, text, section[last : match.start()]))
        last = match.end()
    return found


class Newcomer:
    """Two terminals in a clone: `./run up` in one, commands in the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "up.log"
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = clean_environment({"DEALWRIGHT_WEB": "127.0.0.1:0", "PATH": programs})
        self.up: subprocess.Popen[bytes] | None = None

    def starts(self) -> None:
        """Type `./run up`; the environment that it would install is the one we run in."""
        with self.log.open("wb") as log:
            self.up = subprocess.Popen(["dealwright", "up"], cwd=self.home, env=self.env, stdout=log, stderr=log)
        started = self.up
        until(lambda: "The engine is working" in self.log.read_text() or started.poll() is not None, seconds=120)
        assert started.poll() is None, self.log.read_text()

    def presses_ctrl_c(self) -> None:
        """End `up`, which says that it ended well."""
        assert self.up is not None
        self.up.send_signal(signal.SIGINT)
        assert self.up.wait(90) == 0, self.log.read_text()
        self.up = None

    def types(self, command: str) -> str:
        """Type a command into the other terminal, and return what is printed."""
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.home, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def sees(self, command: str, expected: str) -> None:
        """Type a command, again if need be, until it shows what is expected."""
        clock = SystemClock()
        deadline = clock.monotonic() + 45
        while expected not in (told := self.types(command)):
            assert clock.monotonic() < deadline, f"{command} never showed {expected!r}; it showed\n{told}"

    def writes(self, block: Block) -> None:
        """Write the file that the words before its text name."""
        (name,) = re.findall(r"`(pipeline_defs/\S+\.py)`", block.before)
        assert not (self.home / name).exists()
        (self.home / name).write_text(block.text, encoding="utf-8")

    def edits(self, diff: str, name: str) -> None:
        """Apply a diff as a reader does: find the lines, change them."""
        old = "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] in " -")
        new = "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] in " +")
        text = (self.home / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"the README's lines are not in {name}:\n{old}"
        (self.home / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """Somebody with a clone: what git has or would take, and nothing that was made here."""
    listed = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True)
    home = tmp_path / "dealwright"
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes((ROOT / name).read_bytes())
    somebody = Newcomer(home)
    yield somebody
    if somebody.up is not None:
        somebody.up.send_signal(signal.SIGINT)
        try:
            somebody.up.wait(30)
        finally:
            somebody.up.kill()


def test_the_walk_through_has_every_step() -> None:
    languages = [block.language for block in blocks()]
    assert languages == ["python", "diff", "diff", "sh", "sh", "sh", "sh", "sh", "sh", "sh"]
    commands = [line for block in blocks() if block.language == "sh" for line in block.text.splitlines()]
    for begins in SEEN:
        assert [command for command in commands if command.startswith(begins)], f"the README has no {begins}"


@pytest.mark.slow
def test_a_newcomer_brings_a_first_automation_live(newcomer: Newcomer) -> None:
    newcomer.starts()
    for block in blocks():
        if block.language == "python":
            newcomer.writes(block)
        elif block.language == "diff":
            newcomer.edits(block.text, "pipeline_defs/acme/account.py")
        else:
            for command in block.text.splitlines():
                follow(newcomer, command)
    with prefect(newcomer.home / ".dealwright" / "up") as api:
        runs = {"deployments": {"name": {"any_": ["acme.offer-visit"]}}}
        until(lambda: len(told(api, "/flow_runs/filter", runs)) > 0, seconds=60)
        assert {run["state"]["type"] for run in told(api, "/flow_runs/filter", runs)} <= {"RUNNING", "COMPLETED"}
    newcomer.presses_ctrl_c()


def follow(newcomer: Newcomer, command: str) -> None:
    """Do what the README says there."""
    if command == "./run up":
        newcomer.presses_ctrl_c()
        newcomer.starts()
        assert f"new release of account acme: {rules()} automations" in newcomer.log.read_text()
        return
    if command.endswith(" ID"):
        listed = "dealwright executions ls --automation offer-visit --deal 3 --json"
        newcomer.sees(listed, '"done"')
        (found,) = re.findall(r'"id": "(\w+)"', newcomer.types(listed))
        command = f"{command.removesuffix('ID')}{found[:8]}"
    expected = [seen for begins, seen in SEEN.items() if command.startswith(begins)]
    newcomer.sees(command, expected[0].format(rules=rules()) if expected else "")


@cache
def rules() -> int:
    """Return how many automations the reference company has with the newcomer's."""
    (acme,) = load(ROOT / "pipeline_defs" / "acme").accounts
    return len(acme.automations) + 1


@contextmanager
def prefect(data: Path) -> Iterator[httpx.Client]:
    """Return a client that is logged in as the file that `up` names says."""
    user, _, password = (data / "prefect" / "credentials").read_text().strip().partition(":")
    url = f"http://127.0.0.1:{(data / 'prefect' / 'port').read_text()}/api"
    with httpx.Client(base_url=url, auth=(user, password), trust_env=False) as api:
        yield api


def told(api: httpx.Client, path: str, asked: object) -> list[Any]:
    """Ask Prefect as its dashboard does; what it cannot tell yet is nothing."""
    try:
        answer = api.post(path, json=asked)
    except httpx.TransportError:
        return []
    return list(answer.json()) if answer.is_success else []
