"""A hundred slips in good files: each is told, on the right line."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

import pytest
from examples import check_files
from slips import SLIPS

from dealwright.compile.findings import Finding

ROOT = Path(__file__).resolve().parents[3]
TOGETHER = 25
MAIL = """
welcome = Automation(
    key="welcome",
    on=deal_created(in_=NewBusiness.qualified),
    when=[deal.main_contact.email.is_set()],
    again=once(per=person, within=days(30)),
    do=[
        send_email("hello", to=deal.main_contact, subject="Hello", text="We call you about {{ deal.title }}."),
    ],
)
"""


@cache
def reference_company() -> str:
    """The reference company as one file, with one message more."""
    folder = ROOT / "pipeline_defs" / "acme"
    first, last = ("fields", "settings", "messages", "roles", "pipelines"), "account"
    rules = sorted(file.stem for file in folder.glob("*.py") if file.stem not in (*first, last))
    texts = []
    for name in (*first, *rules, last):
        text = re.sub(r"^from (__future__|\.\w+) import .*\n", "", (folder / f"{name}.py").read_text(), flags=re.M)
        texts.append(text.replace("automations = [\n", f"{name} = [\n", 1))
    whole = "\n".join(texts).replace(f"{rules[0]} = [\n", f"{MAIL}\n\n{rules[0]} = [\n    welcome,\n", 1)
    return "from dealwright import days, once, person, send_email\n" + whole


def slipped(seeds: range) -> dict[str, tuple[str, set[int]]]:
    """Every slip with every seed, without those that came out alike."""
    good = reference_company()
    made: dict[str, tuple[str, set[int]]] = {}
    for place, (name, slip) in enumerate(SLIPS.items()):
        for seed in seeds:
            result = slip(Random(1000 * place + seed), good)
            assert result is not None, f"the reference company has no place for {name!r}"
            assert result[0] != good, name
            if result not in made.values():
                made[f"s_{re.sub(r'[^a-z]', '_', name)}_{seed}"] = result
    return made


def missed(folder: Path, made: dict[str, tuple[str, set[int]]]) -> dict[str, str]:
    """The slips that were told on no right line; some are told where everything loads alone."""
    files = {name: text for name, (text, _) in made.items()}
    lost = {name: text for name, text in files.items() if name.startswith(("s_unlisted", "s_no_task"))}
    found: dict[str, list[Finding]] = {}
    for place, some in (("lost", lost), ("others", {name: files[name] for name in files if name not in lost})):
        # As many whole companies in one process as take seconds to load: beyond that loading is ended as too long.
        for number in range(0, len(some), TOGETHER):
            part = dict(list(some.items())[number : number + TOGETHER])
            found |= check_files(folder / f"{place}_{number}", part)
    return {
        name: f"made on {sorted(lines)}, told: {'; '.join(map(str, found[name])) or 'nothing'}"
        for name, (_, lines) in made.items()
        if not lines & {each.line for each in found[name]}
    }


def test_the_file_without_a_slip_is_clean(tmp_path: Path) -> None:
    assert check_files(tmp_path / "company", {"good": reference_company()}) == {"good": []}


@pytest.mark.slow
def test_every_kind_of_slip_is_told_on_its_line(tmp_path: Path) -> None:
    made = slipped(range(1))
    assert len(made) >= 20
    assert missed(tmp_path, made) == {}


@pytest.mark.slow
def test_a_hundred_slips_are_told_on_their_lines(tmp_path: Path) -> None:
    made = slipped(range(8))
    assert len(made) >= 100
    assert missed(tmp_path, made) == {}
