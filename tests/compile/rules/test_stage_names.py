"""DW101 against labelled names of real pipelines: precision and recall on the half that nobody looked at.

The names of `tests/data/stage_names_*.txt` are split by a fixed hash. The half in `seen` was looked at while the rule
was written; the figures below are those of the other one. Whoever improves the rule looks at `seen` only.

First measured, before anything of the other half was known: English 0.972 and 1.000, Spanish and Portuguese 1.000 both.
"Needs defined" and "Needs identified" were the two; they were mended when somebody met the second one elsewhere, so the
English figure is no longer one of a half that nobody knows.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from examples import check_files, example_file

from dealwright.compile.naming.judge import says_done

DATA: Final = Path(__file__).resolve().parents[2] / "data"
LEAST: Final = {"en": 150, "es": 60, "pt": 60}
GOALS: Final = {"en": 0.9, "es": 0.85, "pt": 0.85}


def _names(language: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield each name, whether it is a state, and whether it was looked at."""
    for line in (DATA / f"stage_names_{language}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            label, name = line.split("\t")
            assert label in {"done", "state"}, line
            yield name, label == "state", hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def _measured(names: list[tuple[str, bool]]) -> tuple[float, float, list[str]]:
    """Return precision, recall, and what was judged wrongly; a positive is a name that is called a state."""
    called = {name for name, _ in names if not says_done(name)}
    states = {name for name, state in names if state}
    right = len(called & states)
    return right / len(called), right / len(states), sorted(called ^ states)


@pytest.mark.parametrize("language", LEAST)
def test_names_are_many_and_both_halves_have_both_labels(language: str) -> None:
    names = list(_names(language))
    assert len({name for name, *_ in names}) == len(names) >= LEAST[language]
    for seen in (True, False):
        half = [state for _, state, looked_at in names if looked_at is seen]
        assert len(half) > len(names) / 3
        assert 0.25 < sum(half) / len(half) < 0.75


@pytest.mark.parametrize("language", LEAST)
def test_names_that_nobody_looked_at_are_judged_well(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    unseen = [(name, state) for name, state, looked_at in _names(language) if not looked_at]
    precision, recall, _ = _measured(unseen)
    with capsys.disabled():
        print(f"\nDW101 {language}: {len(unseen)} unseen names, precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= GOALS[language]
    assert recall >= GOALS[language]


@pytest.mark.parametrize("language", LEAST)
def test_names_that_were_looked_at_are_judged_rightly(language: str) -> None:
    *_, wrong = _measured([(name, state) for name, state, looked_at in _names(language) if looked_at])
    assert wrong == []


# These stand in no list.
TRICKS: Final = {
    "1. Sent offer": True,
    "3) Contract signed": True,
    "Stage 2: Quote sent": True,
    "SENT THE QUOTE": True,
    "quote_sent": True,
    "QuoteSent": True,
    "Ｓｅｎｔ　ｔｈｅ　ｑｕｏｔｅ": True,
    "✅ Contract signed": True,
    "Con\u00adtract si\u200bgned": True,
    unicodedata.normalize("NFD", "Visitó la propiedad"): True,
    unicodedata.normalize("NFD", "Concluída"): True,
    "SE ENVIO PRESUPUESTO": True,
    "Meeting agendada": True,
    "Gafas encargadas": True,
    "Nuevo encargado": False,
    "Encargado": False,
    "Buy‑in obtained": True,
    "𝐍𝐞𝐠𝐨𝐭𝐢𝐚𝐭𝐢𝐨𝐧": False,
    unicodedata.normalize("NFD", "En negociación"): False,
    "HOT 🔥🔥": False,
    "🔥": False,
    "10 %": False,
    "…": False,
    "İstanbul": False,
    "Contacted?": False,
    "Quote sent (waiting)": False,
    "Enviada, aguardando retorno": False,
    "a" * 100_000 + "ed": False,
    "-" * 10_000: False,
}


@pytest.mark.parametrize("name", TRICKS, ids=lambda name: ascii(name[:24]))
def test_tricks_of_spelling_change_no_judgement(name: str) -> None:
    assert says_done(name) is TRICKS[name]


def test_every_pipeline_is_judged_and_the_name_is_shown_as_python_prints_it(tmp_path: Path) -> None:
    example = """
class Forgotten(Pipeline, key="forgotten", name="Forgotten"):
    incoming = Incoming()
    odd = Stage("Em an\\u00e1lise\\u00a0d'agua", task=Task("Call", due=days(1)))
    good = Stage("Proposta enviada", task=Task("Call", due=days(1)))
    won = Won("Whatever")
    lost = Lost("Lost", reasons=["Price"])
"""
    text = example_file(example).replace("pipelines=[Sales, Forgotten]", "pipelines=[Sales]")
    (found,) = (each for each in check_files(tmp_path / "company", {"rules": text})["rules"] if each.code == "DW101")
    assert repr("Em análise\u00a0d'agua") in found.message
    assert found.severity == "warning"
    assert text.splitlines()[found.line - 1].strip().startswith("odd = ")
