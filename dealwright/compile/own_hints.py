"""Hints in the author's own words: where one shows a pipeline of the documentation, it names one of theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dealwright.language.pipeline import Pipeline, parts

_SHOWN: Final = re.compile(r"\b(NewBusiness|Renewals)\b(?:\.(\w+))?")


def in_own_words(hint: str, pipelines: Sequence[type[Pipeline]]) -> str:
    """Return the hint with the company's own pipelines and stages in the place of those that stand for any."""
    if not pipelines:
        return hint

    def own(shown: re.Match[str]) -> str:
        named = next((each for each in pipelines if each.__name__ == shown[1] or _has_alone(each, shown[2])), None)
        pipeline = named or pipelines[-1 if shown[1] == "Renewals" else 0]
        return pipeline.__name__ if shown[2] is None else f"{pipeline.__name__}.{_stage(pipeline, shown[2])}"

    return _SHOWN.sub(own, hint)


def _has_alone(pipeline: type[Pipeline], stage: str | None) -> bool:
    """Say whether the pipeline has a stage of that name, which is none that every pipeline has."""
    return stage not in (None, "won", "lost", "incoming") and stage in parts(pipeline).stages


def _stage(pipeline: type[Pipeline], shown: str) -> str:
    stages = parts(pipeline).stages
    kind = shown if shown in ("won", "lost", "incoming") else "open"
    if shown in stages or not stages:
        return shown
    return next((key for key, stage in stages.items() if stage.kind == kind), next(iter(stages)))
