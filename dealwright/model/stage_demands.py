"""What a stage asks of a deal that comes to stand in it: the embedded CRM and rehearsals refuse by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dealwright.model.crm import StageShape
from dealwright.model.custom import Customs, held_in
from dealwright.model.requests import Refused

CLOSED: Final = ("won", "lost")
"""Kinds of stages in which a deal is not worked on any more."""

_NAMED: Final = {
    "amount": "an amount",
    "close_date": "a close date",
    "reference": "a reference",
    "company": "a company",
    "contacts": "a contact",
    "owner": "an owner",
}
"""What a stage can require, as people call it."""

OWNERLESS: Final = Refused(
    code="owner_required",
    message="a deal that is not in Incoming has an owner; name another one instead of clearing it",
)


def missing_in(stage: StageShape, fields: Mapping[str, Any], whole: Customs | None = None) -> Refused | None:
    """Return the refusal if one of the fields that are given is empty and the stage requires it.

    `whole` are all own fields that the deal has: one that is not among them is empty.
    """
    missing = [name for name in stage.required if name in fields and not fields[name]]
    if whole is not None:
        missing += [name for name in stage.required if name not in fields and held_in(whole, name) is None]
    if not missing:
        return None
    what = ", ".join(_NAMED.get(name, name) for name in missing)
    return Refused(code="fields_required", message=f"stage {stage.key} requires {what} ({', '.join(missing)})")


def reasonless(stage: StageShape, reason: str | None) -> Refused | None:
    """Return the refusal if a deal comes into the stage without the lost reason that it asks for."""
    if reason is not None or stage.kind != "lost" or not stage.reason_required:
        return None
    known = f": one of {', '.join(stage.reasons)}" if stage.reasons else ""
    return Refused(code="lost_reason_required", message=f"stage {stage.key} requires a lost reason{known}")


def unknown_reason(stage: StageShape, reason: str | None) -> Refused | None:
    """Return the refusal if the stage knows no such lost reason."""
    if reason is None:
        return None
    if stage.kind != "lost":
        message = f"only a deal that is lost has a lost reason, and {stage.key} is {stage.kind}"
        return Refused(code="bad_lost_reason", message=message)
    if stage.reasons and reason not in stage.reasons:
        message = f"stage {stage.key} knows the reasons {', '.join(stage.reasons)}"
        return Refused(code="bad_lost_reason", message=message)
    return None
