"""docs/own-company.md, typed as it stands by somebody with a clone: every file, every command, before anything runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dealwright_flows.children import clean_environment

pytestmark = pytest.mark.slow  # commands in processes of their own

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "own-company.md"
SEEN = {
    "dealwright check": "studio: 1 pipeline, 3 automations, ok",
    "dealwright crm deals add": "made the pipelines of the definitions: bookings\ndeal 1 created in bookings.asked",
    "dealwright try call": "Call Maria Silva",
    "dealwright try confirm": "confirm: send_email  no connector of this account carries it out",
    "dealwright doctor": "no connector carries out send_email",
    "dealwright mode": "studio is shadow",
}
"""What one sees, by how the command begins."""


def test_whoever_follows_the_page_tries_rules_of_their_own_before_anything_runs(tmp_path: Path) -> None:
    home = tmp_path / "clone"
    shutil.copytree(ROOT / "deployments", home / "deployments", ignore=shutil.ignore_patterns("__pycache__"))
    page = PAGE.read_text(encoding="utf-8")
    kinds = {kind: re.findall(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S) for kind in ("python", "toml", "sh")}
    (pipelines, account), (target,) = kinds["python"], kinds["toml"]
    for path, text in (
        ("pipeline_defs/studio/pipelines.py", pipelines),
        ("pipeline_defs/studio/account.py", account),
        ("deployments/targets/studio.toml", target),
    ):
        assert f"`{path}`" in page
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = clean_environment({"PATH": programs})
    unseen = set(SEEN)
    for line in "".join(kinds["sh"]).splitlines():
        if line.startswith("export "):
            env |= dict(pair.split("=") for pair in line.removeprefix("export ").split())
            continue
        done = subprocess.run(shlex.split(line), cwd=home, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or line == "dealwright doctor", (line, done.stdout, done.stderr)
        for begins in [each for each in SEEN if line.startswith(each)]:
            assert SEEN[begins] in done.stdout, (line, done.stdout, done.stderr)
            unseen.discard(begins)
    assert not unseen
