"""Examples of pages as files: the beginning, the example, and an account that lists all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dealwright.compile.check import check
from dealwright.compile.findings import Finding
from dealwright.compile.pages import BEGINNING
from dealwright.language.keys import slug

FIRST = len(BEGINNING.splitlines()) + 1
"""The line on which an example begins."""


def example_file(example: str) -> str:
    """Return the example as a whole file."""
    text = BEGINNING + example.strip() + "\n"
    if re.search(r"^\w+ = Account\(", example, re.M):
        return text
    automations = ", ".join(re.findall(r"^(\w+) = Automation\(", example, re.M))
    pipelines = ", ".join(["Sales", *re.findall(r"^class (\w+)\(Pipeline", example, re.M)])
    return (
        f'{text}\n\nacme = Account("acme", zone="UTC", country="US", currency="USD",'
        f" pipelines=[{pipelines}], automations=[{automations}])\n"
    )


def check_files(folder: Path, files: Mapping[str, str]) -> dict[str, list[Finding]]:
    """Check files that know nothing of each other in one process, each with accounts and pipelines of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        own = re.sub(r'Account\(\s*"(\w+)"', rf'Account("{slug(name)}-\1"', text)
        own = re.sub(r'Pipeline, key="(?!sales)([\w-]+)"', rf'Pipeline, key="{slug(name)}-\1"', own)
        (folder / f"{name}.py").write_text(own, encoding="utf-8")
    found: dict[str, list[Finding]] = {name: [] for name in files}
    for finding in check(folder).findings:
        found[Path(finding.path).stem].append(finding)
    return found


def codes(findings: list[Finding]) -> set[str]:
    """Return the codes that were found."""
    return {finding.code for finding in findings}


def snippet(folder: Path, example: str) -> list[Finding]:
    """Check one example in a process of its own."""
    return check_files(folder / "company", {"rules": example_file(example)})["rules"]
