"""What the mirror's tests talk about: one deal at moments that are its versions, and hooks about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dealwright.model.crm import Deal
from dealwright.model.events import DealNoticed, Happened, Place, created_id

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return MONDAY + timedelta(seconds=seconds)


def deal(stage: str, seconds: int, **more: object) -> Deal:
    """The deal as it was at so many seconds, which are its version."""
    fields: dict[str, object] = {
        "id": "7",
        "title": "Forty chairs",
        "pipeline": "sales",
        "stage": stage,
        "created_at": MONDAY - timedelta(days=9),
        "updated_at": at(seconds),
        "stage_since": MONDAY - timedelta(days=9),
        "version": seconds,
    }
    return Deal(**(fields | more))  # type: ignore[arg-type]


def hook(happened: Happened, seconds: int | None, come: str = "", go: str = "", **more: object) -> DealNoticed:
    """A hook about the deal; `come` and `go` are stages."""
    return DealNoticed(
        source_id=created_id("7") if happened == "created" else f"{happened}-{seconds}-{come}-{go}",
        occurred_at=at(seconds or 0),
        actor="user:ana",
        happened=happened,
        version=seconds,
        deal_id="7",
        came_from=Place("sales", come) if come else None,
        went_to=Place("sales", go) if go else None,
        **more,  # type: ignore[arg-type]
    )
