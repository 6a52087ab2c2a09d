"""The pipelines of the API's tests."""

from __future__ import annotations

from datetime import UTC, datetime

from dealwright.clock import PlayedClock
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.model.custom import FieldShape, FieldShapes, RecordShape
from dealwright_embedded_crm import EmbeddedCrm

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

SALES = PipelineShape(
    key="sales",
    name="Sales",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="prospecting", name="Prospecting", kind="open", probability=20),
        StageShape(key="engaging", name="Engaging", kind="open", probability=50),
        StageShape(key="won", name="Closed won", kind="won"),
        StageShape(key="lost", name="Closed lost", kind="lost", reasons=("Price", "Timing")),
    ),
)

_SOME = (
    FieldShape(key="A", type="text"),
    FieldShape(key="a", type="flag"),
    FieldShape(key="B", type="choices", options=("0", "A", "a")),
    FieldShape(key="b", type="money"),
    FieldShape(key="_", type="number"),
    FieldShape(key="C", type="moment"),
)
_INSTALMENT = (FieldShape(key="amount", type="money"), FieldShape(key="due_on", type="day"))
_KINDS = (
    *(RecordShape(key=key, fields=_SOME) for key in ("0", "A")),
    RecordShape(key="instalment", fields=_INSTALMENT),
)
FIELDS = FieldShapes(deal=_SOME, contact=_SOME, company=_SOME, records=_KINDS)
"""Fields and kinds of records of the short names that a fuzzer tries."""


def opened(url: str) -> tuple[EmbeddedCrm, PlayedClock]:
    """Open a CRM whose clock stands still, with the pipeline."""
    clock = PlayedClock(START)
    crm = EmbeddedCrm(url, clock)
    crm.shape([SALES], apply=True)
    return crm, clock
