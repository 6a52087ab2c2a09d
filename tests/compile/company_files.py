"""Definitions for tests: a good beginning, and ways to load or lower what is written after it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from dealwright.compile import ir
from dealwright.compile.findings import Finding, Loaded, in_order
from dealwright.compile.loader import load
from dealwright.compile.lower import lower
from dealwright.compile.messages import Limits
from dealwright.language.account import Account

GOOD = """
from dealwright import *
deal = DealFields()
class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Task("Call back", due=working_days(1)))
    won = Won()
    lost = Lost(reasons=["Price", "Timing"])
"""
"""The beginning of a definition file: a pipeline to write rules for."""


def short(finding: Finding) -> str:
    """`file:line CODE`, without the folders before it."""
    return f"{Path(finding.path).name}:{finding.line} {finding.code}"


def found(path: Path, **limits: float) -> list[str]:
    """Load, and return the findings in short."""
    return [short(finding) for finding in load(path, limits=Limits(**limits)).findings]  # type: ignore[arg-type]


def account_of(text: str) -> Loaded:
    """Lower, in this process, the good beginning, the text, and an account that lists `rules`."""
    end = '\na = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=rules)\n'
    root = Path("/company")
    names: dict[str, Any] = {}
    exec(compile(GOOD + textwrap.dedent(text) + end, str(root / "all.py"), "exec"), names)
    lowered = [lower(value, root) for value in names.values() if isinstance(value, Account)]
    return Loaded(
        accounts=tuple(account for account, _ in lowered if account is not None),
        findings=in_order(finding for _, findings in lowered for finding in findings),
    )


def rule_of(text: str) -> ir.Automation:
    """Lower such a file and return its first automation."""
    loaded = account_of(text)
    assert not loaded.findings, [str(finding) for finding in loaded.findings]
    return loaded.accounts[0].automations[0]
