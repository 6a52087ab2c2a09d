"""`check`: how long `dealwright check` takes, on the reference company and on a thousand generated automations."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.command import ROOT, dealwright
from benchmarks.frame import Benchmark, Figures, Key, Red, Setting, say, spread

_FILE: Final = '''"""Generated rules {first} to {last}."""

from __future__ import annotations

from dealwright import Automation, DealFields, branch, case, days, deal_created, once, person, set_task, wait
from dealwright import working_hours

from .pipelines import Sales

deal = DealFields()

automations = []
'''
_RULE: Final = """
rule_{n} = Automation(
    key="rule-{n}",
    why="Generated: amounts from {n} on deserve a call.",
    on=deal_created(in_=Sales),
    when=[deal.amount >= {n}, deal.main_contact.phone.is_set(), ~deal.tags.has("spam-{n}")],
    again=once(per=person, within=days(30)),
    do=[
        set_task("call", text="Call {{{{ deal.main_contact.name or deal.title }}}}", due=working_hours({h})),
        wait("a-while", days({d})),
        branch("still", case(deal.stage == Sales.quoted, set_task("nudge", text="Nudge", due=days(1)))),
    ],
)
"""
_LISTED: Final = "automations.append(rule_{n})\n"
_PIPELINES: Final = '''"""Generated pipeline."""

from __future__ import annotations

from dealwright import Incoming, Lost, Pipeline, Stage, Won


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="the rules set their own")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
'''
_PER_FILE: Final = 100


def generate(folder: Path, rules: int, *, lose_one: bool) -> None:
    """Write a company with so many automations; one of them is on no account's list if it is to be lost."""
    folder.mkdir()
    (folder / "pipelines.py").write_text(_PIPELINES)
    names = []
    for first in range(0, rules, _PER_FILE):
        numbers = range(first, min(first + _PER_FILE, rules))
        text = _FILE.format(first=first, last=numbers[-1])
        for n in numbers:
            text += _RULE.format(n=n, h=n % 40 + 1, d=n % 10 + 1)
            text += "" if lose_one and n == 0 else _LISTED.format(n=n)
        names.append(f"rules_{first // _PER_FILE}")
        (folder / f"{names[-1]}.py").write_text(text)
    imports = "\n".join(f"from . import {name}" for name in names)
    listed = ", ".join(f"*{name}.automations" for name in names)
    (folder / "account.py").write_text(
        f'"""Generated."""\n\nfrom __future__ import annotations\n\nfrom dealwright import Account\n\n{imports}\n'
        "from .pipelines import Sales\n\n"
        'many = Account("many", zone="Europe/Berlin", country="DE", currency="EUR", '
        f'working_hours="Mon-Fri 09:00-18:00", pipelines=[Sales], automations=[{listed}])\n'
    )


def measure(setting: Setting) -> Figures:
    """Time cold checks in processes of their own, and recount what they found in the files."""
    rules = setting.size(1_000, 20)
    rounds = setting.size(5, 1)
    say(f"check: {rounds} cold checks of the reference company, then {rules:,} automations")
    reference = setting.folder / "reference"
    shutil.copytree(ROOT / "pipeline_defs", reference, ignore=shutil.ignore_patterns("__pycache__"))
    if setting.broken:
        _unlist(reference)
    many = setting.folder / "many"
    generate(many, rules, lose_one=setting.broken)
    cold = [_check(reference, written(reference)) for _ in range(rounds)]
    thousand = [_check(many, rules) for _ in range(min(rounds, 3))]
    say(f"  cold {spread(cold)} s; {rules:,} automations {spread(thousand)} s")
    return {"check_cold_s": median(cold), "check_1000_s": median(thousand)}


_TIMES: Final = ("first_response", "rot_after")
"""What a stage says of time: an automation each."""


def written(folder: Path) -> int:
    """Count, in the files' syntax alone, the automations that must be found: those written, and those of stages."""
    found = 0
    for file in folder.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Pipeline" for base in node.bases):
                found += any(
                    isinstance(inner, ast.Call) and ast.unparse(inner.func) == "Task" for inner in ast.walk(node)
                )
                found += sum(isinstance(inner, ast.keyword) and inner.arg in _TIMES for inner in ast.walk(node))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Automation":
                found += 1
    return found


def _check(folder: Path, automations: int) -> float:
    seconds, printed = dealwright("check", folder)
    if f" {automations} automations, ok" not in printed:
        raise Red(f"check said {printed.strip()!r}, the files hold {automations} automations")
    return seconds


def _unlist(folder: Path) -> None:
    """Take the last automation off the list that the account is given."""
    file = folder / "acme" / "care.py"
    text, _, _ = file.read_text().rpartition("    ")
    file.write_text(text + "]\n")


CHECK: Final = Benchmark(
    name="check",
    keys=(
        Key("check_cold_s", "s", "`dealwright check` on the reference company, a cold process"),
        Key("check_1000_s", "s", "the same on 1,000 generated automations"),
    ),
    run=measure,
)
